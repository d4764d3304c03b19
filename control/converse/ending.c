// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/ending.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "config/image/attribution.h"

_Static_assert((int)RECORD_BYTES_MAX <= (int)BATCH_BYTES, "a fresh block has room for any record");

const enum control_counter ending_outcome_counters[OUTCOME_COUNT] = {
    [OUTCOME_TIMEOUT] = CONTROL_TIMEOUT, [OUTCOME_COMPLETE] = CONTROL_COMPLETE,
    [OUTCOME_PARTIAL] = CONTROL_PARTIAL, [OUTCOME_RESET] = CONTROL_RESET,
    [OUTCOME_REFUSED] = CONTROL_REFUSED, [OUTCOME_NOT_RECOGNISED] = CONTROL_NOT_RECOGNISED,
};

static void record_fill(const struct image *image, const struct ending *ending,
                        const struct classification *classification, struct record *ret_record)
{
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

// Writes the record where there is room for it. What is lost is counted.
static int record_put(const struct ending_means *means, const struct record *record, uint64_t now_ns,
                      size_t *ret_length)
{
    struct json json;
    size_t bytes = 0;
    char *room = batch_room(means->batch, &bytes);
    json_init(&json, room, bytes);
    int error = bytes == 0 ? -ENOSPC : record_write(record, &json);
    if (error != 0) {
        error = batch_renew(means->batch, now_ns);
        if (error != 0)
            return error;
        room = batch_room(means->batch, &bytes);
        json_init(&json, room, bytes);
        error = record_write(record, &json);
        means->counters[CONTROL_RECORDS_LOST] += error != 0;
    }
    *ret_length = json.length;
    return error;
}

void ending_record(const struct ending_means *means, const struct ending *ending)
{
    struct classification classification;
    struct record record;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    classify(means->classifier, ending->observation, now.tv_sec, &classification);
    record_fill(means->image, ending, &classification, &record);
    record.time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    size_t length = 0;
    if (record_put(means, &record, ending->now_ns, &length) != 0)
        return;
    const struct journal_entry target = {
        .position = ending->target->position, .address = ending->target->address, .port = ending->target->port};
    batch_add(means->batch, length, &target, ending->now_ns);
    means->counters[ending_outcome_counters[ending->outcome]]++;
}
