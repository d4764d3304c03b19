// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/update_state.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const uint64_t second_ns = 1000000000;

const char *update_state_text(const json_t *state, const char *url, const char *key)
{
    const char *text = json_string_value(json_object_get(json_object_get(state, url), key));
    return text == NULL ? "" : text;
}

void update_state_set(struct updating *updating, const char *url, const char *key, const char *text)
{
    json_t *row = json_object_get(updating->state, url);
    if (row == NULL && json_object_set_new(updating->state, url, row = json_object()) != 0)
        return;
    if (text[0] == '\0')
        (void)json_object_del(row, key);
    else
        (void)json_object_set_new(row, key, json_string(text));
}

void update_state_write(const struct updating *updating)
{
    char part[PATH_MAX + 8];
    (void)snprintf(part, sizeof(part), "%s.part", updating->state_path);
    if (json_dump_file(updating->state, part, JSON_INDENT(1) | JSON_SORT_KEYS) != 0 ||
        rename(part, updating->state_path) != 0)
        (void)unlink(part);
}

struct fetch update_fetch(const struct updating *updating, const char *url, int fd)
{
    const struct feed_sources *sources = updating->update->sources;
    return (struct fetch){.url = url,
                          .proxy = sources->proxy,
                          .key = "",
                          .fd = fd,
                          .bytes_max = sources->file_bytes,
                          .seconds_max = (sources->file_time_ns + second_ns - 1) / second_ns,
                          .stall_s = (sources->stall_ns + second_ns - 1) / second_ns};
}

bool update_kind_is_there(const struct update *update, enum intel_kind kind)
{
    char path[PATH_MAX];
    return snprintf(path, sizeof(path), "%s/%s.sqlite", update->folder, feeds_kind_names[kind]) < PATH_MAX &&
           access(path, F_OK) == 0;
}

// An HTTP date (RFC 9110, section 5.6.7); 0 when it is none.
static int64_t http_date(const char *text)
{
    struct tm day = {0};
    return strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &day) != NULL ? (int64_t)timegm(&day) : 0;
}

int update_import(const struct updating *updating, const struct item *item, const struct fetch_answer *answer,
                  struct update_told *told, struct complaint *ret_complaint)
{
    const struct feeds_import import = {.folder = updating->update->folder,
                                        .file = item->part,
                                        .names = updating->update->names,
                                        .now_s = updating->update->now_s,
                                        .source = item->url,
                                        .kinds = UINT32_C(1) << item->kind,
                                        .provider = item->provider,
                                        .published_s = http_date(answer->version.modified)};
    return feeds_import(&import, &told->imported, ret_complaint);
}
