// SPDX-License-Identifier: BSD-3-Clause
#include "control/classify/place.h"

void place_learn(const struct intel *intel, struct observation *observation)
{
    const struct root_observation *root = observation->root;
    observation_forget(observation, PART_place);
    if (!intel_has(intel, INTEL_PLACES) || root == NULL || !root->known.ip || root->ip.family != 4)
        return;
    uint32_t value = intel_map_find(&intel->place_map, address_number(&root->ip));
    if (value == 0)
        return;
    const struct intel_place *place = &intel->places[value];
    const char *country = intel_string(intel, place->country);
    const char *name = intel_string(intel, place->as_name);
    if (country[0] != '\0')
        learn_constant(observation, FIELD(place, country), country);
    if (place->as_number != 0)
        learn_number(observation, FIELD(place, as_number), place->as_number);
    if (place->as_number != 0 && name[0] != '\0')
        learn_constant(observation, FIELD(place, as_name), name);
}
