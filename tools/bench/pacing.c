// SPDX-License-Identifier: BSD-3-Clause
// How exactly a rate is kept: a whole dataplane on net_null, its rate changed while it runs, each rate over at least a
// hundred intervals between probes and at least half a second.
#include <stdio.h>
#include <string.h>

#include <rte_bus_vdev.h>
#include <rte_cycles.h>

#include "tools/bench/rig.h"

enum { INTERVALS = 100, POLL_US = 50 };
static const double ALLOWED_PERCENT = 1;
static const double LEAST_SECONDS = 0.5;

// Slow ones last: INTERVALS at 1 pps take 100 seconds.
static const double RATES[] = {1e7, 3e6, 1e6, 3e5, 1e5, 1e4, 1e3, 100, 10, 1};
enum { RATE_COUNT = sizeof(RATES) / sizeof(RATES[0]), RATES_QUICK = 9 };

struct pacing {
    const struct bench_options *options;
    const double *rates;
    unsigned rate_count;
    double errors[RATES_MAX]; // per cent
};

// The time at which the counter changes next, and what it is then.
static uint64_t change_await(const struct rig *rig, uint64_t *ret_sent)
{
    uint64_t before = rig_counter(rig, COUNTER_PROBES_SENT);
    uint64_t sent = before;
    while (sent == before) {
        pause_us(POLL_US);
        sent = rig_counter(rig, COUNTER_PROBES_SENT);
    }
    *ret_sent = sent;
    return rte_rdtsc();
}

static double seconds_of(double rate)
{
    return INTERVALS / rate > LEAST_SECONDS ? INTERVALS / rate : LEAST_SECONDS;
}

static double error_measure(const struct rig *rig, double rate)
{
    uint64_t first;
    uint64_t last;
    double hz = (double)rte_get_tsc_hz();
    double seconds = seconds_of(rate);
    // What was saved under the rate before goes first.
    (void)change_await(rig, &first);
    (void)change_await(rig, &first);
    uint64_t start = change_await(rig, &first);
    uint64_t end = start;
    do
        end = change_await(rig, &last);
    while ((double)(end - start) / hz < seconds || (double)(last - first) < INTERVALS);
    return ((double)(last - first) / ((double)(end - start) / hz) / rate - 1) * 100;
}

static void watch_run(struct rig *rig, void *context)
{
    struct pacing *pacing = (struct pacing *)context;
    double seconds = 0;
    for (unsigned i = 0; i < pacing->rate_count; i++)
        seconds += seconds_of(pacing->rates[i]) + 3 / pacing->rates[i]; // what was saved goes first
    fprintf(stderr, "pacing: %u rates, about %.0f seconds\n", pacing->rate_count, seconds);
    for (unsigned i = 0; i < pacing->rate_count; i++) {
        atomic_store(&rig->commands->rate_millipps, (uint64_t)(pacing->rates[i] * 1000));
        pause_us(20000);
        fprintf(stderr, "pacing: %.0f pps\n", pacing->rates[i]);
        pacing->errors[i] = error_measure(rig, pacing->rates[i]);
    }
}

static void errors_judge(const struct pacing *pacing, struct bench_outcome *outcome)
{
    double worst = 0;
    for (unsigned i = 0; i < pacing->rate_count; i++) {
        char name[40];
        snprintf(name, sizeof(name), "error_at_%.0f_pps", pacing->rates[i]);
        outcome_add(outcome, name, "%", pacing->errors[i], 0);
        double size = pacing->errors[i] < 0 ? -pacing->errors[i] : pacing->errors[i];
        worst = size > worst ? size : worst;
        if (!(size <= ALLOWED_PERCENT))
            outcome_fail(outcome, "the rate of %.0f pps is kept to %+.3f %% only", pacing->rates[i], pacing->errors[i]);
    }
    outcome_add(outcome, "worst", "%", worst, 0);
    outcome_note(outcome,
                 "More than %.0f %% at any rate is a failure. Each over at least %d intervals and half a second.",
                 ALLOWED_PERCENT, INTERVALS);
}

static void run(const struct bench_options *options, struct bench_outcome *outcome)
{
    static struct rig rig;
    struct ground ground;
    struct pacing pacing = {
        .options = options, .rates = RATES, .rate_count = options->quick ? RATES_QUICK : RATE_COUNT};
    if (options->rate_count > 0) {
        pacing.rates = options->rates;
        pacing.rate_count = options->rate_count;
    }
    if (!ground_of(options, &ground, outcome))
        return;
    if (rig_eal(RIG_WORKER_ALONE) != 0 || rte_vdev_init("net_null0", "no-rx=1") != 0) {
        outcome_fail(outcome, "DPDK's EAL did not start");
        return;
    }
    struct rig_plan plan = {.ground = &ground,
                            .rate_pps = pacing.rates[0],
                            .attempts = UINT32_MAX,
                            .port_name = "net_null0",
                            .channel = true};
    if (rig_init(&rig, &plan, outcome) == 0) {
        if (rig_run(&rig, watch_run, &pacing) == 0)
            errors_judge(&pacing, outcome);
        else
            outcome_fail(outcome, "the worker did not start");
    }
    rig_fini(&rig);
    ground_fini(&ground);
    rig_eal_end();
}

const struct bench_part part_pacing = {
    .name = "pacing",
    .help = "error of the rate at ten rates from 1 pps to 10 Mpps, two minutes; above 1 % it fails",
    .runs = 1,
    .run = run,
};
