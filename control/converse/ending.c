// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/ending.h"

#include <string.h>
#include <time.h>

#include "config/image/attribution.h"

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

void ending_record(const struct ending_means *means, const struct ending *ending)
{
    struct classification classification;
    struct record record;
    struct json json;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    classify(means->classifier, ending->observation, now.tv_sec, &classification);
    record_fill(means->image, ending, &classification, &record);
    record.time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    char *room = batch_room(means->batch, RECORD_BYTES_MAX, ending->now_ns);
    if (room == NULL)
        return;
    json_init(&json, room, RECORD_BYTES_MAX);
    if (record_write(&record, &json) != 0) {
        means->counters[CONTROL_RECORDS_LOST]++;
        return;
    }
    const struct journal_entry target = {
        .position = ending->target->position, .address = ending->target->address, .port = ending->target->port};
    batch_add(means->batch, json.length, &target, ending->now_ns);
    means->counters[ending_outcome_counters[ending->outcome]]++;
}
