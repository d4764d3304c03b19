// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A folder of feeds of its own for a test, and files to read into it.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/feeds/feeds.h"

#define CPE_NAMES SONDE_TEST_SOURCE_ROOT "/config/cpe.json"

static char folder[] = "/tmp/sonde-feeds-XXXXXX";

static inline void folder_begin(void)
{
    cr_assert_not_null(mkdtemp(folder));
}

static inline void folder_end(void)
{
    char command[64];
    (void)snprintf(command, sizeof(command), "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
}

static inline const char *folder_file(const char *name, const void *bytes, size_t length)
{
    static char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, length, file), length);
    (void)fclose(file);
    return path;
}

static inline int folder_import(const char *path, struct complaint *ret_complaint)
{
    const struct feeds_import import = {.folder = folder, .file = path, .names = CPE_NAMES, .now_s = 1700000000};
    struct feeds_imported imported;
    return feeds_import(&import, &imported, ret_complaint);
}

static inline struct intel folder_open_image(int *ret_fd)
{
    struct complaint complaint = {""};
    struct intel intel;
    cr_assert_eq(feeds_build(folder, CPE_NAMES, &complaint), 0, "%s", complaint.text);
    cr_assert_eq(feeds_open(folder, &intel, ret_fd, &complaint), 0, "%s", complaint.text);
    return intel;
}
