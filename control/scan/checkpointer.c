// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/checkpointer.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "control/scan/progress.h"
#include "dataplane/channel/clock.h"

enum { SAMPLE_MS = 50, WRITE_MS = 300 };

// Positions of the plan's attempts that lie below a step: what of a segment's last pass asks samples only is left out.
static uint64_t step_probes(const struct checkpoint_sweep *sweep, bool samples, uint64_t step)
{
    if (sweep->attempts > 1 || !samples || sweep->segment_positions == 0)
        return step;
    uint64_t whole = step / (2 * sweep->segment_positions) * sweep->segment_positions;
    uint64_t left = sweep->end_position - sweep->first_position - whole;
    uint64_t length = left < sweep->segment_positions ? left : sweep->segment_positions;
    uint64_t rest = step % (2 * sweep->segment_positions);
    return whole + (rest < length ? rest : length);
}

// What control counted and what the port did. Control may write any number, and JSON ends at 2^63.
static void others_take(struct checkpoint *checkpoint, const struct shared *shared)
{
    const struct port_counters *port = &shared->commands->port;
    for (size_t i = 0; i < CONTROL_COUNTER_COUNT; i++) {
        uint64_t count = atomic_load_explicit(&shared->down->counters[i], memory_order_relaxed);
        bool kept = control_counter_grows((enum control_counter)i) && count <= INT64_MAX;
        checkpoint->control[i] = kept ? count : 0;
    }
    checkpoint->rx_missed = atomic_load_explicit(&port->rx_missed, memory_order_relaxed);
    checkpoint->rx_errors = atomic_load_explicit(&port->rx_errors, memory_order_relaxed);
    checkpoint->rx_no_buffer = atomic_load_explicit(&port->rx_no_buffer, memory_order_relaxed);
    checkpoint->tx_errors = atomic_load_explicit(&port->tx_errors, memory_order_relaxed);
}

static int checkpoint_save(struct checkpointer *checkpointer)
{
    struct checkpoint *checkpoint = &checkpointer->checkpoint;
    const struct durable_sample *best = &checkpointer->durable.best;
    durable_advance(&checkpointer->durable, checkpointer->shared);
    checkpoint->step = best->step;
    checkpoint->active_ns = checkpointer->active_ns + clock_ns() - checkpointer->start_ns;
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        checkpoint->counters[i] = progress_sum(checkpointer->shared, (enum dataplane_counter)i);
    others_take(checkpoint, checkpointer->shared);
    // These describe the durable part: what is repeated after it is not counted twice.
    uint64_t probes = step_probes(&checkpoint->sweep, checkpointer->shared->commands->samples != 0, best->step);
    checkpoint->counters[COUNTER_POSITIONS_SKIPPED] = best->skipped < probes ? best->skipped : probes;
    checkpoint->counters[COUNTER_PROBES_AGAIN] = best->again;
    checkpoint->counters[COUNTER_PROBES_SENT] = probes - checkpoint->counters[COUNTER_POSITIONS_SKIPPED] + best->again;
    return checkpoint_write(checkpointer->folder_fd, checkpoint);
}

static void *checkpointer_run(void *argument)
{
    struct checkpointer *checkpointer = argument;
    uint64_t written_ns = clock_ns();
    while (!atomic_load_explicit(&checkpointer->over, memory_order_acquire)) {
        struct timespec pause = {.tv_nsec = SAMPLE_MS * 1000000L};
        nanosleep(&pause, NULL);
        uint64_t now_ns = clock_ns();
        durable_sample(&checkpointer->durable, checkpointer->shared, now_ns);
        if (now_ns - written_ns < WRITE_MS * UINT64_C(1000000))
            continue;
        written_ns = now_ns;
        int error = checkpoint_save(checkpointer);
        if (error != 0 && !checkpointer->failed)
            fprintf(stderr, "sonde: %s/" CHECKPOINT_NAME ": %s; after a crash this scan resumes from an older one\n",
                    checkpointer->folder, strerror(-error));
        checkpointer->failed = error != 0;
    }
    return NULL;
}

int checkpointer_start(struct checkpointer *checkpointer, const struct checkpoint *checkpoint,
                       const struct shared *shared, const struct output *output)
{
    checkpointer->checkpoint = *checkpoint;
    checkpointer->shared = shared;
    checkpointer->folder = output->folder;
    checkpointer->folder_fd = output->folder_fd;
    checkpointer->start_ns = clock_ns();
    checkpointer->active_ns = checkpoint->active_ns;
    durable_init(&checkpointer->durable, checkpoint->step, checkpoint->counters[COUNTER_POSITIONS_SKIPPED],
                 checkpoint->counters[COUNTER_PROBES_AGAIN]);
    int error = checkpoint_save(checkpointer);
    if (error != 0)
        return error;
    // Signals are the main thread's: it reads them from a descriptor.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = -pthread_create(&checkpointer->thread, NULL, checkpointer_run, checkpointer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    checkpointer->running = error == 0;
    return error;
}

int checkpointer_stop(struct checkpointer *checkpointer, bool complete)
{
    if (!checkpointer->running)
        return 0;
    atomic_store_explicit(&checkpointer->over, true, memory_order_release);
    pthread_join(checkpointer->thread, NULL);
    checkpointer->running = false;
    checkpointer->checkpoint.complete = complete;
    return checkpoint_save(checkpointer);
}
