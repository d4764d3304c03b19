// SPDX-License-Identifier: BSD-3-Clause
// intel.image out of the SQLite files of a folder.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/feeds/child.h"
#include "control/feeds/feed_formats.h"
#include "control/feeds/feeds.h"
#include "control/feeds/feeds_files.h"

enum { CPU_SECONDS = 900 };

static const uint64_t memory_bytes = UINT64_C(3) << 30;
static const uint64_t file_bytes = UINT64_C(8) << 30;

struct building {
    const char *folder;
    const char *names;
    int fd;                               // of the image
    sqlite3 *databases[INTEL_KIND_COUNT]; // by the order of feed_kinds; NULL: not there
    struct cpe_names cpe;
    struct intel_builder *builder;
};

static int building_prepare(void *context, struct complaint *ret_complaint)
{
    struct building *building = context;
    int error = cpe_names_load(building->names, &building->cpe, ret_complaint);
    for (size_t i = 0; feed_kinds[i] != NULL && error == 0; i++) {
        char path[PATH_MAX];
        error = feeds_path(building->folder, feeds_kind_names[feed_kinds[i]->kind], ".sqlite", path);
        if (error == 0 && access(path, F_OK) == 0)
            error = feeds_database_open(path, false, &building->databases[i], ret_complaint);
    }
    return error;
}

static int feeds_build_notes(sqlite3 *database, const struct feed_kind *kind, struct intel_builder *builder,
                             struct complaint *ret_complaint)
{
    sqlite3_stmt *rows = NULL;
    int64_t count = 0;
    int error = feeds_rows(database, kind->rows, &count, ret_complaint);
    if (error == 0)
        error = feed_prepare(
            database,
            feeds_has_published(database)
                ? "SELECT source, sha256, imported, published FROM feed ORDER BY imported DESC, source LIMIT 64"
                : "SELECT source, sha256, imported, 0 FROM feed ORDER BY imported DESC, source LIMIT 64",
            &rows, ret_complaint);
    while (error == 0 && sqlite3_step(rows) == SQLITE_ROW) {
        const char *texts[] = {(const char *)sqlite3_column_text(rows, 0), (const char *)sqlite3_column_text(rows, 1)};
        const struct intel_feed feed = {.kind = kind->kind,
                                        .source = intel_builder_string(builder, texts[0]),
                                        .sha256 = intel_builder_string(builder, texts[1]),
                                        .rows = (uint32_t)count,
                                        .published = sqlite3_column_int64(rows, 3),
                                        .imported = sqlite3_column_int64(rows, 2)};
        (void)intel_builder_append(builder, INTEL_SECTION_FEEDS, &feed, 1);
    }
    (void)sqlite3_finalize(rows);
    return error;
}

static int building_run(void *context, struct complaint *ret_complaint)
{
    struct building *building = context;
    int error = 0;
    building->builder = intel_builder_new();
    if (building->builder == NULL)
        return -ENOMEM;
    for (size_t i = 0; feed_kinds[i] != NULL && error == 0; i++) {
        if (building->databases[i] == NULL)
            continue;
        error = feeds_database_begin(building->databases[i], false, ret_complaint);
        if (error == 0)
            error = feeds_build_notes(building->databases[i], feed_kinds[i], building->builder, ret_complaint);
        if (error == 0)
            error = feed_kinds[i]->build(building->databases[i], &building->cpe, building->builder, ret_complaint);
    }
    return error == 0 ? intel_builder_write(building->builder, building->fd) : error;
}

int feeds_build(const char *folder, const char *names, struct complaint *ret_complaint)
{
    struct building building = {.folder = folder, .names = names, .fd = -1};
    const struct child_work work = {.prepare = building_prepare,
                                    .run = building_run,
                                    .context = &building,
                                    .memory_bytes = memory_bytes,
                                    .cpu_seconds = CPU_SECONDS,
                                    .file_bytes = file_bytes};
    struct intel intel;
    char path[PATH_MAX];
    char part[PATH_MAX];
    *ret_complaint = (struct complaint){""};
    int error = feeds_path(folder, "intel", ".image", path);
    if (error == 0)
        error = feeds_path(folder, "intel", ".image.part", part);
    if (error == 0) {
        building.fd = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        error = building.fd < 0 ? -errno : child_run(&work, NULL, ret_complaint);
    }
    // What a child wrote is believed when it has been checked.
    if (error == 0) {
        error = intel_map_file(building.fd, &intel);
        if (error == 0)
            intel_unmap(&intel);
    }
    if (building.fd >= 0)
        (void)close(building.fd);
    if (error == 0)
        error = feeds_settle(part, path);
    if (error != 0) {
        (void)unlink(part);
        if (ret_complaint->text[0] == '\0')
            (void)complain(ret_complaint, path, "", "cannot be made: %s", strerror(-error));
    }
    return error;
}

int feeds_open(const char *folder, struct intel *ret_intel, int *ret_fd, struct complaint *ret_complaint)
{
    char path[PATH_MAX];
    int error = feeds_path(folder, "intel", ".image", path);
    int fd = error != 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (error == 0 && fd < 0)
        error = -errno;
    if (error == -ENOENT)
        return error;
    if (error == 0)
        error = intel_map_file(fd, ret_intel);
    if (error != 0 && fd >= 0)
        (void)close(fd);
    if (error == -EPROTO || error == -EBADMSG)
        (void)complain(ret_complaint, path, "", "is %s: make it anew with sonde feeds import of any of its files",
                       error == -EPROTO ? "of another version of sonde" : "broken");
    else if (error != 0)
        (void)complain(ret_complaint, path, "", "%s", strerror(-error));
    if (error == 0)
        *ret_fd = fd;
    return error;
}
