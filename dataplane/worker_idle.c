// SPDX-License-Identifier: BSD-3-Clause
// The one place where a worker may enter the kernel.
#include "dataplane/worker.h"

#include <time.h>

#include <rte_pause.h>

enum { SPIN_ROUNDS = 32, SLEEP_MIN_NS = 20000, SLEEP_MAX_NS = 200000 };

void worker_idle(struct worker *worker)
{
    worker->idle_rounds++;
    if (!worker->dataplane->image->settings->is_vdev || worker->idle_rounds < SPIN_ROUNDS) {
        rte_pause();
        return;
    }
    long sleep_ns = SLEEP_MIN_NS * (long)(worker->idle_rounds - SPIN_ROUNDS + 1);
    struct timespec pause = {.tv_nsec = sleep_ns < SLEEP_MAX_NS ? sleep_ns : SLEEP_MAX_NS};
    (void)nanosleep(&pause, NULL);
    if (worker->idle_rounds > SPIN_ROUNDS + SLEEP_MAX_NS / SLEEP_MIN_NS)
        worker->idle_rounds = SPIN_ROUNDS + SLEEP_MAX_NS / SLEEP_MIN_NS;
}
