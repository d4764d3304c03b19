// SPDX-License-Identifier: BSD-3-Clause
// intel.image out of the SQLite files of a folder.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/ranges.h"
#include "control/feeds/child.h"
#include "control/feeds/clouds_build.h"
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
    int ranges_fd;                        // of RANGES_OF_FEEDS
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

static int ranges_write(sqlite3 *database, int fd, struct complaint *ret_complaint)
{
    int error;
    char *text = clouds_text(database, &error, ret_complaint);
    size_t length = text == NULL ? 0 : strlen(text);
    for (size_t done = 0; error == 0 && done < length;) {
        ssize_t wrote = write(fd, text + done, length - done);
        error = wrote < 0 && errno != EINTR ? -errno : 0;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    free(text);
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
        if (error == 0 && feed_kinds[i]->kind == INTEL_CLOUDS)
            error = ranges_write(building->databases[i], building->ranges_fd, ret_complaint);
    }
    return error == 0 ? intel_builder_write(building->builder, building->fd) : error;
}

// A file beside the one that is in use, until it is whole.
struct made {
    char path[PATH_MAX];
    char part[PATH_MAX];
    int fd;
};

static int made_begin(const char *folder, const char *name, const char *ending, struct made *made)
{
    char part[NAME_MAX];
    (void)snprintf(part, sizeof(part), "%s.part", ending);
    int error = feeds_path(folder, name, ending, made->path);
    if (error == 0)
        error = feeds_path(folder, name, part, made->part);
    made->fd = error != 0 ? -1 : open(made->part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    return error == 0 && made->fd < 0 ? -errno : error;
}

static void made_end(struct made *made, int *error, bool wanted)
{
    if (made->fd >= 0)
        (void)close(made->fd);
    if (*error == 0 && wanted)
        *error = feeds_settle(made->part, made->path);
    if (made->fd >= 0 && (*error != 0 || !wanted))
        (void)unlink(made->part);
}

// What a child wrote is believed when it has been checked.
static int image_check(int fd)
{
    struct intel intel;
    int error = intel_map_file(fd, &intel);
    if (error == 0)
        intel_unmap(&intel);
    return error;
}

int feeds_build(const char *folder, const char *names, struct complaint *ret_complaint)
{
    struct building building = {.folder = folder, .names = names};
    const struct child_work work = {.prepare = building_prepare,
                                    .run = building_run,
                                    .context = &building,
                                    .memory_bytes = memory_bytes,
                                    .cpu_seconds = CPU_SECONDS,
                                    .file_bytes = file_bytes};
    struct made image = {.fd = -1};
    struct made ranges = {.fd = -1};
    *ret_complaint = (struct complaint){""};
    int error = made_begin(folder, "intel", ".image", &image);
    if (error == 0)
        error = made_begin(folder, RANGES_OF_FEEDS, "", &ranges);
    building.fd = image.fd;
    building.ranges_fd = ranges.fd;
    if (error == 0)
        error = child_run(&work, NULL, ret_complaint);
    if (error == 0)
        error = image_check(image.fd);
    // Nothing was written where there is no list of ranges.
    bool has_ranges = error == 0 && lseek(ranges.fd, 0, SEEK_END) > 0;
    made_end(&ranges, &error, has_ranges);
    made_end(&image, &error, true);
    if (error != 0 && ret_complaint->text[0] == '\0')
        (void)complain(ret_complaint, image.path, "", "cannot be made: %s", strerror(-error));
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
