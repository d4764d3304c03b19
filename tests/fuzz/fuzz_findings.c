// SPDX-License-Identifier: BSD-3-Clause
// libFuzzer: any bytes as findings.json. What loads also classifies, and nothing is claimed out of ignorance: of a host
// of which nothing is known only `known` holds, and what holds for a host holds when more of it is known.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/catalogue_load.h"
#include "control/classify/classify.h"
#include "control/classify/condition.h"
#include "tests/fuzz/entry.h"

#define NOW_S INT64_C(1700000000)

// Learns every step-th field of a part, with a value that tests can meet.
static void part_learn(struct observation *observation, void *base, const struct part *part, size_t step)
{
    for (size_t i = 0; i < part->field_count; i += step) {
        const struct field *field = &part->fields[i];
        switch ((enum field_kind)field->kind) {
        case FIELD_TEXT:
            learn_text_in(observation, base, field, "ssh", 3);
            break;
        case FIELD_LIST:
            learn_name_in(observation, base, field, "password", 8, true);
            learn_name_in(observation, base, field, "", 0, true);
            break;
        case FIELD_FLAG:
            learn_flag_in(observation, base, field, i % 4 == 0);
            break;
        case FIELD_NUMBER:
        case FIELD_MILLI:
            learn_number_in(observation, base, field, 22000);
            break;
        case FIELD_TIME:
        case FIELD_INSTANT:
            learn_number_in(observation, base, field, NOW_S - 1000);
            break;
        case FIELD_ADDRESS:
            if (field->part < PART_COUNT)
                learn_address(observation, field, address_v4(UINT32_C(0x0a000001)));
            break;
        case FIELD_ROWS: {
            void *row = learn_row_in(observation, base, field);
            if (row != NULL)
                part_learn(observation, row, field->nested, 1);
            break;
        }
        case FIELD_KIND_COUNT:
            break;
        }
    }
}

static void observation_learn(struct observation *observation, size_t step)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        void *base = observation_part(observation, (enum part_id)i);
        if (base == NULL)
            abort();
        part_learn(observation, base, parts[i], step);
    }
}

static bool asks_what_is_known(const struct catalogue *catalogue, const struct catalogue_finding *finding)
{
    for (uint32_t i = 0; i < finding->condition_count; i++)
        if (catalogue->conditions[finding->condition + i].op == CONDITION_KNOWN)
            return true;
    return false;
}

// observations: nothing, half of it and all of it known.
static void conditions_check(const struct catalogue *catalogue, const struct string_table *strings,
                             const struct observation observations[static 3])
{
    struct conditions *conditions = conditions_new(catalogue, strings->bytes, strings->length);
    if (conditions == NULL)
        abort();
    for (size_t i = 0; i < catalogue->finding_count; i++) {
        const struct catalogue_finding *finding = &catalogue->findings[i];
        bool holds[3];
        for (size_t j = 0; j < 3; j++)
            holds[j] = condition_holds(conditions, finding->condition, &observations[j], NOW_S);
        if (!asks_what_is_known(catalogue, finding) && (holds[0] || (holds[1] && !holds[2])))
            abort();
    }
    conditions_free(conditions);
}

static bool id_is_there(const struct catalogue *catalogue, const char *strings, const struct text *id)
{
    for (size_t i = 0; i < catalogue->finding_count; i++)
        if (text_is(id, strings + catalogue->findings[i].id))
            return true;
    return false;
}

static void classification_check(const struct catalogue *catalogue, const struct string_table *strings,
                                 struct observation observations[static 3])
{
    struct classifier *classifier = classifier_new(catalogue, strings->bytes, strings->length);
    if (classifier == NULL)
        abort();
    for (size_t i = 0; i < 3; i++) {
        classify(classifier, &observations[i], NOW_S);
        const struct list *findings = &observations[i].root->findings;
        for (uint32_t j = 0; j < findings->count; j++)
            if (!id_is_there(catalogue, strings->bytes, &findings->names[j]))
                abort();
    }
    classifier_free(classifier);
}

static void storage_check(const struct catalogue_storage *storage, const struct string_table *strings)
{
    const struct catalogue catalogue = {
        .services = storage->services,
        .service_count = storage->service_count,
        .findings = storage->findings,
        .finding_count = storage->finding_count,
        .conditions = storage->conditions,
        .condition_count = storage->condition_count,
    };
    struct observation observations[3];
    for (size_t i = 0; i < 3; i++)
        observation_init(&observations[i]);
    observation_learn(&observations[1], 2);
    observation_learn(&observations[2], 1);
    conditions_check(&catalogue, strings, observations);
    classification_check(&catalogue, strings, observations);
    for (size_t i = 0; i < 3; i++)
        observation_fini(&observations[i]);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    struct string_table strings;
    struct catalogue_storage storage = {0};
    struct complaint complaint = {""};
    char name[] = "ssh";
    uint16_t port = 22;
    // Not from JSON: that would take nearly all of the time.
    const struct service_row service = {
        .name = name, .title = name, .session = name, .sensitive = true, .ports = &port, .port_count = 1};
    struct input input = {.text = malloc(size + 1), .length = size};
    if (input.text == NULL || string_table_init(&strings) != 0 ||
        catalogue_add_service(&storage, &service, &strings) != 0)
        abort();
    memcpy(input.text, data, size);
    input.text[size] = '\0';
    if (catalogue_read(&storage, CATALOGUE_FINDINGS, "f", &input, &strings, &complaint) == 0)
        storage_check(&storage, &strings);
    else if (complaint.text[0] == '\0' || strchr(complaint.text, '\n') != NULL)
        abort();
    catalogue_storage_fini(&storage);
    string_table_fini(&strings);
    input_fini(&input);
}
