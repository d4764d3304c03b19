// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/feeds_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "control/feeds/feed.h"

int feeds_path(const char *folder, const char *name, const char *ending, char ret_path[static PATH_MAX])
{
    return snprintf(ret_path, PATH_MAX, "%s/%s%s", folder, name, ending) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int feeds_sql(sqlite3 *database, const char *sql, struct complaint *ret_complaint)
{
    return sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : feed_fail(database, ret_complaint);
}

int feeds_database_open(const char *path, bool write, sqlite3 **ret_database, struct complaint *ret_complaint)
{
    int flags = write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    if (sqlite3_open_v2(path, ret_database, flags | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
        return 0;
    (void)complain(ret_complaint, path, "", "%s", sqlite3_errmsg(*ret_database));
    return -EIO;
}

int feeds_database_begin(sqlite3 *database, bool write, struct complaint *ret_complaint)
{
    int error = feeds_sql(
        database, "PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY; PRAGMA locking_mode=EXCLUSIVE;", ret_complaint);
    if (error == 0 && write)
        error = feeds_sql(database, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN IMMEDIATE", ret_complaint);
    return error;
}

int feeds_rows(sqlite3 *database, const char *sql, int64_t *ret_rows, struct complaint *ret_complaint)
{
    sqlite3_stmt *rows = NULL;
    int error = feed_prepare(database, sql, &rows, ret_complaint);
    if (error == 0 && sqlite3_step(rows) == SQLITE_ROW)
        *ret_rows = sqlite3_column_int64(rows, 0);
    (void)sqlite3_finalize(rows);
    return error;
}

bool feeds_has_published(sqlite3 *database)
{
    sqlite3_stmt *select = NULL;
    bool has = sqlite3_prepare_v2(database, "SELECT published FROM feed", -1, &select, NULL) == SQLITE_OK;
    (void)sqlite3_finalize(select);
    return has;
}

int feeds_digest(int fd, char ret_hex[static FEEDS_DIGEST_HEX])
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

int feeds_copy(const char *from, const char *to)
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

int feeds_settle(const char *part, const char *path)
{
    int fd = open(part, O_RDWR | O_CLOEXEC);
    int error = fd < 0 || fchmod(fd, 0644) != 0 || fsync(fd) != 0 ? -errno : 0;
    if (fd >= 0)
        (void)close(fd);
    return error == 0 && rename(part, path) != 0 ? -errno : error;
}
