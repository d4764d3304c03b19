// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What changed between two scans. What is compared is data: a study (config/diff.json) each of whose tables names one
// field, or one kind of row of a list, whose values are compared as sets. A service is an address and a port.

#include "control/report/facts.h"

enum diff_kind {
    DIFF_APPEARED = 0, // a service that the old scan had not
    DIFF_DISAPPEARED,
    DIFF_CHANGED,
    DIFF_MOVED, // a host that appeared with the SSH host key or the certificate of one that disappeared
};

// One value more or less, or, of a service that came or went, all of it.
struct diff_change {
    enum diff_kind kind;
    uint32_t address;
    uint16_t port;
    uint16_t table;   // index into the study's tables; of DIFF_CHANGED
    uint32_t removed; // a value of the facts; 0 = none
    uint32_t added;   // likewise
    uint32_t other;   // of DIFF_MOVED: the address that it had
    uint32_t shape;   // of DIFF_APPEARED and DIFF_DISAPPEARED: what it was, for facts_shape
};

struct diff {
    struct diff_change *changes; // by address, port, table
    size_t count;
    size_t capacity;
    uint64_t services[2]; // in the old scan and the new one
    uint64_t same;
};

// `facts` holds the old scan's items first, old_count of them, and then the new one's; both are sorted in place. Tables
// with the ids "certificate" and "host-key" tell who has moved. Returns 0 and a diff for diff_fini, or -ENOMEM.
int diff_make(struct facts *facts, size_t old_count, struct diff *ret_diff);
void diff_fini(struct diff *diff);

// The values of a table in a shape, ascending, into the caller's room of `room`; how many there are.
size_t diff_values(const struct facts *facts, uint32_t shape, size_t table, uint32_t *ret_values, size_t room);
