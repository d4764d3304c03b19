// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/feeds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/feeds/child.h"
#include "control/feeds/feed_formats.h"
#include "control/feeds/feeds_files.h"

enum { CPU_SECONDS = 900 };

static const uint64_t memory_bytes = UINT64_C(1) << 30;
static const uint64_t file_bytes = UINT64_C(8) << 30;

const char *const feeds_kind_names[INTEL_KIND_COUNT] = {
#define X(enumerator, word, help) word,
    INTEL_KINDS(X)
#undef X
};

const char *const feeds_kind_help[INTEL_KIND_COUNT] = {
#define X(enumerator, word, help) help,
    INTEL_KINDS(X)
#undef X
};

// What belongs to a file as a feed; it stands beside the rows, in the same SQLite file.
static const char feed_schema[] =
    "CREATE TABLE IF NOT EXISTS feed(format TEXT, source TEXT PRIMARY KEY, sha256 TEXT, imported INTEGER, "
    "published INTEGER);";

const char *feeds_folder(const char *option)
{
    const char *given = getenv("SONDE_FEEDS");
    return option != NULL ? option : given != NULL && given[0] != '\0' ? given : FEEDS_FOLDER;
}

bool feeds_provider_fits(const char *provider)
{
    size_t length = strlen(provider);
    for (size_t i = 0; i < length; i++)
        if (provider[i] < ' ' || provider[i] > '~')
            return false;
    return length > 0 && length <= 63;
}

// What messages and the feed's row call it.
static const char *import_name(const struct feeds_import *import)
{
    return import->source != NULL ? import->source : import->file;
}

static const struct feed_kind *kind_find(enum intel_kind kind)
{
    for (size_t i = 0; feed_kinds[i] != NULL; i++)
        if (feed_kinds[i]->kind == kind)
            return feed_kinds[i];
    return NULL;
}

unsigned int feeds_old_days(enum intel_kind kind)
{
    const struct feed_kind *found = kind_find(kind);
    return found == NULL ? 0 : found->old_days;
}

// ---- What kind of file it is
// ------------------------------------------------------------------------------------------

struct recognising {
    const char *file;
    uint32_t kinds; // a bit each of those that it may be of
    int fd;
    int64_t format; // index into feed_formats, -1
};

static int head_read(struct feed_input *input, char ret_head[static FEED_HEAD_BYTES], size_t *ret_length)
{
    size_t length = 0;
    ssize_t got = 1;
    while (got > 0 && length < FEED_HEAD_BYTES) {
        got = feed_input_read(input, ret_head + length, FEED_HEAD_BYTES - length);
        length += got > 0 ? (size_t)got : 0;
    }
    *ret_length = length;
    return got < 0 ? (int)got : 0;
}

// The file's last bytes, of which more than FEED_TAIL_BYTES may be kept.
static int tail_read(struct feed_input *input, char ret_tail[static 2 * FEED_TAIL_BYTES], size_t *ret_length)
{
    size_t length = 0;
    ssize_t got;
    while ((got = feed_input_read(input, ret_tail + length, 2 * FEED_TAIL_BYTES - length)) > 0) {
        length += (size_t)got;
        if (length < 2 * FEED_TAIL_BYTES)
            continue;
        memmove(ret_tail, ret_tail + FEED_TAIL_BYTES, FEED_TAIL_BYTES);
        length = FEED_TAIL_BYTES;
    }
    *ret_length = length;
    return (int)got;
}

static int64_t format_of_tail(const char *tail, size_t length, uint32_t kinds)
{
    size_t from = length > FEED_TAIL_BYTES ? length - FEED_TAIL_BYTES : 0;
    for (size_t i = 0; feed_formats[i] != NULL; i++)
        if ((kinds >> feed_formats[i]->kind & 1) != 0 && feed_formats[i]->recognise_tail != NULL &&
            feed_formats[i]->recognise_tail(tail + from, length - from))
            return (int64_t)i;
    return -1;
}

static int64_t format_of_head(const char *head, size_t length, uint32_t kinds)
{
    for (size_t i = 0; feed_formats[i] != NULL; i++)
        if ((kinds >> feed_formats[i]->kind & 1) != 0 && feed_formats[i]->recognise != NULL &&
            feed_formats[i]->recognise(head, length))
            return (int64_t)i;
    return -1;
}

static int recognise_run(void *context, struct complaint *ret_complaint)
{
    static char bytes[2 * FEED_TAIL_BYTES];
    struct recognising *recognising = context;
    struct feed_input input;
    size_t length = 0;
    int error = feed_input_open(&input, recognising->fd, recognising->file, ret_complaint);
    if (error == 0)
        error = head_read(&input, bytes, &length);
    recognising->format = error == 0 ? format_of_head(bytes, length, recognising->kinds) : -1;
    if (error == 0 && recognising->format < 0)
        error = feed_input_rewind(&input);
    if (error == 0 && recognising->format < 0)
        error = tail_read(&input, bytes, &length);
    if (error == 0 && recognising->format < 0)
        recognising->format = format_of_tail(bytes, length, recognising->kinds);
    feed_input_close(&input);
    return error;
}

static int formats_complain(const char *file, uint32_t kinds, struct complaint *ret_complaint)
{
    char names[512] = "";
    for (size_t i = 0; feed_formats[i] != NULL; i++)
        if ((kinds >> feed_formats[i]->kind & 1) != 0)
            (void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", names[0] == '\0' ? "" : ", ",
                           feed_formats[i]->name);
    return complain(ret_complaint, file, "", "is of no form that is known (%s)", names);
}

static int recognise(const struct feeds_import *import, int fd, const struct feed_format **ret_format,
                     struct complaint *ret_complaint)
{
    const char *file = import_name(import);
    struct recognising recognising = {
        .file = file, .fd = fd, .kinds = import->kinds != 0 ? import->kinds : UINT32_MAX, .format = -1};
    const struct child_work work = {.run = recognise_run,
                                    .context = &recognising,
                                    .memory_bytes = memory_bytes,
                                    .cpu_seconds = CPU_SECONDS,
                                    .file_bytes = 0};
    size_t count = 0;
    int error = child_run(&work, &recognising.format, ret_complaint);
    if (error != 0)
        return error;
    while (feed_formats[count] != NULL)
        count++;
    if (recognising.format < 0 || (uint64_t)recognising.format >= count)
        return formats_complain(file, recognising.kinds, ret_complaint);
    *ret_format = feed_formats[recognising.format];
    return lseek(fd, 0, SEEK_SET) == 0 ? 0 : complain(ret_complaint, file, "", "has to be a file, not a pipe");
}

// ---- Reading it
// -------------------------------------------------------------------------------------------------------

struct reading {
    const struct feeds_import *import;
    const struct feed_format *format;
    const struct feed_kind *kind;
    const char *path; // of the SQLite file that is made
    const char *sha256;
    const char *folder; // in which it runs, of a format that is read by name
    int fd;
    int unpacked_fd; // the file in it
    sqlite3 *database;
    int64_t rows;
    int64_t published; // by its own account, 0
};

static int reading_prepare(void *context, struct complaint *ret_complaint)
{
    struct reading *reading = context;
    int error = feeds_database_open(reading->path, true, &reading->database, ret_complaint);
    if (error != 0 || !reading->format->by_name)
        return error;
    // Who has no rights may go through no folder of others, but may look into the one that it stands in.
    if ((mkdir(reading->folder, 0755) != 0 && errno != EEXIST) || chdir(reading->folder) != 0 || chmod(".", 0755) != 0)
        return -errno;
    reading->unpacked_fd = open(FEED_UNPACKED, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    return reading->unpacked_fd < 0 || fchmod(reading->unpacked_fd, 0644) != 0 ? -errno : 0;
}

// All of the file, into the one that a library opens by its name.
static int unpack(struct feed_input *input, int fd)
{
    static char chunk[256 << 10];
    ssize_t got;
    while ((got = feed_input_read(input, chunk, sizeof(chunk))) > 0)
        for (ssize_t done = 0; done < got;) {
            ssize_t wrote = write(fd, chunk + done, (size_t)(got - done));
            if (wrote <= 0)
                return wrote < 0 ? -errno : -EIO;
            done += wrote;
        }
    return (int)got;
}

static int feed_note(struct reading *reading, struct complaint *ret_complaint)
{
    sqlite3_stmt *insert = NULL;
    int error =
        feed_prepare(reading->database, "INSERT OR REPLACE INTO feed VALUES(?,?,?,?,?)", &insert, ret_complaint);
    if (error == 0) {
        (void)sqlite3_bind_text(insert, 1, reading->format->name, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(insert, 2, import_name(reading->import), -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(insert, 3, reading->sha256, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int64(insert, 4, reading->import->now_s);
        (void)sqlite3_bind_int64(insert, 5, reading->published);
        error = feed_step(reading->database, insert, ret_complaint);
    }
    (void)sqlite3_finalize(insert);
    return error;
}

static int feed_schema_make(sqlite3 *database, struct complaint *ret_complaint)
{
    int error = feeds_sql(database, feed_schema, ret_complaint);
    return error == 0 && !feeds_has_published(database)
               ? feeds_sql(database, "ALTER TABLE feed ADD COLUMN published INTEGER", ret_complaint)
               : error;
}

static int reading_run(void *context, struct complaint *ret_complaint)
{
    struct reading *reading = context;
    struct feed_input input;
    char head[FEED_HEAD_BYTES + 1];
    size_t length = 0;
    int error = feed_input_open(&input, reading->fd, import_name(reading->import), ret_complaint);
    if (error == 0)
        error = head_read(&input, head, &length);
    if (error == 0)
        error = feed_input_rewind(&input);
    head[length] = '\0';
    reading->published = feed_published(head);
    if (error == 0)
        error = feeds_database_begin(reading->database, true, ret_complaint);
    if (error == 0)
        error = feed_schema_make(reading->database, ret_complaint);
    if (error == 0)
        error = feeds_sql(reading->database, reading->kind->schema, ret_complaint);
    input.provider = reading->import->provider;
    input.published = reading->import->published_s;
    if (error == 0 && reading->format->by_name)
        error = unpack(&input, reading->unpacked_fd);
    if (error == 0)
        error = reading->format->parse(&input, reading->database, ret_complaint);
    if (reading->published == 0 || input.published != reading->import->published_s)
        reading->published = input.published;
    feed_input_close(&input);
    if (error == 0)
        error = feeds_rows(reading->database, reading->kind->rows, &reading->rows, ret_complaint);
    if (error == 0 && reading->rows == 0)
        error = complain(ret_complaint, import_name(reading->import), "", "holds nothing");
    if (error == 0)
        error = feed_note(reading, ret_complaint);
    if (error == 0)
        error = feeds_sql(reading->database, "COMMIT", ret_complaint);
    return error;
}

int feeds_folder_make(const char *folder, struct complaint *ret_complaint)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s", folder);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0755);
        *slash = '/';
    }
    if (mkdir(path, 0755) == 0 || errno == EEXIST)
        return 0;
    int error = errno;
    (void)complain(ret_complaint, folder, "", "%s%s", strerror(error),
                   error == EACCES ? " (as root, or --feeds with a folder of your own)" : "");
    return -error;
}

// What a library has read by name.
static void folder_clear(const char *folder)
{
    char path[PATH_MAX];
    if (feeds_path(folder, FEED_UNPACKED, "", path) == 0)
        (void)unlink(path);
    (void)rmdir(folder);
}

static int import_read(struct reading *reading, struct complaint *ret_complaint)
{
    const struct child_work work = {.prepare = reading_prepare,
                                    .run = reading_run,
                                    .context = reading,
                                    .memory_bytes = memory_bytes,
                                    .cpu_seconds = CPU_SECONDS,
                                    .file_bytes = file_bytes,
                                    .reads = reading->format->by_name};
    char path[PATH_MAX];
    char part[PATH_MAX];
    char folder[PATH_MAX];
    const char *name = feeds_kind_names[reading->kind->kind];
    int error = feeds_path(reading->import->folder, name, ".sqlite", path);
    if (error == 0)
        error = feeds_path(reading->import->folder, name, ".unpacked", folder);
    if (error == 0)
        error = feeds_path(reading->import->folder, name, ".sqlite.part", part);
    (void)unlink(part);
    if (error == 0 && reading->kind->grows)
        error = feeds_copy(path, part);
    reading->path = part;
    reading->folder = folder;
    if (error == 0)
        error = child_run(&work, &reading->rows, ret_complaint);
    folder_clear(folder);
    if (error == 0)
        error = feeds_settle(part, path);
    if (error != 0)
        (void)unlink(part);
    return error;
}

int feeds_import(const struct feeds_import *import, struct feeds_imported *ret_imported,
                 struct complaint *ret_complaint)
{
    struct reading reading = {.import = import};
    char sha256[FEEDS_DIGEST_HEX];
    *ret_complaint = (struct complaint){""};
    int error = feeds_folder_make(import->folder, ret_complaint);
    if (error != 0)
        return error;
    reading.fd = open(import->file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (reading.fd < 0) {
        error = -errno;
        (void)complain(ret_complaint, import->file, "", "%s", strerror(-error));
        return error;
    }
    error = recognise(import, reading.fd, &reading.format, ret_complaint);
    if (error == 0) {
        reading.kind = kind_find(reading.format->kind);
        reading.sha256 = sha256;
        error = feeds_digest(reading.fd, sha256);
    }
    if (error == 0)
        error = import_read(&reading, ret_complaint);
    (void)close(reading.fd);
    if (error != 0 && ret_complaint->text[0] == '\0')
        (void)complain(ret_complaint, import_name(import), "", "%s", strerror(-error));
    if (error == 0)
        *ret_imported = (struct feeds_imported){
            .kind = reading.kind->kind, .format = reading.format->name, .rows = (uint64_t)reading.rows};
    return error;
}
