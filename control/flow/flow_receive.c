// SPDX-License-Identifier: BSD-3-Clause
// Receiving, RFC 9293 section 3.10.7 in its order, with the answers to blind attacks of RFC 5961.
#include "control/flow/flow.h"

// An ACK to something that cannot be (RFC 5961), so many times.
static void challenge(struct flow *flow)
{
    flow->lane->refused++;
    if (flow->challenges < FLOW_CHALLENGES) {
        flow->challenges++;
        flow->ack_due = true;
    }
}

static void flow_ended(struct flow *flow, enum flow_event event)
{
    bool closing = flow->state == FLOW_CLOSING;
    flow_fini(flow);
    flow->lane->ops->event(flow, closing ? FLOW_DONE : event);
}

// No turn lasts as long: a stamp that is further ahead is of another clock.
#define RTT_AHEAD_NS UINT64_C(1000000000)

// The round trip from sent_ns to the segment, us.
static uint32_t round_trip(struct flow *flow, const struct segment *segment, uint64_t now_ns)
{
    // The stamp of the receiving worker is nearer to the truth than our turn to look. A turn has one time, that of its
    // beginning: what is sent and answered in the same turn has a stamp that is newer than now.
    uint64_t stamp = segment->stamp_ns - flow->lane->lost_ns;
    bool stamped = stamp > flow->sent_ns && stamp < now_ns + RTT_AHEAD_NS;
    uint64_t us = ((stamped ? stamp : now_ns) - flow->sent_ns) / 1000;
    return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static void rto_set(struct flow *flow, uint32_t rtt_us)
{
    uint32_t rtt_ms = rtt_us / 1000;
    uint32_t room_ms = rtt_ms > FLOW_RTO_LEAST_MS / 2 ? 2 * rtt_ms : FLOW_RTO_LEAST_MS;
    uint64_t rto_ms = (uint64_t)rtt_ms + room_ms;
    flow->rto_ms = (uint16_t)(rto_ms > FLOW_RTO_MOST_MS ? FLOW_RTO_MOST_MS : rto_ms);
}

static void syn_sent_receive(struct flow *flow, const struct segment *segment, uint64_t now_ns)
{
    if (!(segment->flags & TCP_ACK)) {
        flow->lane->refused++;
        return;
    }
    if (segment->flags & TCP_RST) {
        flow_ended(flow, FLOW_REFUSED);
        return;
    }
    if (!(segment->flags & TCP_SYN)) {
        // Nothing but a SYN-ACK answers a first SYN: an earlier connection of this tuple is left over at the peer,
        // whose challenge (RFC 5961 section 4) this is. RST there frees it, and our next SYN gets through.
        struct flow_packet packet;
        flow->lane->refused++;
        if (flow_stray(segment, &packet))
            flow->lane->ops->transmit(flow, &packet);
        return;
    }
    if (flow->tries == 0)
        rto_set(flow, round_trip(flow, segment, now_ns));
    flow_establish(flow, segment, now_ns);
    flow->lane->ops->event(flow, FLOW_OPENED);
}

// True when any of the segment lies in our window.
static bool segment_acceptable(const struct flow *flow, const struct segment *segment)
{
    uint32_t length =
        segment->payload_length + (segment->flags & TCP_FIN ? 1U : 0U) + (segment->flags & TCP_SYN ? 1U : 0U);
    uint32_t first = segment->seq - flow->rcv_nxt;
    uint32_t last = first + (length > 0 ? length - 1 : 0);
    return first < FLOW_WINDOW || (length > 0 && last < FLOW_WINDOW);
}

static void rtt_take(struct flow *flow, const struct segment *segment, uint64_t now_ns)
{
    if (!flow->timing || (int32_t)(segment->ack - flow->timed_seq) < 0)
        return;
    flow->rtt_us = round_trip(flow, segment, now_ns); // 0: not known
    rto_set(flow, flow->rtt_us);
    flow->timing = false;
    flow->timed = true;
}

// The acknowledgement field. False when the segment is to be dropped.
static bool ack_take(struct flow *flow, const struct segment *segment, uint64_t now_ns)
{
    uint32_t acked = segment->ack - flow->snd_una;
    uint32_t under_way = flow->snd_nxt - flow->snd_una;
    bool opened = false;
    if (acked > under_way) {
        // An old one is only out of date; one for what we never sent, or far too old, is answered (RFC 5961 section 5).
        bool old = (int32_t)acked < 0 && 0 - acked <= 65535;
        if (!old)
            challenge(flow);
        return old;
    }
    if (acked > 0) {
        rtt_take(flow, segment, now_ns);
        bool fin = flow->fin_sent && acked == under_way;
        flow->snd_una = segment->ack;
        flow->lane->ops->acked(flow, acked - (fin ? 1 : 0));
        flow->tries = 0;
        flow->retry_ns = flow_in_flight(flow) ? flow_retry_at(flow, now_ns) : FLOW_NEVER;
        flow->recovering = flow->recovering && (int32_t)(flow->recover - flow->snd_una) > 0;
    }
    if ((int32_t)(segment->seq - flow->snd_wl1) > 0 ||
        (segment->seq == flow->snd_wl1 && (int32_t)(segment->ack - flow->snd_wl2) >= 0)) {
        // A byte that probed the closed window was refused; now it may go without waiting for its timer.
        opened = flow->snd_wnd == 0 && segment->window > 0 && flow_in_flight(flow);
        flow->snd_wnd = segment->window;
        flow->snd_wl1 = segment->seq;
        flow->snd_wl2 = segment->ack;
    }
    if (opened)
        flow->recovering = false;
    if (opened || (acked > 0 && flow->recovering))
        flow_resend(flow); // what was lost together is repeated one round trip each
    return true;
}

static void deliver(struct flow *flow, const uint8_t *data, size_t length)
{
    flow->rcv_nxt += (uint32_t)length;
    flow->ack_due = true;
    flow->challenges = 0;
    if (flow->state == FLOW_ESTABLISHED)
        flow->lane->ops->received(flow, data, length);
    else
        flow->discarded += (uint32_t)length;
    if (flow->discarded > FLOW_DISCARD_BYTES && flow->state == FLOW_CLOSING) {
        flow_abort(flow);
        flow->lane->ops->event(flow, FLOW_DONE);
    }
}

static void pieces_deliver(struct flow *flow)
{
    struct flow_piece *piece;
    while (flow->state != FLOW_CLOSED &&
           (piece = flow_pieces_take(&flow->pieces, &flow->lane->kept, flow->rcv_nxt)) != NULL) {
        uint32_t known = flow->rcv_nxt - piece->seq;
        if (known < piece->length)
            deliver(flow, piece->data + known, piece->length - known);
        flow_piece_free(piece);
    }
}

// Payload and FIN of an acceptable segment.
static void text_take(struct flow *flow, const struct segment *segment)
{
    const uint8_t *data = segment->payload;
    size_t length = segment->payload_length;
    uint32_t seq = segment->seq;
    if ((segment->flags & TCP_FIN) && !flow->fin_seen) {
        flow->fin_seen = true;
        flow->fin_seq = seq + (uint32_t)length;
    }
    if ((int32_t)(seq - flow->rcv_nxt) < 0) {
        uint32_t known = flow->rcv_nxt - seq;
        size_t skip = known < length ? known : length;
        data += skip;
        length -= skip;
        seq = flow->rcv_nxt;
        flow->ack_due = true;
    }
    uint32_t room = FLOW_WINDOW - (seq - flow->rcv_nxt);
    length = length < room ? length : room;
    if (length > 0 && seq == flow->rcv_nxt) {
        deliver(flow, data, length);
        pieces_deliver(flow);
    } else if (seq != flow->rcv_nxt) {
        flow->ack_due = true;
        if (length > 0)
            flow_pieces_keep(&flow->pieces, &flow->lane->kept, seq, data, length);
    }
    if (flow->state == FLOW_CLOSED || !flow->fin_seen || flow->fin_received ||
        (int32_t)(flow->rcv_nxt - flow->fin_seq) < 0)
        return;
    flow->fin_received = true;
    flow->rcv_nxt++;
    flow->ack_due = true;
    if (flow->state == FLOW_ESTABLISHED)
        flow->lane->ops->event(flow, FLOW_PEER_FIN);
}

void flow_receive(struct flow *flow, const struct segment *segment, uint64_t now_ns)
{
    if (flow->state == FLOW_CLOSED)
        return;
    if (flow->state == FLOW_SYN_SENT) {
        syn_sent_receive(flow, segment, now_ns);
        return;
    }
    if (!segment_acceptable(flow, segment)) {
        if (!(segment->flags & TCP_RST))
            challenge(flow);
        return;
    }
    if (segment->flags & TCP_RST) {
        if (segment->seq == flow->rcv_nxt)
            flow_ended(flow, FLOW_RESET);
        else
            challenge(flow);
        return;
    }
    if (segment->flags & TCP_SYN) {
        challenge(flow);
        return;
    }
    if (!(segment->flags & TCP_ACK)) {
        flow->lane->refused++;
        return;
    }
    if (!ack_take(flow, segment, now_ns))
        return;
    flow->heard = true;
    if (!flow->fin_received)
        text_take(flow, segment);
}
