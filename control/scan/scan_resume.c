// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/scan_resume.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/scan/settled.h"

static enum exit_status fail(const char *who, const char *why)
{
    fprintf(stderr, "sonde: %s: %s\n", who, why);
    return EXIT_FAILED;
}

// What control and the port had counted, for both to count on from.
static int others_put(const struct checkpoint *checkpoint, const struct shared *shared)
{
    struct port_counters *port = &shared->commands->port;
    atomic_store_explicit(&port->rx_missed, checkpoint->rx_missed, memory_order_relaxed);
    atomic_store_explicit(&port->rx_errors, checkpoint->rx_errors, memory_order_relaxed);
    atomic_store_explicit(&port->rx_no_buffer, checkpoint->rx_no_buffer, memory_order_relaxed);
    atomic_store_explicit(&port->tx_errors, checkpoint->tx_errors, memory_order_relaxed);
    // Our mapping of control's half is read-only, for good; before control runs the file may still be written.
    const off_t at = (off_t)offsetof(struct channel_down_header, counters);
    ssize_t written = pwrite(shared->down_fd, checkpoint->control, sizeof(checkpoint->control), at);
    return written == (ssize_t)sizeof(checkpoint->control) ? 0 : written < 0 ? -errno : -EIO;
}

enum exit_status scan_resume_apply(const struct checkpoint *checkpoint, const struct output *output,
                                   const struct shared *shared, int *ret_answered_fd)
{
    uint64_t settled = 0;
    int error = settled_read(output->journal_fd, checkpoint->sweep.seed, ret_answered_fd, &settled);
    if (error != 0)
        return fail(output->folder, error == -EPROTO ? "the journal is not this scan's" : strerror(-error));
    struct commands *commands = shared->commands;
    memcpy(commands->cookie_key, checkpoint->cookie_key, sizeof(commands->cookie_key));
    commands->resume_step = checkpoint->step;
    // Worker 0 counts on from what all of them had counted, so that every sum is the scan's.
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        atomic_store_explicit(&commands->counters[0].values[i], checkpoint->counters[i], memory_order_relaxed);
    atomic_store_explicit(&commands->counters[0].values[COUNTER_ANSWERS_OPEN], settled, memory_order_relaxed);
    error = others_put(checkpoint, shared);
    return error == 0 ? EXIT_DONE : fail(output->folder, strerror(-error));
}

int scan_resume_begin(const struct plan *plan, const char *scan, const struct shared *shared, uint64_t started_ns,
                      struct checkpoint *ret_checkpoint)
{
    struct checkpoint checkpoint = {.started_ns = started_ns};
    char path[PATH_MAX];
    // The scan may be resumed from another folder.
    if (realpath(plan->path, path) == NULL || strlen(path) >= sizeof(checkpoint.plan))
        return -ENAMETOOLONG;
    memcpy(checkpoint.plan, path, strlen(path) + 1);
    snprintf(checkpoint.scan, sizeof(checkpoint.scan), "%s", scan);
    for (size_t i = 0; i < plan->input_count; i++)
        if (strcmp(plan->inputs[i].path, plan->path) == 0)
            memcpy(checkpoint.plan_sha256, plan->inputs[i].sha256, sizeof(checkpoint.plan_sha256));
    memcpy(checkpoint.cookie_key, shared->commands->cookie_key, sizeof(checkpoint.cookie_key));
    int error = checkpoint_describe(plan, &checkpoint.sweep);
    if (error == 0)
        *ret_checkpoint = checkpoint;
    return error;
}
