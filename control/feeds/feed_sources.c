// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/feed_sources.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/input.h"
#include "control/feeds/feeds.h"
#include "control/feeds/fetch.h"

enum { SOURCES_BYTES_MAX = 1 << 20 };

static int kind_read(struct key_context *context, const char *path, const json_t *value)
{
    struct feed_source *source = context->target;
    const char *word = json_string_value(value);
    for (uint32_t kind = 0; word != NULL && kind < INTEL_KIND_COUNT; kind++)
        if (strcmp(word, feeds_kind_names[kind]) == 0) {
            source->kind = kind;
            return 0;
        }
    const char *near = word == NULL ? NULL : keys_nearest(word, feeds_kind_names, INTEL_KIND_COUNT);
    return key_complain(context, path, "expected a kind of feed%s%s%s", near == NULL ? "" : " (did you mean \"",
                        near == NULL ? "" : near, near == NULL ? "" : "\"?)");
}

static const struct key source_keys[] = {
    {.name = "kind",
     .type = KEY_CUSTOM,
     .required = true,
     .read = kind_read,
     .expected = "kind of feed",
     .help = "What it is of."},
    {.name = "url",
     .type = KEY_STRING,
     .required = true,
     .offset = offsetof(struct feed_source, url),
     .help = "Where it is; {year} stands for every year from first_year on."},
    {.name = "meta",
     .type = KEY_STRING,
     .offset = offsetof(struct feed_source, meta),
     .help = "Where NVD's .meta file is, whose sha256 the unpacked file must have."},
    {.name = "provider",
     .type = KEY_STRING,
     .offset = offsetof(struct feed_source, provider),
     .help = "Of providers' ranges: whose they are, where the file's form does not tell (geofeeds, plain lists)."},
    {.name = "first_year",
     .type = KEY_COUNT32,
     .offset = offsetof(struct feed_source, first_year),
     .minimum = 1999,
     .maximum = 2100,
     .help = "The first year that there is a file of."},
    {.name = "page_rows",
     .type = KEY_COUNT32,
     .offset = offsetof(struct feed_source, page_rows),
     .minimum = 1,
     .maximum = 2000,
     .help =
         "It is NVD's API 2.0, which is asked for so many rows a page: for all of them, later for what has changed."},
    {.name = "pause",
     .type = KEY_DURATION,
     .offset = offsetof(struct feed_source, pause_ns),
     .minimum = 0,
     .maximum = 600,
     .fallback = "\"6 s\"",
     .help = "Waited between two pages: NVD takes 5 requests in 30 s, 50 with a key (SONDE_NVD_KEY)."},
    {0},
};

static int source_check(struct key_context *context, const char *path, const struct feed_source *source)
{
    if (!fetch_allows(source->url) || (source->meta != NULL && !fetch_allows(source->meta)))
        return key_complain(context, path, "expected https addresses (http only to 127.0.0.1 or [::1])");
    if ((strstr(source->url, "{year}") != NULL) != (source->first_year != 0))
        return key_complain(context, path, "expected first_year together with {year} in the url");
    if (source->page_rows != 0 && (source->kind != INTEL_NVD || source->first_year != 0 || source->meta != NULL))
        return key_complain(context, path, "expected page_rows with kind \"nvd\", without {year} and meta");
    if (source->provider != NULL && (source->kind != INTEL_CLOUDS || !feeds_provider_fits(source->provider)))
        return key_complain(context, path, "expected provider with kind \"clouds\" alone, of 1 to 63 printable bytes");
    return 0;
}

static int sources_read(struct key_context *context, const char *path, const json_t *value)
{
    struct feed_sources *sources = context->target;
    size_t i;
    json_t *item;
    if (!json_is_array(value) || json_array_size(value) > FEED_SOURCES_MAX)
        return key_complain(context, path, "expected an array of at most %d objects", (int)FEED_SOURCES_MAX);
    sources->rows = calloc(json_array_size(value) + 1, sizeof(sources->rows[0]));
    if (sources->rows == NULL)
        return -ENOMEM;
    json_array_foreach(value, i, item)
    {
        char place[128];
        struct key_context inner = *context;
        inner.target = &sources->rows[i];
        (void)snprintf(place, sizeof(place), "%s[%zu]", path, i);
        if (!json_is_object(item))
            return key_complain(context, place, "expected an object, not %s", keys_type_name(item));
        sources->count = i + 1;
        int error = keys_apply(&inner, source_keys, place, item);
        if (error == 0)
            error = source_check(&inner, place, &sources->rows[i]);
        if (error != 0)
            return error;
    }
    return 0;
}

static const struct key sources_keys[] = {
    {.name = "mirror",
     .type = KEY_STRING,
     .offset = offsetof(struct feed_sources, mirror),
     .fallback = "\"\"",
     .help = "Stands in for every https://, so that the host becomes the first folder; \"\": none."},
    {.name = "proxy",
     .type = KEY_STRING,
     .offset = offsetof(struct feed_sources, proxy),
     .fallback = "\"\"",
     .help = "Proxy; \"\": what the environment says (https_proxy)."},
    {.name = "file_bytes",
     .type = KEY_COUNT,
     .offset = offsetof(struct feed_sources, file_bytes),
     .minimum = 1,
     .maximum = 1e10,
     .fallback = "4000000000",
     .help = "No file is longer."},
    {.name = "file_time",
     .type = KEY_DURATION,
     .offset = offsetof(struct feed_sources, file_time_ns),
     .minimum = 1,
     .maximum = 86400,
     .fallback = "\"30 m\"",
     .help = "No file takes longer."},
    {.name = "stall",
     .type = KEY_DURATION,
     .offset = offsetof(struct feed_sources, stall_ns),
     .minimum = 1,
     .maximum = 3600,
     .fallback = "\"60 s\"",
     .help = "Given up after so long with less than 100 bytes a second."},
    {.name = "sources",
     .type = KEY_CUSTOM,
     .required = true,
     .read = sources_read,
     .expected = "array of objects",
     .help = "The files."},
    {0},
};

int feed_sources_load(const char *path, struct feed_sources *ret_sources, struct complaint *ret_complaint)
{
    struct input input;
    struct feed_sources sources = {0};
    json_t *value = NULL;
    int error = input_read(path, SOURCES_BYTES_MAX, &input, ret_complaint);
    if (error != 0)
        return error == -ENOMEM ? error : -EINVAL;
    error = keys_parse(path, input.text, input.length, &value, ret_complaint);
    struct key_context context = {.file = path, .text = input.text, .target = &sources, .complaint = ret_complaint};
    if (error == 0 && !json_is_object(value))
        error = complain(ret_complaint, path, "", "expected an object");
    if (error == 0)
        error = keys_apply(&context, sources_keys, "", value);
    if (error == 0 && sources.mirror[0] != '\0' && !fetch_allows(sources.mirror))
        error = key_complain(&context, "mirror", "expected an https address (http only to 127.0.0.1 or [::1])");
    json_decref(value);
    input_fini(&input);
    if (error != 0)
        feed_sources_fini(&sources);
    else
        *ret_sources = sources;
    return error;
}

void feed_sources_fini(struct feed_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        keys_release(source_keys, &sources->rows[i]);
    free(sources->rows);
    keys_release(sources_keys, sources);
    *sources = (struct feed_sources){0};
}
