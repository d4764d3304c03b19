// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/resume.h"

#include <errno.h>

#include "control/converse/ending.h"
#include "control/record/record.h"
#include "dataplane/channel/channel.h"

struct resume {
    struct hash finished; // host_key -> 0
    struct hash seen;     // position -> 0
    struct queue *const *queues;
    uint32_t lanes;
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

static int taken_visit(void *context, const struct journal_entry *entry)
{
    struct resume *resume = context;
    if (entry->kind != JOURNAL_TAKEN || hash_find(&resume->seen, entry->position) != HASH_NONE)
        return 0;
    int error = hash_put(&resume->seen, entry->position, 0);
    if (error != 0 || hash_find(&resume->finished, host_key(entry->address, entry->port)) != HASH_NONE)
        return error;
    const struct target target = {
        .position = entry->position, .address = entry->address, .port = entry->port, .suspect = entry->suspect};
    return queue_put(resume->queues[channel_lane(entry->address, resume->lanes)], &target);
}

int resume_read(const struct journal *journal, const struct sink *sink, struct queue *const *queues, uint32_t lanes,
                struct hash *ret_seen, struct resume_past *ret_past)
{
    struct resume resume = {.queues = queues, .lanes = lanes};
    int error = hash_init(&resume.finished, 1024);
    if (error == 0)
        error = hash_init(&resume.seen, 1024);
    if (error == 0)
        error = sink->is_file ? sink_walk(sink, record_visit, &resume) : journal_walk(journal, done_visit, &resume);
    if (error == 0)
        error = journal_walk(journal, taken_visit, &resume);
    hash_fini(&resume.finished);
    if (error != 0) {
        hash_fini(&resume.seen);
        return error;
    }
    *ret_seen = resume.seen;
    *ret_past = resume.past;
    return 0;
}
