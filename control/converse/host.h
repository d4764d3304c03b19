// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a lane keeps of a host: its share of connections, and its budget. Time and bytes belong to the host and not to
// each of its ports, or one slow host with 200 open ports would hold a scan for 200 times as long. What waits for the
// host waits here, as a line of inquiries that have begun and as a queue of targets that have not; neither holds a slot
// of the lane. A host that was cheap is forgotten when nothing of it is left; one that was not is remembered, so that
// the rest of its ports finds its budget spent. One thread, the lane's.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/converse/hash.h"
#include "control/converse/queue.h"
#include "control/converse/waiters.h"

enum {
    // Connections to a host at once. Fewer than the ten that an sshd accepts before it begins to drop some
    // (MaxStartups 10:30:100), should it listen on all of the ports; to one port there is never more than one.
    HOST_CONNECTIONS_MAX = 8,
    HOST_BLOCK = 256,
    HOSTS_KEPT_MAX = 1 << 16, // remembered without anything left of them
};
#define HOST_BYTES_MAX (UINT64_C(16) << 20) // from all its ports together
// Where the plan says nothing of host_time: what eight ports at once, each silent for the 12 s that it takes to ask
// what it speaks, need for 80 ports.
#define HOST_TIME_NS     UINT64_C(120000000000)
#define HOST_CHEAP_NS    UINT64_C(10000000000)
#define HOST_CHEAP_BYTES (UINT64_C(1) << 20)

struct host {
    struct waiters line;      // inquiries that wait for a connection
    struct queue waiting;     // targets that were not begun
    struct inquiry *explorer; // the one that may ask further though the host said nothing on it yet
    uint64_t spent_ns;        // while it had connections, those of now apart
    uint64_t busy_ns;         // since when it has any
    uint64_t bytes;
    uint32_t address; // host byte order
    uint32_t index;
    uint32_t next;      // of the free ones
    uint32_t open;      // connections
    uint32_t inquiries; // that have begun and are not over
    uint32_t released;  // targets of `waiting` that are in the lane's queue now
    bool used;
    bool kept;  // nothing is left of it, and it is remembered
    bool spent; // its budget is, and that was counted
};

// All-zero but for by_address: none known.
struct hosts {
    struct hash by_address; // address -> index
    struct host **blocks;
    size_t block_count;
    uint32_t free; // index + 1
    uint32_t kept;
    uint64_t time_ns;  // the budget of each
    uint64_t deferred; // targets that wait in all of them
};

// Returns 0 or -errno. time_ns = 0: HOST_TIME_NS.
int hosts_init(struct hosts *hosts, uint64_t time_ns);
void hosts_fini(struct hosts *hosts);

// The host of this address: NULL when it is not known, or for hosts_take when there is no memory for it.
struct host *hosts_find(const struct hosts *hosts, uint32_t address);
struct host *hosts_take(struct hosts *hosts, uint32_t address);

// The host of an index below hosts_size, used or not.
static inline struct host *hosts_at(const struct hosts *hosts, uint32_t index)
{
    return &hosts->blocks[index / HOST_BLOCK][index % HOST_BLOCK];
}

static inline uint32_t hosts_size(const struct hosts *hosts)
{
    return (uint32_t)(hosts->block_count * HOST_BLOCK);
}

// Forgets the host if nothing is left of it and it was cheap. It is not to be used afterwards.
void hosts_settle(struct hosts *hosts, struct host *host);

// A connection to it begins, or has ended.
void host_open(struct host *host, uint64_t now_ns);
void host_close(struct host *host, uint64_t now_ns);

// The time that is left to it when it stays busy, 0 = its budget is spent.
uint64_t hosts_left(const struct hosts *hosts, const struct host *host, uint64_t now_ns);

// Lets a target wait for the host. Returns 0 or -ENOMEM.
int hosts_defer(struct hosts *hosts, struct host *host, const struct target *target);

// Takes out a target whose turn has come; it is counted as released until it is begun or recorded. False when none may
// come.
bool hosts_release(struct hosts *hosts, struct host *host, struct target *ret_target);
