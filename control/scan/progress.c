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

static void conversations_follow(struct progress_source *source, uint64_t records, double seconds)
{
    double ended =
        seconds > 0 && records >= source->last_records ? (double)(records - source->last_records) / seconds : 0;
    source->smooth_conversations =
        source->smooth_conversations <= 0 ? ended : source->smooth_conversations * 0.9 + ended * 0.1;
    source->last_records = records;
}

// Conversations that are still to be held: those that answered, and those that will if things go on as they have. Only
// where some wait for room does it take longer than the probes.
static double conversations_left_s(const struct progress_source *source, double asked, const struct progress *progress)
{
    double coming = ((double)source->sweep.positions - asked) * progress->hit_rate;
    double known = (double)progress->conversations_open + (double)progress->conversations_waiting;
    if (source->limits.later_s > 0 && strcmp(progress->phase, "finishing") != 0)
        return (coming + (double)progress->open) * source->limits.later_s;
    if (progress->conversations_waiting == 0 || source->smooth_conversations <= 0)
        return 0;
    return (coming + known) / source->smooth_conversations;
}

// Sets left_s, and cut.
static void left_estimate(const struct progress_source *source, const struct remaining *left, double asked,
                          uint64_t now_ns, struct progress *progress)
{
    const struct progress_limits *limits = &source->limits;
    double conversations_s = conversations_left_s(source, asked, progress);
    double left_s = -1;
    if (strcmp(progress->phase, "sweeping") == 0 && source->smooth_pps > 0 && left->probes > 0)
        left_s = left->probes / source->smooth_pps + (double)(left->gap_ns + limits->cooldown_ns) / 1e9;
    else if (strcmp(progress->phase, "cooling") == 0 && source->cooling_ns + limits->cooldown_ns > now_ns)
        left_s = (double)(source->cooling_ns + limits->cooldown_ns - now_ns) / 1e9;
    if (limits->later_s > 0 && left_s >= 0)
        left_s += conversations_s;
    else if (conversations_s > left_s && (left_s >= 0 || conversations_s > 0))
        left_s = conversations_s;
    // What waits in the end has a time of its own that it cannot pass.
    if (progress->wait_s > 0 && left_s > progress->wait_s)
        left_s = progress->wait_s;
    double rest_s = (double)limits->max_runtime_ns / 1e9 - progress->elapsed_s;
    progress->cut = limits->max_runtime_ns > 0 && left_s > rest_s;
    progress->left_s = progress->cut ? (rest_s > 0 ? rest_s : 0) : left_s;
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
    conversations_follow(source, progress.records, seconds);
    if (source->cooling_ns == 0 && strcmp(progress.phase, "cooling") == 0)
        source->cooling_ns = now_ns;
    if (strcmp(progress.phase, "finishing") == 0)
        progress.wait_s = (double)control_count(shared, CONTROL_WAIT_MS) / 1e3;
    left_estimate(source, &left, asked, now_ns, &progress);
    source->last_ns = now_ns;
    source->last_sent = sent;
    *ret_progress = progress;
}

// A stretch of the line: how it is written, and what goes first when there is no room (the higher, the sooner).
struct piece {
    unsigned int rank;
    bool shown;
    char text[96];
};
enum { PIECE_ELAPSED, PIECE_STATE, PIECE_RATE, PIECE_ANSWERS, PIECE_CONVERSATIONS, PIECE_RECORDS, PIECE_DROPS, PIECES };

static void state_write(const struct progress *progress, struct piece *piece)
{
    char left[FIGURE_MAX];
    size_t length =
        (size_t)snprintf(piece->text, sizeof(piece->text), "%3.0f %% %s", progress->share * 100, progress->phase);
    char *rest = piece->text + length;
    size_t capacity = sizeof(piece->text) - length;
    // An estimate of what waits in the end is worth less than the time that it cannot pass.
    if (progress->wait_s > 0)
        snprintf(rest, capacity, ", at most %s", figure_clock(progress->wait_s, left));
    else if (progress->left_s >= 0)
        snprintf(rest, capacity, ", %s left%s", figure_clock(progress->left_s, left), progress->cut ? " (cut)" : "");
}

static void pieces_write(const struct progress *progress, struct piece pieces[static PIECES])
{
    char a[FIGURE_MAX];
    char b[FIGURE_MAX];
    static const unsigned int ranks[PIECES] = {
        [PIECE_ELAPSED] = 3, [PIECE_STATE] = 0,         [PIECE_RATE] = 4,  [PIECE_ANSWERS] = 5,
        [PIECE_RECORDS] = 2, [PIECE_CONVERSATIONS] = 6, [PIECE_DROPS] = 7,
    };
    for (size_t i = 0; i < PIECES; i++)
        pieces[i] = (struct piece){.rank = ranks[i]};
    state_write(progress, &pieces[PIECE_STATE]);
    snprintf(pieces[PIECE_ELAPSED].text, sizeof(pieces->text), "%s", figure_clock(progress->elapsed_s, a));
    snprintf(pieces[PIECE_RATE].text, sizeof(pieces->text), "%s", figure_scaled(progress->rate_pps, "pps", a));
    snprintf(pieces[PIECE_ANSWERS].text, sizeof(pieces->text), "answers %s (open %.3g %%)",
             figure_count(progress->answers, a), progress->hit_rate * 100);
    snprintf(pieces[PIECE_CONVERSATIONS].text, sizeof(pieces->text), "conversations %s open %s waiting",
             figure_count(progress->conversations_open, a), figure_count(progress->conversations_waiting, b));
    snprintf(pieces[PIECE_RECORDS].text, sizeof(pieces->text), "records %s", figure_count(progress->records, a));
    snprintf(pieces[PIECE_DROPS].text, sizeof(pieces->text), "drops %s", figure_count(progress->drops, a));
    // Nothing lost is no news; something lost is the first to know.
    if (progress->drops > 0)
        pieces[PIECE_DROPS].rank = 1;
}

// Takes pieces by their rank while they fit.
static void pieces_choose(struct piece pieces[static PIECES], size_t columns)
{
    size_t used = 0;
    for (unsigned int rank = 0; rank < PIECES + 1; rank++) {
        for (size_t i = 0; i < PIECES; i++) {
            size_t length = strlen(pieces[i].text) + (used > 0 ? 2 : 0);
            if (pieces[i].rank != rank || (used > 0 && used + length > columns))
                continue;
            pieces[i].shown = true;
            used += length;
        }
    }
}

const char *progress_format(const struct progress *progress, unsigned int columns, char line[static PROGRESS_LINE_MAX])
{
    struct piece pieces[PIECES];
    size_t length = 0;
    pieces_write(progress, pieces);
    pieces_choose(pieces, columns > 0 ? columns : PROGRESS_LINE_MAX - 1);
    line[0] = '\0';
    for (size_t i = 0; i < PIECES; i++)
        if (pieces[i].shown)
            length += (size_t)snprintf(line + length, PROGRESS_LINE_MAX - length, "%s%s", length > 0 ? "  " : "",
                                       pieces[i].text);
    return line;
}

const char *progress_format_json(const struct progress *progress, char line[static 2 * PROGRESS_LINE_MAX])
{
    char left[32] = "null";
    if (progress->left_s >= 0)
        snprintf(left, sizeof(left), "%.1f", progress->left_s);
    snprintf(line, 2 * PROGRESS_LINE_MAX,
             "{\"status\":{\"phase\":\"%s\",\"elapsed_s\":%.1f,\"share\":%.6f,\"left_s\":%s,\"left_cut\":%s,\"wait_s\":"
             "%.1f,\"rate_"
             "pps\":%.1f,"
             "\"probes\":%" PRIu64 ",\"answers\":%" PRIu64 ",\"open\":%" PRIu64 ",\"hit_rate\":%.9f,"
             "\"conversations_open\":%" PRIu64 ",\"conversations_waiting\":%" PRIu64 ",\"records\":%" PRIu64
             ",\"drops\":%" PRIu64 "}}",
             progress->phase, progress->elapsed_s, progress->share, left, progress->cut ? "true" : "false",
             progress->wait_s, progress->rate_pps, progress->probes, progress->answers, progress->open,
             progress->hit_rate, progress->conversations_open, progress->conversations_waiting, progress->records,
             progress->drops);
    return line;
}
