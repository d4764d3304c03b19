// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Which way each target goes: the kernel's routes, followed per target, or what the plan says of its link. Addresses in
// host byte order.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/image/hops.h"
#include "config/intervals.h"

enum { HOPS_MESSAGE_MAX = 256 };

struct hops {
    struct image_hop *items; // sorted and disjoint; only when there is more than one gateway, or a target on the link
    size_t count;
    uint32_t gateway; // of all targets, when count is 0
    uint32_t source;  // the kernel's preferred source address for the first of them, 0 when it has none
};

// Asks the kernel for the route of every stretch of the targets (sealed, at least one) that its tables treat alike. All
// of them have to leave by `interface`. Targets that are no other host's (the kernel's own addresses, broadcasts) get
// no hop. Returns 0 and hops for hops_fini, -ENOMEM, or -EINVAL with one line in message.
int hops_route(const struct interval_set *addresses, const char *interface, struct hops *ret_hops,
               char message[static HOPS_MESSAGE_MAX]);

// The same without a kernel to ask: what lies in on_link is there, the rest goes through gateway (0 = there is none,
// and then no rest may be). Returns as hops_route.
int hops_divide(const struct interval_set *addresses, const struct interval_set *on_link, uint32_t gateway,
                struct hops *ret_hops, char message[static HOPS_MESSAGE_MAX]);

void hops_fini(struct hops *hops);

// Reads which stretch of the sealed set lies in [first, last]. False when none does, else its first and last address.
bool hops_clip(const struct interval_set *set, uint32_t first, uint32_t last, struct interval *ret_clipped);
