// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A TCP server in miniature for tests: the other end of a flow. It sends what its application puts into `out`, repeats
// what is not acknowledged when asked to, and collects what came in order.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/channel/channel.h"

enum { PEER_BUFFER = 1 << 16, PEER_QUEUE = 128 };

struct peer {
    uint32_t address;
    uint16_t remote_port; // the server's
    uint16_t local_port;  // the scanner's
    uint32_t snd_una;
    uint32_t snd_nxt;
    uint32_t rcv_nxt;
    uint16_t mss;
    uint16_t window;          // what it offers
    uint8_t out[PEER_BUFFER]; // from snd_una on
    size_t out_length;
    uint8_t in[PEER_BUFFER];
    size_t in_length;
    bool refuses;     // nobody listens: a SYN is answered with RST
    bool established; // the handshake's ACK has come
    bool fin_wanted;
    bool fin_sent;
    bool fin_received;
    bool reset;                      // a RST came
    bool cut_off;                    // and no FIN had come before it
    bool end_sent;                   // control sent FIN or RST, whether or not it came
    size_t syns;                     // that came
    size_t out_of_window;            // segments that held nothing new
    struct segment sent[PEER_QUEUE]; // what it said, for the caller to deliver
    size_t sent_count;
};

// A server whose SYN-ACK has left: *ret_verdict is what the dataplane makes of it.
void peer_accept(struct peer *peer, uint32_t address, uint16_t remote_port, uint16_t local_port,
                 struct verdict *ret_verdict);

// A server that waits for a SYN.
void peer_listen(struct peer *peer, uint32_t address, uint16_t remote_port, uint16_t local_port);

void peer_receive(struct peer *peer, const struct segment *segment);
void peer_say(struct peer *peer, const void *data, size_t length);
void peer_push(struct peer *peer);   // sends what was never sent
void peer_repeat(struct peer *peer); // sends everything unacknowledged again
