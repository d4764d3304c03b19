// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/worker.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "probes/packet/frames.h"

// A burst is read, judged and settled as a whole, in sets of 64 bits: every stage's memory is on its way for all frames
// before the first of them waits for it, and what a frame holds decides about bits, not about branches.

static void answer_neighbour(struct worker *worker, uint32_t i, uint64_t now)
{
    const struct dataplane *dataplane = worker->dataplane;
    const struct reply reply = worker_reply(worker, i);
    if (pacer_take(&worker->neighbours, now, 1) == 0) {
        counter_add(worker->counters, COUNTER_NEIGHBOURS_LIMITED, 1);
        return;
    }
    struct rte_mbuf *mbuf = worker_frame(worker);
    if (mbuf == NULL)
        return;
    uint8_t *out = rte_pktmbuf_mtod(mbuf, uint8_t *);
    uint32_t ours = dataplane->sources.count > 1 ? worker->local[i] : dataplane->sources.first;
    if (reply.kind == REPLY_ARP_REQUEST) {
        worker_queue(worker, mbuf, frame_arp_reply(&dataplane->link, ours, reply.address, reply.mac, out));
        counter_add(worker->counters, COUNTER_ARP_SENT, 1);
        return;
    }
    const uint8_t *message = worker->in.frame[i] + reply.payload_offset;
    size_t bytes =
        frame_echo_reply(&dataplane->link, ours, reply.address, reply.mac, message, reply.payload_bytes, out);
    worker_queue(worker, mbuf, bytes);
    counter_add(worker->counters, COUNTER_ECHO_SENT, bytes > 0);
}

// Of segments to flow ports, those that belong to a connection which control can have opened: they acknowledge the
// number that the guard gave its SYN, or what may have been sent since. Control has a ring of some hundred slots and
// would answer each of the others. A RST may come without an acknowledgement (RFC 9293 section 3.10.7.1); control looks
// at its number, and a few of them at a time are let through.
static uint64_t flows_acknowledged(struct worker *worker, uint64_t candidates, uint64_t now)
{
    const struct reply_burst *in = &worker->in;
    struct probe_burst *flows = &worker->flows;
    uint64_t segments = 0;
    uint64_t resets = 0;
    uint32_t count = 0;
    for (uint64_t rest = candidates; rest != 0; rest &= rest - 1, count++) {
        uint32_t i = set_first(rest);
        flows->address[count] = in->probe.address[i];
        flows->port[count] = in->probe.port[i] | in->local_port[i] << 16;
    }
    worker->dataplane->kernels->cookies(&worker->dataplane->plan, flows, count);
    count = 0;
    for (uint64_t rest = candidates; rest != 0; rest &= rest - 1, count++) {
        uint32_t i = set_first(rest);
        uint8_t flags = (uint8_t)in->flags[i];
        if ((flags & TCP_ACK) != 0)
            segments |= (uint64_t)cookie_acknowledged(flows->isn[count], flags, in->ack[i]) << i;
        else if ((flags & (TCP_RST | TCP_SYN)) == TCP_RST)
            resets |= UINT64_C(1) << i;
    }
    worker_count(worker, COUNTER_DROP_STRAYS, candidates & ~(segments | resets));
    for (uint64_t rest = resets; rest != 0; rest &= rest - 1) {
        bool passes = pacer_take(&worker->resets, now, 1) == 1;
        segments |= passes ? rest & -rest : 0;
        counter_add(worker->counters, COUNTER_DROP_RESETS, !passes);
    }
    return segments;
}

// Segments and errors to a port that no probe has. On a flow port control may go on with what an address of the plan
// sends over a connection of its own. Returns the set of those.
static uint64_t flow_segments(struct worker *worker, uint64_t now)
{
    const struct dataplane *dataplane = worker->dataplane;
    const struct image_settings *settings = dataplane->image->settings;
    const struct reply_burst *in = &worker->in;
    uint64_t segments = 0;
    uint64_t tcp = in->kinds[REPLY_TCP] & ~in->probed;
    uint64_t strange = in->kinds[REPLY_ICMP_ERROR] & ~in->probed;
    uint64_t outside = 0;
    for (; tcp != 0; tcp &= tcp - 1) {
        uint32_t i = set_first(tcp);
        if ((uint16_t)(in->local_port[i] - settings->flow_port_first) >= settings->flow_port_count)
            strange |= UINT64_C(1) << i;
        else if (targets_ordinal(dataplane->plan.targets, in->probe.address[i]) == TARGETS_NONE)
            outside |= UINT64_C(1) << i;
        else
            segments |= UINT64_C(1) << i;
    }
    worker_count(worker, COUNTER_DROP_NOT_OURS, strange);
    worker_count(worker, COUNTER_DROP_OUT_OF_PLAN, outside);
    return segments == 0 ? 0 : flows_acknowledged(worker, segments, now);
}

static void count_rejected(struct worker *worker)
{
    const struct reply_burst *in = &worker->in;
    worker_count(worker, COUNTER_DROP_TRUNCATED, in->kinds[REPLY_TRUNCATED]);
    worker_count(worker, COUNTER_DROP_MALFORMED, in->kinds[REPLY_MALFORMED]);
    worker_count(worker, COUNTER_DROP_CHECKSUM, in->kinds[REPLY_CHECKSUM]);
    worker_count(worker, COUNTER_DROP_FRAGMENT, in->kinds[REPLY_FRAGMENT]);
    worker_count(worker, COUNTER_DROP_NOT_OURS, in->kinds[REPLY_NOT_OURS]);
    worker_count(worker, COUNTER_DEFERRED_CHECKSUMS, in->deferred);
    worker_count(worker, COUNTER_DROP_FORGED, in->forged);
    worker_count(worker, COUNTER_DROP_OUT_OF_PLAN, in->outside);
}

// What the port has verified of a burst.
static void offloads_take(struct worker *worker, struct rte_mbuf **mbufs, uint32_t count)
{
    struct reply_burst *in = &worker->in;
    in->ip_good = 0;
    in->l4_good = 0;
    if (!worker->dataplane->port.rx_ip_checksum && !worker->dataplane->port.rx_tcp_checksum)
        return;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t flags = mbufs[i]->ol_flags;
        in->ip_good |= (uint64_t)((flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD) << i;
        in->l4_good |= (uint64_t)((flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD) << i;
    }
}

// Whatever of our addresses they came to, they are to the first from here on.
__attribute__((noinline)) static void locals_take(struct worker *worker, struct rte_mbuf **mbufs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        worker->local[i] =
            sources_arrive(&worker->dataplane->sources, rte_pktmbuf_mtod(mbufs[i], uint8_t *), worker->in.length[i]);
}

// Names the frames to the kernels and has their bytes fetched; a buffer has room for REPLY_READABLE_BYTES, whatever was
// received into it. Returns whether the buffers are plain: all of one pool, unshared and unchained, which nearly all
// are.
static bool frames_take(struct worker *worker, struct rte_mbuf **mbufs, uint32_t count)
{
    struct reply_burst *in = &worker->in;
    const struct rte_mempool *pool = mbufs[0]->pool;
    uint64_t bytes = 0;
    uint64_t odd = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct rte_mbuf *mbuf = mbufs[i];
        const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
        uint32_t length = mbuf->data_len;
        rte_prefetch0(frame);
        rte_prefetch0(frame + (length > RTE_CACHE_LINE_SIZE ? RTE_CACHE_LINE_SIZE : 0));
        in->frame[i] = frame;
        in->length[i] = length;
        bytes += mbuf->pkt_len;
        odd |= (uint64_t)(mbuf->pool != pool) | (uint64_t)(rte_mbuf_refcnt_read(mbuf) ^ 1) |
               (uint64_t)(mbuf->nb_segs ^ 1) | (mbuf->ol_flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL));
    }
    offloads_take(worker, mbufs, count);
    counter_add(worker->counters, COUNTER_RX_FRAMES, count);
    counter_add(worker->counters, COUNTER_RX_BYTES, bytes);
    return odd == 0;
}

uint32_t worker_collect(struct worker *worker)
{
    struct rte_mbuf **mbufs = worker->received;
    uint32_t count = rte_eth_rx_burst(worker->port_id, worker->queue_id, mbufs, WORKER_BURST);
    for (uint32_t i = 0; i < count; i++) {
        rte_prefetch0(mbufs[i]);
        rte_prefetch0((const char *)mbufs[i] + sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM);
    }
    worker->received_count = count;
    worker->steps[worker->number] = sweep_step(&worker->sweep);
    return count;
}

void worker_judge(struct worker *worker, uint64_t now)
{
    struct rte_mbuf **mbufs = worker->received;
    const struct dataplane *dataplane = worker->dataplane;
    struct reply_burst *in = &worker->in;
    uint32_t count = worker->received_count;
    if (count == 0)
        return;
    uint64_t stamp_ns = dataplane_ns(dataplane, now);
    bool plain = frames_take(worker, mbufs, count);
    if (dataplane->sources.count > 1)
        locals_take(worker, mbufs, count);
    dataplane->kernels->read(&dataplane->plan, in, count);
    dataplane->kernels->judge(&dataplane->plan, in, count);
    count_rejected(worker);
    uint64_t up = in->segments | flow_segments(worker, now);
    up |= worker_settle(worker, stamp_ns);
    if (worker->trace.slots != NULL)
        worker_trace(worker, in->answers | up, stamp_ns);
    for (; up != 0; up &= up - 1) {
        uint32_t i = set_first(up);
        const struct reply reply = worker_reply(worker, i);
        worker_segment(worker, &reply, in->frame[i], stamp_ns);
    }
    uint64_t neighbours = in->kinds[REPLY_ARP_REQUEST] | in->kinds[REPLY_ECHO_REQUEST];
    for (; neighbours != 0; neighbours &= neighbours - 1)
        answer_neighbour(worker, set_first(neighbours), now);
    // Plain ones go at once: their `next` needs no look then, which spares a cache line each.
    if (plain)
        rte_mempool_put_bulk(mbufs[0]->pool, (void **)mbufs, count);
    else
        rte_pktmbuf_free_bulk(mbufs, count);
    worker->received_count = 0;
}
