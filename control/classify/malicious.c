// SPDX-License-Identifier: BSD-3-Clause
#include "control/classify/malicious.h"

#include <string.h>

// What the part may add to an observation whose own bytes have come to their bound.
enum { MALICIOUS_BYTES = 16 << 10 };

static void listing_learn(const struct intel *intel, const struct intel_listing *listing,
                          struct observation *observation)
{
    void *row = learn_row(observation, FIELD(reputation, listings));
    if (row == NULL)
        return;
    const char *feed = intel_string(intel, listing->feed);
    const char *category = intel_string(intel, listing->category);
    learn_text_in(observation, row, FIELD(listing, feed), feed, strlen(feed));
    if (category[0] != '\0')
        learn_text_in(observation, row, FIELD(listing, category), category, strlen(category));
    if (listing->from != 0)
        learn_number_in(observation, row, FIELD(listing, from), listing->from);
    if (listing->until != 0)
        learn_number_in(observation, row, FIELD(listing, until), listing->until);
    if (listing->confidence != UINT32_MAX)
        learn_number_in(observation, row, FIELD(listing, confidence), listing->confidence);
}

// A listing without an end lasts.
static bool known_before_end(const struct intel *intel, const struct intel_listing_set *set, int64_t published)
{
    for (uint32_t i = 0; i < set->count; i++) {
        int64_t until = intel->listings[set->first + i].until;
        if (until == 0 || published <= until)
            return true;
    }
    return false;
}

static void vulnerabilities_count(const struct intel *intel, const struct intel_listing_set *set,
                                  struct observation *observation)
{
    const struct vulnerabilities_observation *part = observation->vulnerabilities;
    int64_t count = 0;
    if (part == NULL || !part->known.cves || part->cut.cves)
        return;
    for (uint32_t i = 0; i < part->cves.count; i++) {
        const struct cve_observation *row = &((const struct cve_observation *)part->cves.items)[i];
        if (text_is(&row->status, "affected") && row->known.published && known_before_end(intel, set, row->published))
            count++;
    }
    learn_number(observation, FIELD(reputation, vulnerabilities_then), count);
}

// An address that passive DNS does not know was not looked at, or had no name: nobody can tell.
static void names_learn(const struct intel *intel, uint32_t address, struct observation *observation)
{
    const struct intel_names *names = intel_find_names(intel, address);
    if (names == NULL)
        return;
    learn_number(observation, FIELD(reputation, names), names->names);
    learn_number(observation, FIELD(reputation, names_in_a_year), names->names_in_a_year);
    learn_number(observation, FIELD(reputation, names_year), names->year_from);
    learn_flag(observation, FIELD(reputation, many_names), names->names_in_a_year > MALICIOUS_MANY_NAMES);
}

static void listings_learn(const struct intel *intel, uint32_t address, struct observation *observation)
{
    arena_extend(&observation->arena, MALICIOUS_BYTES);
    uint32_t value = intel_map_find(&intel->listing_map, address);
    const struct intel_listing_set *set = &intel->listing_sets[value];
    learn_flag(observation, FIELD(reputation, listed), set->count > 0);
    for (uint32_t i = 0; i < set->count; i++)
        listing_learn(intel, &intel->listings[set->first + i], observation);
    if (set->count > 0)
        vulnerabilities_count(intel, set, observation);
}

void malicious_learn(const struct intel *intel, struct observation *observation)
{
    const struct root_observation *root = observation->root;
    observation_forget(observation, PART_reputation);
    if (intel == NULL || root == NULL || !root->known.ip || root->ip.family != 4)
        return;
    uint32_t address = address_number(&root->ip);
    if (intel_has(intel, INTEL_MALICIOUS))
        listings_learn(intel, address, observation);
    if (intel_has(intel, INTEL_PASSIVE_DNS))
        names_learn(intel, address, observation);
}
