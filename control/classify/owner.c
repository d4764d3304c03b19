// SPDX-License-Identifier: BSD-3-Clause
#include "control/classify/owner.h"

struct said {
    const struct field *field;
    const char *text; // "" = the lists do not say
};

static const char *const responsible_words[] = {[INTEL_RESPONSIBLE_UNKNOWN] = "",
                                                [INTEL_RESPONSIBLE_CUSTOMER] = "customer",
                                                [INTEL_RESPONSIBLE_PROVIDER] = "provider"};

static bool agrees(const struct root_observation *root, const struct said *said)
{
    return field_known(root, said->field) ? text_is(field_value_const(root, said->field), said->text)
                                          : said->text[0] == '\0';
}

void owner_learn(const struct intel *intel, struct observation *observation)
{
    const struct root_observation *root = observation->root;
    if (!intel_has(intel, INTEL_CLOUDS) || root == NULL || !root->known.ip || root->ip.family != 4)
        return;
    uint32_t value = intel_map_find(&intel->owner_map, address_number(&root->ip));
    if (value == 0)
        return;
    const struct intel_owner *owner = &intel->owners[value];
    const struct said said[] = {
        {FIELD(root, provider), intel_string(intel, owner->provider)},
        {FIELD(root, cloud_service), intel_string(intel, owner->service)},
        {FIELD(root, region), intel_string(intel, owner->region)},
        {FIELD(root, country), intel_string(intel, owner->country)},
        {FIELD(root, responsible), responsible_words[owner->responsible]},
    };
    size_t count = sizeof(said) / sizeof(said[0]);
    if (root->known.provider && !root->known.list_date)
        for (size_t i = 0; i < count; i++)
            if (!agrees(root, &said[i]))
                return;
    // What a later list than ours has said stays.
    if (root->known.provider && root->known.list_date && owner->published != 0 && owner->published < root->list_date)
        return;
    for (size_t i = 0; i < count; i++) {
        observation_forget_field(observation, said[i].field);
        if (said[i].text[0] != '\0')
            learn_constant(observation, said[i].field, said[i].text);
    }
    observation_forget_field(observation, FIELD(root, list_date));
    if (owner->published != 0)
        learn_number(observation, FIELD(root, list_date), owner->published);
}
