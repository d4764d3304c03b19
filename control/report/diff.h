// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What changed between two scans. What is compared is data: a study (config/diff.json) each of whose tables names one
// field, or one kind of row of a list, whose values are compared as sets. A service is an address and a port. Gone and
// come is only what both scans have asked; and that a conversation learnt less than the one before is no change.

#include "control/report/facts.h"

enum diff_kind {
    DIFF_APPEARED = 0, // a service that the old scan had not
    DIFF_DISAPPEARED,
    DIFF_CHANGED,
    DIFF_MOVED,         // a host that appeared with the SSH host key or the certificate of one that disappeared
    DIFF_NOT_SCANNED,   // a service that the new scan has not, and was not asked for
    DIFF_NEWLY_SCANNED, // one that the old scan has not, and was not asked for
};

// What a scan without a record of an address and port did there.
enum diff_asked {
    DIFF_ASKED_UNKNOWN = 0,
    DIFF_ASKED,
    DIFF_OUTSIDE, // it is none of its targets and ports
    DIFF_SHARE,   // it lies in another shard, or outside the sample
    DIFF_EARLY,   // the scan ended before its turn
};

// What is known of one of the two scans. All zero: nothing.
struct diff_scan {
    enum diff_asked (*asked)(const void *context, uint32_t address, uint16_t port); // NULL: not known
    const void *context;
};

// One value more or less, or, of a service that came or went, all of it.
struct diff_change {
    enum diff_kind kind;
    uint32_t address;
    uint16_t port;
    uint16_t table;      // index into the study's tables; of DIFF_CHANGED
    uint32_t removed;    // a value of the facts; 0 = none
    uint32_t added;      // likewise
    uint32_t other;      // of DIFF_MOVED: the address that it had
    uint32_t shape;      // of what one scan alone has: what it was, for facts_shape
    enum diff_asked why; // of DIFF_NOT_SCANNED and DIFF_NEWLY_SCANNED
};

struct diff {
    struct diff_change *changes; // by address, port, table
    size_t count;
    size_t capacity;
    uint64_t services[2]; // in the old scan and the new one
    uint64_t unlearnt;    // values that are gone because the later conversation came less far: no changes
};

// `facts` holds the old scan's items first, old_count of them, and then the new one's; both are sorted in place.
// outcome_path: where they have the outcome of a record (facts_ask). scans: the old one and the new one. Tables with
// the ids "certificate" and "host-key" tell who has moved. Returns 0 and a diff for diff_fini, or -ENOMEM.
int diff_make(struct facts *facts, size_t old_count, size_t outcome_path, const struct diff_scan scans[static 2],
              struct diff *ret_diff);
void diff_fini(struct diff *diff);

// The values of a table in a shape, ascending, into the caller's room of `room`; how many there are.
size_t diff_values(const struct facts *facts, uint32_t shape, size_t table, uint32_t *ret_values, size_t room);
