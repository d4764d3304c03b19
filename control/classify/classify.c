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

// A finding, as it is passed over for nearly every record: one of its parts is not there.
struct finding {
    uint64_t needs;
    uint32_t condition;
    uint32_t id;
    uint32_t unless; // 0: it gives way to none
    uint32_t reserved;
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
};

static const char *string_at(const struct classifier *classifier, uint32_t offset)
{
    return offset < classifier->string_bytes ? classifier->strings + offset : "";
}

static int findings_take(struct classifier *classifier)
{
    const struct catalogue *catalogue = classifier->catalogue;
    classifier->findings = calloc(catalogue->finding_count + 1, sizeof(classifier->findings[0]));
    if (classifier->findings == NULL)
        return -ENOMEM;
    for (int giving_way = 0; giving_way < 2; giving_way++)
        for (size_t i = 0; i < catalogue->finding_count; i++) {
            const struct catalogue_finding *from = &catalogue->findings[i];
            if ((from->unless != 0) == giving_way)
                classifier->findings[classifier->finding_count++] =
                    (struct finding){.needs = condition_needs(classifier->conditions, from->condition),
                                     .condition = from->condition,
                                     .id = from->id,
                                     .unless = from->unless};
        }
    return 0;
}

struct classifier *classifier_new(const struct catalogue *catalogue, const char *strings, size_t string_bytes)
{
    struct classifier *classifier = calloc(1, sizeof(*classifier));
    if (classifier == NULL)
        return NULL;
    *classifier = (struct classifier){.catalogue = catalogue, .strings = strings, .string_bytes = string_bytes};
    classifier->rules = product_rules_new(catalogue, strings, string_bytes);
    classifier->conditions = classifier->rules == NULL ? NULL : conditions_new(catalogue, strings, string_bytes);
    if (classifier->conditions == NULL || findings_take(classifier) != 0 || classifier_inform(classifier, NULL) != 0) {
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

static void findings_learn(const struct classifier *classifier, struct observation *observation, int64_t now_s)
{
    uint64_t lacking = ~parts_there(observation);
    for (size_t i = 0; i < classifier->finding_count; i++) {
        const struct finding *finding = &classifier->findings[i];
        if ((finding->needs & lacking) != 0 ||
            !condition_holds(classifier->conditions, finding->condition, observation, now_s))
            continue;
        const char *id = string_at(classifier, finding->id);
        if (finding->unless == 0 || !findings_have(observation, string_at(classifier, finding->unless)))
            learn_name_in(observation, observation->root, FIELD(root, findings), id, strlen(id), false);
    }
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
