// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One TCP connection of ours (RFC 9293), in user space because DPDK owns the port: a client for short dialogues. It
// goes on with the connection that a probe opened, or opens one itself. It has no clock, socket or output memory: times
// are given, segments leave through a call, and bytes to send stay with their owner until they are acknowledged. One
// thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/flow/flow_pieces.h"
#include "dataplane/channel/channel.h"

enum {
    FLOW_WINDOW = 16384,    // what we offer; so much is kept out of order at most
    FLOW_MSS = 1460,        // what we say in a SYN, and the most we send
    FLOW_MSS_DEFAULT = 536, // RFC 9293 section 3.7.1: of a peer that does not say
    FLOW_MSS_MIN = 64,      // a peer that asks for less would have us send a crowd of frames
    FLOW_SYN_TRIES = 2,     // of a SYN: whoever wants more had better come from another port
    FLOW_FLIGHT = 10,       // segments under way at once (RFC 6928)
    FLOW_CHALLENGES = 32,   // ACKs to segments that cannot be; then silence, so that two stacks do not argue for ever
    FLOW_DISCARD_BYTES = 65536, // taken in after we have closed, then RST
};
// When to send again (RFC 6298): after a second while no round trip was timed, then after R + max(200 ms, 2 R) of the
// newest one, at most FLOW_RTO_MOST_MS; doubled at each retransmission, up to FLOW_RETRY_NS. So a peer that is silent
// is given up after 48 to 64 s: after 5 retransmissions from a second on, after 7 from 200 ms on.
enum { FLOW_RTO_MS = 1000, FLOW_RTO_LEAST_MS = 200, FLOW_RTO_MOST_MS = 3000 };
#define FLOW_RETRY_NS  UINT64_C(32000000000)
#define FLOW_LINGER_NS UINT64_C(3000000000) // from our wish to close to RST, when the peer does not close too
#define FLOW_NEVER     UINT64_MAX

enum flow_state {
    FLOW_CLOSED = 0,
    FLOW_SYN_SENT,
    FLOW_ESTABLISHED,
    FLOW_CLOSING, // flow_close was called: what is left goes out, then FIN; what comes in is acknowledged and forgotten
};

enum flow_event {
    FLOW_OPENED,    // a connection of our own is established
    FLOW_PEER_FIN,  // the peer says no more
    FLOW_RESET,     // by the peer; closed
    FLOW_REFUSED,   // our SYN was answered with RST; closed
    FLOW_TIMED_OUT, // nothing acknowledged what we sent; closed
    FLOW_DONE,      // closed after flow_close
};

// A segment that is to leave. payload is borrowed.
struct flow_packet {
    uint32_t seq;
    uint32_t ack;
    uint16_t window;
    uint16_t mss;
    uint16_t payload_length;
    uint8_t flags; // bits of enum tcp_flag
    const uint8_t *payload;
};

struct flow;

// What a flow asks of its owner. received and event may call flow_close and flow_abort, and nothing else of the flow.
struct flow_ops {
    void (*transmit)(struct flow *flow, const struct flow_packet *packet); // may lose it, like any network
    const uint8_t *(*output)(struct flow *flow, size_t *ret_length); // bytes to send from the first unacknowledged
    void (*acked)(struct flow *flow, size_t length);                 // that many of them have arrived
    void (*received)(struct flow *flow, const uint8_t *data, size_t length); // in order, once
    void (*event)(struct flow *flow, enum flow_event event);
};

// What the flows of a lane share.
struct flow_lane {
    const struct flow_ops *ops;
    struct flow_kept kept; // out of order
    uint64_t lost_ns;      // how far the times given to flows are behind the clock of segments' stamps
    uint64_t retransmissions;
    uint64_t refused;
};

struct flow {
    struct flow_lane *lane;
    struct flow_pieces pieces; // behind a gap
    uint64_t retry_ns;         // when to send again, FLOW_NEVER
    uint64_t close_ns;         // when lingering ends, FLOW_NEVER
    uint64_t sent_ns;          // of the segment that is timed, or of our SYN
    uint32_t address;          // host byte order
    uint16_t remote_port;
    uint16_t local_port;
    uint32_t snd_una;
    uint32_t snd_nxt;
    uint32_t snd_wnd;
    uint32_t snd_wl1; // sequence and acknowledgement numbers of the segment that snd_wnd came with
    uint32_t snd_wl2;
    uint32_t recover; // up to here everything was under way when a retransmission began
    uint32_t rcv_nxt;
    uint32_t fin_seq; // where the peer's FIN stands, when fin_seen
    uint32_t timed_seq;
    uint32_t rtt_us; // of the first data segment, 0 = not known
    uint32_t discarded;
    uint16_t mss;    // the most bytes a segment to the peer may have
    uint16_t rto_ms; // until the first retransmission
    uint8_t state;   // enum flow_state
    uint8_t tries;
    uint8_t challenges;
    bool timing : 1;
    bool timed : 1;
    bool heard : 1; // something came after the handshake
    bool ack_due : 1;
    bool fin_sent : 1;
    bool fin_seen : 1;
    bool fin_received : 1;
    bool recovering : 1;
};

// Goes on with the connection of a validated SYN-ACK. Nothing is sent before flow_push.
void flow_continue(struct flow *flow, struct flow_lane *lane, const struct verdict *verdict, uint64_t now_ns);

// Opens a connection: sends the SYN. Its number is the dataplane's to give, which lets through only answers that
// acknowledge it; so the first answer tells it to us.
void flow_connect(struct flow *flow, struct flow_lane *lane, uint32_t address, uint16_t remote_port,
                  uint16_t local_port, uint64_t now_ns);

// Takes a segment of this connection. payload_length must be at most the slot's. flow_push is to follow, after further
// segments perhaps.
void flow_receive(struct flow *flow, const struct segment *segment, uint64_t now_ns);

// Sends what is due: data, FIN, acknowledgement. Ends a closing flow when both sides have.
void flow_push(struct flow *flow, uint64_t now_ns);

// To be called when flow_deadline has passed (earlier does no harm).
void flow_timer(struct flow *flow, uint64_t now_ns);
uint64_t flow_deadline(const struct flow *flow);

// Closes gracefully: output that is left, FIN, and RST when the peer does not close within FLOW_LINGER_NS. flow_push is
// to follow.
void flow_close(struct flow *flow, uint64_t now_ns);

// Sends RST and is closed, without an event. Nothing is sent before our SYN was answered: its number is not known, and
// an answer that still comes is a stray, which gets its RST.
void flow_abort(struct flow *flow);

// Releases what was kept; the flow is closed afterwards, and nothing is sent.
void flow_fini(struct flow *flow);

// True when something we sent is not acknowledged yet.
static inline bool flow_in_flight(const struct flow *flow)
{
    return flow->snd_nxt != flow->snd_una;
}

// The RST that answers a segment of no connection, RFC 9293 section 3.10.7.1. False when none is due: to a RST, and to
// what acknowledges nothing, which the dataplane lets nobody answer.
bool flow_stray(const struct segment *segment, struct flow_packet *ret_packet);

// The RST that ends a probe's connection at once.
struct flow_packet flow_refusal(const struct verdict *verdict);

// For flow_receive. The SYN-ACK to our own SYN was right.
void flow_establish(struct flow *flow, const struct segment *segment, uint64_t now_ns);

// When what leaves now is sent again for the first time, ns.
static inline uint64_t flow_retry_at(const struct flow *flow, uint64_t now_ns)
{
    return now_ns + (uint64_t)flow->rto_ms * UINT64_C(1000000);
}

// The oldest unacknowledged segment once more.
void flow_resend(struct flow *flow);
