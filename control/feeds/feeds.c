// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/feeds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "control/feeds/child.h"
#include "control/feeds/feed_formats.h"

enum { CPU_SECONDS = 900, DIGEST_HEX = 65 };

static const uint64_t memory_bytes = UINT64_C(1) << 30;
static const uint64_t build_memory_bytes = UINT64_C(3) << 30;
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

// FOLDER/KIND.sqlite and what is made before it has that name.
static int path_make(const char *folder, const char *name, const char *ending, char ret_path[static PATH_MAX])
{
    return snprintf(ret_path, PATH_MAX, "%s/%s%s", folder, name, ending) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

// ---- What kind of file it is
// ------------------------------------------------------------------------------------------

struct recognising {
    const char *file;
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

static int recognise_run(void *context, struct complaint *ret_complaint)
{
    struct recognising *recognising = context;
    struct feed_input input;
    char head[FEED_HEAD_BYTES];
    size_t length = 0;
    int error = feed_input_open(&input, recognising->fd, recognising->file, ret_complaint);
    if (error == 0)
        error = head_read(&input, head, &length);
    recognising->format = -1;
    for (size_t i = 0; error == 0 && feed_formats[i] != NULL && recognising->format < 0; i++)
        if (feed_formats[i]->recognise(head, length))
            recognising->format = (int64_t)i;
    feed_input_close(&input);
    return error;
}

static int formats_complain(const char *file, struct complaint *ret_complaint)
{
    char names[384] = "";
    for (size_t i = 0; feed_formats[i] != NULL; i++)
        (void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i == 0 ? "" : ", ",
                       feed_formats[i]->name);
    return complain(ret_complaint, file, "", "is of no form that is known (%s)", names);
}

static int recognise(const char *file, int fd, const struct feed_format **ret_format, struct complaint *ret_complaint)
{
    struct recognising recognising = {.file = file, .fd = fd, .format = -1};
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
        return formats_complain(file, ret_complaint);
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
    int fd;
    sqlite3 *database;
    int64_t rows;
    int64_t published; // by its own account, 0
};

static int sql_run(sqlite3 *database, const char *sql, struct complaint *ret_complaint)
{
    return sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : feed_fail(database, ret_complaint);
}

// Opens the file and reads nothing of it: that is for who has no rights left.
static int database_open(const char *path, bool write, sqlite3 **ret_database, struct complaint *ret_complaint)
{
    int flags = write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    if (sqlite3_open_v2(path, ret_database, flags | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
        return 0;
    (void)complain(ret_complaint, path, "", "%s", sqlite3_errmsg(*ret_database));
    return -EIO;
}

// Nothing beside the file is asked for: no journal, no temporary file.
static int database_begin(sqlite3 *database, bool write, struct complaint *ret_complaint)
{
    int error = sql_run(database, "PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY; PRAGMA locking_mode=EXCLUSIVE;",
                        ret_complaint);
    if (error == 0 && write)
        error = sql_run(database, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN IMMEDIATE", ret_complaint);
    return error;
}

static int reading_prepare(void *context, struct complaint *ret_complaint)
{
    struct reading *reading = context;
    return database_open(reading->path, true, &reading->database, ret_complaint);
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

static int rows_count(sqlite3 *database, const char *sql, int64_t *ret_rows, struct complaint *ret_complaint)
{
    sqlite3_stmt *rows = NULL;
    int error = feed_prepare(database, sql, &rows, ret_complaint);
    if (error == 0 && sqlite3_step(rows) == SQLITE_ROW)
        *ret_rows = sqlite3_column_int64(rows, 0);
    (void)sqlite3_finalize(rows);
    return error;
}

// Files that were made before feeds told when they were published have no such column.
static bool feed_has_published(sqlite3 *database)
{
    sqlite3_stmt *select = NULL;
    bool has = sqlite3_prepare_v2(database, "SELECT published FROM feed", -1, &select, NULL) == SQLITE_OK;
    (void)sqlite3_finalize(select);
    return has;
}

static int feed_schema_make(sqlite3 *database, struct complaint *ret_complaint)
{
    int error = sql_run(database, feed_schema, ret_complaint);
    return error == 0 && !feed_has_published(database)
               ? sql_run(database, "ALTER TABLE feed ADD COLUMN published INTEGER", ret_complaint)
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
        error = database_begin(reading->database, true, ret_complaint);
    if (error == 0)
        error = feed_schema_make(reading->database, ret_complaint);
    if (error == 0)
        error = sql_run(reading->database, reading->kind->schema, ret_complaint);
    if (error == 0)
        error = reading->format->parse(&input, reading->database, ret_complaint);
    feed_input_close(&input);
    if (error == 0)
        error = rows_count(reading->database, reading->kind->rows, &reading->rows, ret_complaint);
    if (error == 0 && reading->rows == 0)
        error = complain(ret_complaint, import_name(reading->import), "", "holds nothing");
    if (error == 0)
        error = feed_note(reading, ret_complaint);
    if (error == 0)
        error = sql_run(reading->database, "COMMIT", ret_complaint);
    return error;
}

static int file_digest(int fd, char ret_hex[static DIGEST_HEX])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    static uint8_t chunk[256 << 10];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool right = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    off_t at = 0;
    ssize_t got = 0;
    while (right && (got = pread(fd, chunk, sizeof(chunk), at)) > 0) {
        right = EVP_DigestUpdate(context, chunk, (size_t)got) == 1;
        at += got;
    }
    right = right && got == 0 && EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    for (size_t i = 0; right && i < 32; i++)
        (void)snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
    return right ? 0 : -EIO;
}

// A copy of what is there, for what a file adds to it.
static int file_copy(const char *from, const char *to)
{
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0)
        return errno == ENOENT ? 0 : -errno;
    int target = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int error = target < 0 ? -errno : 0;
    while (error == 0) {
        ssize_t moved = copy_file_range(source, NULL, target, NULL, 64 << 20, 0);
        if (moved == 0)
            break;
        error = moved < 0 ? -errno : 0;
    }
    (void)close(source);
    if (target >= 0)
        (void)close(target);
    return error;
}

// Gives a whole file its name, durably.
static int file_settle(const char *part, const char *path)
{
    int fd = open(part, O_RDWR | O_CLOEXEC);
    int error = fd < 0 || fchmod(fd, 0644) != 0 || fsync(fd) != 0 ? -errno : 0;
    if (fd >= 0)
        (void)close(fd);
    return error == 0 && rename(part, path) != 0 ? -errno : error;
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

static int import_read(struct reading *reading, struct complaint *ret_complaint)
{
    const struct child_work work = {.prepare = reading_prepare,
                                    .run = reading_run,
                                    .context = reading,
                                    .memory_bytes = memory_bytes,
                                    .cpu_seconds = CPU_SECONDS,
                                    .file_bytes = file_bytes};
    char path[PATH_MAX];
    char part[PATH_MAX];
    const char *name = feeds_kind_names[reading->kind->kind];
    int error = path_make(reading->import->folder, name, ".sqlite", path);
    if (error == 0)
        error = path_make(reading->import->folder, name, ".sqlite.part", part);
    (void)unlink(part);
    if (error == 0 && reading->kind->grows)
        error = file_copy(path, part);
    reading->path = part;
    if (error == 0)
        error = child_run(&work, &reading->rows, ret_complaint);
    if (error == 0)
        error = file_settle(part, path);
    if (error != 0)
        (void)unlink(part);
    return error;
}

int feeds_import(const struct feeds_import *import, struct feeds_imported *ret_imported,
                 struct complaint *ret_complaint)
{
    struct reading reading = {.import = import};
    char sha256[DIGEST_HEX];
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
    error = recognise(import_name(import), reading.fd, &reading.format, ret_complaint);
    if (error == 0) {
        reading.kind = kind_find(reading.format->kind);
        reading.sha256 = sha256;
        error = file_digest(reading.fd, sha256);
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

// ---- The image
// --------------------------------------------------------------------------------------------------------

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
        error = path_make(building->folder, feeds_kind_names[feed_kinds[i]->kind], ".sqlite", path);
        if (error == 0 && access(path, F_OK) == 0)
            error = database_open(path, false, &building->databases[i], ret_complaint);
    }
    return error;
}

static int feeds_build_notes(sqlite3 *database, const struct feed_kind *kind, struct intel_builder *builder,
                             struct complaint *ret_complaint)
{
    sqlite3_stmt *rows = NULL;
    int64_t count = 0;
    int error = rows_count(database, kind->rows, &count, ret_complaint);
    if (error == 0)
        error = feed_prepare(
            database,
            feed_has_published(database)
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
        error = database_begin(building->databases[i], false, ret_complaint);
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
                                    .memory_bytes = build_memory_bytes,
                                    .cpu_seconds = CPU_SECONDS,
                                    .file_bytes = file_bytes};
    struct intel intel;
    char path[PATH_MAX];
    char part[PATH_MAX];
    *ret_complaint = (struct complaint){""};
    int error = path_make(folder, "intel", ".image", path);
    if (error == 0)
        error = path_make(folder, "intel", ".image.part", part);
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
        error = file_settle(part, path);
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
    int error = path_make(folder, "intel", ".image", path);
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
