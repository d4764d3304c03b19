// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/ending.h"

#include <string.h>
#include <time.h>

#include "config/image/attribution.h"
#include "dataplane/channel/channel.h"
#include "probes/packet/suspect.h"

// What the marks may add to an observation whose own bytes have come to their bound.
enum { SUSPECT_BYTES = 512 };

const enum control_counter ending_outcome_counters[OUTCOME_COUNT] = {
    [OUTCOME_TIMEOUT] = CONTROL_TIMEOUT,         [OUTCOME_COMPLETE] = CONTROL_COMPLETE,
    [OUTCOME_PARTIAL] = CONTROL_PARTIAL,         [OUTCOME_RESET] = CONTROL_RESET,
    [OUTCOME_REFUSED] = CONTROL_REFUSED,         [OUTCOME_NOT_RECOGNISED] = CONTROL_NOT_RECOGNISED,
    [OUTCOME_INTERRUPTED] = CONTROL_INTERRUPTED, [OUTCOME_CLOSED] = CONTROL_CLOSED,
    [OUTCOME_UNREACHABLE] = CONTROL_UNREACHABLE,
};

static void suspicion_learn(struct observation *observation, uint8_t suspect)
{
    static const struct {
        enum suspect mark;
        const char *name;
    } marks[] = {
#define X(enumerator, bit, name, help) {enumerator, name},
        SUSPECTS(X)
#undef X
    };
    arena_extend(&observation->arena, SUSPECT_BYTES);
    learn_list(observation, FIELD(root, suspect));
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if ((suspect & marks[i].mark) != 0)
            learn_name(observation, FIELD(root, suspect), marks[i].name, strlen(marks[i].name));
}

// What the record says besides what the conversations taught. The strings live as long as the image.
static void record_fill(const struct image *image, const struct ending *ending, struct timespec now)
{
    struct observation *observation = ending->observation;
    const char *name = image_name_of(image, ending->target->address);
    const struct attribution *owner = attribution_find(&image->attributions, ending->target->address);
    const struct {
        const struct field *field;
        const char *text;
    } texts[] = {
        {FIELD(root, scan), image_string(image, image->settings->scan)},
        {FIELD(root, transport), "tcp"},
        {FIELD(root, name), name != NULL ? name : ""},
        {FIELD(root, provider), image_string(image, owner->provider)},
        {FIELD(root, cloud_service), image_string(image, owner->cloud_service)},
        {FIELD(root, region), image_string(image, owner->region)},
        {FIELD(root, country), image_string(image, owner->country)},
        {FIELD(root, responsible), image_string(image, owner->responsible)},
        {FIELD(root, outcome), outcome_names[ending->outcome]},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].text[0] != '\0')
            learn_constant(observation, texts[i].field, texts[i].text);
    learn_number(observation, FIELD(root, schema), RECORD_SCHEMA);
    learn_number(observation, FIELD(root, time), (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    learn_address(observation, FIELD(root, ip), address_v4(ending->target->address));
    learn_number(observation, FIELD(root, port), ending->target->port);
    if (ending->rtt_us > 0)
        learn_number(observation, FIELD(root, rtt_ms), ending->rtt_us);
    suspicion_learn(observation, ending->target->suspect);
    // A service that was recognised after all is told by its name; within TLS it may not have been.
    if (field_known(observation->root, FIELD(root, service)) && strcmp(observation_service(observation), "tls") != 0) {
        observation->root->known.banner = false;
        observation->root->cut.banner = false;
    }
}

// The date of the plan's own list, behind classification, which lets feeds say whose an address is where the plan does
// not.
static void list_date_learn(const struct image *image, const struct ending *ending)
{
    const struct attribution *owner = attribution_find(&image->attributions, ending->target->address);
    if (owner->provider != 0 && owner->list_date != 0)
        learn_number(ending->observation, FIELD(root, list_date), owner->list_date);
}

// Writes the record into what room the batch has. Its length, 0 when there is too little.
static size_t record_try(struct batch *batch, const struct observation *observation)
{
    struct writer writer;
    size_t bytes = 0;
    char *room = batch_room(batch, &bytes);
    writer_init(&writer, room, bytes);
    return bytes > 0 && record_write(observation, &writer) == 0 ? writer.length : 0;
}

// The same, and in a fresh room when need be. 0: the record is lost, and counted.
static size_t record_put(const struct ending_means *means, const struct ending *ending)
{
    size_t length = 0;
    if (ending->observation->root != NULL) {
        length = record_try(means->batch, ending->observation);
        if (length == 0 && batch_renew(means->batch, ending->now_ns) != 0)
            return 0;
        if (length == 0)
            length = record_try(means->batch, ending->observation);
    }
    means->counters[CONTROL_RECORDS_LOST] += length == 0;
    return length;
}

// Takes one of the plan's max_results.
static bool result_take(const struct ending_means *means)
{
    uint64_t most = means->image->settings->max_results;
    return most == 0 || atomic_fetch_add_explicit(means->results, 1, memory_order_relaxed) < most;
}

void ending_record(const struct ending_means *means, const struct ending *ending)
{
    struct timespec now;
    if (ending->target->answer == VERDICT_OPEN && !result_take(means))
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    record_fill(means->image, ending, now);
    classify(means->classifier, ending->observation, now.tv_sec);
    list_date_learn(means->image, ending);
    size_t length = record_put(means, ending);
    if (length == 0)
        return;
    const struct journal_entry target = {.position = ending->target->position,
                                         .address = ending->target->address,
                                         .port = ending->target->port,
                                         .counter = (uint8_t)ending_outcome_counters[ending->outcome]};
    batch_add(means->batch, length, &target, ending->now_ns);
}
