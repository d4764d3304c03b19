// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Keeps the kernel from answering our connections. Where the source address is also the kernel's (af_packet, af_xdp),
// it sees the SYN-ACKs too, knows no such socket and would reset every conversation. An nftables table owned by this
// process drops TCP to our own port ranges before the kernel's TCP sees it; packet sockets have their copy by then.
// The table belongs to a netlink socket of this process and to no other program, so nobody can take it away while the
// scan lives, and the kernel removes it when the process ends, however it ends. Asked for over netlink(7), nfnetlink of
// Linux 5.12 or newer, with libmnl.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/intervals.h"

enum { KERNEL_GUARD_RANGES_MAX = 4 };

struct kernel_guard;

struct kernel_guard_ports {
    uint16_t first;
    uint16_t count;
};

// Installs the table `ip sonde_PID` for TCP to these addresses and at most KERNEL_GUARD_RANGES_MAX ranges of
// ports. Returns 0 and a guard for kernel_guard_free, or -errno: -EPERM without CAP_NET_ADMIN, -EOPNOTSUPP of a kernel
// without nftables or without tables that have an owner.
int kernel_guard_new(struct interval addresses, const struct kernel_guard_ports *ranges, size_t range_count,
                     struct kernel_guard **ret_guard);
void kernel_guard_free(struct kernel_guard *guard);

// Whether kernel_guard_new could work for this process: it asks nftables for its generation and changes nothing.
bool kernel_guard_usable(void);
