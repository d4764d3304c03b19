// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The TCP ports of this machine that something listens on, and what our own ranges of ports leave of it: the kernel
// guard takes every port of a range from the machine, so a server of the scanner's own would go dark for as long as the
// scan lasts. Read from /proc/net; servers that begin later are not known.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "control/scan/kernel_guard.h"

struct listeners {
    uint64_t ports[65536 / 64]; // a bit each
};

// Adds the listening sockets of one table of proc_net(5) (tcp or tcp6) that take connections to one of the addresses:
// those bound to it and those bound to every address. Lines that are none are passed over.
void listeners_add(struct listeners *listeners, FILE *table, struct interval addresses);

// Both tables of this process' network namespace. Returns 0 or -errno.
int listeners_read(struct listeners *ret_listeners, struct interval addresses);

static inline bool listeners_have(const struct listeners *listeners, uint32_t port)
{
    return (listeners->ports[port / 64] >> port % 64 & 1) != 0;
}

// The longest stretch of a range without a listener, cut to a power of two when the range has to hold one. False when
// less than an eighth of the range is left: then *ret_ports stays untouched.
bool listeners_spare(const struct listeners *listeners, const struct kernel_guard_ports *range, bool power_of_two,
                     struct kernel_guard_ports *ret_ports);

// "27017, 27018" of the listeners in a range, the first few of them, in the caller's text. Returns how many there are.
size_t listeners_name(const struct listeners *listeners, const struct kernel_guard_ports *range, char text[static 64]);
