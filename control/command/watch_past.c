// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/watch_past.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "control/report/scans.h"

static const char name_form[] = "%Y%m%dT%H%M%SZ";

void watch_past_name(int64_t at_s, char ret_name[static WATCH_NAME_BYTES])
{
    time_t seconds = (time_t)at_s;
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL || strftime(ret_name, WATCH_NAME_BYTES, name_form, &utc) == 0)
        ret_name[0] = '\0';
}

// Only what this would write itself.
static bool name_read(const char *name, int64_t *ret_at_s)
{
    char again[WATCH_NAME_BYTES];
    struct tm utc = {0};
    const char *end = strptime(name, name_form, &utc);
    if (end == NULL || *end != '\0')
        return false;
    *ret_at_s = (int64_t)timegm(&utc);
    watch_past_name(*ret_at_s, again);
    return strcmp(again, name) == 0;
}

static bool is_whole(const char *base, const char *name)
{
    char path[PATH_MAX];
    double exit_status = -1;
    struct scans scans;
    if (snprintf(path, sizeof(path), "%s/%s", base, name) >= (int)sizeof(path))
        return false;
    const char *paths[] = {path};
    scans_read(paths, 1, &scans);
    bool known = scans.count == 1 && scans_number(scans.scans[0].summary, "exit_status", &exit_status);
    scans_fini(&scans);
    return known && exit_status == 0;
}

int watch_past_read(const char *base, struct watch_past *ret_past)
{
    struct watch_past past = {.last_s = 0};
    const struct dirent *entry;
    int64_t whole_s = 0;
    DIR *folder = opendir(base);
    if (folder == NULL)
        return -errno;
    while ((entry = readdir(folder)) != NULL) {
        int64_t at_s;
        if (!name_read(entry->d_name, &at_s))
            continue;
        past.last_s = at_s > past.last_s ? at_s : past.last_s;
        if (at_s > whole_s && is_whole(base, entry->d_name)) {
            whole_s = at_s;
            (void)snprintf(past.whole, sizeof(past.whole), "%.*s", WATCH_NAME_BYTES - 1, entry->d_name);
        }
    }
    (void)closedir(folder);
    *ret_past = past;
    return 0;
}
