// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Turns with a host: a few connections at once (control/converse/host.h), first come first served. An inquiry that
// waits is settled when there may be a turn for it, and then asks again. One thread, its lane's.

#include <stdint.h>

struct host;
struct inquiry;
struct lane;

enum turn {
    TURN_WAIT = 0, // in line from now on
    TURN_NOW,      // this inquiry's connection is one of the host's until turn_leave
    TURN_NEVER,    // the host's budget is spent
};

// Asks for a turn to open a connection to the host.
enum turn turn_enter(struct inquiry *inquiry);

// What turn_enter would say to an inquiry of this host that begins; its network has to have room as well.
enum turn turn_forecast(const struct lane *lane, uint32_t address);

// The probe's own connection, which is open already: it counts like any other.
void turn_join(struct inquiry *inquiry);

// Gives the turn back, if this inquiry has it, and wakes those who may have it now.
void turn_leave(struct inquiry *inquiry);

// Wakes who waits for the host as far as it has room, or everyone when its budget is spent.
void turn_pass(struct lane *lane, struct host *host);
