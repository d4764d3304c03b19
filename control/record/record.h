// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The exposure record: one JSON object per (scan, address, port), one line each. Its fields are the rows of
// probes/observation/parts.h; writer and reader walk them, and what was not learnt is absent. A field of a part stands
// in the object of that name: "ssh.software". Where more came than a field keeps, the object's `truncated` names it.
//
// Property: read(line) written again gives the line, byte by byte, for every line that record_write wrote.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/record/record_memo.h"
#include "control/record/writer.h"
#include "probes/observation/observation.h"

#define RECORD_SCHEMA 2

// No record is longer, newline included, whatever the network sent: all that an arena holds, escaped, and what
// is known to be wrong with the software.
enum { RECORD_BYTES_MAX = 1 << 20 };

// How a conversation ended. X(enumerator, name, help)
#define RECORD_OUTCOMES(X)                                                                                             \
    X(OUTCOME_TIMEOUT, "timeout", "the port accepted the connection and then nothing was heard")                       \
    X(OUTCOME_COMPLETE, "complete", "everything that was to be learnt was learnt")                                     \
    X(OUTCOME_PARTIAL, "partial", "the service was recognised and not everything learnt, or nothing was to be asked")  \
    X(OUTCOME_RESET, "reset", "the connection was ended from there before anything was said")                          \
    X(OUTCOME_REFUSED, "refused", "a further connection was refused before anything was said on an earlier one")       \
    X(OUTCOME_NOT_RECOGNISED, "not_recognised", "something was said that no session understands")                      \
    X(OUTCOME_INTERRUPTED, "interrupted",                                                                              \
      "the scan was ended in mid-conversation; a resume asks again and replaces this")                                 \
    X(OUTCOME_CLOSED, "closed", "the port refused the connection; only where the plan's answers asks for these")       \
    X(OUTCOME_UNREACHABLE, "unreachable",                                                                              \
      "a router or firewall reported the probe, see unreachable; only where the plan's answers asks for these")

enum outcome {
#define X(enumerator, name, help) enumerator,
    RECORD_OUTCOMES(X)
#undef X
        OUTCOME_COUNT
};
extern const char *const outcome_names[OUTCOME_COUNT];
extern const char *const outcome_help[OUTCOME_COUNT];

// Whether a record is of a port that accepted the connection: all are, but those that a plan asks for besides.
bool record_is_open(const struct observation *observation);

// The key of the array that names an object's cut fields.
extern const char record_truncated[];

// Appends the record and a newline to text. Returns 0, or -ENOSPC with text as it was; with RECORD_BYTES_MAX bytes of
// room it cannot fail.
int record_write(const struct observation *observation, struct writer *writer);

// Appends the value of a known field as JSON, under that name (NULL: none), which is a literal or outlives the writer.
void record_write_field(struct writer *writer, const char *name, const struct field *field, const void *value);

// What is wrong with a line, and where: for messages, and for those who count.
struct record_fault {
    const char *what; // "no JSON", "schema", "a text where a number belongs"; a literal
    size_t at;        // byte of the line
};

// Reads one line (newline excluded) into an observation that is empty (observation_init or _reset). Texts are decoded
// where they stand and point there: the line is changed, and must outlive the observation. Keys of no field are passed
// over and counted in *ret_unknown (may be NULL). Returns 0; -EPROTO for another schema; -EINVAL for what is no record,
// with *ret_fault (may be NULL); -ENOMEM.
int record_read(char *line, size_t length, struct observation *observation, size_t *ret_unknown,
                struct record_fault *ret_fault);

// The same for those who read very many records and change nothing of what they are given: what is known of the
// software may be the memo's, `observation->lent` its number there. memo may be NULL.
int record_read_lent(struct record_memo *memo, char *line, size_t length, struct observation *observation,
                     size_t *ret_unknown, struct record_fault *ret_fault);

// Reads only the key of one line that record_write wrote: what a resumed scan needs of millions. False when it is no
// such line.
bool record_read_key(const char *line, size_t length, uint32_t *ret_address, uint16_t *ret_port);

// Likewise its outcome. False when it has none of ours.
bool record_read_outcome(const char *line, size_t length, enum outcome *ret_outcome);
