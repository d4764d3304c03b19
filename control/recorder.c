// SPDX-License-Identifier: BSD-3-Clause
#include "control/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/attribution.h"
#include "control/counters.h"

#define RECORDER_RETRY_NS UINT64_C(200000000)

const enum control_counter recorder_outcome_counters[OUTCOME_COUNT] = {
    [OUTCOME_TIMEOUT] = CONTROL_TIMEOUT, [OUTCOME_COMPLETE] = CONTROL_COMPLETE,
    [OUTCOME_PARTIAL] = CONTROL_PARTIAL, [OUTCOME_RESET] = CONTROL_RESET,
    [OUTCOME_REFUSED] = CONTROL_REFUSED, [OUTCOME_NOT_RECOGNISED] = CONTROL_NOT_RECOGNISED,
};

struct recorder *recorder_new(const struct image *image, struct sink *sink, struct journal *journal, uint64_t *counters)
{
    struct recorder *recorder = calloc(1, sizeof(*recorder));
    char *batch = malloc(RECORDER_BATCH_BYTES);
    struct classifier *classifier = classifier_new(&image->catalogue, image->strings, image->string_bytes);
    if (recorder == NULL || batch == NULL || classifier == NULL) {
        int error = classifier == NULL ? errno : ENOMEM;
        classifier_free(classifier);
        free(batch);
        free(recorder);
        errno = error;
        return NULL;
    }
    recorder->image = image;
    recorder->sink = sink;
    recorder->journal = journal;
    recorder->classifier = classifier;
    recorder->counters = counters;
    json_init(&recorder->json, batch, RECORDER_BATCH_BYTES);
    return recorder;
}

void recorder_free(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    classifier_free(recorder->classifier);
    free(recorder->json.data);
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

void recorder_add(struct recorder *recorder, const struct ending *ending)
{
    struct classification classification;
    struct record record;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    classify(recorder->classifier, ending->observation, now.tv_sec, &classification);
    record_fill(recorder, ending, &classification, &record);
    record.time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    bool full =
        recorder->count == RECORDER_BATCH_COUNT || recorder->json.capacity - recorder->json.length < RECORD_BYTES_MAX;
    if ((full && recorder_flush(recorder, ending->now_ns) != 0) || record_write(&record, &recorder->json) != 0) {
        // No room and no way to make some. The journal remembers the target, so a resumed scan asks it again.
        recorder->counters[CONTROL_RECORD_WRITE_ERRORS]++;
        return;
    }
    if (recorder->count == 0)
        recorder->oldest_ns = ending->now_ns;
    recorder->done[recorder->count++] = (struct journal_entry){.kind = JOURNAL_DONE,
                                                               .position = ending->target->position,
                                                               .address = ending->target->address,
                                                               .port = ending->target->port};
    recorder->counters[recorder_outcome_counters[ending->outcome]]++;
}

int recorder_flush(struct recorder *recorder, uint64_t now_ns)
{
    if (recorder->count == 0)
        return 0;
    if (recorder->broken || now_ns < recorder->retry_ns)
        return -EIO;
    int error = sink_append(recorder->sink, recorder->json.data, recorder->json.length);
    if (error != 0) {
        recorder->counters[CONTROL_RECORD_WRITE_ERRORS]++;
        recorder->broken = !recorder->sink->is_file;
        recorder->retry_ns = now_ns + RECORDER_RETRY_NS;
        return error;
    }
    if (!recorder->sink->is_file && journal_append(recorder->journal, recorder->done, recorder->count) != 0)
        recorder->counters[CONTROL_JOURNAL_ERRORS]++;
    recorder->counters[CONTROL_RECORDS] += recorder->count;
    recorder->counters[CONTROL_RECORD_BYTES] += recorder->json.length;
    recorder->json.length = 0;
    recorder->json.full = false;
    recorder->count = 0;
    return 0;
}
