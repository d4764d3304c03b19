// SPDX-License-Identifier: BSD-3-Clause
#include "control/classify/classify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/classify/condition.h"
#include "control/classify/malicious.h"
#include "control/classify/owner.h"
#include "control/classify/place.h"
#include "control/classify/product.h"
#include "control/classify/vulnerability.h"

// What a classification may add to an observation whose own bytes have come to their bound.
enum { CLASSIFY_BYTES = 16 << 10 };

enum { SERVICE_ANY = 0 };

// A finding, as it is passed over for nearly every record: one of its parts is not there, or it is another service's.
struct finding {
    uint64_t needs;
    uint32_t condition;
    uint32_t id;
    uint32_t unless;  // 0: it gives way to none
    uint32_t service; // number of the one that it is about, or SERVICE_ANY
};

struct classifier {
    const struct catalogue *catalogue;
    const char *strings;
    size_t string_bytes;
    struct product_rules *rules;
    struct conditions *conditions;
    struct vulnerabilities *vulnerabilities;
    const struct intel *intel;
    struct finding *findings; // those that give way to others behind all that do not
    size_t finding_count;
    struct text *services; // what findings are about, each once; their numbers are 1 higher
    size_t service_count;
    // Which findings to ask of a record of each service, in their order: their number, and those. Row 0 is of what no
    // finding is about.
    uint32_t *asked; // [service_count + 1][finding_count + 1]
};

static const char *string_at(const struct classifier *classifier, uint32_t offset)
{
    return offset < classifier->string_bytes ? classifier->strings + offset : "";
}

// The number of a service that a finding is about; 0: none is.
static uint32_t service_number(const struct classifier *classifier, const struct text *service)
{
    for (size_t i = 0; i < classifier->service_count; i++) {
        const struct text *other = &classifier->services[i];
        // Most differ in their length or their first letter, and no call is made for them.
        if (other->length == service->length && other->data[0] == service->data[0] &&
            memcmp(other->data, service->data, service->length) == 0)
            return (uint32_t)i + 1;
    }
    return 0;
}

static uint32_t service_take(struct classifier *classifier, uint32_t condition)
{
    const struct text *service = condition_service(classifier->conditions, condition);
    if (service == NULL)
        return SERVICE_ANY;
    uint32_t number = service_number(classifier, service);
    if (number != 0)
        return number;
    classifier->services[classifier->service_count++] = *service;
    return (uint32_t)classifier->service_count;
}

static int findings_take(struct classifier *classifier)
{
    const struct catalogue *catalogue = classifier->catalogue;
    classifier->findings = calloc(catalogue->finding_count + 1, sizeof(classifier->findings[0]));
    classifier->services = calloc(catalogue->finding_count + 1, sizeof(classifier->services[0]));
    if (classifier->findings == NULL || classifier->services == NULL)
        return -ENOMEM;
    for (int giving_way = 0; giving_way < 2; giving_way++)
        for (size_t i = 0; i < catalogue->finding_count; i++) {
            const struct catalogue_finding *from = &catalogue->findings[i];
            if ((from->unless != 0) == giving_way)
                classifier->findings[classifier->finding_count++] =
                    (struct finding){.needs = condition_needs(classifier->conditions, from->condition),
                                     .condition = from->condition,
                                     .id = from->id,
                                     .unless = from->unless,
                                     .service = service_take(classifier, from->condition)};
        }
    return 0;
}

static int asked_make(struct classifier *classifier)
{
    size_t row_words = classifier->finding_count + 1;
    classifier->asked = calloc((classifier->service_count + 1) * row_words, sizeof(classifier->asked[0]));
    for (size_t row = 0; classifier->asked != NULL && row <= classifier->service_count; row++) {
        uint32_t *asked = &classifier->asked[row * row_words];
        for (uint32_t i = 0; i < classifier->finding_count; i++)
            if (classifier->findings[i].service == SERVICE_ANY || classifier->findings[i].service == row)
                asked[++asked[0]] = i;
    }
    return classifier->asked == NULL ? -ENOMEM : 0;
}

struct classifier *classifier_new(const struct catalogue *catalogue, const char *strings, size_t string_bytes)
{
    struct classifier *classifier = calloc(1, sizeof(*classifier));
    if (classifier == NULL)
        return NULL;
    *classifier = (struct classifier){.catalogue = catalogue, .strings = strings, .string_bytes = string_bytes};
    classifier->rules = product_rules_new(catalogue, strings, string_bytes);
    classifier->conditions = classifier->rules == NULL ? NULL : conditions_new(catalogue, strings, string_bytes);
    if (classifier->conditions == NULL || findings_take(classifier) != 0 || asked_make(classifier) != 0 ||
        classifier_inform(classifier, NULL) != 0) {
        int error = errno;
        classifier_free(classifier);
        errno = error;
        return NULL;
    }
    return classifier;
}

void classifier_free(struct classifier *classifier)
{
    if (classifier == NULL)
        return;
    vulnerabilities_free(classifier->vulnerabilities);
    free(classifier->findings);
    free(classifier->services);
    free(classifier->asked);
    conditions_free(classifier->conditions);
    product_rules_free(classifier->rules);
    free(classifier);
}

int classifier_inform(struct classifier *classifier, const struct intel *intel)
{
    struct vulnerabilities *vulnerabilities = vulnerabilities_new(intel);
    if (vulnerabilities == NULL)
        return -ENOMEM;
    product_rules_forget(classifier->rules);
    vulnerabilities_free(classifier->vulnerabilities);
    classifier->vulnerabilities = vulnerabilities;
    classifier->intel = intel;
    return 0;
}

// True when one of the findings so far is the one named, or begins so before a final '*'.
static bool findings_have(const struct observation *observation, const char *name)
{
    const struct list *findings = &observation->root->findings;
    size_t length = strlen(name);
    bool prefix = length > 0 && name[length - 1] == '*';
    for (uint32_t i = 0; i < findings->count; i++)
        if (prefix ? strncmp(findings->names[i].data, name, length - 1) == 0 : text_is(&findings->names[i], name))
            return true;
    return false;
}

static uint64_t parts_there(const struct observation *observation)
{
    uint64_t there = 0;
    for (size_t i = 0; i < PART_COUNT; i++)
        there |= (uint64_t)(observation->parts[i] != NULL) << i;
    return there;
}

// A finding, when it is so of the record and no other that was reported stands for it.
static void finding_learn(const struct classifier *classifier, const struct finding *finding,
                          struct observation *observation, int64_t now_s)
{
    if (!condition_holds(classifier->conditions, finding->condition, observation, now_s))
        return;
    const char *id = string_at(classifier, finding->id);
    if (finding->unless == 0 || !findings_have(observation, string_at(classifier, finding->unless)))
        learn_name_in(observation, observation->root, FIELD(root, findings), id, strlen(id), false);
}

static void findings_learn(const struct classifier *classifier, struct observation *observation, int64_t now_s)
{
    uint64_t lacking = ~parts_there(observation);
    const struct root_observation *root = observation->root;
    // A service that is not known, or only its beginning, is for the conditions to judge: all are asked.
    if (!root->known.service || root->cut.service) {
        for (size_t i = 0; i < classifier->finding_count; i++)
            if ((classifier->findings[i].needs & lacking) == 0)
                finding_learn(classifier, &classifier->findings[i], observation, now_s);
        return;
    }
    const uint32_t *asked =
        &classifier->asked[service_number(classifier, &root->service) * (classifier->finding_count + 1)];
    for (uint32_t i = 1; i <= asked[0]; i++)
        if ((classifier->findings[asked[i]].needs & lacking) == 0)
            finding_learn(classifier, &classifier->findings[asked[i]], observation, now_s);
}

void classify(struct classifier *classifier, struct observation *observation, int64_t now_s)
{
    arena_extend(&observation->arena, CLASSIFY_BYTES);
    observation_forget(observation, PART_product);
    observation_forget_field(observation, FIELD(root, components));
    struct memo_hint *hint = product_learn(classifier->rules, observation);
    vulnerabilities_learn(classifier->vulnerabilities, observation, hint);
    malicious_learn(classifier->intel, observation);
    place_learn(classifier->intel, observation);
    owner_learn(classifier->intel, observation);
    learn_list(observation, FIELD(root, findings));
    if (observation->root == NULL)
        return;
    findings_learn(classifier, observation, now_s);
}
