// SPDX-License-Identifier: BSD-3-Clause
// Addresses that are known to be malicious, a line each: Feodo Tracker's CSV, Spamhaus DROP (text and JSON lines),
// FireHOL's sets and plain lists.
#include <errno.h>
#include <string.h>

#include "config/prefix.h"
#include "control/feeds/feed_formats.h"
#include "control/feeds/listing.h"
#include "control/feeds/malicious_build.h"

enum { LINE_BYTES = 4096 };

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS listing(feed TEXT, first INTEGER, last INTEGER, category TEXT, active_from INTEGER, "
    "active_until INTEGER, confidence INTEGER, value TEXT, PRIMARY KEY(feed, first, last, category)) WITHOUT ROWID;";

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
static int feodo_line(struct listing_parsing *parsing, char *line)
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
static int drop_line(struct listing_parsing *parsing, const char *line)
{
    json_error_t error;
    json_t *value = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (value == NULL)
        return feed_complain(parsing->input, "%s", error.text);
    const struct listing listing = {
        .value = listing_text_of(value, "cidr"), .category = listing_text_of(value, "sblid"), .confidence = -1};
    int result = listing.value == NULL ? 0 : listing_store(parsing, &listing);
    json_decref(value);
    return result;
}

// An address or network, and what may stand behind it: "; SBL123", a date, two.
static int plain_line(struct listing_parsing *parsing, char *line)
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
    struct listing_parsing parsing = {.input = input, .database = database, .complaint = ret_complaint};
    char line[LINE_BYTES];
    ssize_t length = 0;
    int error = listing_parsing_begin(&parsing, name);
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
    return listing_head_holds(head, length, "first_seen_utc") && listing_head_holds(head, length, "dst_ip");
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
        char line[LISTING_NAME_BYTES] = "";
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
