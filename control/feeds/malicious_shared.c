// SPDX-License-Identifier: BSD-3-Clause
// Malicious addresses as platforms of sharing export them: STIX 2.1 and MISP.
#include <stdlib.h>
#include <string.h>

#include "control/feeds/feed_formats.h"
#include "control/feeds/listing.h"

// The first byte that is no white space.
static char first_of(const char *head, size_t length)
{
    size_t at = 0;
    while (at < length && strchr(" \t\r\n", head[at]) != NULL)
        at++;
    return at < length ? head[at] : '\0';
}

// ---- STIX 2.1: objects, of which indicators have a pattern; in a bundle, in an array, or one behind another
// ------------------------------------------------

// Every 'value' that stands behind "ipv4-addr:value =" in a pattern: [ipv4-addr:value = '10.0.0.0/8' OR ...].
static int pattern_take(struct listing_parsing *parsing, struct listing *listing, const char *pattern)
{
    static const char term[] = "ipv4-addr:value";
    int error = 0;
    for (const char *at = pattern; error == 0 && (at = strstr(at, term)) != NULL;) {
        char value[LISTING_NAME_BYTES];
        at += sizeof(term) - 1;
        at += strspn(at, " ");
        if (*at != '=')
            continue;
        at += 1 + strspn(at + 1, " ");
        size_t length = *at == '\'' ? strcspn(at + 1, "'") : 0;
        if (length == 0 || length >= sizeof(value))
            return feed_complain(parsing->input, "a pattern that is not understood: \"%.100s\"", pattern);
        memcpy(value, at + 1, length);
        value[length] = '\0';
        at += length + 1;
        listing->value = value;
        error = listing_store(parsing, listing);
    }
    return error;
}

static int stix_take(void *context, const json_t *element, size_t number)
{
    const char *type = listing_text_of(element, "type");
    const char *pattern = listing_text_of(element, "pattern");
    const char *language = listing_text_of(element, "pattern_type");
    const json_t *confidence = json_object_get(element, "confidence");
    (void)number;
    if (type == NULL || strcmp(type, "indicator") != 0 || pattern == NULL ||
        json_is_true(json_object_get(element, "revoked")) || (language != NULL && strcmp(language, "stix") != 0))
        return 0;
    struct listing listing = {
        .category = json_string_value(json_array_get(json_object_get(element, "indicator_types"), 0)),
        .from = feed_time(listing_text_of(element, "valid_from")),
        .until = feed_time(listing_text_of(element, "valid_until")),
        .confidence = json_is_integer(confidence) ? (int)json_integer_value(confidence) : -1,
    };
    return pattern_take(context, &listing, pattern);
}

static int bundle_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    return listing_json_parse(input, database, ret_complaint, NULL,
                              (struct json_stream_use){.array = "objects", .element = stix_take});
}

// Whether what stands at `at` is "objects" and an array, as a bundle has it and what a TAXII 2.1 server answers.
static bool is_objects(const char *at, const char *end)
{
    static const char name[] = "\"objects\"";
    if ((size_t)(end - at) < sizeof(name) || memcmp(at, name, sizeof(name) - 1) != 0)
        return false;
    for (at += sizeof(name) - 1; at < end && strchr(" \t\r\n:", *at) != NULL;)
        at++;
    return at < end && *at == '[';
}

// Whether it is a member of the first object. What follows that one, and what lies deeper, is another's.
static bool has_objects(const char *head, size_t length)
{
    const char *end = head + length;
    size_t depth = 0;
    bool quoted = false;
    for (const char *at = head; at < end; at++) {
        if (quoted) {
            quoted = *at != '"';
            at += *at == '\\';
        } else if (*at == '"') {
            if (depth == 1 && is_objects(at, end))
                return true;
            quoted = true;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if (*at == '}' || *at == ']') {
            if (depth <= 1)
                return false;
            depth--;
        }
    }
    return false;
}

// Version 2.1 stands in every object, 2.0 in the bundle alone.
static bool is_stix(const char *head, size_t length)
{
    return listing_head_holds(head, length, "\"spec_version\"") || listing_head_holds(head, length, "\"bundle\"") ||
           listing_head_holds(head, length, "\"indicator--");
}

static bool bundle_recognise(const char *head, size_t length)
{
    return first_of(head, length) == '{' && has_objects(head, length) && is_stix(head, length);
}

const struct feed_format feed_format_stix = {
    .name = "STIX 2.1", .kind = INTEL_MALICIOUS, .recognise = bundle_recognise, .parse = bundle_parse};

// An object, or a bundle among others, which is held whole.
static int stix_each_take(void *context, const json_t *element, size_t number)
{
    const json_t *objects = json_object_get(element, "objects");
    const char *type = listing_text_of(element, "type");
    struct listing_parsing *parsing = context;
    size_t i;
    json_t *object;
    int error = 0;
    if (!json_is_object(element))
        return feed_complain(parsing->input, "element %zu: expected a STIX object", number);
    if (type == NULL || strcmp(type, "bundle") != 0)
        return stix_take(context, element, number);
    json_array_foreach(objects, i, object)
    {
        if (error == 0)
            error = stix_take(context, object, i);
    }
    return error;
}

static int objects_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    return listing_json_parse(input, database, ret_complaint, NULL,
                              (struct json_stream_use){.sequence = true, .element = stix_each_take});
}

static bool objects_recognise(const char *head, size_t length)
{
    char first = first_of(head, length);
    return (first == '{' || first == '[') && is_stix(head, length) && listing_head_holds(head, length, "\"type\"");
}

const struct feed_format feed_format_stix_objects = {
    .name = "STIX 2.1 objects", .kind = INTEL_MALICIOUS, .recognise = objects_recognise, .parse = objects_parse};

// ---- MISP: {"Event": {"Attribute": [...], "Object": [{"Attribute": [...]}, ...]}}; what its search exports stands in
// "response": such events, or attributes alone
// --------------------------------------

static int attribute_take(struct listing_parsing *parsing, const json_t *attribute)
{
    static const char *const types[] = {"ip-src", "ip-dst", "ip-src|port", "ip-dst|port"};
    const char *type = listing_text_of(attribute, "type");
    const char *value = listing_text_of(attribute, "value");
    const char *seen = listing_text_of(attribute, "timestamp");
    const char *first = listing_text_of(attribute, "first_seen");
    char address[LISTING_NAME_BYTES];
    bool ours = false;
    for (size_t i = 0; type != NULL && i < sizeof(types) / sizeof(types[0]); i++)
        ours = ours || strcmp(type, types[i]) == 0;
    if (!ours || value == NULL || !json_is_true(json_object_get(attribute, "to_ids")))
        return 0;
    size_t length = strcspn(value, "|");
    if (length >= sizeof(address))
        return feed_complain(parsing->input, "\"%.60s\" is no address", value);
    memcpy(address, value, length);
    address[length] = '\0';
    const struct listing listing = {.value = address,
                                    .category = listing_text_of(attribute, "category"),
                                    .from = first != NULL  ? feed_time(first)
                                            : seen != NULL ? atoll(seen)
                                                           : 0,
                                    .until = feed_time(listing_text_of(attribute, "last_seen")),
                                    .confidence = -1};
    return listing_store(parsing, &listing);
}

static int attributes_take(struct listing_parsing *parsing, const json_t *holder)
{
    size_t i;
    json_t *attribute;
    int error = 0;
    json_array_foreach(json_object_get(holder, "Attribute"), i, attribute)
    {
        if (error == 0)
            error = attribute_take(parsing, attribute);
    }
    return error;
}

static int event_take(void *context, const char *name, const json_t *event)
{
    size_t i;
    json_t *object;
    if (strcmp(name, "Event") != 0)
        return 0;
    int error = attributes_take(context, event);
    json_array_foreach(json_object_get(event, "Object"), i, object)
    {
        if (error == 0)
            error = attributes_take(context, object);
    }
    return error;
}

// Of an array: {"Event": ...}, or an attribute, which may name its event.
static int misp_each_take(void *context, const json_t *element, size_t number)
{
    struct listing_parsing *parsing = context;
    const json_t *event = json_object_get(element, "Event");
    if (json_object_get(element, "value") != NULL)
        return attribute_take(parsing, element);
    if (event == NULL)
        return feed_complain(parsing->input, "element %zu: expected an event or an attribute", number);
    return event_take(context, "Event", event);
}

static int misp_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    return listing_json_parse(
        input, database, ret_complaint, NULL,
        (struct json_stream_use){
            .within = "response", .array = "Attribute", .element = misp_each_take, .container = event_take});
}

static bool misp_recognise(const char *head, size_t length)
{
    char first = first_of(head, length);
    bool attributes = listing_head_holds(head, length, "\"Attribute\"");
    bool event = listing_head_holds(head, length, "\"Event\"") &&
                 (attributes || listing_head_holds(head, length, "\"threat_level_id\""));
    bool response = listing_head_holds(head, length, "\"response\"") && attributes &&
                    listing_head_holds(head, length, "\"to_ids\"");
    return (first == '{' || first == '[') && (event || response);
}

const struct feed_format feed_format_misp = {
    .name = "MISP", .kind = INTEL_MALICIOUS, .recognise = misp_recognise, .parse = misp_parse};
