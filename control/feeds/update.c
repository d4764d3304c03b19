// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/update.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "control/feeds/child.h"
#include "control/feeds/feed_input.h"
#include "control/feeds/update_pages.h"
#include "control/feeds/update_state.h"

enum { META_BYTES = 4096, CHUNK_BYTES = 256 << 10, CPU_SECONDS = 900 };

static const uint64_t check_memory_bytes = UINT64_C(256) << 20;

static struct fetch_version state_version(const json_t *state, const char *url, const char *etag, const char *modified)
{
    struct fetch_version version;
    (void)snprintf(version.etag, sizeof(version.etag), "%s", update_state_text(state, url, etag));
    (void)snprintf(version.modified, sizeof(version.modified), "%s", update_state_text(state, url, modified));
    return version;
}

// With the year in its place, and the mirror in that of https://.
static int url_make(const struct update *update, const char *pattern, uint32_t year,
                    char ret_url[static UPDATE_URL_BYTES])
{
    static const char scheme[] = "https://";
    char filled[UPDATE_URL_BYTES];
    const char *mark = strstr(pattern, "{year}");
    int length = mark == NULL ? snprintf(filled, sizeof(filled), "%s", pattern)
                              : snprintf(filled, sizeof(filled), "%.*s%u%s", (int)(mark - pattern), pattern, year,
                                         mark + strlen("{year}"));
    if (length < 0 || length >= UPDATE_URL_BYTES)
        return -ENAMETOOLONG;
    const char *mirror = update->sources->mirror;
    size_t end = strlen(mirror);
    while (end > 0 && mirror[end - 1] == '/')
        end--;
    if (end == 0 || strncmp(filled, scheme, strlen(scheme)) != 0)
        length = snprintf(ret_url, UPDATE_URL_BYTES, "%s", filled);
    else
        length = snprintf(ret_url, UPDATE_URL_BYTES, "%.*s/%s", (int)end, mirror, filled + strlen(scheme));
    return length >= UPDATE_URL_BYTES ? -ENAMETOOLONG : 0;
}

static uint32_t url_hash(const char *url)
{
    uint32_t hash = 2166136261U; // FNV-1a
    for (; *url != '\0'; url++)
        hash = (hash ^ (uint8_t)*url) * 16777619U;
    return hash;
}

static int part_name(const struct update *update, struct item *item)
{
    uint32_t hash = url_hash(item->url);
    int length = snprintf(item->part, PATH_MAX, "%s/downloads/%08x.part", update->folder, hash);
    return length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

// ---- Checksums

struct check {
    const char *url;
    const char *sha256;
    int fd;
    EVP_MD_CTX *context;
};

static int check_run(void *context, struct complaint *ret_complaint)
{
    struct check *check = context;
    static uint8_t chunk[CHUNK_BYTES];
    struct feed_input input;
    uint8_t digest[EVP_MAX_MD_SIZE];
    char hex[UPDATE_SHA256_HEX + 1] = "";
    ssize_t got = 1;
    int error = feed_input_open(&input, check->fd, check->url, ret_complaint);
    while (error == 0 && (got = feed_input_read(&input, chunk, sizeof(chunk))) > 0)
        error = EVP_DigestUpdate(check->context, chunk, (size_t)got) == 1 ? 0 : -EIO;
    if (error == 0)
        error = got < 0 ? (int)got : EVP_DigestFinal_ex(check->context, digest, NULL) == 1 ? 0 : -EIO;
    feed_input_close(&input);
    for (size_t i = 0; error == 0 && i < UPDATE_SHA256_HEX / 2; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    if (error == 0 && strcmp(hex, check->sha256) != 0)
        error = complain(ret_complaint, check->url, "", "its sha256, unpacked, is %s; its .meta says %s", hex,
                         check->sha256);
    return error;
}

// The digest is of the file unpacked, so a child reads it.
static int checksum_check(const struct item *item, struct complaint *ret_complaint)
{
    struct check check = {.url = item->url, .sha256 = item->sha256, .context = EVP_MD_CTX_new()};
    const struct child_work work = {
        .run = check_run, .context = &check, .memory_bytes = check_memory_bytes, .cpu_seconds = CPU_SECONDS};
    check.fd = open(item->part, O_RDONLY | O_CLOEXEC);
    int error = check.fd < 0 ? -errno : 0;
    if (error == 0 && (check.context == NULL || EVP_DigestInit_ex(check.context, EVP_sha256(), NULL) != 1))
        error = -ENOMEM;
    if (error == 0)
        error = child_run(&work, NULL, ret_complaint);
    EVP_MD_CTX_free(check.context);
    if (check.fd >= 0)
        (void)close(check.fd);
    return error;
}

// "sha256:HEX" on a line of its own.
static bool meta_read(const char *text, char ret_sha256[static UPDATE_SHA256_HEX + 1])
{
    static const char mark[] = "sha256:";
    const char *at = strstr(text, mark);
    if (at == NULL || strspn(at + strlen(mark), "0123456789abcdefABCDEF") != UPDATE_SHA256_HEX)
        return false;
    for (size_t i = 0; i < UPDATE_SHA256_HEX; i++) {
        char digit = at[strlen(mark) + i];
        ret_sha256[i] = (char)(digit >= 'A' && digit <= 'F' ? digit - 'A' + 'a' : digit);
    }
    ret_sha256[UPDATE_SHA256_HEX] = '\0';
    return true;
}

static int meta_fetch(const struct updating *updating, struct item *item, struct complaint *ret_complaint)
{
    char text[META_BYTES + 1] = "";
    int fd = memfd_create("meta", MFD_CLOEXEC);
    struct fetch fetch = update_fetch(updating, item->meta, fd);
    struct fetch_answer answer;
    fetch.bytes_max = META_BYTES;
    int error = fd < 0 ? -errno : fetch_run(&fetch, &answer, ret_complaint);
    ssize_t got = error == 0 ? pread(fd, text, META_BYTES, 0) : 0;
    if (fd >= 0)
        (void)close(fd);
    if (error == 0 && (got <= 0 || !meta_read(text, item->sha256)))
        error = complain(ret_complaint, item->meta, "", "has no line \"sha256:\" with 64 hexadecimal digits");
    return error;
}

// ---- One file

static void part_forget(struct updating *updating, const struct item *item)
{
    (void)unlink(item->part);
    update_state_set(updating, item->url, "part_etag", "");
    update_state_set(updating, item->url, "part_modified", "");
}

static int part_fetch(struct updating *updating, const struct item *item, bool conditional,
                      struct fetch_answer *ret_answer, struct complaint *ret_complaint)
{
    struct stat status;
    int fd = open(item->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return -errno;
    struct fetch fetch = update_fetch(updating, item->url, fd);
    if (conditional)
        fetch.current = state_version(updating->state, item->url, "etag", "modified");
    fetch.part = state_version(updating->state, item->url, "part_etag", "part_modified");
    // A weak tag does not say that bytes are the same (RFC 9110, section 8.8.1).
    if (strncmp(fetch.part.etag, "W/", 2) == 0)
        fetch.part.etag[0] = '\0';
    bool known = fetch.part.etag[0] != '\0' || fetch.part.modified[0] != '\0';
    if (known && fstat(fd, &status) == 0)
        fetch.have = (uint64_t)status.st_size;
    // No part is longer than the bound: a bound that was made smaller meets it here.
    if (fetch.have > fetch.bytes_max)
        fetch.have = 0;
    *ret_answer = (struct fetch_answer){0};
    int error = fetch_run(&fetch, ret_answer, ret_complaint);
    (void)close(fd);
    return error;
}

static int item_run(struct updating *updating, struct item *item, struct update_told *told,
                    struct complaint *ret_complaint)
{
    struct fetch_answer answer = {0};
    bool conditional = update_kind_is_there(updating->update, item->kind);
    int error = item->meta[0] != '\0' ? meta_fetch(updating, item, ret_complaint) : 0;
    if (error != 0)
        return error;
    if (conditional && item->sha256[0] != '\0' &&
        strcmp(update_state_text(updating->state, item->url, "sha256"), item->sha256) == 0) {
        told->outcome = UPDATE_UNCHANGED;
        return 0;
    }
    // A checksum that is another than that of what is in use is of another file, whatever a tag says.
    conditional = conditional && item->sha256[0] == '\0';
    error = part_fetch(updating, item, conditional, &answer, ret_complaint);
    if (error == -EIO && (answer.version.etag[0] != '\0' || answer.version.modified[0] != '\0')) {
        update_state_set(updating, item->url, "part_etag", answer.version.etag);
        update_state_set(updating, item->url, "part_modified", answer.version.modified);
        return error;
    }
    if (error == 0 && answer.unchanged)
        told->outcome = UPDATE_UNCHANGED;
    if (error == 0 && !answer.unchanged && item->sha256[0] != '\0')
        error = checksum_check(item, ret_complaint);
    if (error == 0 && !answer.unchanged)
        error = update_import(updating, item, &answer, told, ret_complaint);
    part_forget(updating, item);
    if (error == 0 && !answer.unchanged) {
        told->outcome = UPDATE_IMPORTED;
        update_state_set(updating, item->url, "etag", answer.version.etag);
        update_state_set(updating, item->url, "modified", answer.version.modified);
        update_state_set(updating, item->url, "sha256", item->sha256);
    }
    return error;
}

static void source_run(struct updating *updating, const struct feed_source *source, struct update_counts *counts)
{
    const struct update *update = updating->update;
    time_t now = (time_t)update->now_s;
    struct tm day;
    uint32_t last = source->first_year == 0 || gmtime_r(&now, &day) == NULL ? 0 : (uint32_t)day.tm_year + 1900;
    for (uint32_t year = source->first_year; year <= last; year++) {
        struct item item = {.kind = (enum intel_kind)source->kind, .provider = source->provider};
        struct complaint complaint = {""};
        struct update_told told = {.url = item.url, .complaint = &complaint};
        int error = url_make(update, source->url, year, item.url);
        if (error == 0 && source->meta != NULL)
            error = url_make(update, source->meta, year, item.meta);
        if (error == 0)
            error = part_name(update, &item);
        if (error == 0)
            error = source->page_rows != 0 ? pages_run(updating, &item, source, &told, &complaint)
                                           : item_run(updating, &item, &told, &complaint);
        if (error != 0 && complaint.text[0] == '\0')
            (void)complain(&complaint, item.url, "", "%s", strerror(-error));
        if (error != 0)
            told.outcome = UPDATE_FAILED;
        counts->failed += told.outcome == UPDATE_FAILED;
        counts->unchanged += told.outcome == UPDATE_UNCHANGED;
        counts->imported += told.outcome == UPDATE_IMPORTED;
        update_state_write(updating);
        update->tell(&told);
    }
}

static int downloads_lock(const char *folder, int *ret_fd, struct complaint *ret_complaint)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/downloads", folder) >= PATH_MAX)
        return -ENAMETOOLONG;
    int error = feeds_folder_make(path, ret_complaint);
    int fd = error != 0 ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (error == 0 && fd < 0)
        error = -errno;
    if (error == 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        error = -errno;
        (void)complain(ret_complaint, path, "", "another update is at work");
    }
    if (error != 0 && fd >= 0)
        (void)close(fd);
    if (error == 0)
        *ret_fd = fd;
    return error;
}

int update_run(const struct update *update, struct update_counts *ret_counts, struct complaint *ret_complaint)
{
    struct updating updating = {.update = update};
    struct update_counts counts = {0};
    int lock_fd;
    *ret_complaint = (struct complaint){""};
    int error =
        snprintf(updating.state_path, PATH_MAX, "%s/updates.json", update->folder) < PATH_MAX ? 0 : -ENAMETOOLONG;
    if (error == 0)
        error = downloads_lock(update->folder, &lock_fd, ret_complaint);
    if (error != 0) {
        if (ret_complaint->text[0] == '\0')
            (void)complain(ret_complaint, update->folder, "", "%s", strerror(-error));
        return error;
    }
    // One that cannot be read costs what it would have saved.
    updating.state = json_load_file(updating.state_path, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(updating.state)) {
        json_decref(updating.state);
        updating.state = json_object();
    }
    for (size_t i = 0; i < update->sources->count; i++)
        if ((update->kinds >> update->sources->rows[i].kind & 1) != 0)
            source_run(&updating, &update->sources->rows[i], &counts);
    json_decref(updating.state);
    (void)close(lock_fd);
    *ret_counts = counts;
    return 0;
}
