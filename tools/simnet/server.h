// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The server's side of TCP (RFC 9293) for the hosts that speak: small and bounded. A SYN-ACK is stateless, its number
// follows from the client's (server_isn); a connection takes a slot of a fixed pool when its third segment comes. What
// arrives out of order waits for the client's retransmission; what is said is sent again when a second acknowledgement
// or none comes. Knows neither frames nor clocks: segments come and go through calls. One owner thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/simnet/personality/personality.h"

enum {
    SERVER_LINK_MAX = 18,  // bytes that stand before an IPv4 header, kept for the way back
    SERVER_SEGMENT = 1400, // the most bytes sent in one
    SERVER_TRIES = 10,     // retransmissions before a connection is forgotten
    SERVER_SMALL = 48,     // bytes of a segment that overlaps others or is early
    SERVER_OVERLAP = 16,   // bytes said again
    SERVER_JUMBLED = 8,    // segments that come the wrong way round
};

enum server_flag { SERVER_FIN = 1, SERVER_SYN = 2, SERVER_RST = 4, SERVER_PSH = 8, SERVER_ACK = 16 };

// Who speaks to whom, and what the world makes of the host.
struct server_way {
    uint32_t client; // host byte order
    uint32_t address;
    uint16_t client_port;
    uint16_t port;
    uint32_t host; // world_host and world_trait of the address
    uint32_t trait;
    uint32_t network;
    uint8_t link[SERVER_LINK_MAX];
    uint8_t link_bytes;
};

// A segment, either way. payload is borrowed.
struct server_segment {
    uint32_t seq;
    uint32_t ack;
    uint16_t window;
    uint8_t flags; // bits of enum server_flag
    const uint8_t *payload;
    size_t payload_bytes;
};

enum server_counter { SERVER_BEGUN = 0, SERVER_ENDED, SERVER_FULL, SERVER_RESENT, SERVER_FORGOTTEN, SERVER_COUNTERS };

struct server_setup {
    uint32_t connections;  // at once; later ones wait until a client sends again
    uint64_t retry_ticks;  // from sending to sending again; more than the longest round trip
    uint64_t second_ticks; // between two bytes of the manner "drip"
    bool lossy;            // SYN-ACKs may be lost: then those of speaking hosts are remembered and sent again
    struct crypto *crypto;
    void *context;
    // What the host speaks; NULL: nothing, and its segments are nobody's.
    const struct service *(*find)(void *context, const struct server_way *way);
    // A segment leaves. May lose it.
    void (*send)(void *context, const struct server_way *way, const struct server_segment *segment);
};

struct server;

// NULL when out of memory. What the setup points to outlives it.
struct server *server_new(const struct server_setup *setup);
void server_free(struct server *server);

// The number of a host's SYN-ACK to a SYN.
static inline uint32_t server_isn(uint32_t host, uint32_t client_isn)
{
    return host * UINT32_C(0x9e3779b1) + client_isn;
}

// A SYN to a host that speaks is answered.
void server_syn(struct server *server, const struct server_way *way, uint32_t client_isn, uint64_t now);

// Takes a segment that is no SYN. False when it belongs to no connection and begins none.
bool server_take(struct server *server, const struct server_way *way, const struct server_segment *segment,
                 uint64_t now);

// Sends again what nobody acknowledged, and forgets whom nobody answers for. To be called now and then.
void server_tick(struct server *server, uint64_t now);

// Connections that stand.
uint32_t server_open(const struct server *server);

// [SERVER_COUNTERS].
const uint64_t *server_counters(const struct server *server);
