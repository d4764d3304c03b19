// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Plays `sonde scan` and the dataplane to a real sonde-control: makes the image, the channel and the files, starts the
// program, hands it verdicts, and carries segments between it and servers in miniature.

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "config/image/image.h"
#include "control/store/counters.h"
#include "dataplane/channel/channel.h"
#include "tests/unit/flow/peer.h"

enum { HARNESS_PEERS_MAX = 4096, HARNESS_LANES = 2, HARNESS_WORKERS = 2 };

// For waits that end as soon as what they wait for is there: more than the busiest machine needs.
enum { HARNESS_PATIENCE_MS = 60000 };

struct harness;

// What a server says: called when a connection is established and whenever bytes came. `peer->in` holds all of them.
typedef void (*harness_application)(struct peer *peer);

struct harness {
    int image_fd;
    int up_fd;
    int down_fd;
    int records_fd;
    int journal_fd;
    pid_t child;
    struct channel channel;
    harness_application application;
    harness_application dripping; // five times a second for each connection; NULL = never
    uint16_t refused_from;        // further connections to ports from here on are refused; 0 = none is
    uint16_t dropped_from;        // segments to ports from here on are dropped; 0 = none is
    size_t dropped;
    bool sticks;         // nobody answers on the first of our ports that a further connection comes from
    uint16_t stuck_port; // that one; 0 = none has come
    unsigned loss;       // one in so many segments is lost, either way; 0 = none
    unsigned random;
    pthread_t beats;
    _Atomic bool frozen; // no heartbeat
    _Atomic bool over;
    struct peer *peers[HARNESS_PEERS_MAX];
    size_t peer_count;
    bool died;         // the next control is told that the one before did
    uint64_t position; // of the next verdict
    uint64_t age_ns;   // verdicts are so old when they are handed over
    uint64_t repeat_ns;
    size_t requests; // taken in all
    size_t strays;   // requests to connections that no peer has
    size_t reused;   // SYNs from a port of ours from which a connection to that peer has been ended before
};

// settings that matter to control; what is 0 gets a default.
struct harness_plan {
    uint8_t converse; // enum converse_mode, must be given
    uint32_t max_open;
    uint64_t host_time_ns;
    uint16_t decoys[2];  // up to the first 0
    uint16_t flow_ports; // 0: 1,024
    bool tls_matrix;
    uint64_t max_results;
};

void harness_init(struct harness *harness, const struct harness_plan *plan);
void harness_fini(struct harness *harness);

// Starts the program. records_fd: -1 = the harness's own file.
void harness_start(struct harness *harness, bool resume, int records_fd);

// The most that a file of the program's may hold from now on: plays the full disk, and the one with room again.
void harness_disk_limit(struct harness *harness, uint64_t bytes);

// A server that has answered a probe, and its verdict.
struct peer *harness_answer(struct harness *harness, uint32_t address, uint16_t port);

// A port that answered the probe with a RST, or with an error of ICMP that a router has reported: its verdict alone.
void harness_deny(struct harness *harness, uint32_t address, uint16_t port, enum verdict_answer answer,
                  uint8_t icmp_code);

// One turn of the dataplane.
void harness_turn(struct harness *harness);

// Turns until condition says so, or the time is over: false.
bool harness_until(struct harness *harness, unsigned milliseconds, bool (*condition)(struct harness *harness));

// Says COOLED and waits for the program's end. Its wait status, or -1 when it does not end in time.
int harness_finish(struct harness *harness, unsigned milliseconds);

// The same with HARNESS_PATIENCE_MS; asserts that the program ends, with status 0.
void harness_finish_clean(struct harness *harness);

uint64_t harness_counter(const struct harness *harness, enum control_counter counter);

// All records, parsed: an array of objects. NULL when a line is no JSON or the file does not end with a newline.
json_t *harness_records(const struct harness *harness);

// A text of a record, or of a part of it; "" when it is not there. part NULL: of the record itself.
const char *harness_text(json_t *record, const char *part, const char *name);

// How many of the records have this outcome.
size_t harness_outcomes(json_t *records, const char *outcome);

// Asserts that so many records are there, every ip and port once, all of them with this outcome.
void harness_check_records(const struct harness *harness, size_t expected, const char *outcome);

// Asserts that every peer's connection was ended.
void harness_check_ended(const struct harness *harness);

// Applications of peers: one that never says anything, and one that answers a request for a page.
void harness_silent_server(struct peer *peer);
void harness_http_server(struct peer *peer);
