// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/progress.h"

#include <inttypes.h>
#include <string.h>

#include "config/figures.h"
#include "control/store/counters.h"

const enum dataplane_counter progress_losses[PROGRESS_LOSSES] = {
    COUNTER_DROP_VERDICTS_FULL, COUNTER_DROP_SEGMENTS_FULL, COUNTER_DROP_TX_FULL,
    COUNTER_DROP_NO_BUFFER,     COUNTER_CHANNEL_KILLED,
};

void progress_init(struct progress_source *source, const struct shared *shared, const struct remaining_sweep *sweep,
                   uint64_t now_ns)
{
    *source = (struct progress_source){.shared = shared, .sweep = *sweep, .start_ns = now_ns, .last_ns = now_ns};
    // A resumed scan begins with what was sent before.
    source->last_sent = progress_sum(shared, COUNTER_PROBES_SENT);
}

uint64_t progress_sum(const struct shared *shared, enum dataplane_counter counter)
{
    uint64_t sum = 0;
    for (uint32_t w = 0; w < shared->geometry.workers; w++)
        sum += atomic_load_explicit(&shared->commands->counters[w].values[counter], memory_order_relaxed);
    return sum;
}

static uint64_t control_count(const struct shared *shared, enum control_counter counter)
{
    return atomic_load_explicit(&shared->down->counters[counter], memory_order_relaxed);
}

static uint64_t losses_sum(const struct shared *shared)
{
    const struct port_counters *port = &shared->commands->port;
    uint64_t sum = atomic_load_explicit(&port->rx_missed, memory_order_relaxed) +
                   atomic_load_explicit(&port->rx_errors, memory_order_relaxed) +
                   atomic_load_explicit(&port->rx_no_buffer, memory_order_relaxed) +
                   atomic_load_explicit(&port->tx_errors, memory_order_relaxed);
    for (size_t i = 0; i < PROGRESS_LOSSES; i++)
        sum += progress_sum(shared, progress_losses[i]);
    return sum + control_count(shared, CONTROL_RECORDS_LOST);
}

static const char *phase_name(const struct shared *shared)
{
    if (atomic_load_explicit(&shared->commands->link, memory_order_relaxed) != LINK_UP)
        return "link down";
    switch (atomic_load_explicit(&shared->commands->state, memory_order_relaxed)) {
    case DATAPLANE_STARTING:
        return atomic_load_explicit(&shared->commands->neighbours_asked, memory_order_relaxed) > 0 ? "asking neighbours"
                                                                                                   : "starting";
    case DATAPLANE_SWEEPING:
        return "sweeping";
    case DATAPLANE_COOLING:
        return "cooling";
    default:
        return "finishing";
    }
}

static double share_of(double part, double whole)
{
    return whole <= 0 ? 0 : part >= whole ? 1 : part / whole;
}

// What the workers have left: each goes through the whole sweep and asks its share of it.
static struct remaining remaining_sum(const struct progress_source *source, double settled)
{
    const struct shared *shared = source->shared;
    struct remaining sum = {.probes = 0};
    double workers = (double)shared->geometry.workers;
    for (uint32_t w = 0; w < shared->geometry.workers; w++) {
        const struct worker_progress *progress = &shared->commands->progress[w];
        uint64_t step = atomic_load_explicit(&progress->step, memory_order_relaxed);
        bool finished = atomic_load_explicit(&progress->finished, memory_order_relaxed) != 0;
        struct remaining left = remaining_from(&source->sweep, step, settled);
        sum.asked += left.asked / workers;
        if (finished)
            continue;
        sum.probes += left.probes / workers;
        sum.gap_ns = left.gap_ns > sum.gap_ns ? left.gap_ns : sum.gap_ns;
    }
    return sum;
}

void progress_take(struct progress_source *source, uint64_t now_ns, struct progress *ret_progress)
{
    const struct shared *shared = source->shared;
    uint64_t sent = progress_sum(shared, COUNTER_PROBES_SENT);
    uint64_t open = progress_sum(shared, COUNTER_ANSWERS_OPEN);
    uint64_t answers =
        open + progress_sum(shared, COUNTER_ANSWERS_CLOSED) + progress_sum(shared, COUNTER_ANSWERS_UNREACHABLE);
    double asked = remaining_sum(source, 0).asked;
    struct remaining left = remaining_sum(source, share_of((double)answers, asked));
    double seconds = (double)(now_ns - source->last_ns) / 1e9;
    double sent_pps = seconds > 0 ? (double)(sent - source->last_sent) / seconds : 0;
    // The first second says it all; later ones each a tenth.
    source->smooth_pps = source->smooth_pps <= 0 ? sent_pps : source->smooth_pps * 0.9 + sent_pps * 0.1;
    struct progress progress = {
        .phase = phase_name(shared),
        .elapsed_s = (double)(now_ns - source->start_ns) / 1e9,
        .share = share_of((double)sent, (double)sent + left.probes),
        .left_s = -1,
        .rate_pps = sent_pps,
        .probes = sent,
        .answers = answers,
        .open = open,
        .hit_rate = share_of((double)open, asked),
        .conversations_open = atomic_load_explicit(&shared->down->open_conversations, memory_order_relaxed),
        .conversations_waiting = control_count(shared, CONTROL_CONVERSATIONS_QUEUED),
        .records = control_count(shared, CONTROL_RECORDS),
        .drops = losses_sum(shared),
    };
    if (strcmp(progress.phase, "sweeping") == 0 && source->smooth_pps > 0 && left.probes > 0)
        progress.left_s = left.probes / source->smooth_pps + (double)left.gap_ns / 1e9;
    if (strcmp(progress.phase, "finishing") == 0)
        progress.wait_s = (double)control_count(shared, CONTROL_WAIT_MS) / 1e3;
    source->last_ns = now_ns;
    source->last_sent = sent;
    *ret_progress = progress;
}

const char *progress_format(const struct progress *progress, char line[static PROGRESS_LINE_MAX])
{
    char clock[FIGURE_MAX];
    char left[FIGURE_MAX];
    char rate[FIGURE_MAX];
    char numbers[5][FIGURE_MAX];
    const char *state = progress->phase;
    char remaining[64];
    if (progress->left_s >= 0) {
        snprintf(remaining, sizeof(remaining), "%s left", figure_clock(progress->left_s, left));
        state = remaining;
    } else if (progress->wait_s > 0) {
        snprintf(remaining, sizeof(remaining), "waits for conversations, at most %s",
                 figure_clock(progress->wait_s, left));
        state = remaining;
    }
    snprintf(line, PROGRESS_LINE_MAX,
             "%s  %3.0f %% (%s)  %s  answers %s (open %.3g %%)  conversations %s open %s waiting  records %s  drops %s",
             figure_clock(progress->elapsed_s, clock), progress->share * 100, state,
             figure_scaled(progress->rate_pps, "pps", rate), figure_count(progress->answers, numbers[0]),
             progress->hit_rate * 100, figure_count(progress->conversations_open, numbers[1]),
             figure_count(progress->conversations_waiting, numbers[2]), figure_count(progress->records, numbers[3]),
             figure_count(progress->drops, numbers[4]));
    return line;
}

const char *progress_format_json(const struct progress *progress, char line[static 2 * PROGRESS_LINE_MAX])
{
    char left[32] = "null";
    if (progress->left_s >= 0)
        snprintf(left, sizeof(left), "%.1f", progress->left_s);
    snprintf(line, 2 * PROGRESS_LINE_MAX,
             "{\"status\":{\"phase\":\"%s\",\"elapsed_s\":%.1f,\"share\":%.6f,\"left_s\":%s,\"wait_s\":%.1f,\"rate_"
             "pps\":%.1f,"
             "\"probes\":%" PRIu64 ",\"answers\":%" PRIu64 ",\"open\":%" PRIu64 ",\"hit_rate\":%.9f,"
             "\"conversations_open\":%" PRIu64 ",\"conversations_waiting\":%" PRIu64 ",\"records\":%" PRIu64
             ",\"drops\":%" PRIu64 "}}",
             progress->phase, progress->elapsed_s, progress->share, left, progress->wait_s, progress->rate_pps,
             progress->probes, progress->answers, progress->open, progress->hit_rate, progress->conversations_open,
             progress->conversations_waiting, progress->records, progress->drops);
    return line;
}
