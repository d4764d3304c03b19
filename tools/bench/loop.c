// SPDX-License-Identifier: BSD-3-Clause
// The closed loop: the dataplane on one core and a synthetic internet on another, joined by net_ring. Every position is
// asked, and what was found is compared with the truth position by position. There is no channel to control: a verdict
// is counted and settled, and nobody is told.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "sonde_build.h"
#include "tools/bench/rig.h"
#include "tools/simnet/run.h"
#include "tools/simnet/truth.h"

enum { RING_SLOTS = 1024, BUFFERS = 16383, WINDOW_US = 10000, WINDOWS_MAX = 8192, LONGEST_SECONDS = 300 };
enum { FIRST_ADDRESS = 0x40000000, ADDRESSES = 1 << 22, ADDRESSES_FEW = 1 << 21 };

struct loop {
    struct rig rig;
    struct world *world;
    struct simnet *simnet;
    const char *prefix; // of its figures
    double window_mpps[WINDOWS_MAX];
    unsigned windows;
    double seconds; // of the sweep, without the cooldown
    bool too_long;
};

static double now_seconds(void)
{
    return (double)rte_rdtsc() / (double)rte_get_tsc_hz();
}

static void watch_run(struct rig *rig, void *context)
{
    struct loop *loop = (struct loop *)context;
    const struct worker_progress *progress = &rig->commands->progress[0];
    double start = now_seconds();
    double before = start;
    uint64_t sent = 0;
    while (atomic_load(&progress->finished) == 0 && now_seconds() - start < LONGEST_SECONDS) {
        pause_us(WINDOW_US);
        double now = now_seconds();
        uint64_t count = rig_counter(rig, COUNTER_PROBES_SENT);
        // The last window is not whole.
        if (loop->windows < WINDOWS_MAX && atomic_load(&progress->finished) == 0)
            loop->window_mpps[loop->windows++] = (double)(count - sent) / (now - before) / 1e6;
        before = now;
        sent = count;
    }
    loop->seconds = now_seconds() - start;
    while (atomic_load(&rig->commands->state) != DATAPLANE_COOLED && now_seconds() - start < LONGEST_SECONDS)
        pause_us(1000);
    loop->too_long = atomic_load(&rig->commands->state) != DATAPLANE_COOLED;
    simnet_signal_stop(loop->simnet); // dataplane_run waits for every lcore, its own or not
}

static void expect(struct bench_outcome *outcome, const struct loop *loop, const char *what, uint64_t counted,
                   uint64_t truth)
{
    if (counted != truth)
        outcome_fail(outcome, "%s%s: %llu found, the truth is %llu", loop->prefix, what, (unsigned long long)counted,
                     (unsigned long long)truth);
}

// The sums, against what the world's functions say and what simnet sent.
static void sums_check(const struct loop *loop, const struct ground *ground, struct bench_outcome *outcome)
{
    const struct rig *rig = &loop->rig;
    uint64_t simnet[SIMNET_COUNTER_COUNT];
    struct truth truth;
    simnet_counters(loop->simnet, simnet);
    if (truth_count(loop->world, ground->ports, ground->port_count, 2, &truth) != 0) {
        outcome_fail(outcome, "the truth cannot be counted");
        return;
    }
    uint64_t errors = truth_sum(&truth, ANSWER_PROHIBITED) + truth_sum(&truth, ANSWER_UNREACHABLE);
    uint64_t dropped = rig_counter(rig, COUNTER_DROP_FORGED) + rig_counter(rig, COUNTER_DROP_TRUNCATED) +
                       rig_counter(rig, COUNTER_DROP_MALFORMED) + rig_counter(rig, COUNTER_DROP_CHECKSUM) +
                       rig_counter(rig, COUNTER_DROP_FRAGMENT) + rig_counter(rig, COUNTER_DROP_NOT_OURS) +
                       rig_counter(rig, COUNTER_DROP_OUT_OF_PLAN);
    expect(outcome, loop, "probes", rig_counter(rig, COUNTER_PROBES_SENT),
           ground->targets.targets.count * ground->port_count);
    expect(outcome, loop, "probes received", simnet[COUNT_SYN], rig_counter(rig, COUNTER_PROBES_SENT));
    expect(outcome, loop, "open", rig_counter(rig, COUNTER_ANSWERS_OPEN), truth_accepting(&truth));
    expect(outcome, loop, "closed", rig_counter(rig, COUNTER_ANSWERS_CLOSED), truth_sum(&truth, ANSWER_CLOSED));
    expect(outcome, loop, "unreachable", rig_counter(rig, COUNTER_ANSWERS_UNREACHABLE), errors);
    expect(outcome, loop, "duplicates", rig_counter(rig, COUNTER_ANSWERS_DUPLICATE), simnet[COUNT_DUPLICATED]);
    expect(outcome, loop, "rejected frames", dropped,
           simnet[COUNT_FORGED] + simnet[COUNT_MALFORMED] + simnet[COUNT_TRUNCATED]);
    truth_fini(&truth);
}

// The answered bit of every position is set exactly if the world answers there: nothing missed, nothing invented.
static void bits_check(const struct loop *loop, struct bench_outcome *outcome)
{
    static struct probe_burst burst;
    const struct dataplane *dataplane = &loop->rig.dataplane;
    uint64_t wrong = 0;
    for (uint64_t at = 0; at < dataplane->plan.order.count; at += BURST_MAX) {
        uint64_t rest = dataplane->plan.order.count - at;
        size_t count = rest < BURST_MAX ? (size_t)rest : BURST_MAX;
        for (size_t i = 0; i < count; i++)
            burst.position[i] = at + i;
        dataplane->kernels->generate(&dataplane->plan, &burst, count);
        for (size_t i = 0; i < count; i++) {
            bool answers = world_ask(loop->world, burst.address[i], (uint16_t)burst.port[i]) != ANSWER_SILENT;
            wrong += answered_test(&dataplane->answered, 0, at + i) != answers;
        }
    }
    if (wrong != 0)
        outcome_fail(outcome, "%s%llu positions are settled that do not answer, or answer and are not settled",
                     loop->prefix, (unsigned long long)wrong);
}

static void figures_add(struct loop *loop, double bar, struct bench_outcome *outcome)
{
    char name[40];
    const struct rig *rig = &loop->rig;
    snprintf(name, sizeof(name), "%smpps", loop->prefix);
    outcome_add(outcome, name, "Mpps", median_of(loop->window_mpps, loop->windows), bar);
    snprintf(name, sizeof(name), "%sbest_mpps", loop->prefix); // of a window in which nobody else wanted the two CPUs
    outcome_add(outcome, name, "Mpps", loop->windows == 0 ? 0 : loop->window_mpps[loop->windows - 1], 0);
    snprintf(name, sizeof(name), "%ssweep_mpps", loop->prefix);
    outcome_add(outcome, name, "Mpps", (double)rig_counter(rig, COUNTER_PROBES_SENT) / loop->seconds / 1e6, 0);
    snprintf(name, sizeof(name), "%sseconds", loop->prefix);
    outcome_add(outcome, name, "s", loop->seconds, 0);
    snprintf(name, sizeof(name), "%sprobes", loop->prefix);
    outcome_add(outcome, name, "", (double)rig_counter(rig, COUNTER_PROBES_SENT), 0);
    snprintf(name, sizeof(name), "%sfound", loop->prefix);
    outcome_add(outcome, name, "", (double)rig_counter(rig, COUNTER_ANSWERS_OPEN), 0);
    snprintf(name, sizeof(name), "%srejected", loop->prefix);
    outcome_add(outcome, name, "",
                (double)(rig_counter(rig, COUNTER_RX_FRAMES) - rig_counter(rig, COUNTER_ANSWERS_OPEN) -
                         rig_counter(rig, COUNTER_ANSWERS_CLOSED) - rig_counter(rig, COUNTER_ANSWERS_UNREACHABLE)),
                0);
}

// Sweeps a world of one's own ports. 0 or -errno; the outcome says what was wrong.
static int sweep(struct loop *loop, const struct ground *ground, double bar, struct bench_outcome *outcome)
{
    char port[RTE_ETH_NAME_MAX_LEN];
    uint16_t prober;
    uint16_t peer;
    char name[12];
    snprintf(name, sizeof(name), "l%s", loop->prefix);
    int status = simnet_ring_ports(name, 1, RING_SLOTS, &prober, &peer);
    if (status == 0)
        status = rte_eth_dev_get_name_by_port(prober, port);
    if (status != 0) {
        outcome_fail(outcome, "DPDK has no net_ring");
        return status;
    }
    struct rig_plan plan = {.ground = ground, .rate_pps = 1e9, .cooldown_ns = 200000000, .port_name = port};
    status = rig_init(&loop->rig, &plan, outcome);
    if (status != 0)
        return status;
    const struct simnet_setup setup = {.world = loop->world, .port = peer, .buffers = BUFFERS, .never_idle = true};
    loop->simnet = simnet_new(&setup);
    status = loop->simnet == NULL ? -errno : simnet_start(loop->simnet, rig_cpu_first());
    if (status == 0)
        status = rig_run(&loop->rig, watch_run, loop);
    if (status != 0 || loop->too_long)
        outcome_fail(outcome, "%sthe loop did not run to its end", loop->prefix);
    if (loop->simnet != NULL)
        simnet_stop(loop->simnet);
    if (status == 0 && !loop->too_long) {
        figures_add(loop, bar, outcome);
        sums_check(loop, ground, outcome);
        bits_check(loop, outcome);
    }
    // The dataplane first: it holds answers of simnet's.
    rig_fini(&loop->rig);
    simnet_free(loop->simnet);
    return status;
}

// A population's networks as targets.
static int population_ground(const struct population *population, const uint16_t *ports, uint32_t port_count,
                             struct ground *ret_ground)
{
    struct interval_set set;
    int status = 0;
    interval_set_init(&set);
    for (size_t i = 0; i < population->network_count; i++)
        for (size_t j = 0; j < population->networks[i].range_count && status == 0; j++) {
            const struct population_range *range = &population->networks[i].ranges[j];
            status = interval_set_add(&set, (struct interval){range->first, range->last});
        }
    interval_set_seal(&set);
    if (status == 0)
        status = ground_init(&set, ports, port_count, ret_ground);
    interval_set_fini(&set);
    return status;
}

static void population_sweep(const char *prefix, const struct population *population, double bar,
                             struct bench_outcome *outcome)
{
    static struct loop loop;
    struct ground ground;
    char error[POPULATION_ERROR_MAX];
    memset(&loop, 0, sizeof(loop));
    loop.prefix = prefix;
    const uint16_t *ports = population->port_count > 0 ? population->ports : ground_ports;
    size_t port_count = population->port_count > 0 ? population->port_count : 8;
    if (world_new(population, &loop.world, error) != 0) {
        outcome_fail(outcome, "%.250s", error);
        return;
    }
    if (population_ground(population, ports, (uint32_t)port_count, &ground) == 0) {
        (void)sweep(&loop, &ground, bar, outcome);
        ground_fini(&ground);
    } else {
        outcome_fail(outcome, "the population has no addresses");
    }
    world_free(loop.world);
}

static bool peer_eal(struct bench_outcome *outcome)
{
    if (rig_cpu_first() == rig_cpu_last())
        outcome_fail(outcome, "this part needs two CPUs");
    else if (rig_eal(RIG_WITH_PEER) != 0)
        outcome_fail(outcome, "DPDK's EAL did not start");
    return outcome->error[0] == '\0';
}

static void loop_run(const struct bench_options *options, struct bench_outcome *outcome)
{
    (void)options;
    static const struct {
        const char *prefix;
        double alive;
        uint32_t addresses;
        double bar;
    } ROWS[] = {{"", 0.01, ADDRESSES, 40}, {"all_", 1, ADDRESSES_FEW, 20}};
    if (!peer_eal(outcome))
        return;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct population_range range = {FIRST_ADDRESS, FIRST_ADDRESS + ROWS[i].addresses - 1};
        struct population_port port = {POPULATION_OTHER_PORTS, 1, 0};
        struct population_network network = {.name = (char[]){"all"},
                                             .ranges = &range,
                                             .range_count = 1,
                                             .addresses = ROWS[i].addresses,
                                             .alive = ROWS[i].alive,
                                             .ports = &port,
                                             .port_count = 1};
        const struct population population = {
            .key = 1, .weather = {.forged = 0.01, .malformed = 0.01}, .networks = &network, .network_count = 1};
        population_sweep(ROWS[i].prefix, &population, ROWS[i].bar, outcome);
    }
    outcome_note(outcome,
                 "1 %% of the hosts answer on every port; all_: every host does. To 1 %% of all probes comes a "
                 "forged answer besides, to 1 %% a malformed frame. Found = truth and the bit of every position "
                 "were checked. Without a channel: verdicts are counted and settled, nobody is told.");
    rig_eal_end();
}

static void study_run(const struct bench_options *options, struct bench_outcome *outcome)
{
    struct population population;
    char error[POPULATION_ERROR_MAX];
    const char *path = options->population;
    if (path == NULL)
        path = access(BENCH_POPULATION, R_OK) == 0 ? BENCH_POPULATION : SONDE_DATA "/study-2019.json";
    if (population_load(path, (struct population_options){0}, &population, error) != 0 ||
        population_set_weather(&population, "calm", error) != 0 ||
        population_set_weather(&population, "forged=0.01,malformed=0.01", error) != 0) {
        outcome_fail(outcome, "%.250s", error);
        return;
    }
    if (!peer_eal(outcome))
        return;
    double start = now_seconds();
    population_sweep("", &population, 0, outcome);
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    outcome_add(outcome, "seconds_with_check", "s", now_seconds() - start, 0);
    outcome_add(outcome, "memory_mb", "MB", (double)usage.ru_maxrss / 1024, 0);
    outcome_note(outcome,
                 "Every address and port of the population, no delay and no loss, 1 %% forged, 1 %% malformed. "
                 "Found = truth and the bit of every position were checked. memory_mb: the most that the "
                 "process held, with simnet and all buffers.");
    population_fini(&population);
    rig_eal_end();
}

const struct bench_part part_loop = {
    .name = "loop",
    .help = "dataplane and simnet on two cores over net_ring, 1 % and 100 % hits, found = truth",
    .runs = 3,
    .run = loop_run,
};

const struct bench_part part_study = {
    .name = "study",
    .help = "the study's 62.8 million addresses x 8 ports swept in the loop, found = truth",
    .runs = 1,
    .run = study_run,
};
