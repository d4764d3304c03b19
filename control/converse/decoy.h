// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Finds out which hosts accept a connection on every port. When a port of a host says nothing, or ten have spoken, the
// host is asked, once, for decoys: ports of the plan's that nobody serves. They get one SYN each, one after the other,
// until the host accepts one (we answer with RST) or refuses one; all of them together have DECOY_TIME_NS. What the
// host did is remembered for its other ports. One thread, its lane's.

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/channel/channel.h"

#define DECOY_TIME_NS UINT64_C(2000000000) // for all decoys of one host together

struct inquiry;
struct lane;

// Whether the inquiry, which is about to be recorded, has to ask decoys before.
bool decoy_due(const struct inquiry *inquiry);

// Counts a port of its host that has spoken: to be called before the inquiry is recorded, after decoy_due.
void decoy_count(struct inquiry *inquiry);

// Whether asking means sending a SYN: some decoy has not been asked yet.
bool decoy_left(const struct inquiry *inquiry);

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
