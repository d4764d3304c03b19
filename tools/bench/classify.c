// SPDX-License-Identifier: BSD-3-Clause
// Replies per second that one worker reads, checks, judges and settles, in its own worker_receive. One thread prepares
// a ring of frames and takes the time of the worker's turns over it only, so that nothing but the worker is measured.
// Each frame's position is another one, anywhere in the plan; at the end every counter must be what was prepared.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "dataplane/worker.h"
#include "probes/packet/probe.h"
#include "tools/bench/rig.h"
#include "tools/simnet/answer.h"
#include "tools/simnet/shapes.h"

enum { BATCH = 1024, BUFFERS = 4095, BATCHES_PER_SECOND = 2000, BATCHES_MAX = 65536 };

// Answers come to what was asked a round trip ago: in 0.4 s a fast sweep asks this many positions. An odd stride meets
// each one once.
enum { WINDOW = 1 << 25 };
static const uint64_t STRIDE = UINT64_C(982451653);

// What a frame is; garbage is of five sorts in turn, forged frames of all that simnet knows.
enum sort { SORT_OPEN = 0, SORT_FORGED, SORT_CLOSED, SORT_UNREACHABLE, SORT_GARBAGE, SORTS };

static const struct {
    uint8_t class; // enum shape_class
    uint8_t index;
    uint8_t counter;
} GARBAGE[] = {
    {SHAPE_TRUNCATED, 0, COUNTER_DROP_TRUNCATED}, {SHAPE_MALFORMED, 0, COUNTER_DROP_MALFORMED},
    {SHAPE_MALFORMED, 7, COUNTER_DROP_FRAGMENT},  {SHAPE_MALFORMED, 8, COUNTER_DROP_NOT_OURS},
    {SHAPE_MALFORMED, 9, COUNTER_DROP_CHECKSUM},
};
enum { GARBAGE_SORTS = sizeof(GARBAGE) / sizeof(GARBAGE[0]) };

struct mix {
    const char *prefix; // of its figures
    double bar;
    bool all_open;
    bool shuffled; // else the sorts come in turn
};

static const struct mix MIXES[] = {{.prefix = "", .bar = 40},
                                   {.prefix = "valid_", .bar = 25, .all_open = true},
                                   {.prefix = "shuffled_", .shuffled = true}};

struct bench {
    struct rig rig;
    struct rte_mempool *pool;
    struct rte_ring *ring;
    uint64_t number; // of frames made
    uint64_t window; // positions in which the answers lie, a power of two
    uint64_t random;
    uint64_t expected[COUNTER_COUNT];
    uint64_t verdicts; // that control was given, each with its own position
    double cycles[BATCHES_MAX];
    unsigned batches;
    struct probe_burst burst;
};

static size_t frame_make(struct bench *bench, enum sort sort, const struct question *question, uint8_t *frame)
{
    uint32_t turn = (uint32_t)(bench->number / SORTS);
    bench->expected[COUNTER_RX_FRAMES]++;
    switch (sort) {
    case SORT_FORGED:
        bench->expected[COUNTER_DROP_FORGED]++;
        return shape_write(SHAPE_FORGED, turn, question->trait, question, frame);
    case SORT_CLOSED:
        bench->expected[COUNTER_ANSWERS_CLOSED]++;
        return answer_syn(ANSWER_CLOSED, question, frame);
    case SORT_UNREACHABLE:
        bench->expected[COUNTER_ANSWERS_UNREACHABLE]++;
        return answer_syn(ANSWER_UNREACHABLE, question, frame);
    case SORT_GARBAGE:
        bench->expected[GARBAGE[turn % GARBAGE_SORTS].counter]++;
        return shape_write((enum shape_class)GARBAGE[turn % GARBAGE_SORTS].class, GARBAGE[turn % GARBAGE_SORTS].index,
                           question->trait, question, frame);
    default:
        bench->expected[COUNTER_ANSWERS_OPEN]++;
        return answer_syn(ANSWER_OPEN, question, frame);
    }
}

static uint64_t random_next(struct bench *bench)
{
    bench->random ^= bench->random << 13; // xorshift64
    bench->random ^= bench->random >> 7;
    bench->random ^= bench->random << 17;
    return bench->random;
}

static enum sort sort_next(struct bench *bench, const struct mix *mix)
{
    if (mix->all_open)
        return SORT_OPEN;
    return (enum sort)((mix->shuffled ? random_next(bench) >> 20 : bench->number) % SORTS);
}

// A burst of answers to the probes that the dataplane would send for these positions.
static void burst_make(struct bench *bench, const struct mix *mix, struct rte_mbuf **mbufs)
{
    const struct dataplane *dataplane = &bench->rig.dataplane;
    uint8_t probe[PROBE_FRAME_MAX];
    memcpy(probe, dataplane->probe.frame, sizeof(probe));
    for (uint32_t i = 0; i < BURST_MAX; i++)
        bench->burst.position[i] = (bench->number + i) * STRIDE % bench->window;
    dataplane->kernels->generate(&dataplane->plan, &bench->burst, BURST_MAX);
    for (uint32_t i = 0; i < BURST_MAX; i++, bench->number++) {
        struct question question;
        probe_write(probe, dataplane->probe.ip_offset, &bench->burst, i);
        question_read(probe, dataplane->probe.frame_bytes, &question);
        question.trait = (uint32_t)random_next(bench);
        question.host = question.trait ^ question.address;
        uint8_t *frame = rte_pktmbuf_mtod(mbufs[i], uint8_t *);
        size_t length = frame_make(bench, sort_next(bench, mix), &question, frame);
        mbufs[i]->data_len = (uint16_t)length;
        mbufs[i]->pkt_len = (uint32_t)length;
    }
}

// Takes the verdicts as control would; false for one that is not of the position that it names.
static bool verdicts_take(struct bench *bench)
{
    const struct dataplane *dataplane = &bench->rig.dataplane;
    const struct probe_plan *plan = &dataplane->plan;
    for (uint32_t lane = 0; lane < bench->rig.control.geometry.lanes; lane++) {
        struct ring *ring = &channel_pair(&bench->rig.control, 0, lane)->verdicts;
        for (; ring_ready(ring, 1) > 0; ring_advance(ring, 1), bench->verdicts++) {
            struct verdict verdict;
            memcpy(&verdict, ring_slot(ring, 0), sizeof(verdict));
            int64_t ordinal = targets_ordinal(plan->targets, verdict.address);
            int32_t port = plan->port_index[verdict.remote_port];
            uint64_t index = (uint64_t)ordinal * plan->port_count + (uint32_t)port;
            if (ordinal < 0 || port < 0 || order_position(&plan->order, index) != verdict.position)
                return false;
        }
    }
    return true;
}

// One ring full; cycles a frame.
static int batch_run(struct bench *bench, const struct mix *mix, double *ret_cycles)
{
    struct rte_mbuf *mbufs[BATCH];
    struct worker *worker = bench->rig.dataplane.workers[0];
    if (rte_pktmbuf_alloc_bulk(bench->pool, mbufs, BATCH) != 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < BATCH; i += BURST_MAX)
        burst_make(bench, mix, mbufs + i);
    if (rte_ring_enqueue_bulk(bench->ring, (void **)mbufs, BATCH, NULL) != BATCH)
        return -EIO;
    uint64_t start = rte_rdtsc();
    for (uint32_t i = 0; i < BATCH / WORKER_BURST; i++) {
        (void)worker_collect(worker);
        worker_judge(worker, rte_rdtsc());
    }
    *ret_cycles = (double)(rte_rdtsc() - start) / BATCH;
    return verdicts_take(bench) ? 0 : -EBADMSG;
}

static void counters_check(const struct bench *bench, const struct mix *mix, struct bench_outcome *outcome)
{
    for (unsigned i = 0; i < COUNTER_COUNT; i++) {
        bool free = i == COUNTER_RX_BYTES || i == COUNTER_ANSWERS_SUSPECT;
        uint64_t counted = rig_counter(&bench->rig, (enum dataplane_counter)i);
        if (!free && counted != bench->expected[i])
            outcome_fail(outcome, "%sreplies: %s is %llu and ought to be %llu", mix->prefix, dataplane_counter_names[i],
                         (unsigned long long)counted, (unsigned long long)bench->expected[i]);
    }
}

static int port_make(struct bench *bench, char ret_name[static RTE_ETH_NAME_MAX_LEN], unsigned number)
{
    char name[24];
    snprintf(name, sizeof(name), "replies%u", number);
    bench->ring = rte_ring_create(name, 2 * BATCH, (int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ);
    snprintf(name, sizeof(name), "nowhere%u", number);
    struct rte_ring *nowhere = rte_ring_create(name, BATCH, (int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ);
    if (bench->ring == NULL || nowhere == NULL)
        return -ENOMEM;
    snprintf(name, sizeof(name), "classify%u", number);
    int port = rte_eth_from_rings(name, &bench->ring, 1, &nowhere, 1, rte_socket_id());
    return port < 0 ? -EIO : rte_eth_dev_get_name_by_port((uint16_t)port, ret_name);
}

static void measure(struct bench *bench, const struct ground *ground, const struct mix *mix,
                    const struct bench_options *options, struct bench_outcome *outcome)
{
    char port[RTE_ETH_NAME_MAX_LEN];
    char name[40];
    memset(bench->expected, 0, sizeof(bench->expected));
    bench->number = 0;
    bench->verdicts = 0;
    if (port_make(bench, port, (unsigned)(mix - MIXES)) != 0) {
        outcome_fail(outcome, "DPDK has no net_ring");
        return;
    }
    struct rig_plan plan = {.ground = ground, .rate_pps = 1e9, .port_name = port, .channel = true};
    if (rig_init(&bench->rig, &plan, outcome) != 0)
        return;
    uint64_t positions = ground->targets.targets.count * ground->port_count;
    bench->window = UINT64_C(1) << (positions > WINDOW ? 25 : 63 - __builtin_clzll(positions));
    double wanted = options->seconds * BATCHES_PER_SECOND;
    double most = (double)(bench->window / BATCH); // no position twice
    wanted = wanted < most ? wanted : most;
    bench->batches = wanted < BATCHES_MAX ? (unsigned)wanted : BATCHES_MAX;
    for (unsigned i = 0; i < bench->batches; i++)
        if (batch_run(bench, mix, &bench->cycles[i]) != 0) {
            outcome_fail(outcome, "the ring does not empty, or a verdict is of another position");
            break;
        }
    counters_check(bench, mix, outcome);
    if (bench->verdicts != bench->expected[COUNTER_ANSWERS_OPEN])
        outcome_fail(outcome, "%sreplies: control was given %llu verdicts of %llu", mix->prefix,
                     (unsigned long long)bench->verdicts, (unsigned long long)bench->expected[COUNTER_ANSWERS_OPEN]);
    double cycles = median_of(bench->cycles, bench->batches);
    snprintf(name, sizeof(name), "%smpps", mix->prefix);
    outcome_add(outcome, name, "Mpps", cycles > 0 ? (double)rte_get_tsc_hz() / cycles / 1e6 : 0, mix->bar);
    snprintf(name, sizeof(name), "%scycles", mix->prefix);
    outcome_add(outcome, name, "cycles", cycles, 0);
    rig_fini(&bench->rig);
}

static void run(const struct bench_options *options, struct bench_outcome *outcome)
{
    static struct bench bench;
    struct ground ground;
    if (!ground_of(options, &ground, outcome))
        return;
    if (rig_eal(RIG_WORKER_ALONE) != 0) {
        outcome_fail(outcome, "DPDK's EAL did not start");
        return;
    }
    bench.random = UINT64_C(0x9e3779b97f4a7c15);
    bench.pool =
        rte_pktmbuf_pool_create("replies", BUFFERS, 256, 0, RTE_PKTMBUF_HEADROOM + ANSWER_MAX, (int)rte_socket_id());
    if (bench.pool == NULL) {
        outcome_fail(outcome, "no memory for the frames");
        return;
    }
    for (size_t i = 0; i < sizeof(MIXES) / sizeof(MIXES[0]); i++)
        measure(&bench, &ground, &MIXES[i], options, outcome);
    outcome_add(outcome, "frames", "", (double)(bench.batches * (uint64_t)BATCH), 0);
    outcome_note(outcome,
                 "A fifth each valid SYN-ACK, forged, RST, ICMP error, garbage, in turn; valid_: SYN-ACKs only; "
                 "shuffled_: the fifths in random order. Frames lie in the second-level cache, checksums are "
                 "verified in software, positions lie anywhere in 33 million, which a sweep asks in 0.4 s; verdicts "
                 "are handed to control. Every counter and every verdict was checked.");
    ground_fini(&ground);
    rig_eal_end();
}

const struct bench_part part_classify = {
    .name = "classify",
    .help = "replies per second through one worker's receive path, each judged right",
    .runs = 5,
    .run = run,
};
