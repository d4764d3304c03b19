// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One lane of sonde-control as it is, and the other side of its channel for a bench to play: verdicts and segments up,
// requests down. Lane and bench take turns on one thread, and only the lane's turns are timed, by the thread's CPU
// clock, so it does not matter what the servers cost. A turn in which there was nothing to do is not counted: a lane by
// itself sleeps then. The lane's time is not the machine's either: it grows with what this thread computes, and jumps
// when there is nothing to do, so deadlines fall as on a core of one's own, whatever else runs there. Records and
// journal go to unlinked files in /tmp.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/converse/lane.h"
#include "dataplane/channel/channel.h"

enum {
    LANE_RIG_ADDRESSES = 1 << 20, // from 10.0.0.0 on; positions begin anew with the first then
    LANE_RIG_CLIENT_ISN = 5000,   // of every SYN of ours
    LANE_RIG_SOURCE = 0x0b000001,
    LANE_RIG_MSS = 1460,
    LANE_RIG_WINDOW = 64240,
};

struct lane_rig;

struct lane_rig_setup {
    const char *plan;       // text; targets are 10.0.0.0/12
    const char *catalogues; // the folder
    uint16_t port;          // of every server
    bool real_time;         // for a lane that runs by itself, on CLOCK_MONOTONIC
    // The number of a server's SYN-ACK.
    uint32_t (*isn)(uint32_t address);
    // Takes one segment that the lane asked for. May lane_rig_say.
    void (*hear)(struct lane_rig *rig, const struct segment *request);
    void *context;
};

struct lane_rig {
    struct lane_rig_setup setup;
    struct image image;
    struct channel dataplane;
    struct channel control;
    struct journal journal;
    struct sink sink;
    struct hash seen;
    struct lane_shared shared;
    struct lane *lane;
    uint64_t position;     // verdicts so far
    double cpu_seconds;    // of the lane's turns
    double served_seconds; // of `hear`, in turns that had something to hear
    uint64_t now_ns;       // the lane's time
    uint64_t slower;       // how much slower than that it grows; 0 = not
    uint64_t worked_ns;    // this thread's CPU clock then
};

// Returns 0, or -errno with a line in error. lane_rig_fini may follow a failure.
int lane_rig_init(struct lane_rig *rig, const struct lane_rig_setup *setup, char error[static 256]);
void lane_rig_fini(struct lane_rig *rig);

// The next `count` positions accept, as far as there is room for verdicts.
void lane_rig_accept(struct lane_rig *rig, uint64_t count);

// A segment to the lane. Lost when there is no room, and then sent again by whoever misses it.
struct lane_rig_words {
    uint32_t seq;
    uint32_t ack;
    uint8_t flags;
    const void *data;
    size_t length;
};
void lane_rig_say(struct lane_rig *rig, const struct segment *to, const struct lane_rig_words *words);

// One timed turn of the lane. Returns how much it did.
size_t lane_rig_turn(struct lane_rig *rig);

// Hands all that the lane asked for to `hear`. Returns the number.
uint64_t lane_rig_serve(struct lane_rig *rig);

// Nothing is to be done: the lane's time jumps by a millisecond.
void lane_rig_idle(struct lane_rig *rig);

// Holds conversations until `conversations` are recorded and closed, at most `open` at once. With seconds > 0 no
// further one begins once the lane has worked so long. 0, or -ETIMEDOUT after two minutes.
int lane_rig_converse(struct lane_rig *rig, uint64_t conversations, uint64_t open, double seconds);

// Resident memory of this process in bytes.
double lane_rig_resident(void);

uint64_t lane_rig_clock(clockid_t clock);
