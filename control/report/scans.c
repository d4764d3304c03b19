// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/scans.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config/figures.h"
#include "config/input.h"

enum { SUMMARY_BYTES_MAX = 16 << 20 };

static json_t *summary_read(const char *folder)
{
    char path[PATH_MAX];
    struct input input;
    struct complaint complaint;
    if (snprintf(path, sizeof(path), "%s/summary.json", folder) >= (int)sizeof(path) ||
        input_read(path, SUMMARY_BYTES_MAX, &input, &complaint) != 0)
        return NULL;
    json_t *summary = json_loadb(input.text, input.length, 0, NULL);
    input_fini(&input);
    if (json_is_string(json_object_get(summary, "scan")))
        return summary;
    json_decref(summary);
    return NULL;
}

void scans_read(const char *const *paths, size_t path_count, struct scans *ret_scans)
{
    *ret_scans = (struct scans){.path_count = path_count};
    for (size_t i = 0; i < path_count; i++) {
        struct stat status;
        if (stat(paths[i], &status) != 0 || !S_ISDIR(status.st_mode))
            continue;
        json_t *summary = ret_scans->count < SCANS_MAX ? summary_read(paths[i]) : NULL;
        ret_scans->left_off += ret_scans->count == SCANS_MAX;
        if (summary == NULL)
            continue;
        ret_scans->scans[ret_scans->count].folder = paths[i];
        ret_scans->scans[ret_scans->count++].summary = summary;
    }
}

void scans_fini(struct scans *scans)
{
    for (size_t i = 0; i < scans->count; i++)
        json_decref(scans->scans[i].summary);
    *scans = (struct scans){.count = 0};
}

static const json_t *member_at(const json_t *value, const char *path)
{
    while (value != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        value = json_object_getn(value, path, length);
        path += length + (path[length] == '.');
    }
    return value;
}

bool scans_sampled(const struct scans *scans, struct scans_sample *ret_sample)
{
    if (scans->count != 1 || scans->path_count != 1)
        return false;
    const json_t *summary = scans->scans[0].summary;
    const char *outcome = json_string_value(json_object_get(summary, "outcome"));
    const json_t *asked = member_at(summary, "plan.swept");
    const json_t *all = member_at(summary, "plan.positions");
    if (outcome == NULL || strcmp(outcome, "complete") != 0 || !json_is_integer(asked) || !json_is_integer(all) ||
        json_integer_value(asked) <= 0 || json_integer_value(asked) >= json_integer_value(all))
        return false;
    *ret_sample =
        (struct scans_sample){.asked = (uint64_t)json_integer_value(asked), .all = (uint64_t)json_integer_value(all)};
    return true;
}

bool scans_number(const json_t *summary, const char *path, double *ret_number)
{
    const json_t *value = member_at(summary, path);
    if (!json_is_number(value))
        return false;
    *ret_number = json_number_value(value);
    return true;
}

const char *scans_text(const json_t *summary, const char *path, char *text, size_t capacity)
{
    const json_t *value = member_at(summary, path);
    char number[FIGURE_MAX];
    text[0] = '\0';
    if (json_is_string(value))
        (void)snprintf(text, capacity, "%s", json_string_value(value));
    else if (json_is_integer(value) && json_integer_value(value) >= 0)
        (void)snprintf(text, capacity, "%s", figure_count((uint64_t)json_integer_value(value), number));
    else if (json_is_array(value))
        (void)snprintf(text, capacity, "%s", figure_count(json_array_size(value), number));
    return text;
}
