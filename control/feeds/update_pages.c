// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/update_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/feeds/child.h"
#include "control/feeds/feed_input.h"
#include "control/feeds/json_stream.h"

enum {
    PAGE_BYTES_MAX = 256 << 20,
    CPU_SECONDS = 120,
    TRIES = 3,
    ROWS_MAX = 10000000,
    // The API takes no longer time between two changes; and what changed in the last hour may not have been told.
    SPAN_DAYS_MAX = 119,
    OVERLAP_SECONDS = 3600,
    DAY_SECONDS = 86400,
};

static const uint64_t memory_bytes = UINT64_C(512) << 20;

// One update, which several runs may make.
struct paging {
    struct updating *updating;
    const struct item *item;
    const struct feed_source *source;
    int64_t since; // records that have changed from here on; 0 = all
    int64_t until;
    uint64_t next; // index of the first record that has not come
    uint64_t total;
    int fd; // of what has been gathered
    struct complaint *complaint;
};

// ---- What is kept between two runs

static int64_t state_number(const struct paging *paging, const char *key)
{
    return strtoll(update_state_text(paging->updating->state, paging->item->url, key), NULL, 10);
}

// 0 = nothing is kept.
static void state_keep(const struct paging *paging, const char *key, int64_t number)
{
    char text[32] = "";
    if (number != 0)
        (void)snprintf(text, sizeof(text), "%lld", (long long)number);
    update_state_set(paging->updating, paging->item->url, key, text);
}

// Where this update begins: where one was broken off, else with what has changed since the last, else with everything.
static int paging_begin(struct paging *paging)
{
    const struct update *update = paging->updating->update;
    struct stat status;
    paging->fd = open(paging->item->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (paging->fd < 0 || fstat(paging->fd, &status) != 0)
        return -errno;
    bool gathered = state_number(paging, "pages_next") > 0 && status.st_size >= state_number(paging, "pages_bytes");
    int64_t since = update_kind_is_there(update, paging->item->kind) ? state_number(paging, "since") : 0;
    if (since > 0 && update->now_s - since > (int64_t)SPAN_DAYS_MAX * DAY_SECONDS)
        since = 0;
    paging->since = gathered ? state_number(paging, "pages_since") : since;
    paging->until = gathered ? state_number(paging, "pages_until") : update->now_s;
    paging->next = gathered ? (uint64_t)state_number(paging, "pages_next") : 0;
    // What a page has left when it was broken off.
    return ftruncate(paging->fd, gathered ? (off_t)state_number(paging, "pages_bytes") : 0) == 0 ? 0 : -errno;
}

static void paging_note(const struct paging *paging, int64_t bytes)
{
    state_keep(paging, "pages_next", (int64_t)paging->next);
    state_keep(paging, "pages_since", paging->since);
    state_keep(paging, "pages_until", paging->until);
    state_keep(paging, "pages_bytes", bytes);
    update_state_write(paging->updating);
}

// ---- One page

struct checking {
    int fd;
    const char *url;
    uint64_t start; // as it was asked for
    int64_t started;
    int64_t total;
    int64_t rows;
    int64_t value; // total << 32 | rows
};

static int member_take(void *context, const char *name, const json_t *value)
{
    struct checking *checking = context;
    if (json_is_integer(value) && strcmp(name, "startIndex") == 0)
        checking->started = json_integer_value(value);
    if (json_is_integer(value) && strcmp(name, "totalResults") == 0)
        checking->total = json_integer_value(value);
    return 0;
}

static int row_count(void *context, const json_t *element, size_t number)
{
    struct checking *checking = context;
    (void)element;
    (void)number;
    checking->rows++;
    return 0;
}

static int page_check(void *context, struct complaint *ret_complaint)
{
    struct checking *checking = context;
    struct feed_input input;
    int error = feed_input_open(&input, checking->fd, checking->url, ret_complaint);
    if (error == 0)
        error = json_stream_read(
            &input, &(struct json_stream_use){
                        .array = "vulnerabilities", .element = row_count, .member = member_take, .context = checking});
    if (error == 0 && (checking->total < 0 || checking->total > ROWS_MAX))
        error =
            complain(ret_complaint, checking->url, "", "says that there are %lld records", (long long)checking->total);
    else if (error == 0 && checking->started != (int64_t)checking->start)
        error = complain(ret_complaint, checking->url, "", "begins with record %lld, not %llu",
                         (long long)checking->started, (unsigned long long)checking->start);
    else if (error == 0 && checking->rows == 0 && checking->started < checking->total)
        error = complain(ret_complaint, checking->url, "", "has none of the %lld records that it says there are",
                         (long long)checking->total);
    feed_input_close(&input);
    // Of what was refused there is nothing to say.
    checking->value = error == 0 ? checking->total << 32 | checking->rows : 0;
    return error;
}

// Where the next page is. RFC 3339 without a zone is UTC there.
static int page_url(const struct paging *paging, char ret_url[static UPDATE_URL_BYTES])
{
    char dates[2][32];
    const char *url = paging->item->url;
    int length =
        snprintf(ret_url, UPDATE_URL_BYTES, "%s%cresultsPerPage=%u&startIndex=%llu", url,
                 strchr(url, '?') == NULL ? '?' : '&', paging->source->page_rows, (unsigned long long)paging->next);
    if (length < UPDATE_URL_BYTES && paging->since != 0) {
        const int64_t times[] = {paging->since, paging->until};
        for (size_t i = 0; i < 2; i++) {
            time_t seconds = (time_t)times[i];
            struct tm day;
            if (gmtime_r(&seconds, &day) == NULL ||
                strftime(dates[i], sizeof(dates[i]), "%Y-%m-%dT%H:%M:%S.000", &day) == 0)
                return -EINVAL;
        }
        length += snprintf(ret_url + length, UPDATE_URL_BYTES - (size_t)length,
                           "&lastModStartDate=%s&lastModEndDate=%s", dates[0], dates[1]);
    }
    return length < UPDATE_URL_BYTES ? 0 : -ENAMETOOLONG;
}

static void pause_for(uint64_t pause_ns)
{
    const struct timespec pause = {.tv_sec = (time_t)(pause_ns / 1000000000), .tv_nsec = (long)(pause_ns % 1000000000)};
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

// A server that has had enough for now says 403, 429 or 503: it is asked again, after ever longer pauses.
static int page_fetch(const struct paging *paging, const char *url, int fd)
{
    uint64_t pause_ns = paging->source->pause_ns;
    int error = 0;
    for (int attempt = 0; attempt < TRIES; attempt++) {
        struct fetch fetch = update_fetch(paging->updating, url, fd);
        struct fetch_answer answer = {0};
        if (attempt > 0)
            pause_for(pause_ns *= 2);
        fetch.key = paging->updating->update->sources->mirror[0] == '\0' ? paging->updating->update->key : "";
        fetch.bytes_max = fetch.bytes_max < PAGE_BYTES_MAX ? fetch.bytes_max : PAGE_BYTES_MAX;
        error = fetch_run(&fetch, &answer, paging->complaint);
        if (error != -EIO)
            break;
    }
    return error;
}

// Behind what has been gathered. Returns how many bytes there are then, or -errno.
static int64_t page_append(const struct paging *paging, int fd)
{
    static char chunk[256 << 10];
    off_t end = lseek(paging->fd, 0, SEEK_END);
    ssize_t got = 0;
    for (off_t at = 0; end >= 0 && (got = pread(fd, chunk, sizeof(chunk), at)) > 0; at += got)
        for (ssize_t done = 0; done < got;) {
            ssize_t wrote = write(paging->fd, chunk + done, (size_t)(got - done));
            if (wrote <= 0)
                return wrote < 0 ? -errno : -EIO;
            done += wrote;
            end += wrote;
        }
    return end < 0 || got < 0 ? -errno : end;
}

// Fetches the next page. Returns 0 with next and total moved on.
static int page_take(struct paging *paging)
{
    char url[UPDATE_URL_BYTES];
    int fd = memfd_create("page", MFD_CLOEXEC);
    struct checking checking = {.fd = fd, .url = url, .start = paging->next, .started = -1, .total = -1};
    const struct child_work work = {
        .run = page_check, .context = &checking, .memory_bytes = memory_bytes, .cpu_seconds = CPU_SECONDS};
    int64_t bytes = 0;
    int error = fd < 0 ? -errno : page_url(paging, url);
    if (error == 0)
        error = page_fetch(paging, url, fd);
    if (error == 0)
        // The child closes its own descriptor with the input; both share where they read.
        error = lseek(fd, 0, SEEK_SET) < 0 ? -errno : child_run(&work, &checking.value, paging->complaint);
    if (error == 0) {
        bytes = page_append(paging, fd);
        error = bytes < 0 ? (int)bytes : 0;
    }
    if (fd >= 0)
        (void)close(fd);
    if (error != 0)
        return error;
    paging->total = (uint64_t)checking.value >> 32;
    paging->next += (uint64_t)checking.value & UINT32_MAX;
    paging_note(paging, bytes);
    return 0;
}

// ---- All pages

static int pages_gather(struct paging *paging, struct update_told *told)
{
    for (;;) {
        int error = page_take(paging);
        if (error != 0 || paging->next >= paging->total)
            return error;
        *told = (struct update_told){.url = told->url,
                                     .complaint = told->complaint,
                                     .outcome = UPDATE_ONGOING,
                                     .rows = paging->next,
                                     .rows_in_all = paging->total};
        paging->updating->update->tell(told);
        pause_for(paging->source->pause_ns);
    }
}

static void paging_forget(struct paging *paging)
{
    paging->next = 0;
    paging->since = 0;
    paging->until = 0;
    (void)unlink(paging->item->part);
    paging_note(paging, 0);
}

int pages_run(struct updating *updating, const struct item *item, const struct feed_source *source,
              struct update_told *told, struct complaint *ret_complaint)
{
    struct paging paging = {.updating = updating, .item = item, .source = source, .fd = -1, .complaint = ret_complaint};
    const struct fetch_answer none = {0};
    int error = paging_begin(&paging);
    if (error == 0)
        error = pages_gather(&paging, told);
    if (paging.fd >= 0)
        (void)close(paging.fd);
    // What has come is kept for the next update, but that of a server that lies.
    if (error != 0 && error != -EIO)
        paging_forget(&paging);
    if (error != 0)
        return error;
    told->outcome = UPDATE_UNCHANGED;
    if (paging.total > 0) {
        error = update_import(updating, item, &none, told, ret_complaint);
        told->outcome = UPDATE_IMPORTED;
    }
    if (error == 0)
        state_keep(&paging, "since", paging.until - OVERLAP_SECONDS);
    paging_forget(&paging);
    return error;
}
