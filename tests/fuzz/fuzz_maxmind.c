// SPDX-License-Identifier: BSD-3-Clause
// libFuzzer: any bytes as a database in MaxMind's format. libmaxminddb wants the name of a file, so this has a folder
// of its own. What was read whole makes a whole image.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/feeds/cpe_names.h"
#include "tests/fuzz/entry.h"
#include "tests/fuzz/feeds_database.h"

// Of the library's own, where metadata is broken; its process ends with the file.
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libmaxminddb";
}

static char folder[] = "/tmp/sonde-fuzz-XXXXXX";

static void folder_leave(void)
{
    (void)unlink(FEED_UNPACKED);
    (void)rmdir(folder);
}

// The file that the library opens is one in memory.
static int file_make(void)
{
    char path[64];
    int fd = memfd_create(FEED_UNPACKED, MFD_CLOEXEC);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (fd < 0 || mkdtemp(folder) == NULL || chdir(folder) != 0 || atexit(folder_leave) != 0 ||
        symlink(path, FEED_UNPACKED) != 0)
        abort();
    return fd;
}

// Its descriptor is the input's.
static int file_write(int file, const uint8_t *data, size_t size)
{
    int fd = dup(file);
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    return fd;
}

static void image_make(sqlite3 *database)
{
    static const struct cpe_names names;
    struct complaint complaint;
    struct intel intel;
    struct intel_builder *builder = intel_builder_new();
    int fd = memfd_create("intel", 0);
    if (builder == NULL || fd < 0 || feed_kind_places.build(database, &names, builder, &complaint) != 0 ||
        intel_builder_write(builder, fd) != 0 || intel_map_file(fd, &intel) != 0)
        abort();
    intel_unmap(&intel);
    intel_builder_free(builder);
    (void)close(fd);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    static int file = -1;
    struct complaint complaint = {""};
    struct feed_input input;
    if (file < 0)
        file = file_make();
    (void)feed_format_maxmind.recognise_tail((const char *)data, size);
    int fd = file_write(file, data, size);
    sqlite3 *database = feeds_database_begin();
    if (feed_input_open(&input, fd, "feed", &complaint) != 0)
        abort();
    if (feed_format_maxmind.parse(&input, database, &complaint) == 0)
        image_make(database);
    // A refusal says why.
    else if (complaint.text[0] == '\0')
        abort();
    feed_input_close(&input);
    feeds_database_end(database);
}
