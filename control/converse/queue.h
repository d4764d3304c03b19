// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Targets that wait to be asked on a connection of our own: converse "later", verdicts that grew too old, and what an
// earlier control left unfinished. A first-in first-out ring that grows. One thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A position that answered: what is needed to ask it again and to write its record.
struct target {
    uint64_t position;
    uint32_t address; // host byte order
    uint16_t port;
    uint8_t suspect;   // bits of enum suspect
    bool released;     // it has waited for its host, and is counted there until it is begun or recorded
    uint8_t strikes;   // how often control died while it was being asked
    uint8_t answer;    // enum verdict_answer; only VERDICT_OPEN is ever asked
    uint8_t icmp_type; // of VERDICT_UNREACHABLE, as the next two
    uint8_t icmp_code;
    uint32_t reporter; // 0 = not known any more
};

struct queue {
    struct target *items;
    size_t capacity; // a power of two, or 0
    size_t first;
    size_t count;
};

void queue_fini(struct queue *queue);

// Returns 0 or -ENOMEM. An all-zero queue is an empty one.
int queue_put(struct queue *queue, const struct target *target);

// The same, before all that wait.
int queue_put_first(struct queue *queue, const struct target *target);

// The target that queue_take would return after `ahead` others; ahead < count.
const struct target *queue_at(const struct queue *queue, size_t ahead);

// False when the queue is empty.
bool queue_take(struct queue *queue, struct target *ret_target);
