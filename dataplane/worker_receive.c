// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/worker.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "probes/packet/frames.h"

// An answer passes in stages over the whole burst, so that the memory each stage waits for is on its way while the
// others are served: read, cookies, judge, positions, settle.

enum { PREFETCH_AHEAD = 8, DATA_WINDOW = 65536 };

// What is known of one received burst.
struct receipt {
    struct rte_mbuf *mbufs[WORKER_BURST];
    uint32_t count;
    uint8_t probed[WORKER_BURST]; // frames to one of our probe ports, as indices into mbufs
    uint32_t probed_count;
    uint8_t settling[WORKER_BURST]; // of these, the ones that answer a probe, in the order of worker->in.index
    uint32_t settling_count;
    uint64_t now;
    uint64_t stamp_ns;
};

static const enum dataplane_counter KIND_COUNTERS[] = {
    [REPLY_TRUNCATED] = COUNTER_DROP_TRUNCATED, [REPLY_MALFORMED] = COUNTER_DROP_MALFORMED,
    [REPLY_CHECKSUM] = COUNTER_DROP_CHECKSUM,   [REPLY_FRAGMENT] = COUNTER_DROP_FRAGMENT,
    [REPLY_NOT_OURS] = COUNTER_DROP_NOT_OURS,
};

static const uint8_t *frame_of(const struct receipt *receipt, uint32_t i)
{
    return rte_pktmbuf_mtod(receipt->mbufs[i], const uint8_t *);
}

static void answer_neighbour(struct worker *worker, const struct receipt *receipt, uint32_t i)
{
    const struct dataplane *dataplane = worker->dataplane;
    const struct reply *reply = &worker->replies[i];
    if (pacer_take(&worker->neighbours, receipt->now, 1) == 0)
        return;
    struct rte_mbuf *mbuf = worker_frame(worker);
    if (mbuf == NULL)
        return;
    uint8_t *out = rte_pktmbuf_mtod(mbuf, uint8_t *);
    uint32_t ours = dataplane->image->settings->source_address;
    if (reply->kind == REPLY_ARP_REQUEST) {
        worker_queue(worker, mbuf, frame_arp_reply(&dataplane->link, ours, reply->address, reply->mac, out));
        counter_add(worker->counters, COUNTER_ARP_SENT, 1);
        return;
    }
    const uint8_t *message = frame_of(receipt, i) + reply->payload_offset;
    worker_queue(
        worker, mbuf,
        frame_echo_reply(&dataplane->link, ours, reply->address, reply->mac, message, reply->payload_bytes, out));
    counter_add(worker->counters, COUNTER_ECHO_SENT, 1);
}

static bool port_within(uint16_t port, uint16_t first, uint16_t count)
{
    return (uint16_t)(port - first) < count;
}

// A segment to one of our ports: probe ports are checked by the cookie later; on a flow port only control knows, and
// only addresses of the plan are let through to it.
static void sort_tcp(struct worker *worker, struct receipt *receipt, uint32_t i)
{
    const struct image_settings *settings = worker->dataplane->image->settings;
    const struct reply *reply = &worker->replies[i];
    if (port_within(reply->local_port, settings->probe_port_first, settings->probe_port_count)) {
        uint32_t at = receipt->probed_count++;
        receipt->probed[at] = (uint8_t)i;
        worker->in.address[at] = reply->address;
        worker->in.port[at] = reply->remote_port;
        rte_prefetch0(&worker->dataplane->plan.targets->directory[reply->address >> 16]);
        return;
    }
    if (reply->kind != REPLY_TCP ||
        !port_within(reply->local_port, settings->flow_port_first, settings->flow_port_count)) {
        counter_add(worker->counters, COUNTER_DROP_NOT_OURS, 1);
        return;
    }
    if (targets_ordinal(&worker->dataplane->image->targets, reply->address) == TARGETS_NONE) {
        counter_add(worker->counters, COUNTER_DROP_OUT_OF_PLAN, 1);
        return;
    }
    worker_segment(worker, reply, frame_of(receipt, i), receipt->stamp_ns);
}

static void read_frame(struct worker *worker, struct receipt *receipt, uint32_t i)
{
    const struct dataplane *dataplane = worker->dataplane;
    const struct rte_mbuf *mbuf = receipt->mbufs[i];
    struct reply *reply = &worker->replies[i];
    const struct reply_offload offload = {
        .ip_checksum_good = (mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD,
        .l4_checksum_good = (mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD,
        .accept_deferred = dataplane->image->settings->is_vdev != 0,
    };
    reply_read(frame_of(receipt, i), mbuf->data_len, dataplane->image->settings->source_address, offload, reply);
    if (reply->checksum_deferred)
        counter_add(worker->counters, COUNTER_DEFERRED_CHECKSUMS, 1);
    switch (reply->kind) {
    case REPLY_TCP:
    case REPLY_ICMP_ERROR:
        sort_tcp(worker, receipt, i);
        break;
    case REPLY_ARP_REQUEST:
    case REPLY_ECHO_REQUEST:
        answer_neighbour(worker, receipt, i);
        break;
    case REPLY_ARP_REPLY:
        break;
    default:
        counter_add(worker->counters, KIND_COUNTERS[reply->kind], 1);
    }
}

// Whether the at-th probed frame answers a probe (true), belongs to a connection that a probe opened (then it is passed
// on), or is forged. The cookie was made from who it claims to come from.
static bool judge(struct worker *worker, const struct receipt *receipt, uint32_t at)
{
    uint32_t i = receipt->probed[at];
    const struct reply *reply = &worker->replies[i];
    uint32_t isn = worker->in.isn[at];
    bool forged = worker->in.local_port[at] != reply->local_port;
    uint32_t beyond = reply->ack - isn - 1; // bytes of ours that it acknowledges
    if (reply->kind == REPLY_ICMP_ERROR) {
        // The quoted sequence number is the SYN's, or later of the same connection: that is a flow's trouble, not an
        // answer.
        if (!forged && reply->seq == isn)
            return true;
        forged = forged || reply->seq - isn > DATA_WINDOW;
    } else if ((reply->flags & TCP_RST) != 0 && (reply->flags & TCP_ACK) == 0) {
        // A RST without ACK cannot carry the cookie. It may end an open connection, whose sequence number control
        // checks.
        if (!forged) {
            worker_segment(worker, reply, frame_of(receipt, i), receipt->stamp_ns);
            return false;
        }
    } else if ((reply->flags & TCP_ACK) == 0) {
        forged = true;
    } else if ((reply->flags & TCP_RST) != 0 && !forged && (beyond == 0 || beyond == UINT32_MAX)) {
        // Some stacks acknowledge the SYN's own number in a RST, not the next one.
        return true;
    } else if ((reply->flags & TCP_SYN) != 0) {
        forged = forged || beyond != 0;
        if (!forged)
            return true;
    } else {
        forged = forged || beyond >= DATA_WINDOW;
        if (!forged)
            worker_segment(worker, reply, frame_of(receipt, i), receipt->stamp_ns);
    }
    if (forged)
        counter_add(worker->counters, COUNTER_DROP_FORGED, 1);
    return false;
}

// Keeps of the probed frames those that answer a probe of the plan, with their index. Two passes: an address' block is
// on its way while the other answers are judged.
static void judge_all(struct worker *worker, struct receipt *receipt)
{
    const struct probe_plan *plan = &worker->dataplane->plan;
    const struct targets *targets = plan->targets;
    struct probe_burst *in = &worker->in;
    uint32_t judged = 0; // never runs ahead of at, so the fields move down within their arrays
    for (uint32_t at = 0; at < receipt->probed_count; at++) {
        if (!judge(worker, receipt, at))
            continue;
        rte_prefetch0(&targets->blocks[targets->directory[in->address[at] >> 16]]);
        in->address[judged] = in->address[at];
        in->port[judged] = in->port[at];
        in->isn[judged] = in->isn[at];
        receipt->settling[judged++] = receipt->probed[at];
    }
    for (uint32_t at = 0; at < judged; at++) {
        int64_t ordinal = targets_ordinal(targets, in->address[at]);
        int32_t port = plan->port_index[in->port[at] & 0xffff];
        if (ordinal == TARGETS_NONE || port < 0) {
            counter_add(worker->counters, COUNTER_DROP_OUT_OF_PLAN, 1);
            continue;
        }
        uint32_t settling = receipt->settling_count++;
        in->index[settling] = (uint64_t)ordinal * plan->port_count + (uint32_t)port;
        in->isn[settling] = in->isn[at];
        receipt->settling[settling] = receipt->settling[at];
    }
}

static uint8_t suspicion(const struct worker *worker, const struct reply *reply)
{
    uint8_t suspect = reply->window == 0 ? SUSPECT_ZERO_WINDOW : 0;
    if (!reply->options_present && worker->dataplane->image->settings->profile != PROBE_PROFILE_NONE)
        suspect |= SUSPECT_NO_OPTIONS;
    return suspect;
}

static void settle_open(struct worker *worker, const struct receipt *receipt, uint32_t at)
{
    const struct reply *reply = &worker->replies[receipt->settling[at]];
    counter_add(worker->counters, COUNTER_ANSWERS_OPEN, 1);
    const struct verdict verdict = {
        .position = worker->in.position[at],
        .stamp_ns = receipt->stamp_ns,
        .address = reply->address,
        .remote_seq = reply->seq,
        .local_isn = worker->in.isn[at],
        .remote_port = reply->remote_port,
        .local_port = reply->local_port,
        .window = reply->window,
        .mss = reply->mss,
        .ttl = reply->ttl,
        .suspect = suspicion(worker, reply),
    };
    if (verdict.suspect != 0)
        counter_add(worker->counters, COUNTER_ANSWERS_SUSPECT, 1);
    worker_verdict(worker, &verdict);
}

// One position in 1,024, and only from the second attempt on: an answer to a coverage sample that was asked again.
static void sample_take(struct worker *worker, uint32_t segment, uint64_t offset)
{
    enum coverage_answer answer = coverage_take(worker->dataplane->samples, segment, offset);
    if (answer == COVERAGE_NOT)
        return;
    counter_add(worker->counters, COUNTER_SAMPLES_ANSWERED, 1);
    if (answer == COVERAGE_BOTH)
        counter_add(worker->counters, COUNTER_SAMPLES_BOTH, 1);
}

static void settle(struct worker *worker, const struct receipt *receipt, uint32_t at, uint32_t segment, uint64_t offset)
{
    uint32_t i = receipt->settling[at];
    const struct reply *reply = &worker->replies[i];
    const struct answered *answered = &worker->dataplane->answered;
    if (reply->kind == REPLY_ICMP_ERROR) {
        // An error may be transient: while there are attempts to come it settles nothing.
        bool last = sweep_last_attempt(&worker->sweep, receipt->now);
        bool before = last ? answered_set(answered, segment, offset) : answered_test(answered, segment, offset);
        counter_add(worker->counters, before ? COUNTER_ANSWERS_DUPLICATE : COUNTER_ANSWERS_UNREACHABLE, 1);
        return;
    }
    if (worker->dataplane->samples != NULL)
        sample_take(worker, segment, offset);
    if (answered_set(answered, segment, offset)) {
        // A repeated SYN-ACK (our ACK was lost) or the RST of an open connection: control knows what to make of it.
        counter_add(worker->counters, COUNTER_ANSWERS_DUPLICATE, 1);
        worker_segment(worker, reply, frame_of(receipt, i), receipt->stamp_ns);
        return;
    }
    if ((reply->flags & TCP_RST) != 0)
        counter_add(worker->counters, COUNTER_ANSWERS_CLOSED, 1);
    else
        settle_open(worker, receipt, at);
}

// The segment and offset of a position, or false when it is none that this scan may still settle.
static bool locate(const struct worker *worker, uint64_t position, uint32_t *ret_segment, uint64_t *ret_offset)
{
    const struct dataplane *dataplane = worker->dataplane;
    const struct answered *answered = &dataplane->answered;
    if (position < answered->first_position || position >= answered->end_position)
        return false;
    uint64_t rest = position - answered->first_position;
    uint32_t segment = atomic_load_explicit(&dataplane->segment_floor, memory_order_acquire);
    uint64_t base = (uint64_t)segment * answered->segment_positions;
    if (rest < base)
        return false;
    rest -= base;
    if (rest >= answered->segment_positions) {
        rest -= answered->segment_positions;
        segment++;
    }
    if (rest >= answered->segment_positions)
        return false;
    *ret_segment = segment;
    *ret_offset = rest;
    return true;
}

static void settle_all(struct worker *worker, const struct receipt *receipt)
{
    uint32_t segments[WORKER_BURST];
    uint64_t offsets[WORKER_BURST];
    bool known[WORKER_BURST];
    worker->dataplane->kernels->positions(&worker->dataplane->plan, &worker->in, receipt->settling_count);
    for (uint32_t at = 0; at < receipt->settling_count; at++) {
        known[at] = locate(worker, worker->in.position[at], &segments[at], &offsets[at]);
        if (known[at])
            __builtin_prefetch(answered_word(&worker->dataplane->answered, segments[at], offsets[at]), 1);
    }
    for (uint32_t at = 0; at < receipt->settling_count; at++) {
        if (known[at])
            settle(worker, receipt, at, segments[at], offsets[at]);
        else
            counter_add(worker->counters, COUNTER_DROP_OUT_OF_PLAN, 1);
    }
}

// Gives received frames back. All of one pool, unshared and unchained, which nearly all are, go at once: their `next`
// needs no look then, which spares a cache line each.
static void frames_return(struct rte_mbuf **mbufs, uint32_t count)
{
    struct rte_mempool *pool = mbufs[0]->pool;
    bool plain = true;
    for (uint32_t i = 0; i < count; i++)
        plain &= (mbufs[i]->pool == pool) & (rte_mbuf_refcnt_read(mbufs[i]) == 1) & (mbufs[i]->nb_segs == 1) &
                 ((mbufs[i]->ol_flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL)) == 0);
    if (plain)
        rte_mempool_put_bulk(pool, (void **)mbufs, count);
    else
        rte_pktmbuf_free_bulk(mbufs, count);
}

uint32_t worker_receive(struct worker *worker, uint64_t now)
{
    struct receipt receipt; // not zeroed whole: this runs millions of times a second
    receipt.now = now;
    receipt.probed_count = 0;
    receipt.settling_count = 0;
    receipt.count = rte_eth_rx_burst(worker->port_id, worker->queue_id, receipt.mbufs, WORKER_BURST);
    if (receipt.count == 0)
        return 0;
    receipt.stamp_ns = dataplane_ns(worker->dataplane, now);
    for (uint32_t i = 0; i < receipt.count && i < PREFETCH_AHEAD; i++)
        rte_prefetch0(frame_of(&receipt, i));
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < receipt.count; i++) {
        if (i + PREFETCH_AHEAD < receipt.count)
            rte_prefetch0(frame_of(&receipt, i + PREFETCH_AHEAD));
        bytes += receipt.mbufs[i]->pkt_len;
        read_frame(worker, &receipt, i);
    }
    counter_add(worker->counters, COUNTER_RX_FRAMES, receipt.count);
    counter_add(worker->counters, COUNTER_RX_BYTES, bytes);
    if (receipt.probed_count > 0) {
        worker->dataplane->kernels->cookies(&worker->dataplane->plan, &worker->in, receipt.probed_count);
        judge_all(worker, &receipt);
        settle_all(worker, &receipt);
    }
    frames_return(receipt.mbufs, receipt.count);
    return receipt.count;
}
