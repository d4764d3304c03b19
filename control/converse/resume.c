// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/resume.h"

#include <errno.h>
#include <stdlib.h>

#include "control/converse/ending.h"
#include "control/record/record.h"
#include "dataplane/channel/channel.h"
#include "probes/packet/suspect.h"

struct resume {
    const struct resume_source *source;
    struct hash finished;        // host_key -> 0
    struct hash seen;            // position -> 0
    struct hash open;            // positions without a record that the last control was asking -> 0
    struct hash strikes;         // position -> how many
    struct journal_entry *fresh; // strikes given now
    size_t fresh_count;
    struct resume_past past;
};

static uint64_t host_key(uint32_t address, uint16_t port)
{
    return (uint64_t)address << 16 | port;
}

static int record_visit(void *context, const char *line, size_t length)
{
    struct resume *resume = context;
    uint32_t address;
    uint16_t port;
    // A line that is none of ours stays in the file and ends no target.
    if (!record_read_key(line, length, &address, &port))
        return 0;
    enum outcome outcome;
    resume->past.records++;
    if (record_read_outcome(line, length, &outcome))
        resume->past.outcomes[outcome]++;
    return hash_put(&resume->finished, host_key(address, port), 0);
}

static int done_visit(void *context, const struct journal_entry *entry)
{
    struct resume *resume = context;
    if (entry->kind != JOURNAL_DONE)
        return 0;
    resume->past.records++;
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        resume->past.outcomes[i] += ending_outcome_counters[i] == (enum control_counter)entry->counter;
    return hash_put(&resume->finished, host_key(entry->address, entry->port), 0);
}

static bool finished(const struct resume *resume, const struct journal_entry *entry)
{
    return hash_find(&resume->finished, host_key(entry->address, entry->port)) != HASH_NONE;
}

static uint32_t strikes_of(const struct resume *resume, uint64_t position)
{
    uint32_t strikes = hash_find(&resume->strikes, position);
    return strikes == HASH_NONE ? 0 : strikes;
}

// What the last control was at, and what earlier ones died over.
static int open_visit(void *context, const struct journal_entry *entry)
{
    struct resume *resume = context;
    if (entry->kind == JOURNAL_STARTED)
        hash_clear(&resume->open);
    if (entry->kind == JOURNAL_STRUCK)
        return hash_put(&resume->strikes, entry->position, strikes_of(resume, entry->position) + 1);
    bool begins = entry->kind == JOURNAL_BEGUN ||
                  (entry->kind == JOURNAL_TAKEN && entry->answer == VERDICT_OPEN && resume->source->opens);
    return begins && !finished(resume, entry) ? hash_put(&resume->open, entry->position, 0) : 0;
}

static bool handled(const struct resume *resume, uint64_t position)
{
    for (uint32_t i = 0; i < resume->source->lanes; i++)
        if (resume->source->queues[i].handled == position + 1)
            return true;
    return false;
}

// Gives the target its strike, if it is due one.
static int strike(struct resume *resume, const struct journal_entry *entry)
{
    if (!resume->source->died || hash_find(&resume->open, entry->position) == HASH_NONE)
        return 0;
    uint32_t before = strikes_of(resume, entry->position);
    struct journal_entry *room = &resume->fresh[resume->fresh_count++];
    *room = *entry;
    room->kind = JOURNAL_STRUCK;
    return hash_put(&resume->strikes, entry->position, before + 1);
}

static int taken_visit(void *context, const struct journal_entry *entry)
{
    struct resume *resume = context;
    if (entry->kind != JOURNAL_TAKEN || hash_find(&resume->seen, entry->position) != HASH_NONE)
        return 0;
    int error = hash_put(&resume->seen, entry->position, 0);
    if (error != 0 || finished(resume, entry))
        return error;
    error = strike(resume, entry);
    if (error != 0)
        return error;
    const struct resume_queues *queues = &resume->source->queues[channel_lane(entry->address, resume->source->lanes)];
    uint32_t strikes = strikes_of(resume, entry->position);
    struct target target = {.position = entry->position,
                            .address = entry->address,
                            .port = entry->port,
                            .suspect = entry->suspect,
                            .strikes = strikes < UINT8_MAX ? (uint8_t)strikes : UINT8_MAX,
                            .answer = entry->answer,
                            .icmp_type = entry->icmp_type,
                            .icmp_code = entry->icmp_code};
    if (target.answer != VERDICT_OPEN)
        return queue_put(queues->spared, &target);
    if (strikes == 0)
        return queue_put(queues->asked, &target);
    if (strikes < RESUME_STRIKES_MAX)
        return handled(resume, entry->position) ? queue_put_first(queues->struck, &target)
                                                : queue_put(queues->struck, &target);
    target.suspect |= SUSPECT_CRASHED_CONTROL;
    return queue_put(queues->spared, &target);
}

// A journal that takes nothing now is no reason not to go on: the lanes will find out, and wait.
static void start_journal(struct resume *resume)
{
    struct journal_entry start = {.kind = JOURNAL_STARTED};
    if (resume->fresh_count == 0 || journal_append(resume->source->journal, resume->fresh, resume->fresh_count) == 0)
        resume->past.struck = resume->fresh_count;
    (void)journal_append(resume->source->journal, &start, 1);
}

static int past_walk(struct resume *resume)
{
    const struct resume_source *source = resume->source;
    int error = source->sink->is_file ? sink_walk(source->sink, record_visit, resume)
                                      : journal_walk(source->journal, done_visit, resume);
    if (error == 0)
        error = journal_walk(source->journal, open_visit, resume);
    if (error != 0)
        return error;
    resume->fresh = malloc((resume->open.count + 1) * sizeof(*resume->fresh));
    return resume->fresh == NULL ? -ENOMEM : journal_walk(source->journal, taken_visit, resume);
}

int resume_read(const struct resume_source *source, struct hash *ret_seen, struct resume_past *ret_past)
{
    struct resume resume = {.source = source};
    int error = hash_init(&resume.finished, 1024);
    if (error == 0)
        error = hash_init(&resume.seen, 1024);
    if (error == 0)
        error = hash_init(&resume.open, 1024);
    if (error == 0)
        error = hash_init(&resume.strikes, 64);
    if (error == 0)
        error = past_walk(&resume);
    if (error == 0)
        start_journal(&resume);
    free(resume.fresh);
    hash_fini(&resume.finished);
    hash_fini(&resume.open);
    hash_fini(&resume.strikes);
    if (error != 0) {
        hash_fini(&resume.seen);
        return error;
    }
    *ret_seen = resume.seen;
    *ret_past = resume.past;
    return 0;
}
