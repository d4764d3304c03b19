// SPDX-License-Identifier: BSD-3-Clause
// Two workers on two queues, joined by net_ring to a synthetic internet in bad weather: what they settle and what
// control is told are exactly what the world answers, each once, whichever queue an answer comes back on.
#include <criterion/criterion.h>

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <rte_ethdev.h>

#include "dataplane/sweep.h"
#include "tests/vdev/rig.h"
#include "tools/simnet/run.h"

enum {
    FIRST_ADDRESS = 0x0a500000,
    ADDRESSES = 8192,
    PORTS = 4,
    POSITIONS = ADDRESSES * PORTS,
    ATTEMPTS = 2,
    WORKERS = 2,
};

static const struct rig_plan PLAN = {
    .networks = {{FIRST_ADDRESS, FIRST_ADDRESS + ADDRESSES - 1}},
    .ports = {22, 80, 443, 8080},
    .attempts = ATTEMPTS,
    .workers = WORKERS,
    .rate_pps = 200000,
    .cooldown_ms = 1000,
};

static struct rig rig;
static struct world *world;
static struct simnet *simnet;
static cpu_set_t cpus; // that this process had before EAL tied its main thread to one

// What reached control, by position.
static uint32_t told[POSITIONS];
static uint64_t told_by[WORKERS];
static uint64_t told_by_asker; // through the rings of the worker that had asked
static uint64_t told_wrong;    // of a target that does not accept, or with a position that is not its own

static struct world *world_make(void)
{
    struct population_range range = {FIRST_ADDRESS, FIRST_ADDRESS + ADDRESSES - 1};
    struct population_port ports[] = {{22, 0.5, 0.3}, {POPULATION_OTHER_PORTS, 0.1, 0.4}};
    struct population_network network = {.name = (char[]){"all"},
                                         .ranges = &range,
                                         .range_count = 1,
                                         .addresses = ADDRESSES,
                                         .alive = 0.5,
                                         .unreachable = 0.1,
                                         .prohibited = 0.2,
                                         .tarpits = 0.05,
                                         .middleboxes = 0.1,
                                         .ports = ports,
                                         .port_count = 2};
    const struct population population = {
        .key = 4711,
        .weather = {.duplicates = 0.05, .reordering = 0.02, .forged = 0.02, .malformed = 0.02, .truncated = 0.02},
        .networks = &network,
        .network_count = 1};
    char error[POPULATION_ERROR_MAX];
    struct world *made = NULL;
    cr_assert_eq(world_new(&population, &made, error), 0, "%s", error);
    return made;
}

static bool accepts(enum world_answer answer)
{
    return answer == ANSWER_OPEN || answer == ANSWER_MIDDLEBOX || answer == ANSWER_TARPIT;
}

static uint32_t asker_of(uint64_t position)
{
    return (uint32_t)(position / sweep_chunk(POSITIONS, WORKERS) % WORKERS);
}

static void verdict_tally(const struct verdict *verdict, uint32_t worker)
{
    int64_t ordinal = targets_ordinal(&rig.image.targets, verdict->address);
    int32_t port = rig.image.port_index[verdict->remote_port];
    if (ordinal < 0 || port < 0 || !accepts(world_ask(world, verdict->address, verdict->remote_port)) ||
        order_position(&rig.dataplane.plan.order, (uint64_t)ordinal * PORTS + (uint64_t)port) != verdict->position) {
        told_wrong++;
        return;
    }
    told[verdict->position]++;
    told_by[worker]++;
    told_by_asker += asker_of(verdict->position) == worker;
}

static void rings_drain(void)
{
    for (uint32_t worker = 0; worker < WORKERS; worker++) {
        for (uint32_t lane = 0; lane < rig.control_side.geometry.lanes; lane++) {
            struct channel_pair *pair = channel_pair(&rig.control_side, worker, lane);
            for (; ring_ready(&pair->verdicts, 1) > 0; ring_advance(&pair->verdicts, 1)) {
                struct verdict verdict;
                memcpy(&verdict, ring_slot(&pair->verdicts, 0), sizeof(verdict));
                verdict_tally(&verdict, worker);
            }
            uint64_t segments = ring_ready(&pair->segments, 1);
            ring_advance(&pair->segments, segments);
        }
    }
}

// The stand-in for control.
static void *control_run(void *argument)
{
    const struct timespec pause = {.tv_nsec = 500000};
    (void)argument;
    (void)pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
    while (!atomic_load(&rig.over)) {
        rings_drain();
        nanosleep(&pause, NULL);
    }
    return NULL;
}

// Both lcores are workers: the world answers from an ordinary thread, on whatever CPU is free.
static void *world_run(void *argument)
{
    (void)argument;
    (void)pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
    simnet_run(simnet);
    return NULL;
}

static void scan(bool crossed)
{
    char name[RTE_ETH_NAME_MAX_LEN];
    uint16_t prober;
    uint16_t peer;
    pthread_t world_thread;
    pthread_t control_thread;
    (void)sched_getaffinity(0, sizeof(cpus), &cpus);
    rig_eal("0,1", NULL, NULL);
    cr_assert_eq(simnet_ring_ports("two", WORKERS, 1024, &prober, &peer), 0);
    cr_assert_eq(rte_eth_dev_get_name_by_port(prober, name), 0);
    struct rig_plan plan = PLAN;
    plan.port_name = name;
    rig_init(&rig, &plan);
    world = world_make();
    const struct simnet_setup setup = {.world = world, .port = peer, .queues = WORKERS, .answers_cross = crossed};
    simnet = simnet_new(&setup);
    cr_assert_not_null(simnet);
    cr_assert_eq(pthread_create(&world_thread, NULL, world_run, NULL), 0);
    cr_assert_eq(pthread_create(&control_thread, NULL, control_run, NULL), 0);
    cr_assert_eq(rig_run(&rig), 0, "%s", rig.commands->error);
    simnet_signal_stop(simnet);
    cr_assert_eq(pthread_join(world_thread, NULL), 0);
    cr_assert_eq(pthread_join(control_thread, NULL), 0);
    rings_drain();
}

static void scan_end(void)
{
    // The dataplane first: it holds answers of the world's.
    dataplane_fini(&rig.dataplane);
    simnet_free(simnet);
    rig_fini(&rig);
    world_free(world);
}

// Every position: settled exactly if somebody answers there, told to control exactly if somebody accepts there. An ICMP
// error of the last attempt settles nothing when it is heard by another worker, sooner than that looks at the asker's
// progress; on a ring it often is.
static void positions_check(uint64_t errors_unsettled_most)
{
    static struct probe_burst burst;
    const struct dataplane *dataplane = &rig.dataplane;
    uint64_t accepting = 0;
    uint64_t closed = 0;
    uint64_t unsettled = 0;
    for (uint64_t at = 0; at < POSITIONS; at += BURST_MAX) {
        for (size_t i = 0; i < BURST_MAX; i++)
            burst.position[i] = at + i;
        dataplane->kernels->generate(&dataplane->plan, &burst, BURST_MAX);
        for (size_t i = 0; i < BURST_MAX; i++) {
            enum world_answer answer = world_ask(world, burst.address[i], (uint16_t)burst.port[i]);
            bool settled = answered_test(&dataplane->answered, 0, at + i);
            bool error = answer == ANSWER_PROHIBITED || answer == ANSWER_UNREACHABLE;
            if (error && !settled)
                unsettled++;
            else
                cr_assert_eq(settled, answer != ANSWER_SILENT, "position %lu answers %d", at + i, answer);
            cr_assert_eq(told[at + i], accepts(answer), "position %lu was told %u times and answers %d", at + i,
                         told[at + i], answer);
            accepting += accepts(answer);
            closed += answer == ANSWER_CLOSED;
        }
    }
    cr_assert_leq(unsettled, errors_unsettled_most);
    cr_assert_eq(told_wrong, 0);
    cr_assert_eq(rig_counter(&rig, COUNTER_ANSWERS_OPEN), accepting, "each accepting target is settled once");
    cr_assert_eq(rig_counter(&rig, COUNTER_ANSWERS_CLOSED), closed, "each closed target is settled once");
    cr_assert_eq(told_by[0] + told_by[1], accepting);
}

// Every probe reached the world and every frame of the world's is accounted for by one cause.
static void frames_check(void)
{
    static const enum dataplane_counter causes[] = {
        COUNTER_ANSWERS_OPEN,  COUNTER_ANSWERS_CLOSED, COUNTER_ANSWERS_UNREACHABLE, COUNTER_ANSWERS_DUPLICATE,
        COUNTER_DROP_FORGED,   COUNTER_DROP_TRUNCATED, COUNTER_DROP_MALFORMED,      COUNTER_DROP_CHECKSUM,
        COUNTER_DROP_FRAGMENT, COUNTER_DROP_NOT_OURS,  COUNTER_DROP_OUT_OF_PLAN,
    };
    uint64_t sent[SIMNET_COUNTER_COUNT];
    uint64_t known = 0;
    simnet_counters(simnet, sent);
    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
        known += rig_counter(&rig, causes[i]);
    uint64_t probes = rig_counter(&rig, COUNTER_PROBES_SENT);
    cr_assert_eq(probes + rig_counter(&rig, COUNTER_POSITIONS_SKIPPED), ATTEMPTS * POSITIONS);
    cr_assert_eq(sent[COUNT_SYN], probes);
    cr_assert_eq(rig_counter(&rig, COUNTER_RX_FRAMES), sent[COUNT_SENT]);
    cr_assert_eq(known, sent[COUNT_SENT]);
    cr_assert_gt(sent[COUNT_DUPLICATED], 0);
    cr_assert_gt(sent[COUNT_FORGED], 0);
    cr_assert_geq(rig_counter(&rig, COUNTER_DROP_FORGED), sent[COUNT_FORGED]);
    cr_assert_eq(rig_counter(&rig, COUNTER_DROP_VERDICTS_FULL), 0);
    for (uint32_t i = 0; i < WORKERS; i++) {
        const struct worker_counters *counters = &rig.commands->counters[i];
        cr_assert_geq(atomic_load(&counters->values[COUNTER_PROBES_SENT]), POSITIONS / 2, "worker %u asks its half", i);
        cr_assert_gt(atomic_load(&counters->values[COUNTER_ANSWERS_OPEN]), 0, "worker %u hears", i);
    }
}

Test(two_workers, found_is_truth_and_nothing_is_settled_or_told_twice, .fini = scan_end)
{
    scan(false);
    positions_check(0);
    frames_check();
    cr_assert_eq(told_by_asker, told_by[0] + told_by[1], "on a ring, answers come to the queue that asked");
}

Test(two_workers, the_same_when_all_answers_come_to_the_other_worker, .fini = scan_end)
{
    scan(true);
    positions_check(POSITIONS);
    frames_check();
    cr_assert_eq(told_by_asker, 0);
}
