// SPDX-License-Identifier: BSD-3-Clause
#include "config/ranges.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <jansson.h>

#include "config/lists.h"
#include "config/prefix.h"

// What readers of one file share.
struct reading {
    struct range_list *list;
    const char *file;
    const char *text; // to name lines
    struct complaint *complaint;
    uint16_t provider;
};

int range_list_init(struct range_list *list)
{
    *list = (struct range_list){0};
    return string_table_init(&list->strings);
}

void range_list_fini(struct range_list *list)
{
    free(list->rows);
    string_table_fini(&list->strings);
    *list = (struct range_list){0};
}

static int out_of_memory(const struct reading *reading)
{
    (void)complain(reading->complaint, reading->file, "", "out of memory");
    return -ENOMEM;
}

// found is what stands there, "" when that would not help.
static int malformed(const struct reading *reading, const char *path, const char *found, const char *expected)
{
    struct key_context context = {.file = reading->file, .text = reading->text, .complaint = reading->complaint};
    if (found[0] == '\0')
        return key_complain(&context, path, "expected %s", expected);
    return key_complain(&context, path, "\"%s\": expected %s", found, expected);
}

static int row_append(const struct reading *reading, struct range_row row)
{
    struct range_list *list = reading->list;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 4096 : list->capacity * 2;
        struct range_row *rows = reallocarray(list->rows, capacity, sizeof(*rows));
        if (rows == NULL)
            return out_of_memory(reading);
        list->rows = rows;
        list->capacity = capacity;
    }
    list->rows[list->count++] = row;
    return 0;
}

static enum range_rank rank_of(const char *service)
{
    if (strcmp(service, "AMAZON") == 0)
        return RANGE_RANK_POOL;
    if (strcmp(service, "EC2") == 0 || strcmp(service, "AzureCloud") == 0 || strcmp(service, "Google Cloud") == 0 ||
        strcmp(service, "OCI") == 0 || service[0] == '\0')
        return RANGE_RANK_COMPUTE;
    return RANGE_RANK_SERVICE;
}

// A row without its prefix.
static int row_label(const struct reading *reading, const char *service, const char *region, struct range_row *ret_row)
{
    struct range_row row = {.provider = reading->provider, .rank = (uint8_t)rank_of(service)};
    if (string_table_add(&reading->list->strings, service, &row.service) != 0 ||
        string_table_add(&reading->list->strings, region, &row.region) != 0 ||
        string_table_add(&reading->list->strings, "", &row.country) != 0)
        return out_of_memory(reading);
    *ret_row = row;
    return 0;
}

// Nobody has been given more than a /8; a list that says so is wrong, and a scan of it would be one of the internet.
enum { PREFIX_LENGTH_MIN = 8 };

// Appends a labelled row for a CIDR found at path.
static int row_add(const struct reading *reading, const char *path, const char *text, struct range_row row)
{
    int error = prefix_parse_cidr(text, &row.interval);
    if (error == -EAFNOSUPPORT)
        return 0;
    if (error != 0)
        return malformed(reading, path, text, "a CIDR like 192.0.2.0/24 without bits behind its length");
    row.length = (uint8_t)prefix_length(row.interval);
    if (row.length < PREFIX_LENGTH_MIN)
        return malformed(reading, path, text, "a network that a provider can have, of at most 16,777,216 addresses");
    return row_append(reading, row);
}

// A member that has to be a string, or "" and false.
static bool member_string(const json_t *object, const char *name, const char **ret_text)
{
    const json_t *value = json_object_get(object, name);
    *ret_text = json_is_string(value) ? json_string_value(value) : "";
    return json_is_string(value);
}

// AWS: {"ip_prefix","region","service"}. Google: {"ipv4Prefix" or "ipv6Prefix","service","scope"}.
static int read_prefixes(const struct reading *reading, const json_t *prefixes)
{
    size_t i;
    json_t *item;
    json_array_foreach(prefixes, i, item)
    {
        char path[64];
        const char *prefix;
        const char *service;
        const char *region;
        struct range_row row;
        (void)snprintf(path, sizeof(path), "prefixes[%zu]", i);
        bool aws = member_string(item, "ip_prefix", &prefix);
        if (!aws && !member_string(item, "ipv4Prefix", &prefix)) {
            if (json_is_string(json_object_get(item, "ipv6Prefix")))
                continue;
            return malformed(reading, path, "", "an object with \"ip_prefix\", \"ipv4Prefix\" or \"ipv6Prefix\"");
        }
        (void)member_string(item, "service", &service);
        (void)member_string(item, aws ? "region" : "scope", &region);
        int error = row_label(reading, service, region, &row);
        if (error == 0)
            error = row_add(reading, path, prefix, row);
        if (error != 0)
            return error;
    }
    return 0;
}

// One tag of Azure's file. AzureCloud and its regions name no system service: there the tag's name before the dot
// serves.
static int read_azure_tag(const struct reading *reading, const json_t *tag, size_t index)
{
    char path[96];
    char name[128];
    const char *full_name;
    const char *service;
    const char *region;
    struct range_row row;
    const json_t *properties = json_object_get(tag, "properties");
    const json_t *prefixes = json_object_get(properties, "addressPrefixes");
    (void)snprintf(path, sizeof(path), "values[%zu]", index);
    if (!member_string(tag, "name", &full_name) || !json_is_array(prefixes))
        return malformed(reading, path, "", "a service tag with \"name\" and \"properties.addressPrefixes\"");
    (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(full_name, "."), full_name);
    (void)member_string(properties, "systemService", &service);
    (void)member_string(properties, "region", &region);
    int error = row_label(reading, service[0] != '\0' ? service : name, region, &row);
    size_t i;
    json_t *item;
    json_array_foreach(prefixes, i, item)
    {
        if (error != 0)
            return error;
        (void)snprintf(path, sizeof(path), "values[%zu].properties.addressPrefixes[%zu]", index, i);
        if (!json_is_string(item))
            return malformed(reading, path, "", "a string with a CIDR");
        error = row_add(reading, path, json_string_value(item), row);
    }
    return error;
}

// Oracle: regions of {"cidr","tags"}; of several tags the one that says most, OCI being the pool.
static int read_oracle_region(const struct reading *reading, const json_t *item, size_t index)
{
    char path[96];
    const char *region;
    const json_t *cidrs = json_object_get(item, "cidrs");
    (void)snprintf(path, sizeof(path), "regions[%zu]", index);
    if (!member_string(item, "region", &region) || !json_is_array(cidrs))
        return malformed(reading, path, "", "an object with \"region\" and \"cidrs\"");
    size_t i;
    json_t *entry;
    json_array_foreach(cidrs, i, entry)
    {
        const char *cidr;
        const char *service = json_string_value(json_array_get(json_object_get(entry, "tags"), 0));
        struct range_row row;
        (void)snprintf(path, sizeof(path), "regions[%zu].cidrs[%zu]", index, i);
        if (!member_string(entry, "cidr", &cidr))
            return malformed(reading, path, "", "an object with \"cidr\"");
        int error = row_label(reading, service == NULL ? "" : service, region, &row);
        if (error == 0)
            error = row_add(reading, path, cidr, row);
        if (error != 0)
            return error;
    }
    return 0;
}

// An array of which each member is read alike.
static int read_each(const struct reading *reading, const json_t *array,
                     int (*read)(const struct reading *reading, const json_t *item, size_t index))
{
    size_t i;
    json_t *item;
    int error = 0;
    json_array_foreach(array, i, item)
    {
        if (error == 0)
            error = read(reading, item, i);
    }
    return error;
}

// Fastly: {"addresses":[...],"ipv6_addresses":[...]}.
static int read_address(const struct reading *reading, const json_t *item, size_t index)
{
    char path[64];
    struct range_row row;
    (void)snprintf(path, sizeof(path), "addresses[%zu]", index);
    if (!json_is_string(item))
        return malformed(reading, path, "", "a string with a CIDR");
    int error = row_label(reading, "", "", &row);
    return error != 0 ? error : row_add(reading, path, json_string_value(item), row);
}

// "2025-07-24-15-33-10" (AWS), "2025-07-24T07:03:28.321" (Google, Oracle); a name ServiceTags_Public_20250721.json, for
// Azure's file does not say. 0 when there is none.
static int64_t date_of(const json_t *value, const char *file)
{
    static const char *const members[] = {"createDate", "creationTime", "last_updated_timestamp"};
    static const char mark[] = "ServiceTags_Public_";
    struct tm day = {0};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const char *text = json_string_value(json_object_get(value, members[i]));
        if (text != NULL &&
            (strptime(text, "%Y-%m-%d-%H-%M-%S", &day) != NULL || strptime(text, "%Y-%m-%dT%H:%M:%S", &day) != NULL))
            return (int64_t)timegm(&day);
    }
    const char *name = strstr(file, mark);
    return name != NULL && strptime(name + strlen(mark), "%Y%m%d", &day) != NULL ? (int64_t)timegm(&day) : 0;
}

static int read_json(const struct reading *reading, const struct input *input)
{
    json_t *value;
    int error = keys_parse(reading->file, input->text, input->length, &value, reading->complaint);
    if (error != 0)
        return error;
    reading->list->published[reading->provider] = date_of(value, reading->file);
    const json_t *prefixes = json_object_get(value, "prefixes");
    const json_t *tags = json_object_get(value, "values");
    const json_t *regions = json_object_get(value, "regions");
    const json_t *addresses = json_object_get(value, "addresses");
    if (json_is_array(prefixes))
        error = read_prefixes(reading, prefixes);
    else if (json_is_array(tags))
        error = read_each(reading, tags, read_azure_tag);
    else if (json_is_array(regions))
        error = read_each(reading, regions, read_oracle_region);
    else if (json_is_array(addresses))
        error = read_each(reading, addresses, read_address);
    else
        error = complain(
            reading->complaint, reading->file, "",
            "no range file: expected the JSON of AWS (\"prefixes\"), Google (\"prefixes\"), Azure (\"values\"), "
            "Oracle (\"regions\") or Fastly (\"addresses\")");
    json_decref(value);
    return error;
}

// A line of an RFC 8805 geofeed (prefix,country,region,city,postal) or of a plain list. The region is the feed's, else
// its country.
static int read_line(const struct reading *reading, char *line, size_t number)
{
    char *rest = line;
    const char *prefix = strsep(&rest, ",");
    const char *country = rest == NULL ? "" : strsep(&rest, ",");
    const char *region = rest == NULL ? "" : strsep(&rest, ",");
    char where[300];
    struct reading at = *reading;
    struct range_row row;
    (void)snprintf(where, sizeof(where), "%s:%zu", reading->file, number);
    at.file = where;
    int error = row_label(&at, "", region[0] != '\0' ? region : country, &row);
    if (error == 0 && strlen(country) == 2 && string_table_add(&reading->list->strings, country, &row.country) != 0)
        error = out_of_memory(&at);
    return error != 0 ? error : row_add(&at, "", prefix, row);
}

static int read_text(const struct reading *reading, const struct input *input)
{
    struct list_lines lines = {.text = input->text, .length = input->length};
    int more;
    while ((more = list_next(&lines)) == 1) {
        int error = read_line(reading, lines.line, lines.number);
        if (error != 0)
            return error;
    }
    return more == 0 ? 0 : malformed(reading, "", "", "lines of text");
}

static bool is_json(const struct input *input)
{
    const char *start = input->text + strspn(input->text, " \t\r\n");
    return *start == '{' || *start == '[';
}

bool range_list_is_structured(const struct input *input)
{
    return is_json(input) || memchr(input->text, ',', input->length) != NULL;
}

int range_list_read(struct range_list *list, const char *provider, const char *file, const struct input *input,
                    struct complaint *ret_complaint)
{
    struct reading reading = {
        .list = list, .file = file, .complaint = ret_complaint, .provider = (uint16_t)list->provider_count};
    if (list->provider_count == RANGES_PROVIDERS_MAX)
        return complain(ret_complaint, file, "", "too many providers, expected at most %d", RANGES_PROVIDERS_MAX);
    if (string_table_add(&list->strings, provider, &list->providers[list->provider_count]) != 0)
        return out_of_memory(&reading);
    list->published[list->provider_count++] = 0;
    if (!is_json(input))
        return read_text(&reading, input);
    reading.text = input->text;
    return read_json(&reading, input);
}

// [prefix, service, region, country], of the provider at this index.
static int read_feed_row(const struct reading *reading, const json_t *item, size_t index)
{
    char path[96];
    const char *texts[4];
    struct range_row row;
    (void)snprintf(path, sizeof(path), "providers[%u].rows[%zu]", reading->provider, index);
    for (size_t i = 0; i < 4; i++) {
        texts[i] = json_string_value(json_array_get(item, i));
        if (texts[i] == NULL)
            return malformed(reading, path, "", "an array of prefix, service, region and country");
    }
    int error = row_label(reading, texts[1], texts[2], &row);
    if (error == 0 && string_table_add(&reading->list->strings, texts[3], &row.country) != 0)
        error = out_of_memory(reading);
    return error == 0 ? row_add(reading, path, texts[0], row) : error;
}

static int read_feed_provider(struct reading *reading, const json_t *item)
{
    struct range_list *list = reading->list;
    const char *provider;
    const json_t *published = json_object_get(item, "published");
    const json_t *rows = json_object_get(item, "rows");
    if (!member_string(item, "provider", &provider) || !json_is_array(rows))
        return malformed(reading, "providers", "", "objects with \"provider\" and \"rows\"");
    if (list->provider_count == RANGES_PROVIDERS_MAX)
        return malformed(reading, "providers", "", "fewer providers");
    if (string_table_add(&list->strings, provider, &list->providers[list->provider_count]) != 0)
        return out_of_memory(reading);
    reading->provider = (uint16_t)list->provider_count;
    list->published[list->provider_count++] = json_integer_value(published);
    return read_each(reading, rows, read_feed_row);
}

int range_list_read_feeds(struct range_list *list, const char *file, const struct input *input,
                          struct complaint *ret_complaint)
{
    struct reading reading = {.list = list, .file = file, .text = input->text, .complaint = ret_complaint};
    json_t *value;
    size_t i;
    json_t *item;
    int error = keys_parse(file, input->text, input->length, &value, ret_complaint);
    if (error != 0)
        return error;
    const json_t *providers = json_object_get(value, "providers");
    if (!json_is_array(providers))
        error = malformed(&reading, "", "", "an object with \"providers\"");
    json_array_foreach(providers, i, item)
    {
        if (error == 0)
            error = read_feed_provider(&reading, item);
    }
    json_decref(value);
    return error;
}

const char *range_file_provider(const char *text, bool *ret_whole)
{
    static const struct {
        const char *provider;
        const char *marks[2];
    } forms[] = {
        {"aws", {"\"prefixes\"", "\"ip_prefix\""}},     {"google", {"\"prefixes\"", "\"ipv4Prefix\""}},
        {"google", {"\"prefixes\"", "\"ipv6Prefix\""}}, {"azure", {"\"values\"", "\"addressPrefixes\""}},
        {"azure", {"\"values\"", "\"changeNumber\""}},  {"oracle", {"\"regions\"", "\"cidrs\""}},
        {"fastly", {"\"addresses\"", "\"addresses\""}},
    };
    *ret_whole = false;
    if (text[strspn(text, " \t\r\n")] != '{')
        return NULL;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (strstr(text, forms[i].marks[0]) != NULL && strstr(text, forms[i].marks[1]) != NULL) {
            *ret_whole = strcmp(forms[i].provider, "google") == 0 && strstr(text, "\"service\"") == NULL;
            return forms[i].provider;
        }
    return NULL;
}

static bool matches(const char *pattern, const char *text)
{
    return pattern == NULL || fnmatch(pattern, text, FNM_CASEFOLD) == 0;
}

static bool row_matches(const struct range_list *list, const struct range_selector *selector,
                        const struct range_row *row)
{
    const char *strings = list->strings.bytes;
    return matches(selector->provider, strings + list->providers[row->provider]) &&
           matches(selector->service, strings + row->service) && matches(selector->region, strings + row->region);
}

// A row that may be within another which says as little of what it is for, but another region.
static bool row_is_place(const struct range_list *list, const struct range_row *row)
{
    return list->strings.bytes[row->service] == '\0';
}

// Rows of one provider and length: those that the selector does not name go from the set, those that it names come to
// it, as they do when a list has one prefix twice.
static int places_layer(const struct range_list *list, const struct range_selector *selector, uint16_t provider,
                        uint8_t length, struct interval_set *set)
{
    struct interval_set others;
    struct interval_set ours;
    int error = 0;
    interval_set_init(&others);
    interval_set_init(&ours);
    for (size_t i = 0; i < list->count && error == 0; i++) {
        const struct range_row *row = &list->rows[i];
        if (row->provider == provider && row->length == length && row_is_place(list, row))
            error = interval_set_add(row_matches(list, selector, row) ? &ours : &others, row->interval);
    }
    interval_set_seal(&others);
    if (error == 0 && others.count > 0)
        error = interval_set_subtract(set, &others, NULL);
    for (size_t i = 0; i < ours.count && error == 0; i++)
        error = interval_set_add(set, ours.items[i]);
    interval_set_seal(set);
    interval_set_fini(&ours);
    interval_set_fini(&others);
    return error;
}

// What a provider's rows without a service leave to the selector's region.
static int places_select(const struct range_list *list, const struct range_selector *selector, uint16_t provider,
                         struct interval_set *set)
{
    struct interval_set places;
    bool lengths[33] = {false};
    int error = 0;
    interval_set_init(&places);
    for (size_t i = 0; i < list->count; i++)
        if (list->rows[i].provider == provider && row_is_place(list, &list->rows[i]))
            lengths[list->rows[i].length] = true;
    for (uint8_t length = 0; length <= 32 && error == 0; length++)
        if (lengths[length])
            error = places_layer(list, selector, provider, length, &places);
    for (size_t i = 0; i < places.count && error == 0; i++)
        error = interval_set_add(set, places.items[i]);
    interval_set_fini(&places);
    return error;
}

int range_list_select(const struct range_list *list, const struct range_selector *selector, struct interval_set *set,
                      size_t *ret_rows)
{
    bool by_region = selector->region != NULL;
    int error = 0;
    *ret_rows = 0;
    for (size_t i = 0; i < list->count && error == 0; i++) {
        const struct range_row *row = &list->rows[i];
        if (!row_matches(list, selector, row))
            continue;
        ++*ret_rows;
        if (!by_region || !row_is_place(list, row))
            error = interval_set_add(set, row->interval);
    }
    for (uint16_t provider = 0; by_region && provider < list->provider_count && error == 0; provider++)
        if (matches(selector->provider, list->strings.bytes + list->providers[provider]))
            error = places_select(list, selector, provider, set);
    return error == 0 ? 0 : -ENOMEM;
}
