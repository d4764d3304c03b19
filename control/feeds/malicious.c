// SPDX-License-Identifier: BSD-3-Clause
// Addresses that are known to be malicious: ThreatExchange, Feodo Tracker (CSV and JSON), Spamhaus DROP (text and JSON
// lines), FireHOL's sets, STIX 2.1, MISP, and plain lists. Each row is a range of IPv4 addresses with the time in which
// the feed says that it was active; IPv6 is passed over.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/prefix.h"
#include "control/feeds/feed_formats.h"
#include "control/feeds/json_stream.h"
#include "control/feeds/malicious_build.h"

enum {
    LINE_BYTES = 4096,
    NAME_BYTES = 64,
    WIDEST = 8, // a shorter prefix is a mistake, not a listing
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS listing(feed TEXT, first INTEGER, last INTEGER, category TEXT, active_from INTEGER, "
    "active_until INTEGER, confidence INTEGER, value TEXT, PRIMARY KEY(feed, first, last, category)) WITHOUT ROWID;";

struct parsing {
    struct feed_input *input;
    sqlite3 *database;
    sqlite3_stmt *insert;
    struct complaint *complaint;
    char feed[NAME_BYTES];
};

struct listing {
    const char *value; // address, CIDR or range
    const char *category;
    int64_t from;
    int64_t until;
    int confidence; // -1: not said
};

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

// The name of a plain list is that of its file, up to the first dot.
static void feed_name(struct parsing *parsing, const char *name)
{
    const char *slash = strrchr(parsing->input->name, '/');
    const char *file = slash == NULL ? parsing->input->name : slash + 1;
    const char *from = name != NULL ? name : file;
    size_t length = name != NULL ? strlen(name) : strcspn(file, ".");
    length = length < NAME_BYTES - 1 ? length : NAME_BYTES - 1;
    memcpy(parsing->feed, from, length);
    parsing->feed[length] = '\0';
}

static int listing_store(struct parsing *parsing, const struct listing *listing)
{
    struct interval interval;
    int error = prefix_parse(listing->value, &interval);
    if (error == -EAFNOSUPPORT)
        return 0;
    if (error != 0 && error != -ERANGE)
        return feed_complain(parsing->input, "\"%.60s\" is no address or network", listing->value);
    if (interval.last - interval.first >= UINT32_MAX >> WIDEST)
        return feed_complain(parsing->input, "\"%.60s\" is wider than a /%d: that is no listing", listing->value,
                             WIDEST);
    sqlite3_stmt *insert = parsing->insert;
    (void)sqlite3_bind_text(insert, 1, parsing->feed, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(insert, 2, interval.first);
    (void)sqlite3_bind_int64(insert, 3, interval.last);
    (void)sqlite3_bind_text(insert, 4, listing->category == NULL ? "" : listing->category, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(insert, 5, listing->from);
    (void)sqlite3_bind_int64(insert, 6, listing->until);
    (void)(listing->confidence < 0 ? sqlite3_bind_null(insert, 7) : sqlite3_bind_int(insert, 7, listing->confidence));
    (void)sqlite3_bind_text(insert, 8, listing->value, -1, SQLITE_TRANSIENT);
    return feed_step(parsing->database, insert, parsing->complaint);
}

// A feed's file takes the place of what the feed said before.
static int parsing_begin(struct parsing *parsing, const char *name)
{
    sqlite3_stmt *forget = NULL;
    feed_name(parsing, name);
    int error = feed_prepare(parsing->database, "DELETE FROM listing WHERE feed = ?", &forget, parsing->complaint);
    if (error == 0) {
        (void)sqlite3_bind_text(forget, 1, parsing->feed, -1, SQLITE_STATIC);
        error = feed_step(parsing->database, forget, parsing->complaint);
    }
    (void)sqlite3_finalize(forget);
    return error == 0 ? feed_prepare(parsing->database, "INSERT OR REPLACE INTO listing VALUES(?,?,?,?,?,?,?,?)",
                                     &parsing->insert, parsing->complaint)
                      : error;
}

static int json_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint, const char *name,
                      struct json_stream_use use)
{
    struct parsing parsing = {.input = input, .database = database, .complaint = ret_complaint};
    int error = parsing_begin(&parsing, name);
    use.context = &parsing;
    if (error == 0)
        error = json_stream_read(input, &use);
    (void)sqlite3_finalize(parsing.insert);
    return error;
}

static bool holds(const char *head, size_t length, const char *text)
{
    return memmem(head, length, text, strlen(text)) != NULL;
}

// ---- ThreatExchange: {"data": [descriptor, ...], "paging": ...}
// -------------------------------------------------------

static int threatexchange_take(void *context, const json_t *element, size_t number)
{
    const char *status = text_of(element, "status");
    const char *type = text_of(element, "type");
    const char *value = text_of(json_object_get(element, "indicator"), "indicator");
    const char *first = text_of(element, "first_active");
    const char *last = text_of(element, "last_active");
    const char *expired = text_of(element, "expired_on");
    const json_t *confidence = json_object_get(element, "confidence");
    (void)number;
    value = value != NULL ? value : text_of(element, "raw_indicator");
    if (status == NULL || strcmp(status, "MALICIOUS") != 0 || type == NULL || value == NULL ||
        (strcmp(type, "IP_ADDRESS") != 0 && strcmp(type, "IP_SUBNET") != 0))
        return 0;
    const struct listing listing = {
        .value = value,
        .category = text_of(element, "severity"),
        .from = feed_time(first != NULL ? first : text_of(element, "added_on")),
        .until = feed_time(last != NULL      ? last
                           : expired != NULL ? expired
                                             : text_of(element, "last_updated")),
        .confidence = json_is_integer(confidence) ? (int)json_integer_value(confidence) : -1,
    };
    return listing_store(context, &listing);
}

static int threatexchange_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    return json_parse(input, database, ret_complaint, "threatexchange",
                      (struct json_stream_use){.array = "data", .element = threatexchange_take});
}

static bool threatexchange_recognise(const char *head, size_t length)
{
    return holds(head, length, "\"data\"") && holds(head, length, "\"privacy_type\"") &&
           holds(head, length, "\"indicator\"");
}

const struct feed_format feed_format_threatexchange = {.name = "ThreatExchange",
                                                       .kind = INTEL_MALICIOUS,
                                                       .recognise = threatexchange_recognise,
                                                       .parse = threatexchange_parse};

// ---- Feodo Tracker
// ----------------------------------------------------------------------------------------------------

static int feodo_take(void *context, const json_t *element, size_t number)
{
    struct parsing *parsing = context;
    const struct listing listing = {.value = text_of(element, "ip_address"),
                                    .category = text_of(element, "malware"),
                                    .from = feed_time(text_of(element, "first_seen")),
                                    .until = feed_time(text_of(element, "last_online")),
                                    .confidence = -1};
    if (listing.value == NULL)
        return feed_complain(parsing->input, "element %zu: no \"ip_address\"", number);
    return listing_store(parsing, &listing);
}

static int feodo_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    return json_parse(input, database, ret_complaint, "feodo", (struct json_stream_use){.element = feodo_take});
}

static bool feodo_recognise(const char *head, size_t length)
{
    return length > 0 && head[0] == '[' && holds(head, length, "\"ip_address\"") && holds(head, length, "\"malware\"");
}

const struct feed_format feed_format_feodo = {
    .name = "Feodo JSON", .kind = INTEL_MALICIOUS, .recognise = feodo_recognise, .parse = feodo_parse};

// ---- STIX 2.1: a bundle of objects, of which indicators have a pattern
// ------------------------------------------------

// Every 'value' that stands behind "ipv4-addr:value =" in a pattern: [ipv4-addr:value = '10.0.0.0/8' OR ...].
static int pattern_take(struct parsing *parsing, struct listing *listing, const char *pattern)
{
    static const char term[] = "ipv4-addr:value";
    int error = 0;
    for (const char *at = pattern; error == 0 && (at = strstr(at, term)) != NULL;) {
        char value[NAME_BYTES];
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
    const char *type = text_of(element, "type");
    const char *pattern = text_of(element, "pattern");
    const char *language = text_of(element, "pattern_type");
    const json_t *confidence = json_object_get(element, "confidence");
    (void)number;
    if (type == NULL || strcmp(type, "indicator") != 0 || pattern == NULL ||
        json_is_true(json_object_get(element, "revoked")) || (language != NULL && strcmp(language, "stix") != 0))
        return 0;
    struct listing listing = {
        .category = json_string_value(json_array_get(json_object_get(element, "indicator_types"), 0)),
        .from = feed_time(text_of(element, "valid_from")),
        .until = feed_time(text_of(element, "valid_until")),
        .confidence = json_is_integer(confidence) ? (int)json_integer_value(confidence) : -1,
    };
    return pattern_take(context, &listing, pattern);
}

static int stix_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    return json_parse(input, database, ret_complaint, NULL,
                      (struct json_stream_use){.array = "objects", .element = stix_take});
}

static bool stix_recognise(const char *head, size_t length)
{
    return holds(head, length, "\"bundle\"") && holds(head, length, "\"objects\"");
}

const struct feed_format feed_format_stix = {
    .name = "STIX 2.1", .kind = INTEL_MALICIOUS, .recognise = stix_recognise, .parse = stix_parse};

// ---- MISP: {"Event": {"Attribute": [...], "Object": [{"Attribute": [...]}, ...]}}
// --------------------------------------

static int attribute_take(struct parsing *parsing, const json_t *attribute)
{
    static const char *const types[] = {"ip-src", "ip-dst", "ip-src|port", "ip-dst|port"};
    const char *type = text_of(attribute, "type");
    const char *value = text_of(attribute, "value");
    const char *seen = text_of(attribute, "timestamp");
    const char *first = text_of(attribute, "first_seen");
    char address[NAME_BYTES];
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
                                    .category = text_of(attribute, "category"),
                                    .from = first != NULL  ? feed_time(first)
                                            : seen != NULL ? atoll(seen)
                                                           : 0,
                                    .until = feed_time(text_of(attribute, "last_seen")),
                                    .confidence = -1};
    return listing_store(parsing, &listing);
}

static int event_take(void *context, const char *name, const json_t *event)
{
    size_t i;
    size_t j;
    json_t *object;
    json_t *attribute;
    int error = 0;
    if (strcmp(name, "Event") != 0)
        return 0;
    json_array_foreach(json_object_get(event, "Attribute"), i, attribute)
    {
        if (error == 0)
            error = attribute_take(context, attribute);
    }
    json_array_foreach(json_object_get(event, "Object"), i, object)
    {
        json_array_foreach(json_object_get(object, "Attribute"), j, attribute)
        {
            if (error == 0)
                error = attribute_take(context, attribute);
        }
    }
    return error;
}

static int misp_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    return json_parse(input, database, ret_complaint, NULL, (struct json_stream_use){.container = event_take});
}

static bool misp_recognise(const char *head, size_t length)
{
    return length > 0 && head[0] == '{' && holds(head, length, "\"Event\"") &&
           (holds(head, length, "\"Attribute\"") || holds(head, length, "\"threat_level_id\""));
}

const struct feed_format feed_format_misp = {
    .name = "MISP", .kind = INTEL_MALICIOUS, .recognise = misp_recognise, .parse = misp_parse};

// ---- Lines
// ------------------------------------------------------------------------------------------------------------

// What stands between quotes or up to a separator; *at goes behind it.
static char *field_take(char **at)
{
    char *field = *at + strspn(*at, " \t\"");
    char *end = field + strcspn(field, "\",;\t ");
    *at = end;
    if (*end != '\0') {
        *end = '\0';
        *at = end + 1;
        *at += strspn(*at, "\"");
        *at += **at == ',' || **at == ';' ? 1 : 0;
    }
    return field;
}

// "first_seen_utc","dst_ip","dst_port","c2_status","last_online","malware"
static int feodo_line(struct parsing *parsing, char *line)
{
    char *fields[6];
    char *at = line;
    size_t count = 0;
    // Dates hold a space, so quotes end these.
    for (; count < 6 && *at != '\0'; count++) {
        at += strspn(at, ", ");
        bool quoted = *at == '"';
        at += quoted;
        fields[count] = at;
        at += strcspn(at, quoted ? "\"" : ",");
        if (*at != '\0')
            *at++ = '\0';
    }
    if (count < 6)
        return feed_complain(parsing->input, "expected six fields, from first_seen_utc to malware");
    const struct listing listing = {.value = fields[1],
                                    .category = fields[5],
                                    .from = feed_time(fields[0]),
                                    .until = feed_time(fields[4]),
                                    .confidence = -1};
    return listing_store(parsing, &listing);
}

// {"cidr": "1.2.3.0/24", "sblid": "SBL1", "rir": "arin"}; the last line is about the file.
static int drop_line(struct parsing *parsing, const char *line)
{
    json_error_t error;
    json_t *value = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (value == NULL)
        return feed_complain(parsing->input, "%s", error.text);
    const struct listing listing = {
        .value = text_of(value, "cidr"), .category = text_of(value, "sblid"), .confidence = -1};
    int result = listing.value == NULL ? 0 : listing_store(parsing, &listing);
    json_decref(value);
    return result;
}

// An address or network, and what may stand behind it: "; SBL123", a date, two.
static int plain_line(struct parsing *parsing, char *line)
{
    char *at = line;
    struct listing listing = {.value = field_take(&at), .confidence = -1};
    for (size_t i = 0; i < 4 && *at != '\0'; i++) {
        const char *field = field_take(&at);
        int64_t time = strlen(field) >= 10 ? feed_time(field) : 0;
        if (time != 0 && listing.from == 0)
            listing.from = time;
        else if (time != 0)
            listing.until = time;
        else if (field[0] != '\0' && listing.category == NULL && field[0] != '#')
            listing.category = field;
    }
    return listing_store(parsing, &listing);
}

static int lines_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint, const char *name)
{
    struct parsing parsing = {.input = input, .database = database, .complaint = ret_complaint};
    char line[LINE_BYTES];
    ssize_t length = 0;
    int error = parsing_begin(&parsing, name);
    while (error == 0 && (length = feed_input_line(input, line, sizeof(line))) >= 0) {
        char *text = line + strspn(line, " \t");
        if (*text == '\0' || *text == '#' || *text == ';' || (*text == '/' && text[1] == '/'))
            continue;
        error = *text == '{'                                         ? drop_line(&parsing, text)
                : name != NULL && strstr(text, "first_seen") == NULL ? feodo_line(&parsing, text)
                : name != NULL                                       ? 0
                                                                     : plain_line(&parsing, text);
    }
    (void)sqlite3_finalize(parsing.insert);
    return error != 0 ? error : length == -ENODATA ? 0 : (int)length;
}

static int feodo_csv_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    return lines_parse(input, database, ret_complaint, "feodo");
}

static bool feodo_csv_recognise(const char *head, size_t length)
{
    return holds(head, length, "first_seen_utc") && holds(head, length, "dst_ip");
}

const struct feed_format feed_format_feodo_csv = {
    .name = "Feodo CSV", .kind = INTEL_MALICIOUS, .recognise = feodo_csv_recognise, .parse = feodo_csv_parse};

static int plain_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    return lines_parse(input, database, ret_complaint, NULL);
}

// The first line that is no comment begins with an address or network, of either family.
static bool plain_recognise(const char *head, size_t length)
{
    const char *at = head;
    const char *end = head + length;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        char line[NAME_BYTES] = "";
        size_t bytes = (size_t)((newline != NULL ? newline : end) - at);
        memcpy(line, at, bytes < sizeof(line) - 1 ? bytes : sizeof(line) - 1);
        char *rest = line + strspn(line, " \t\r");
        at = newline != NULL ? newline + 1 : end;
        if (*rest == '\0' || *rest == '#' || *rest == ';' || (*rest == '/' && rest[1] == '/'))
            continue;
        if (*rest == '{')
            return strstr(line, "\"cidr\"") != NULL;
        struct interval interval;
        line[strcspn(line, "\r")] = '\0';
        int error = prefix_parse(field_take(&rest), &interval);
        return error == 0 || error == -ERANGE || error == -EAFNOSUPPORT;
    }
    return false;
}

const struct feed_format feed_format_plain = {
    .name = "list of addresses", .kind = INTEL_MALICIOUS, .recognise = plain_recognise, .parse = plain_parse};

const struct feed_kind feed_kind_malicious = {.kind = INTEL_MALICIOUS,
                                              .schema = schema,
                                              .rows = "SELECT count(*) FROM listing",
                                              .old_days = 3,
                                              .build = malicious_build,
                                              .grows = true};
