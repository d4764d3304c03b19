// SPDX-License-Identifier: BSD-3-Clause
// Sending and timers of a flow; receiving is in flow_receive.c.
#include "control/flow/flow.h"

static uint16_t mss_of(uint16_t offered)
{
    uint16_t mss = offered == 0 ? FLOW_MSS_DEFAULT : offered;
    return mss < FLOW_MSS_MIN ? FLOW_MSS_MIN : mss > FLOW_MSS ? FLOW_MSS : mss;
}

static void packet_send(struct flow *flow, uint32_t seq, uint8_t flags, const uint8_t *payload, size_t length)
{
    bool syn = (flags & TCP_SYN) != 0;
    struct flow_packet packet = {
        .seq = seq,
        .ack = flags & TCP_ACK ? flow->rcv_nxt : 0,
        .window = FLOW_WINDOW,
        .mss = syn ? FLOW_MSS : 0,
        .payload_length = (uint16_t)length,
        .flags = flags,
        .payload = payload,
    };
    if (flags & TCP_ACK)
        flow->ack_due = false;
    flow->lane->ops->transmit(flow, &packet);
}

void flow_continue(struct flow *flow, struct flow_lane *lane, const struct verdict *verdict, uint64_t now_ns)
{
    *flow = (struct flow){
        .lane = lane,
        .address = verdict->address,
        .remote_port = verdict->remote_port,
        .local_port = verdict->local_port,
        .snd_una = verdict->local_isn + 1,
        .snd_nxt = verdict->local_isn + 1,
        .snd_wnd = verdict->window,
        .snd_wl1 = verdict->remote_seq,
        .snd_wl2 = verdict->local_isn + 1,
        .rcv_nxt = verdict->remote_seq + 1,
        .mss = mss_of(verdict->mss),
        .state = FLOW_ESTABLISHED,
        .ack_due = true,
        .rto_ms = FLOW_RTO_MS,
        .retry_ns = now_ns + FLOW_RTO_MS * UINT64_C(1000000),
        .close_ns = FLOW_NEVER,
    };
}

void flow_connect(struct flow *flow, struct flow_lane *lane, uint32_t address, uint16_t remote_port,
                  uint16_t local_port, uint64_t now_ns)
{
    *flow = (struct flow){
        .lane = lane,
        .address = address,
        .remote_port = remote_port,
        .local_port = local_port,
        .snd_nxt = 1, // from snd_una, until the answer says where that is
        .mss = FLOW_MSS_DEFAULT,
        .state = FLOW_SYN_SENT,
        .sent_ns = now_ns,
        .rto_ms = FLOW_RTO_MS,
        .retry_ns = now_ns + FLOW_RTO_MS * UINT64_C(1000000),
        .close_ns = FLOW_NEVER,
    };
    packet_send(flow, 0, TCP_SYN, NULL, 0);
}

void flow_establish(struct flow *flow, const struct segment *segment, uint64_t now_ns)
{
    flow->state = FLOW_ESTABLISHED;
    flow->snd_una = segment->ack;
    flow->snd_nxt = segment->ack;
    flow->snd_wnd = segment->window;
    flow->snd_wl1 = segment->seq;
    flow->snd_wl2 = segment->ack;
    flow->rcv_nxt = segment->seq + 1;
    flow->mss = mss_of(segment->mss);
    flow->tries = 0;
    flow->retry_ns = flow_retry_at(flow, now_ns);
    flow->ack_due = true;
}

// Sends the n bytes at offset of the output, and FIN behind them where they are the last.
static void data_send(struct flow *flow, const uint8_t *output, size_t length, size_t offset, size_t n)
{
    bool last = offset + n == length;
    uint8_t flags = (uint8_t)(TCP_ACK | (last && n > 0 ? TCP_PSH : 0));
    if (last && flow->state == FLOW_CLOSING) {
        flags |= TCP_FIN;
        flow->fin_sent = true;
    }
    uint32_t seq = flow->snd_una + (uint32_t)offset;
    uint32_t end = seq + (uint32_t)n + (flags & TCP_FIN ? 1 : 0);
    packet_send(flow, seq, flags, output == NULL ? NULL : output + offset, n);
    if ((int32_t)(end - flow->snd_nxt) > 0)
        flow->snd_nxt = end;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

// Sends output that was never sent, as far as the peer's window goes, and FIN.
static void output_send(struct flow *flow, uint64_t now_ns)
{
    size_t length = 0;
    const uint8_t *output = flow->lane->ops->output(flow, &length);
    size_t sent = flow->snd_nxt - flow->snd_una;
    bool none_under_way = sent == 0;
    bool moved = false;
    size_t window = least(flow->snd_wnd, (size_t)FLOW_FLIGHT * flow->mss);
    while (sent < length && sent < window) {
        size_t n = least(least(length, window) - sent, flow->mss);
        data_send(flow, output, length, sent, n);
        sent += n;
        moved = true;
        if (!flow->timing && !flow->timed) {
            flow->timing = true;
            flow->timed_seq = flow->snd_nxt;
            flow->sent_ns = now_ns;
        }
    }
    // FIN goes with the last byte, or alone; a closed window does not hold it up.
    if (flow->state == FLOW_CLOSING && !flow->fin_sent && sent == length) {
        data_send(flow, output, length, sent, 0);
        moved = true;
    }
    bool pending = flow_in_flight(flow) || sent < length;
    if (pending && ((none_under_way && moved) || flow->retry_ns == FLOW_NEVER)) {
        flow->tries = 0;
        flow->retry_ns = flow_retry_at(flow, now_ns);
    }
}

void flow_push(struct flow *flow, uint64_t now_ns)
{
    if (flow->state == FLOW_CLOSED || flow->state == FLOW_SYN_SENT)
        return;
    if (!flow->fin_sent && !flow->recovering)
        output_send(flow, now_ns);
    if (flow->ack_due)
        packet_send(flow, flow->snd_nxt, TCP_ACK, NULL, 0);
    if (flow->state == FLOW_CLOSING && flow->fin_sent && flow->fin_received && !flow_in_flight(flow)) {
        flow_fini(flow);
        flow->lane->ops->event(flow, FLOW_DONE);
    }
}

// The oldest segment once more. A window of zero is probed with one byte (RFC 9293 section 3.8.6.1).
void flow_resend(struct flow *flow)
{
    size_t length = 0;
    const uint8_t *output = flow->lane->ops->output(flow, &length);
    size_t under_way = flow->snd_nxt - flow->snd_una - (flow->fin_sent ? 1 : 0);
    size_t n = least(least(length, flow->mss), under_way);
    if (n == 0 && !flow->fin_sent && length > 0)
        n = 1;
    flow->timing = false;
    flow->timed = true; // Karn: the acknowledgement of a repeat says nothing about the time
    flow->lane->retransmissions++;
    data_send(flow, output, length, 0, n);
}

static void flow_give_up(struct flow *flow, enum flow_event event)
{
    bool closing = flow->state == FLOW_CLOSING;
    if (flow->state != FLOW_SYN_SENT)
        packet_send(flow, flow->snd_nxt, TCP_RST | TCP_ACK, NULL, 0);
    flow_fini(flow);
    flow->lane->ops->event(flow, closing ? FLOW_DONE : event);
}

static void flow_retry(struct flow *flow, uint64_t now_ns)
{
    size_t length = 0;
    if (flow->state != FLOW_SYN_SENT)
        (void)flow->lane->ops->output(flow, &length);
    bool pending = flow_in_flight(flow) || length > 0;
    // An acknowledgement that nothing may follow is repeated at leisure: whoever waits in silence got it, mostly.
    uint64_t rto_ns = (pending ? flow->rto_ms : FLOW_RTO_MS) * UINT64_C(1000000);
    bool last =
        flow->state == FLOW_SYN_SENT ? flow->tries >= FLOW_SYN_TRIES : rto_ns << flow->tries > FLOW_RETRY_NS / 2;
    if (last && pending) {
        flow_give_up(flow, FLOW_TIMED_OUT);
        return;
    }
    if (last || (!pending && flow->heard)) {
        flow->retry_ns = FLOW_NEVER;
        return;
    }
    flow->tries++;
    flow->retry_ns = now_ns + (rto_ns << flow->tries);
    if (flow->state == FLOW_SYN_SENT) {
        flow->lane->retransmissions++;
        packet_send(flow, 0, TCP_SYN, NULL, 0);
    } else if (pending) {
        flow->recovering = flow_in_flight(flow);
        flow->recover = flow->snd_nxt;
        flow_resend(flow);
    } else {
        // A server that is to speak first hears nothing but our ACK; should it be lost, the server never begins.
        flow->lane->retransmissions++;
        packet_send(flow, flow->snd_nxt, TCP_ACK, NULL, 0);
    }
}

void flow_timer(struct flow *flow, uint64_t now_ns)
{
    if (flow->state == FLOW_CLOSED)
        return;
    if (now_ns >= flow->close_ns)
        flow_give_up(flow, FLOW_DONE);
    else if (now_ns >= flow->retry_ns)
        flow_retry(flow, now_ns);
}

uint64_t flow_deadline(const struct flow *flow)
{
    if (flow->state == FLOW_CLOSED)
        return FLOW_NEVER;
    return flow->retry_ns < flow->close_ns ? flow->retry_ns : flow->close_ns;
}

void flow_close(struct flow *flow, uint64_t now_ns)
{
    if (flow->state != FLOW_ESTABLISHED) {
        if (flow->state == FLOW_SYN_SENT)
            flow_abort(flow);
        return;
    }
    flow->state = FLOW_CLOSING;
    flow->close_ns = now_ns + FLOW_LINGER_NS;
}

void flow_abort(struct flow *flow)
{
    if (flow->state == FLOW_CLOSED)
        return;
    if (flow->state != FLOW_SYN_SENT)
        packet_send(flow, flow->snd_nxt, TCP_RST | TCP_ACK, NULL, 0);
    flow_fini(flow);
}

void flow_fini(struct flow *flow)
{
    // A flow that was never opened has no lane.
    if (flow->pieces.first != NULL)
        flow_pieces_drop(&flow->pieces, &flow->lane->kept);
    flow->state = FLOW_CLOSED;
    flow->retry_ns = FLOW_NEVER;
    flow->close_ns = FLOW_NEVER;
}

bool flow_stray(const struct segment *segment, struct flow_packet *ret_packet)
{
    if ((segment->flags & (TCP_RST | TCP_ACK)) != TCP_ACK)
        return false;
    *ret_packet = (struct flow_packet){.seq = segment->ack, .flags = TCP_RST};
    return true;
}

struct flow_packet flow_refusal(const struct verdict *verdict)
{
    return (struct flow_packet){.seq = verdict->local_isn + 1, .flags = TCP_RST};
}
