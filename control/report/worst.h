// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Hosts by how bad their findings are: who has more critical ones comes first, of those who have as many who has more
// high ones, and so on; among equals the lower address. A finding counts once for each service that has it.

#include "control/report/facts.h"
#include "control/report/findings.h"

enum { WORST_HOSTS = 100 };

struct worst_host {
    uint32_t address;
    uint32_t counts[SEVERITIES];
    uint32_t services;
    size_t first; // of its items
};

struct worst {
    struct worst_host hosts[WORST_HOSTS]; // the worst first
    size_t count;
    uint64_t all;      // hosts with any finding of the catalogues
    uint64_t findings; // of theirs
};

// facts are sorted (host_groups_gather); `path` is where they have the findings of a record (facts_ask). Returns 0 or
// -ENOMEM.
int worst_rank(const struct facts *facts, uint32_t path, const struct findings *findings, struct worst *ret_worst);

// The host of that address, or NULL.
const struct worst_host *worst_find(const struct worst *worst, uint32_t address);
