// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The next hops of a scan whose targets do not all lie behind one gateway: gateways and targets on the link, asked for
// with ARP (RFC 826) before the workers start. Who has not answered by then is not probed. Read-only afterwards.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "config/image/image.h"
#include "dataplane/channel/commands.h"
#include "dataplane/port.h"
#include "probes/packet/probe.h"

enum {
    NEIGHBOURS_PPS = 4000, // requests a second, all targets together, where the plan's rate is not lower still
    NEIGHBOURS_TIMES = 3,  // requests to one target, a second apart at least
};

// A hardware address in the first six bytes in memory; 0 = none has answered.
typedef uint64_t neighbour_mac;

struct neighbours {
    const struct image_hop *hops; // the image's
    size_t hop_count;             // 0: the link's one gateway takes everything
    neighbour_mac *gateways;      // [hop_count]
    neighbour_mac **on_link;      // [hop_count]: array of the addresses of a stretch on the link, NULL behind a gateway
};

struct neighbours_means {
    const struct image *image;
    const struct port *port; // started
    const struct probe_link *link;
    struct commands *commands; // neighbours_asked and neighbours_answered are told there, and orders heeded
    void (*beat)(void *context);
    void *context;
};

// Makes the table of the image's hops with no address known. Returns 0 or -ENOMEM; release with neighbours_fini.
int neighbours_init(struct neighbours *ret_neighbours, const struct image *image);
void neighbours_fini(struct neighbours *neighbours);

// Asks for all of them; calls beat(context) every few milliseconds. Ends early when everybody has answered, or when the
// scan is told to stop. Returns 0, or -EHOSTUNREACH with a line in error for a gateway that does not answer. Main
// thread, no worker runs.
int neighbours_resolve(struct neighbours *neighbours, const struct neighbours_means *means, char *error,
                       size_t error_bytes);

// Where what has been learnt about an address stands, or NULL for one outside all hops.
static inline neighbour_mac *neighbours_slot(const struct neighbours *neighbours, uint32_t address)
{
    const struct image_hop *hop = hops_find(neighbours->hops, neighbours->hop_count, address);
    if (hop == NULL)
        return NULL;
    size_t index = (size_t)(hop - neighbours->hops);
    return hop->gateway != 0 ? &neighbours->gateways[index] : &neighbours->on_link[index][address - hop->first];
}

// Writes the destination of a frame to address (host byte order) into its first six bytes. False when nobody is known
// to take it there.
static inline bool neighbours_address(const struct neighbours *neighbours, uint32_t address, uint8_t *frame)
{
    const neighbour_mac *mac = neighbours_slot(neighbours, address);
    if (mac == NULL || *mac == 0)
        return false;
    memcpy(frame, mac, 6);
    return true;
}
