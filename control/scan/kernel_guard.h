// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Keeps the kernel from answering our connections. Where the source address is also the kernel's (af_packet, af_xdp),
// it sees the SYN-ACKs too, knows no such socket and would reset every conversation. An nftables table owned by this
// process drops TCP to our own port ranges before the kernel's TCP sees it; packet sockets have their copy by then. The
// kernel removes the table when the process ends, however it ends.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernel_guard;

struct kernel_guard_ports {
    uint16_t first;
    uint16_t count;
};

// Installs the table for TCP to address (host byte order) and the port ranges. Returns 0 and a guard for
// kernel_guard_free, or -errno (-EPERM without CAP_NET_ADMIN) with nftables' own first line in message.
int kernel_guard_new(uint32_t address, const struct kernel_guard_ports *ranges, size_t range_count,
                     struct kernel_guard **ret_guard, char message[static 256]);
void kernel_guard_free(struct kernel_guard *guard);

// Whether nft is there and may list the tables: needs root.
bool kernel_guard_usable(void);

// The nft commands of the table, for kernel_guard_new and its test. Returns their length, or -ENOSPC.
int kernel_guard_rules(int pid, uint32_t address, const struct kernel_guard_ports *ranges, size_t range_count,
                       char *text, size_t capacity);
