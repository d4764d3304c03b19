// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <stdlib.h>

#include "control/scan/durable.h"
#include "control/store/counters.h"

#define SECOND UINT64_C(1000000000)

static struct shared shared;
static struct channel_down_header down;
static struct durable *durable;

static void setup(void)
{
    shared = (struct shared){.geometry = {.workers = 2}, .commands = calloc(1, sizeof(struct commands)), .down = &down};
    durable = calloc(1, sizeof(*durable));
    atomic_store(&down.counters[CONTROL_JOURNAL_SYNCED_NS], 0);
    durable_init(durable, 0, 0, 0);
}

static void teardown(void)
{
    free(shared.commands);
    free(durable);
}

TestSuite(durable, .init = setup, .fini = teardown);

static void workers_at(uint64_t first, uint64_t second, uint64_t ns)
{
    atomic_store(&shared.commands->progress[0].step, first);
    atomic_store(&shared.commands->progress[1].step, second);
    durable_sample(durable, &shared, ns);
}

static uint64_t step_when_synced(uint64_t ns)
{
    atomic_store(&down.counters[CONTROL_JOURNAL_SYNCED_NS], ns);
    durable_advance(durable, &shared);
    return durable->best.step;
}

Test(durable, a_step_waits_for_the_horizon_and_the_journal)
{
    workers_at(100, 120, 10 * SECOND);
    workers_at(200, 180, 11 * SECOND);
    cr_assert_eq(step_when_synced(0), 0, "nothing is journaled");
    cr_assert_eq(step_when_synced(12 * SECOND), 0, "answers may come for two seconds");
    cr_assert_eq(step_when_synced(12 * SECOND + SECOND / 2), 100, "the slower worker's");
    cr_assert_eq(step_when_synced(13 * SECOND + SECOND / 2), 180);
    cr_assert_eq(step_when_synced(12 * SECOND), 180, "it never goes back");
}

Test(durable, parked_verdicts_hold_it_back)
{
    workers_at(100, 100, 10 * SECOND);
    workers_at(200, 200, 11 * SECOND);
    atomic_store(&shared.commands->progress[1].parked_ns, parked_mark(12 * SECOND + SECOND / 2, 1));
    cr_assert_eq(step_when_synced(20 * SECOND), 100);
    atomic_store(&shared.commands->progress[1].parked_ns, parked_mark(21 * SECOND, 0));
    cr_assert_eq(step_when_synced(20 * SECOND), 100, "what came to the ring at 21 s is not known to be journaled");
    cr_assert_eq(step_when_synced(22 * SECOND), 200);
}

Test(durable, a_long_wait_is_survived)
{
    for (uint64_t i = 1; i <= 3 * DURABLE_SAMPLES; i++)
        workers_at(i, i, i * SECOND / 20);
    uint64_t last = 3 * (uint64_t)DURABLE_SAMPLES;
    cr_assert_eq(step_when_synced((last - DURABLE_SAMPLES) * SECOND / 20), 0, "it is forgotten, not guessed");
    cr_assert_eq(step_when_synced(last * SECOND / 20), last - 43);
}

Test(durable, workers_that_have_not_begun_take_nothing_back)
{
    durable_init(durable, 5000, 7, 3);
    workers_at(5000, 0, SECOND);
    cr_assert_eq(step_when_synced(10 * SECOND), 5000);
    cr_assert_eq(durable->best.skipped, 7);
}
