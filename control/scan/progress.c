// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/progress.h"

#include <inttypes.h>
#include <string.h>

#include "control/scan/figures.h"
#include "control/store/counters.h"

const enum dataplane_counter progress_losses[PROGRESS_LOSSES] = {
    COUNTER_DROP_VERDICTS_FULL, COUNTER_DROP_SEGMENTS_FULL, COUNTER_DROP_TX_FULL,
    COUNTER_DROP_NO_BUFFER,     COUNTER_CHANNEL_KILLED,
};

void progress_init(struct progress_source *source, const struct shared *shared, uint64_t swept, uint64_t probes,
                   uint64_t now_ns)
{
    *source = (struct progress_source){
        .shared = shared, .swept = swept, .probes = probes, .start_ns = now_ns, .last_ns = now_ns};
    // A resumed scan begins with what was sent before.
    source->last_sent = progress_sum(shared, COUNTER_PROBES_SENT);
    source->last_done = source->last_sent + progress_sum(shared, COUNTER_POSITIONS_SKIPPED);
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
    switch (atomic_load_explicit(&shared->commands->state, memory_order_relaxed)) {
    case DATAPLANE_STARTING:
        return "starting";
    case DATAPLANE_SWEEPING:
        return "sweeping";
    case DATAPLANE_COOLING:
        return "cooling";
    default:
        return "finishing";
    }
}

static double share_of(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : part >= whole ? 1 : (double)part / (double)whole;
}

void progress_take(struct progress_source *source, uint64_t now_ns, struct progress *ret_progress)
{
    const struct shared *shared = source->shared;
    uint64_t sent = progress_sum(shared, COUNTER_PROBES_SENT);
    uint64_t done = sent + progress_sum(shared, COUNTER_POSITIONS_SKIPPED);
    double seconds = (double)(now_ns - source->last_ns) / 1e9;
    double done_pps = seconds > 0 ? (double)(done - source->last_done) / seconds : 0;
    // The first second says it all; later ones each a tenth.
    source->smooth_pps = source->smooth_pps <= 0 ? done_pps : source->smooth_pps * 0.9 + done_pps * 0.1;
    struct progress progress = {
        .phase = phase_name(shared),
        .elapsed_s = (double)(now_ns - source->start_ns) / 1e9,
        .share = share_of(done, source->probes),
        .left_s = -1,
        .rate_pps = seconds > 0 ? (double)(sent - source->last_sent) / seconds : 0,
        .probes = sent,
        .open = progress_sum(shared, COUNTER_ANSWERS_OPEN),
        .conversations_open = atomic_load_explicit(&shared->down->open_conversations, memory_order_relaxed),
        .conversations_waiting = control_count(shared, CONTROL_CONVERSATIONS_QUEUED),
        .records = control_count(shared, CONTROL_RECORDS),
        .drops = losses_sum(shared),
    };
    progress.answers = progress.open + progress_sum(shared, COUNTER_ANSWERS_CLOSED) +
                       progress_sum(shared, COUNTER_ANSWERS_UNREACHABLE);
    progress.hit_rate = share_of(progress.open, done < source->swept ? done : source->swept);
    if (strcmp(progress.phase, "sweeping") == 0 && source->smooth_pps > 0 && done < source->probes)
        progress.left_s = (double)(source->probes - done) / source->smooth_pps;
    if (strcmp(progress.phase, "finishing") == 0)
        progress.wait_s = (double)control_count(shared, CONTROL_WAIT_MS) / 1e3;
    source->last_ns = now_ns;
    source->last_done = done;
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
