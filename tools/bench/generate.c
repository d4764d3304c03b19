// SPDX-License-Identifier: BSD-3-Clause
// Probes per second of the whole dataplane on a port that takes everything and gives nothing (net_null): first attempt
// over the whole plan, then later attempts over a segment of which nothing has answered.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_bus_vdev.h>
#include <rte_cycles.h>

#include "tools/bench/rig.h"

enum { WINDOWS_MAX = 4096, WINDOW_US = 5000, LATER_POSITIONS = 1 << 26, STARTED_SECONDS = 30 };

// Speeds count the time that the worker's thread was on a CPU: on an idle machine that is all the time, as a worker
// with something to send never sleeps; on a shared one it leaves out what others took. `share` says how much it had.
struct watch {
    double seconds;
    double window_mpps[WINDOWS_MAX];
    unsigned windows;
    double share;
    clockid_t worker_clock;
    bool later; // measure once every position was asked for the first time
};

static double clock_seconds(clockid_t clock)
{
    struct timespec now = {0};
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void watch_run(struct rig *rig, void *context)
{
    struct watch *watch = (struct watch *)context;
    const struct worker_progress *progress = &rig->commands->progress[0];
    double deadline = clock_seconds(CLOCK_MONOTONIC) + STARTED_SECONDS;
    while (rig_counter(rig, COUNTER_PROBES_SENT) == 0 || (watch->later && atomic_load(&progress->attempt) == 0)) {
        if (clock_seconds(CLOCK_MONOTONIC) > deadline)
            return;
        pause_us(1000);
    }
    double start = clock_seconds(CLOCK_MONOTONIC);
    double start_worked = clock_seconds(watch->worker_clock);
    double before = start_worked;
    uint64_t sent = rig_counter(rig, COUNTER_PROBES_SENT);
    double now = start;
    while (now - start < watch->seconds && watch->windows < WINDOWS_MAX && atomic_load(&progress->finished) == 0) {
        pause_us(WINDOW_US);
        now = clock_seconds(CLOCK_MONOTONIC);
        double worked = clock_seconds(watch->worker_clock);
        uint64_t count = rig_counter(rig, COUNTER_PROBES_SENT);
        if (worked - before < WINDOW_US / 2e6)
            continue;
        watch->window_mpps[watch->windows++] = (double)(count - sent) / (worked - before) / 1e6;
        before = worked;
        sent = count;
    }
    watch->share = (clock_seconds(watch->worker_clock) - start_worked) / (now - start);
}

// Median Mpps of a sweep's windows on a net_null port of its own.
static double measure(const char *port, const struct rig_plan *plan, struct watch *watch, struct bench_outcome *outcome)
{
    static struct rig rig;
    struct rig_plan own = *plan;
    own.port_name = port;
    if (rte_vdev_init(port, "no-rx=1") != 0) {
        outcome_fail(outcome, "DPDK has no net_null");
        return 0;
    }
    (void)pthread_getcpuclockid(pthread_self(), &watch->worker_clock);
    if (rig_init(&rig, &own, outcome) == 0 && rig_run(&rig, watch_run, watch) != 0)
        outcome_fail(outcome, "the worker did not start");
    rig_fini(&rig);
    if (watch->windows == 0)
        outcome_fail(outcome, "the sweep was over too soon to be measured; give fewer --seconds");
    return median_of(watch->window_mpps, watch->windows);
}

static void add_speed(struct bench_outcome *outcome, const char *prefix, double mpps, double share, double bar)
{
    char name[40];
    snprintf(name, sizeof(name), "%smpps", prefix);
    outcome_add(outcome, name, "Mpps", mpps, bar);
    snprintf(name, sizeof(name), "%scycles", prefix);
    outcome_add(outcome, name, "cycles", mpps > 0 ? (double)rte_get_tsc_hz() / mpps / 1e6 : 0, 0);
    snprintf(name, sizeof(name), "%sshare", prefix);
    outcome_add(outcome, name, "", share, 0);
}

static void run(const struct bench_options *options, struct bench_outcome *outcome)
{
    static struct watch watch;
    struct ground ground;
    if (!ground_of(options, &ground, outcome))
        return;
    if (rig_eal(RIG_WORKER_ALONE) != 0) {
        outcome_fail(outcome, "DPDK's EAL did not start");
        return;
    }
    uint64_t positions = ground.targets.targets.count * ground.port_count;
    struct rig_plan plan = {.ground = &ground, .rate_pps = 1e9, .channel = true};
    watch = (struct watch){.seconds = options->seconds};
    double mpps = measure("net_null0", &plan, &watch, outcome);
    add_speed(outcome, "", mpps, watch.share, 80);
    plan.end_position = positions < LATER_POSITIONS ? positions : LATER_POSITIONS;
    plan.attempts = UINT32_MAX;
    watch = (struct watch){.seconds = options->seconds, .later = true};
    mpps = measure("net_null1", &plan, &watch, outcome);
    add_speed(outcome, "later_", mpps, watch.share, 60);
    outcome_add(outcome, "positions", "", (double)positions, 0);
    outcome_note(outcome,
                 "One worker, everything on: order, %llu addresses x %u ports, cookie, templates, checksums, "
                 "pacing, counters, channel, heartbeat. Medians of %d ms windows, per second "
                 "that the worker had its CPU; share of the time that it had.",
                 (unsigned long long)ground.targets.targets.count, ground.port_count, WINDOW_US / 1000);
    ground_fini(&ground);
    rig_eal_end();
}

const struct bench_part part_generate = {
    .name = "generate",
    .help = "probes per second of the whole dataplane on net_null: first attempt, later attempts",
    .runs = 5,
    .run = run,
};
