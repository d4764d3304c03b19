// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Every counter of a dataplane worker, with the help that metrics and README print. One list yields enum, names and
// help. Each worker writes its own block, relaxed; anybody may read.

#include <stdatomic.h>
#include <stdint.h>

// X(enumerator, name, help)
#define DATAPLANE_COUNTERS(X)                                                                                          \
    X(PROBES_SENT, "probes_sent", "probe frames queued for the port, before it has taken them")                        \
    X(POSITIONS_SKIPPED, "positions_skipped",                                                                          \
      "positions of later attempts that had answered, and those that no list names")                                   \
    X(PROBES_AGAIN, "probes_again", "probes that only the coverage estimate needed: their positions had answered")     \
    X(SAMPLES_ASKED, "samples_asked", "coverage samples asked again, each position once")                              \
    X(SAMPLES_ANSWERED, "samples_answered", "coverage samples that answered when asked again")                         \
    X(SAMPLES_BOTH, "samples_both", "of these, the ones that had answered the first attempt")                          \
    X(TX_BYTES, "tx_bytes", "bytes of all frames queued for the port, without preamble and checksum")                  \
    X(TX_RETRIED, "tx_retried", "frames the port did not take at once")                                                \
    X(RX_FRAMES, "rx_frames", "frames received")                                                                       \
    X(RX_BYTES, "rx_bytes", "bytes received")                                                                          \
    X(ANSWERS_OPEN, "answers_open", "valid SYN-ACKs that settled a position")                                          \
    X(ANSWERS_CLOSED, "answers_closed", "valid RSTs that settled a position")                                          \
    X(ANSWERS_UNREACHABLE, "answers_unreachable", "valid ICMP errors for a probe")                                     \
    X(ANSWERS_DUPLICATE, "answers_duplicate", "valid answers to a position that was settled already")                  \
    X(ANSWERS_SUSPECT, "answers_suspect", "SYN-ACKs marked as forged-looking")                                         \
    X(SEGMENTS_UP, "segments_up", "segments of our own connections passed to control")                                 \
    X(REQUESTS_SENT, "requests_sent", "frames built for control and queued for the port")                              \
    X(ARP_SENT, "arp_sent", "ARP requests and replies sent")                                                           \
    X(ECHO_SENT, "echo_sent", "ICMP echo replies sent")                                                                \
    X(NEIGHBOURS_LIMITED, "neighbours_limited", "ARP and echo requests not answered: above 100 a second")              \
    X(NEIGHBOURS_ABSENT, "neighbours_absent", "frames not sent: their target on the link does not answer ARP")         \
    X(DEFERRED_CHECKSUMS, "deferred_checksums", "TCP checksums that a virtual device left to its kernel")              \
    X(DROP_TRUNCATED, "drop_truncated", "frames shorter than their headers say")                                       \
    X(DROP_MALFORMED, "drop_malformed", "frames with an impossible header field")                                      \
    X(DROP_CHECKSUM, "drop_checksum", "frames with a wrong checksum")                                                  \
    X(DROP_NOT_OURS, "drop_not_ours", "frames to another address, port or protocol")                                   \
    X(DROP_FRAGMENT, "drop_fragment", "IP fragments")                                                                  \
    X(DROP_FORGED, "drop_forged", "answers without a valid cookie")                                                    \
    X(DROP_STRAYS, "drop_strays", "segments to a flow port that acknowledge nothing we can have sent from it")         \
    X(DROP_RESETS, "drop_resets", "resets to a flow port that acknowledge nothing, above 1,000 a second")              \
    X(DROP_OUT_OF_PLAN, "drop_out_of_plan", "answers with a valid cookie from outside the plan")                       \
    X(DROP_VERDICTS_FULL, "drop_verdicts_full", "verdicts lost because control lagged and the parking place was full") \
    X(DROP_SEGMENTS_FULL, "drop_segments_full", "segments lost because control lagged (its peers send them again)")    \
    X(TRACE_FRAMES, "trace_frames", "frames handed over for the capture file (--pcap)")                                \
    X(DROP_TRACE_FULL, "drop_trace_full", "frames that the capture file lacks: its writer lagged")                     \
    X(DROP_TX_FULL, "drop_tx_full", "frames that the port did not take in time")                                       \
    X(DROP_NO_BUFFER, "drop_no_buffer", "frames for control or a neighbour not built for want of a buffer")            \
    X(GUARD_ADDRESS, "guard_address", "requests refused: address outside the plan")                                    \
    X(GUARD_PORT, "guard_port", "requests refused: port neither of the plan nor a decoy")                              \
    X(GUARD_SOURCE, "guard_source", "requests refused: not one of our own ports")                                      \
    X(GUARD_MALFORMED, "guard_malformed", "requests refused: impossible length or flags")                              \
    X(GUARD_COOKIE, "guard_cookie", "requests refused: no connection of ours can have sent them")                      \
    X(GUARD_RATE, "guard_rate", "requests refused: above converse_rate")                                               \
    X(GUARD_HOST_RATE, "guard_host_rate", "requests refused: above the cap of one host")                               \
    X(GUARD_NETWORK_RATE, "guard_network_rate", "requests refused: more connections to one /24 than network_rate")     \
    X(GUARD_PROBE_RATE, "guard_probe_rate", "requests refused: connections above the rate of probes")                  \
    X(GUARD_WORKER, "guard_worker", "requests refused: their host is another worker's")                                \
    X(CHANNEL_KILLED, "channel_killed", "rings given up because an index of control's was impossible")                 \
    X(MBUFS_EXHAUSTED, "mbufs_exhausted", "bursts of probes that waited for free buffers (none is lost)")              \
    X(TEMPLATES_REPAIRED, "templates_repaired", "probe buffers that somebody had written to; only checking builds look")

enum dataplane_counter {
#define X(enumerator, name, help) COUNTER_##enumerator,
    DATAPLANE_COUNTERS(X)
#undef X
        COUNTER_COUNT
};

// One worker's block. worker: wo; everybody else: ro.
struct worker_counters {
    _Alignas(64) _Atomic uint64_t values[COUNTER_COUNT];
};

// For the one writer of a block: no locked instruction.
static inline void counter_add(struct worker_counters *counters, enum dataplane_counter counter, uint64_t n)
{
    uint64_t before = atomic_load_explicit(&counters->values[counter], memory_order_relaxed);
    atomic_store_explicit(&counters->values[counter], before + n, memory_order_relaxed);
}

extern const char *const dataplane_counter_names[COUNTER_COUNT];
extern const char *const dataplane_counter_help[COUNTER_COUNT];
