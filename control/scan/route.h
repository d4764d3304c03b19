// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the kernel knows about the way to an address: which of its own addresses it would use, through which gateway,
// and the gateway's hardware address. Asked over rtnetlink(7) with libmnl; needs no privilege. Addresses in host byte
// order.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct route {
    uint32_t source;      // the kernel's preferred source address, 0 when it has none
    uint32_t gateway;     // 0 when the destination is on the link
    unsigned int ifindex; // of the interface it leaves by
    bool is_local;        // the destination is the kernel's own
    bool is_unicast;      // the destination is one host, and not the kernel's own: no broadcast, no multicast
};

// The route to destination, by the interface of that name (NULL = any). Returns 0, -ENODEV for no such interface,
// -ENETDOWN for one that is down, -ENETUNREACH without a route, or -errno of the socket.
int route_find(uint32_t destination, const char *interface, struct route *ret_route);

// Calls on_prefix with the first and last address of each route of every table, and what it says. Returns 0 or -errno.
typedef void route_visit(void *context, uint32_t first, uint32_t last, const struct route *route);
int route_walk(route_visit *on_prefix, void *context);

// Whether the kernel takes packets to address as its own.
bool route_is_local(uint32_t address);

// The hardware address that the kernel has learnt for a neighbour. Returns 0, or -ENOENT when it knows none.
int route_neighbour(unsigned int ifindex, uint32_t address, uint8_t ret_mac[static 6]);

// One netlink message (RTM_NEWROUTE, RTM_NEWNEIGH) of length bytes, as it came. Returns 0, or -EBADMSG for one that
// does not hold what is looked for.
int route_read(const void *message, size_t length, struct route *ret_route);
int route_read_prefix(const void *message, size_t length, uint32_t *ret_first, uint32_t *ret_last);
int route_read_neighbour(const void *message, size_t length, uint8_t ret_mac[static 6]);
