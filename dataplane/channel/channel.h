// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What crosses between sonde-dataplane and sonde-control. Two sealed memfds: `up` is written by the dataplane and
// mapped read-only by control (its descriptor is read-only too); `down` is written by control. Per (worker, lane) pair
// three rings: verdicts up, segments up, requests down. Lane = channel_lane(address), so all of a host's state meets in
// one thread whatever queue RSS chose. No DPDK here.

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/channel/ring.h"
#include "probes/packet/suspect.h"
#include "probes/packet/tcp.h" // enum tcp_flag

#define CHANNEL_MAGIC UINT64_C(0x65646e6f73636801)

enum {
    CHANNEL_WORKERS_MAX = 128,
    CHANNEL_LANES_MAX = 16,
    CHANNEL_PAYLOAD_MAX = 1460,
    CHANNEL_CONTROL_COUNTERS = 64,
};

// What the answer to a probe was: a SYN-ACK; a RST, or what reported it unreachable, which control only writes down and
// gets where the plan wants them (enum answers_wanted).
enum verdict_answer { VERDICT_OPEN = 0, VERDICT_CLOSED, VERDICT_UNREACHABLE };

// A validated answer to a probe. 64 bytes.
struct verdict {
    uint64_t position;
    uint64_t stamp_ns;   // CLOCK_MONOTONIC
    uint32_t address;    // remote, host byte order
    uint32_t remote_seq; // the SYN-ACK's sequence number (their ISN)
    uint32_t local_isn;  // our SYN's sequence number
    uint32_t reporter;   // VERDICT_UNREACHABLE: who says so, host byte order; else 0
    uint16_t remote_port;
    uint16_t local_port;
    uint16_t window;
    uint16_t mss; // the peer's MSS option, 0 when absent
    uint8_t ttl;
    uint8_t suspect; // bits of enum suspect
    uint8_t lane;
    uint8_t answer;    // enum verdict_answer. Of VERDICT_OPEN alone: remote_seq, window, mss, suspect
    uint8_t icmp_type; // of VERDICT_UNREACHABLE, as the next one
    uint8_t icmp_code;
    uint8_t reserved[18];
};

// A TCP segment, up (received on one of our ports) or down (asked for). 1,664 bytes a slot.
struct segment {
    uint64_t stamp_ns; // up: when it was received; down: unused
    uint32_t address;  // remote, host byte order
    uint32_t seq;
    uint32_t ack;
    uint16_t remote_port;
    uint16_t local_port;
    uint16_t window;
    uint16_t mss; // value of the MSS option of a SYN or SYN-ACK, 0 when absent
    uint16_t payload_length;
    uint8_t flags; // bits of enum tcp_flag
    uint8_t reserved[33];
    uint8_t payload[1600];
};
_Static_assert(sizeof(struct verdict) == 64, "a verdict is one cache line");
_Static_assert(sizeof(struct segment) == 1664, "a segment slot is 26 cache lines");

struct channel_geometry {
    uint32_t workers;
    uint32_t lanes;
    uint32_t verdict_slots; // per pair, powers of two
    uint32_t segment_slots;
    uint32_t request_slots;
};

enum channel_phase { CHANNEL_STARTING = 0, CHANNEL_SWEEPING, CHANNEL_COOLING, CHANNEL_COOLED };

// Start of `up`. dataplane: wo; control: ro; sonde scan: ro.
struct channel_up_header {
    uint64_t magic;
    struct channel_geometry geometry;
    uint64_t tsc_hz;
    uint64_t epoch_tsc; // TSC and CLOCK_MONOTONIC at one instant
    uint64_t epoch_ns;
    _Alignas(64) _Atomic uint64_t heartbeat_ns; // CLOCK_MONOTONIC, at least every 100 ms
    _Atomic uint32_t phase;                     // enum channel_phase
    _Atomic uint32_t deaf;                      // 1: the link is down, so nobody can be heard, and no deadline runs
};

// What a lane is at, for a control that follows this one when it dies over it. A cache line each.
struct channel_lane_state {
    _Alignas(64) _Atomic uint64_t handled; // 1 + the position of the target that it handles; 0 = none
};

// Start of `down`. control: wo; dataplane: ro (untrusted); sonde scan: ro (untrusted).
struct channel_down_header {
    _Alignas(64) _Atomic uint64_t heartbeat_ns;          // CLOCK_MONOTONIC, at least every 100 ms
    _Atomic uint64_t open_conversations;                 // verdicts taken whose record is not written, all lanes
    _Atomic uint64_t open_limit;                         // how many control can hold now; 0 = not known yet
    _Atomic uint64_t counters[CHANNEL_CONTROL_COUNTERS]; // control/store/counters.h
    struct channel_lane_state lanes[CHANNEL_LANES_MAX];  // sonde scan and dataplane never look
};

// Bytes that `up` and `down` need.
size_t channel_up_bytes(const struct channel_geometry *geometry);
size_t channel_down_bytes(const struct channel_geometry *geometry);

enum channel_side { CHANNEL_DATAPLANE = 0, CHANNEL_CONTROL };

// The three rings of one (worker, lane) pair as one side sees them. Each pair has cache lines of its own: on either
// side neighbours belong to different threads.
struct channel_pair {
    _Alignas(64) struct ring verdicts; // dataplane produces
    struct ring segments;              // dataplane produces
    struct ring requests;              // control produces
};

struct channel {
    enum channel_side side;
    struct channel_geometry geometry; // private copy, given by the caller and never read from shared memory
    struct channel_up_header *up;     // control: read-only mapping
    struct channel_down_header *down;
    size_t up_bytes;
    size_t down_bytes;
    struct channel_pair *pairs; // [workers * lanes], worker-major
};

// Maps both descriptors for one side (`up` read-only for control). A restarted control continues where the indices in
// the shared memory stand. Returns 0, -EINVAL for a geometry out of bounds or files too small, or -errno.
int channel_map(enum channel_side side, const struct channel_geometry *geometry, int up_fd, int down_fd,
                struct channel *ret_channel);
void channel_unmap(struct channel *channel);

static inline struct channel_pair *channel_pair(const struct channel *channel, uint32_t worker, uint32_t lane)
{
    return &channel->pairs[(size_t)worker * channel->geometry.lanes + lane];
}

// The lane of a remote address (host byte order). lanes is at least 1.
static inline uint32_t channel_lane(uint32_t address, uint32_t lanes)
{
    uint64_t mixed = (uint64_t)(address ^ UINT32_C(0x9e3779b9)) * UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)((mixed >> 32) * lanes >> 32);
}

// The worker that sends control's frames to a remote address, whichever one its answers come back to. All of a /24 has
// one, so that what a worker counts of a host, or of a /24, is all there is. workers is at least 1.
static inline uint32_t channel_worker(uint32_t address, uint32_t workers)
{
    uint64_t mixed = (uint64_t)(address >> 8 ^ UINT32_C(0x7f4a7c15)) * UINT64_C(0xbf58476d1ce4e5b9);
    return (uint32_t)((mixed >> 32) * workers >> 32);
}
