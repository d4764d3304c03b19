// SPDX-License-Identifier: BSD-3-Clause
// Malicious addresses as ThreatExchange and Feodo Tracker tell them: one JSON array of rows.
#include <string.h>

#include "control/feeds/feed_formats.h"
#include "control/feeds/listing.h"

// ---- ThreatExchange: {"data": [descriptor, ...], "paging": ...}
// -------------------------------------------------------

static int threatexchange_take(void *context, const json_t *element, size_t number)
{
    const char *status = listing_text_of(element, "status");
    const char *type = listing_text_of(element, "type");
    const char *value = listing_text_of(json_object_get(element, "indicator"), "indicator");
    const char *first = listing_text_of(element, "first_active");
    const char *last = listing_text_of(element, "last_active");
    const char *expired = listing_text_of(element, "expired_on");
    const json_t *confidence = json_object_get(element, "confidence");
    (void)number;
    value = value != NULL ? value : listing_text_of(element, "raw_indicator");
    if (status == NULL || strcmp(status, "MALICIOUS") != 0 || type == NULL || value == NULL ||
        (strcmp(type, "IP_ADDRESS") != 0 && strcmp(type, "IP_SUBNET") != 0))
        return 0;
    const struct listing listing = {
        .value = value,
        .category = listing_text_of(element, "severity"),
        .from = feed_time(first != NULL ? first : listing_text_of(element, "added_on")),
        .until = feed_time(last != NULL      ? last
                           : expired != NULL ? expired
                                             : listing_text_of(element, "last_updated")),
        .confidence = json_is_integer(confidence) ? (int)json_integer_value(confidence) : -1,
    };
    return listing_store(context, &listing);
}

static int threatexchange_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    return listing_json_parse(input, database, ret_complaint, "threatexchange",
                              (struct json_stream_use){.array = "data", .element = threatexchange_take});
}

static bool threatexchange_recognise(const char *head, size_t length)
{
    return listing_head_holds(head, length, "\"data\"") && listing_head_holds(head, length, "\"privacy_type\"") &&
           listing_head_holds(head, length, "\"indicator\"");
}

const struct feed_format feed_format_threatexchange = {.name = "ThreatExchange",
                                                       .kind = INTEL_MALICIOUS,
                                                       .recognise = threatexchange_recognise,
                                                       .parse = threatexchange_parse};

// ---- Feodo Tracker
// ----------------------------------------------------------------------------------------------------

static int feodo_take(void *context, const json_t *element, size_t number)
{
    struct listing_parsing *parsing = context;
    const struct listing listing = {.value = listing_text_of(element, "ip_address"),
                                    .category = listing_text_of(element, "malware"),
                                    .from = feed_time(listing_text_of(element, "first_seen")),
                                    .until = feed_time(listing_text_of(element, "last_online")),
                                    .confidence = -1};
    if (listing.value == NULL)
        return feed_complain(parsing->input, "element %zu: no \"ip_address\"", number);
    return listing_store(parsing, &listing);
}

static int feodo_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    return listing_json_parse(input, database, ret_complaint, "feodo", (struct json_stream_use){.element = feodo_take});
}

static bool feodo_recognise(const char *head, size_t length)
{
    return length > 0 && head[0] == '[' && listing_head_holds(head, length, "\"ip_address\"") &&
           listing_head_holds(head, length, "\"malware\"");
}

const struct feed_format feed_format_feodo = {
    .name = "Feodo JSON", .kind = INTEL_MALICIOUS, .recognise = feodo_recognise, .parse = feodo_parse};
