// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What flow.c and flow_receive.c share and nobody else needs.

#include "control/flow/flow.h"

struct flow_piece {
    struct flow_piece *next;
    uint32_t seq;
    uint16_t length;
    uint8_t data[];
};

// Releases what came too early.
void flow_pieces_drop(struct flow *flow);

// The SYN-ACK to our own SYN was right.
void flow_establish(struct flow *flow, const struct segment *segment, uint64_t now_ns);

// The oldest unacknowledged segment once more.
void flow_resend(struct flow *flow);
