// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Conditions of findings, resolved against the fields of an observation: three-valued (Kleene, 1938), because a test of
// what was not learnt is neither true nor false. Read-only once made; any thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/image/catalogue.h"
#include "probes/observation/observation.h"

struct conditions;

// catalogue and strings must outlive it. NULL and errno: EINVAL for a field that no observation has or that the test
// does not go with, ENOMEM.
struct conditions *conditions_new(const struct catalogue *catalogue, const char *strings, size_t string_bytes);
void conditions_free(struct conditions *conditions);

// True when the condition whose first node has this index holds. now_s: seconds since 1970 at the time of the
// observation.
bool condition_holds(const struct conditions *conditions, uint32_t first, const struct observation *observation,
                     int64_t now_s);

// The parts of which a record needs one fact at least for the condition to hold: bits (1 << enum part_id). Who asks
// many conditions about one record passes over those of which it lacks a part.
uint64_t condition_needs(const struct conditions *conditions, uint32_t first);

// The service without which the condition does not hold; NULL when it asks for none, or for one of several. Likewise.
const struct text *condition_service(const struct conditions *conditions, uint32_t first);

// What a condition is of a record: neither true nor false where it asks for what was not learnt. In this order: all of
// several is the least, any the most.
enum truth { TRUTH_FALSE = 0, TRUTH_UNKNOWN, TRUTH_TRUE };

enum truth condition_judge(const struct conditions *conditions, uint32_t first, const struct observation *observation,
                           int64_t now_s);

// Whether what it is depends on the time of the record too.
bool condition_asks_time(const struct conditions *conditions, uint32_t first);

// The same of one row, for a condition whose first node is CONDITION_SOME: what it asks of the rows of its field.
enum truth condition_judge_row(const struct conditions *conditions, uint32_t first,
                               const struct observation *observation, const void *row, int64_t now_s);
