// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// From records to hosts: of several records of one address and port the latest counts, and hosts whose services say the
// same to the study are counted together.

#include "control/report/facts.h"

struct host_groups {
    struct intern shapes; // of hosts: the shapes of their services, ascending, each as often as it is there
    uint64_t *counts;     // [shapes.count] hosts of each shape
    uint64_t host_count;
    uint64_t service_count; // address and port
    uint64_t repeated;      // records of an address and port of which there is a later one
};

// Sorts the facts' items. Returns 0 and hosts for host_groups_fini, -ENOMEM, or -ENOSPC when hosts differ in more ways
// than can be kept; with nothing to release then.
int host_groups_gather(struct facts *facts, struct host_groups *ret_hosts);
void host_groups_fini(struct host_groups *hosts);

// Of items that are sorted: the index behind the last of the address and port of `first`, and the one that counts.
size_t host_groups_latest(const struct facts *facts, size_t first, size_t *ret_latest);
