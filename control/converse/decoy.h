// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Unmasks hosts that accept a connection on every port. A host of which a port said nothing is asked once for the
// plan's decoys, ports that nobody serves on purpose: one SYN each, one after the other, until one is accepted
// (answered with RST) or refused, DECOY_TIME_NS in all. What a host does is remembered for its other ports. One thread,
// its lane's.

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/channel/channel.h"

#define DECOY_TIME_NS UINT64_C(2000000000) // for all decoys of one host together

struct inquiry;
struct lane;

// Part of an inquiry. All-zero: nothing asked.
struct decoy {
    uint64_t end_ns; // when patience with this decoy ends
    uint32_t isn;
    uint16_t local_port;
    uint8_t asked; // decoys of which the answer, or its absence, is known
    bool asking;   // the next one was sent a SYN; its tuple is in the lane's by_tuple
    bool over;
};

// Whether the inquiry, which is about to be recorded, has to ask decoys before.
bool decoy_due(const struct inquiry *inquiry);

// Asks the next decoy. The inquiry has no connection, and it is its turn with the host.
void decoy_ask(struct inquiry *inquiry);

// A segment of the decoy that is being asked.
void decoy_receive(struct inquiry *inquiry, const struct segment *segment);

// Gives up the decoy that is being asked when its time is over.
void decoy_expire(struct inquiry *inquiry);

// Asks no more.
void decoy_stop(struct inquiry *inquiry);

// The bit of enum suspect that records of this host get, or 0.
uint8_t decoy_suspicion(const struct lane *lane, uint32_t address);
