// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/image/attribution.h"
#include "control/store/counters.h"

#define RECORDER_RETRY_LEAST_NS UINT64_C(100000000)
#define RECORDER_RETRY_MOST_NS  UINT64_C(1600000000)

const enum control_counter recorder_outcome_counters[OUTCOME_COUNT] = {
    [OUTCOME_TIMEOUT] = CONTROL_TIMEOUT, [OUTCOME_COMPLETE] = CONTROL_COMPLETE,
    [OUTCOME_PARTIAL] = CONTROL_PARTIAL, [OUTCOME_RESET] = CONTROL_RESET,
    [OUTCOME_REFUSED] = CONTROL_REFUSED, [OUTCOME_NOT_RECOGNISED] = CONTROL_NOT_RECOGNISED,
};

// A fresh batch at the young end. False when there is no memory for it, or too much is held already.
static bool batch_begin(struct recorder *recorder)
{
    struct recorder_batch *batch = recorder->batches < RECORDER_BATCHES_MAX ? malloc(sizeof(*batch)) : NULL;
    if (batch == NULL)
        return false;
    batch->next = NULL;
    batch->count = 0;
    json_init(&batch->json, batch->bytes, sizeof(batch->bytes));
    if (recorder->last != NULL)
        recorder->last->next = batch;
    else
        recorder->first = batch;
    recorder->last = batch;
    recorder->batches++;
    return true;
}

// Releases the oldest batch; the last one stays and is emptied.
static void batch_end(struct recorder *recorder)
{
    struct recorder_batch *batch = recorder->first;
    recorder->count -= batch->count;
    if (batch->next == NULL) {
        batch->count = 0;
        json_init(&batch->json, batch->bytes, sizeof(batch->bytes));
        return;
    }
    recorder->first = batch->next;
    recorder->batches--;
    free(batch);
}

struct recorder *recorder_new(const struct image *image, struct sink *sink, struct journal *journal, uint64_t *counters)
{
    struct recorder *recorder = calloc(1, sizeof(*recorder));
    struct classifier *classifier = classifier_new(&image->catalogue, image->strings, image->string_bytes);
    if (recorder == NULL || classifier == NULL || !batch_begin(recorder)) {
        int error = classifier == NULL ? errno : ENOMEM;
        classifier_free(classifier);
        free(recorder);
        errno = error;
        return NULL;
    }
    recorder->image = image;
    recorder->sink = sink;
    recorder->journal = journal;
    recorder->classifier = classifier;
    recorder->counters = counters;
    return recorder;
}

void recorder_free(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    while (recorder->first->next != NULL)
        batch_end(recorder);
    free(recorder->first);
    classifier_free(recorder->classifier);
    free(recorder);
}

static void record_fill(const struct recorder *recorder, const struct ending *ending,
                        const struct classification *classification, struct record *ret_record)
{
    const struct image *image = recorder->image;
    const struct observation *observation = ending->observation;
    const struct attribution *owner = attribution_find(&image->attributions, ending->target->address);
    *ret_record = (struct record){
        .schema = RECORD_SCHEMA,
        .port = ending->target->port,
        .suspect = ending->target->suspect,
        .address = ending->target->address,
        .outcome = ending->outcome,
        .rtt_us = ending->rtt_us,
        .scan = image_string(image, image->settings->scan),
        .provider = image_string(image, owner->provider),
        .cloud_service = image_string(image, owner->cloud_service),
        .region = image_string(image, owner->region),
        .service = observation->service,
        .tunnel_tls = observation->tunnel_tls,
        .product = classification->product_known ? &classification->product : NULL,
        .ssh = observation->ssh,
        .tls = observation->tls,
        .http = observation->http,
        .finding_count = classification->finding_count,
    };
    memcpy(ret_record->findings, classification->findings, classification->finding_count * sizeof(const char *));
    if (observation->service[0] == '\0') {
        ret_record->banner = observation->banner;
        ret_record->banner_length = observation->banner_length;
    }
}

static bool batch_full(const struct recorder_batch *batch)
{
    return batch->count == RECORDER_BATCH_COUNT || batch->json.capacity - batch->json.length < RECORD_BYTES_MAX;
}

void recorder_add(struct recorder *recorder, const struct ending *ending)
{
    struct classification classification;
    struct record record;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    classify(recorder->classifier, ending->observation, now.tv_sec, &classification);
    record_fill(recorder, ending, &classification, &record);
    record.time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    bool room = !batch_full(recorder->last) || recorder_flush(recorder, ending->now_ns) == 0 || batch_begin(recorder);
    struct recorder_batch *batch = recorder->last;
    if (!room || record_write(&record, &batch->json) != 0) {
        // The journal remembers the target, so a control or scan that goes on from it asks it again.
        recorder->counters[CONTROL_RECORDS_LOST]++;
        return;
    }
    if (recorder->count++ == 0)
        recorder->oldest_ns = ending->now_ns;
    batch->done[batch->count++] = (struct journal_entry){.kind = JOURNAL_DONE,
                                                         .position = ending->target->position,
                                                         .address = ending->target->address,
                                                         .port = ending->target->port};
    recorder->counters[recorder_outcome_counters[ending->outcome]]++;
}

static void flush_fail(struct recorder *recorder, uint64_t now_ns)
{
    uint64_t wait_ns = recorder->wait_ns == 0 ? RECORDER_RETRY_LEAST_NS : recorder->wait_ns * 2;
    recorder->counters[CONTROL_RECORD_WRITE_ERRORS]++;
    recorder->broken = !recorder->sink->is_file;
    recorder->wait_ns = wait_ns < RECORDER_RETRY_MOST_NS ? wait_ns : RECORDER_RETRY_MOST_NS;
    recorder->retry_ns = now_ns + recorder->wait_ns;
}

int recorder_flush(struct recorder *recorder, uint64_t now_ns)
{
    while (recorder->count > 0) {
        struct recorder_batch *batch = recorder->first;
        if (recorder->broken || now_ns < recorder->retry_ns)
            return -EIO;
        int error = sink_append(recorder->sink, batch->json.data, batch->json.length);
        if (error != 0) {
            flush_fail(recorder, now_ns);
            return error;
        }
        if (!recorder->sink->is_file && journal_append(recorder->journal, batch->done, batch->count) != 0)
            recorder->counters[CONTROL_JOURNAL_ERRORS]++;
        recorder->counters[CONTROL_RECORDS] += batch->count;
        recorder->counters[CONTROL_RECORD_BYTES] += batch->json.length;
        batch_end(recorder);
    }
    recorder->wait_ns = 0;
    return 0;
}

void recorder_give_up(struct recorder *recorder)
{
    recorder->counters[CONTROL_RECORDS_LOST] += recorder->count;
}
