// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/flow/peer.h"

#include <string.h>

enum { PEER_ISS = 0xfffffff0U }; // wraps soon

static void peer_send(struct peer *peer, uint32_t seq, uint8_t flags, const uint8_t *data, size_t length)
{
    if (peer->sent_count == PEER_QUEUE)
        return;
    struct segment *segment = &peer->sent[peer->sent_count++];
    memset(segment, 0, offsetof(struct segment, payload));
    segment->address = peer->address;
    segment->remote_port = peer->remote_port;
    segment->local_port = peer->local_port;
    segment->seq = seq;
    segment->ack = flags & TCP_ACK ? peer->rcv_nxt : 0;
    segment->window = peer->window;
    segment->mss = flags & TCP_SYN ? 1460 : 0;
    segment->flags = flags;
    segment->payload_length = (uint16_t)length;
    if (length > 0)
        memcpy(segment->payload, data, length);
}

void peer_listen(struct peer *peer, uint32_t address, uint16_t remote_port, uint16_t local_port)
{
    memset(peer, 0, sizeof(*peer));
    peer->address = address;
    peer->remote_port = remote_port;
    peer->local_port = local_port;
    peer->snd_una = PEER_ISS;
    peer->snd_nxt = PEER_ISS;
    peer->mss = 1460;
    peer->window = 29200;
}

void peer_accept(struct peer *peer, uint32_t address, uint16_t remote_port, uint16_t local_port,
                 struct verdict *ret_verdict)
{
    uint32_t local_isn = 0x7ffffff0U + remote_port;
    peer_listen(peer, address, remote_port, local_port);
    peer->snd_una = PEER_ISS + 1;
    peer->snd_nxt = PEER_ISS + 1;
    peer->rcv_nxt = local_isn + 1;
    *ret_verdict = (struct verdict){.address = address,
                                    .remote_port = remote_port,
                                    .local_port = local_port,
                                    .remote_seq = PEER_ISS,
                                    .local_isn = local_isn,
                                    .window = peer->window,
                                    .mss = peer->mss};
}

void peer_say(struct peer *peer, const void *data, size_t length)
{
    memcpy(peer->out + peer->out_length, data, length);
    peer->out_length += length;
}

static void range_send(struct peer *peer, size_t from)
{
    while (from < peer->out_length) {
        size_t n = peer->out_length - from < peer->mss ? peer->out_length - from : peer->mss;
        peer_send(peer, peer->snd_una + (uint32_t)from, TCP_ACK | TCP_PSH, peer->out + from, n);
        from += n;
    }
    uint32_t end = peer->snd_una + (uint32_t)peer->out_length;
    if (peer->fin_wanted) {
        peer_send(peer, end, TCP_ACK | TCP_FIN, NULL, 0);
        peer->fin_sent = true;
        end++;
    }
    peer->snd_nxt = end;
}

void peer_push(struct peer *peer)
{
    size_t sent = peer->snd_nxt - peer->snd_una;
    if (peer->established && !peer->reset && !peer->fin_sent && (sent < peer->out_length || peer->fin_wanted))
        range_send(peer, sent);
}

void peer_repeat(struct peer *peer)
{
    if (peer->reset)
        return;
    if (!peer->established)
        peer_send(peer, PEER_ISS, TCP_SYN | TCP_ACK, NULL, 0);
    else if (peer->snd_nxt != peer->snd_una)
        range_send(peer, 0);
}

static void ack_take(struct peer *peer, uint32_t ack)
{
    uint32_t acked = ack - peer->snd_una;
    if (acked > peer->snd_nxt - peer->snd_una)
        return;
    size_t bytes = acked < peer->out_length ? acked : peer->out_length;
    memmove(peer->out, peer->out + bytes, peer->out_length - bytes);
    peer->out_length -= bytes;
    peer->snd_una = ack;
}

static void syn_take(struct peer *peer, const struct segment *segment)
{
    peer->syns++;
    if (peer->established) {
        peer_send(peer, peer->snd_nxt, TCP_ACK, NULL, 0); // challenge
        return;
    }
    peer->rcv_nxt = segment->seq + 1;
    if (peer->refuses) {
        peer_send(peer, 0, TCP_RST | TCP_ACK, NULL, 0);
        peer->reset = true;
        return;
    }
    peer_send(peer, PEER_ISS, TCP_SYN | TCP_ACK, NULL, 0);
    peer->snd_una = PEER_ISS + 1;
    peer->snd_nxt = PEER_ISS + 1;
}

void peer_receive(struct peer *peer, const struct segment *segment)
{
    if (segment->flags & TCP_RST) {
        peer->reset = true;
        peer->cut_off = peer->cut_off || !peer->fin_received;
        return;
    }
    if (segment->flags & TCP_SYN) {
        syn_take(peer, segment);
        return;
    }
    peer->established = true;
    ack_take(peer, segment->ack);
    uint32_t length = segment->payload_length;
    bool fin = (segment->flags & TCP_FIN) != 0;
    if (length == 0 && !fin)
        return;
    if (segment->seq != peer->rcv_nxt) {
        peer->out_of_window++;
        peer_send(peer, peer->snd_nxt, TCP_ACK, NULL, 0);
        return;
    }
    memcpy(peer->in + peer->in_length, segment->payload, length);
    peer->in_length += length;
    peer->rcv_nxt += length + (fin ? 1 : 0);
    peer->fin_received = peer->fin_received || fin;
    peer_send(peer, peer->snd_nxt, TCP_ACK, NULL, 0);
}
