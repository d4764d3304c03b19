// SPDX-License-Identifier: BSD-3-Clause
#include "control/record/records.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/record/records_source.h"

// A block is what a thread takes at a time: whole lines, so at least one of the longest.
// A block is as much as stays in a processor's cache, and more only where a line is longer. LENT: of all threads.
enum { BLOCK_BYTES = 4 << 20, BLOCK_FILL = 256 << 10, LENT_BYTES_MAX = 256 << 20 };

const char *const records_fault_names[RECORDS_FAULT_COUNT] = {
#define X(enumerator, name) name,
    RECORDS_FAULTS(X)
#undef X
};

struct block {
    char *bytes; // [BLOCK_BYTES]
    bool whole;  // the file goes on behind it
    size_t length;
    const char *file;
    uint64_t line; // number of the first
    bool cut;      // the last line has no newline: the file ended in it
    bool skipping; // the first bytes are the rest of a line that is too long
};

// The files in turn, shared by all threads.
struct feed {
    const struct records_reading *reading;
    char **files;
    size_t file_count;
    size_t next_file;
    struct records_source *source; // of files[next_file - 1]
    uint64_t line;
    char *rest; // [BLOCK_BYTES] the beginning of the next block
    size_t rest_length;
    bool skipping; // in a line that is too long
    int broken;    // what reading this file ended with, once its last whole piece is taken
    int error;
    char message[512];
    pthread_mutex_t mutex;
    atomic_int ended; // what a `take` returned
};

struct worker {
    struct feed *feed;
    void *context;
    struct observation observation;
    struct block block;
    char *original;           // [RECORD_BYTES_MAX] the line as it was, where lines are passed on
    struct record_memo *memo; // NULL: nothing is lent
    struct records_tally tally;
    pthread_t thread;
};

// ---- Which files
// ------------------------------------------------------------------------------------------------------

static int file_add(struct feed *feed, const char *folder, const char *name)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s%s%s", folder, folder[0] == '\0' ? "" : "/", name) >= PATH_MAX)
        return -ENAMETOOLONG;
    char **files = reallocarray(feed->files, feed->file_count + 1, sizeof(files[0]));
    if (files == NULL)
        return -ENOMEM;
    feed->files = files;
    files[feed->file_count] = strdup(path);
    return files[feed->file_count++] == NULL ? -ENOMEM : 0;
}

static bool is_records(const char *name)
{
    static const char *const endings[] = {".jsonl", ".jsonl.gz", ".jsonl.zst"};
    size_t length = strlen(name);
    if (strncmp(name, "records", 7) != 0)
        return false;
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t ending = strlen(endings[i]);
        if (length >= ending && strcmp(name + length - ending, endings[i]) == 0)
            return true;
    }
    return false;
}

static int names_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int folder_add(struct feed *feed, const char *path)
{
    DIR *folder = opendir(path);
    size_t first = feed->file_count;
    int error = folder == NULL ? -errno : 0;
    for (struct dirent *entry; error == 0 && (entry = readdir(folder)) != NULL;)
        if (is_records(entry->d_name))
            error = file_add(feed, path, entry->d_name);
    if (folder != NULL)
        (void)closedir(folder);
    if (error == 0 && feed->file_count == first)
        error = -ENOENT;
    if (error == 0)
        qsort(feed->files + first, feed->file_count - first, sizeof(feed->files[0]), names_compare);
    return error;
}

static int path_add(struct feed *feed, const char *path)
{
    struct stat status = {0};
    if (strcmp(path, "-") == 0)
        return file_add(feed, "", path);
    int error = stat(path, &status) != 0       ? -errno
                : S_ISDIR(status.st_mode) != 0 ? folder_add(feed, path)
                                               : file_add(feed, "", path);
    if (error == -ENOENT && S_ISDIR(status.st_mode) != 0)
        (void)snprintf(feed->message, sizeof(feed->message), "%s: holds no records.jsonl", path);
    else if (error != 0)
        (void)snprintf(feed->message, sizeof(feed->message), "%s: %s", path, strerror(-error));
    return error;
}

// ---- Blocks of lines
// --------------------------------------------------------------------------------------------------

static int source_next(struct feed *feed)
{
    const char *file = feed->files[feed->next_file++];
    int fd = strcmp(file, "-") == 0 ? dup(STDIN_FILENO) : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    feed->source = fd < 0 ? NULL : records_source_new(fd);
    feed->line = 1;
    feed->skipping = false;
    if (feed->source != NULL)
        return 0;
    int error = -errno;
    (void)snprintf(feed->message, sizeof(feed->message), "%s: %s", file, strerror(-error));
    return error;
}

static void source_end(struct feed *feed)
{
    records_source_free(feed->source);
    feed->source = NULL;
}

static uint64_t lines_count(const char *bytes, size_t length)
{
    uint64_t count = 0;
    for (const char *at = bytes, *end = bytes + length; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        count++;
    return count;
}

static void source_read(struct feed *feed, struct block *block, size_t room)
{
    while (block->length < room && feed->broken == 0) {
        ssize_t got = records_source_read(feed->source, block->bytes + block->length, room - block->length);
        if (got == 0)
            break;
        if (got < 0)
            feed->broken = (int)got;
        else
            block->length += (size_t)got;
    }
    block->whole = block->length >= room;
}

// Fills the block from the source; false at the end of the file.
static bool block_fill(struct feed *feed, struct block *block)
{
    block->length = feed->rest_length;
    memcpy(block->bytes, feed->rest, feed->rest_length);
    feed->rest_length = 0;
    source_read(feed, block, BLOCK_FILL);
    if (block->whole && memrchr(block->bytes, '\n', block->length) == NULL)
        source_read(feed, block, BLOCK_BYTES);
    return block->length > 0;
}

// Leaves whole lines in the block; what follows the last newline is the next one's.
static void block_settle(struct feed *feed, struct block *block)
{
    char *last = memrchr(block->bytes, '\n', block->length);
    block->skipping = feed->skipping;
    block->cut = false;
    feed->skipping = false;
    if (last != NULL && (block->whole || last + 1 == block->bytes + block->length)) {
        size_t length = (size_t)(last + 1 - block->bytes);
        feed->rest_length = block->length - length;
        memcpy(feed->rest, last + 1, feed->rest_length);
        block->length = length;
    } else if (block->whole)
        feed->skipping = true; // not one line in it: all of it is one that is too long
    else
        block->cut = true;
    block->line = feed->line;
    feed->line += lines_count(block->bytes, block->length);
}

static void fault_count(struct worker *worker, enum records_fault kind, uint64_t line, const char *what, size_t at)
{
    struct records_tally *tally = &worker->tally;
    if (tally->faults[kind]++ > 0 || tally->complaint_count == RECORDS_COMPLAINTS_MAX)
        return;
    char *text = tally->complaints[tally->complaint_count++];
    if (what == NULL)
        (void)snprintf(text, sizeof(tally->complaints[0]), "%s:%llu: %s", worker->block.file, (unsigned long long)line,
                       records_fault_names[kind]);
    else if (at == SIZE_MAX)
        (void)snprintf(text, sizeof(tally->complaints[0]), "%s:%llu: %s", worker->block.file, (unsigned long long)line,
                       what);
    else
        (void)snprintf(text, sizeof(tally->complaints[0]), "%s:%llu: %s at byte %zu", worker->block.file,
                       (unsigned long long)line, what, at + 1);
}

// A file that ends in the middle of what it should hold is told of, and the others are read.
static void source_judge(struct worker *worker)
{
    struct feed *feed = worker->feed;
    if (feed->broken != 0)
        fault_count(worker, RECORDS_BROKEN, feed->line,
                    feed->broken == -EBADMSG ? "the packed file is broken or ends too early" : strerror(-feed->broken),
                    SIZE_MAX);
    feed->broken = 0;
}

// 1 with a block, 0 when everything was read, or -errno.
static int block_take(struct worker *worker)
{
    struct feed *feed = worker->feed;
    struct block *block = &worker->block;
    for (;;) {
        if (feed->source == NULL) {
            if (feed->next_file == feed->file_count)
                return 0;
            int error = source_next(feed);
            if (error != 0)
                return error;
        }
        block->file = feed->files[feed->next_file - 1];
        if (block_fill(feed, block)) {
            block_settle(feed, block);
            return 1;
        }
        source_judge(worker);
        source_end(feed);
    }
}

static bool block_next(struct worker *worker)
{
    struct feed *feed = worker->feed;
    (void)pthread_mutex_lock(&feed->mutex);
    int got =
        feed->error != 0 || atomic_load_explicit(&feed->ended, memory_order_relaxed) != 0 ? 0 : block_take(worker);
    if (got < 0)
        feed->error = got;
    (void)pthread_mutex_unlock(&feed->mutex);
    return got > 0;
}

// ---- Lines
// ------------------------------------------------------------------------------------------------------------

static int line_pass(const struct worker *worker, const char *line, size_t length)
{
    const struct records_reading *reading = worker->feed->reading;
    return reading->pass == NULL ? 0 : reading->pass(worker->context, line, length);
}

static int line_read(struct worker *worker, char *line, size_t length, uint64_t number, bool is_cut)
{
    const struct records_reading *reading = worker->feed->reading;
    struct record_fault fault = {.what = "no JSON"};
    size_t unknown = 0;
    if (reading->want != NULL && !reading->want(worker->context, line, length))
        return 0;
    if (length > RECORD_BYTES_MAX) {
        fault_count(worker, RECORDS_LONG, number, NULL, 0);
        return line_pass(worker, line, length);
    }
    // Reading changes the line.
    if (worker->original != NULL)
        memcpy(worker->original, line, length);
    observation_reset(&worker->observation);
    int error = record_read_lent(worker->memo, line, length, &worker->observation, &unknown, &fault);
    if (error == -ENOMEM)
        return error;
    if (error == -EPROTO)
        fault_count(worker, RECORDS_SCHEMA, number, NULL, 0);
    else if (error != 0 && is_cut)
        fault_count(worker, RECORDS_CUT, number, NULL, 0);
    else if (error != 0)
        fault_count(worker, RECORDS_MALFORMED, number, fault.what == NULL ? "no JSON" : fault.what, fault.at);
    if (error != 0)
        return line_pass(worker, worker->original, length);
    const struct records_place place = {.file = worker->block.file, .line = number};
    worker->tally.unknown += unknown;
    if (!reading->denied && !record_is_open(&worker->observation))
        return 0;
    worker->tally.records++;
    return reading->take(worker->context, &worker->observation, &place);
}

static bool is_blank(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
            return false;
    return true;
}

static int block_read(struct worker *worker)
{
    const struct block *block = &worker->block;
    char *at = block->bytes;
    char *end = at + block->length;
    uint64_t number = block->line;
    bool skipping = block->skipping;
    int error = 0;
    worker->tally.bytes += block->length;
    for (; at < end && error == 0; number++) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline != NULL ? newline : end) - at);
        // The first piece of a line that is too long is counted, the others belong to it.
        if (!skipping && !is_blank(at, length))
            error = line_read(worker, at, length, number, newline == NULL && block->cut);
        skipping = false;
        at += length + 1;
    }
    return error;
}

static void *worker_run(void *argument)
{
    struct worker *worker = argument;
    while (block_next(worker)) {
        int error = block_read(worker);
        if (error != 0)
            atomic_store_explicit(&worker->feed->ended, error, memory_order_relaxed);
    }
    return NULL;
}

// ---- Everything
// -------------------------------------------------------------------------------------------------------

static void tally_add(struct records_tally *tally, const struct records_tally *part)
{
    tally->bytes += part->bytes;
    tally->records += part->records;
    tally->unknown += part->unknown;
    for (size_t i = 0; i < RECORDS_FAULT_COUNT; i++)
        tally->faults[i] += part->faults[i];
    for (size_t i = 0; i < part->complaint_count && tally->complaint_count < RECORDS_COMPLAINTS_MAX; i++)
        memcpy(tally->complaints[tally->complaint_count++], part->complaints[i], sizeof(part->complaints[0]));
}

static int workers_run(struct feed *feed, struct records_tally *ret_tally)
{
    unsigned int threads = feed->reading->threads;
    struct worker *workers = calloc(threads, sizeof(workers[0]));
    unsigned int started = 0;
    int error = workers == NULL ? -ENOMEM : 0;
    for (unsigned int i = 0; i < threads && error == 0; i++) {
        workers[i].feed = feed;
        workers[i].context = feed->reading->contexts[i];
        workers[i].block.bytes = malloc(BLOCK_BYTES);
        // Without memory for it everything is read.
        workers[i].memo = feed->reading->lent ? record_memo_new(LENT_BYTES_MAX / threads) : NULL;
        observation_init(&workers[i].observation);
        workers[i].original = feed->reading->pass == NULL ? NULL : malloc(RECORD_BYTES_MAX);
        error = workers[i].block.bytes == NULL || (workers[i].original == NULL && feed->reading->pass != NULL) ? -ENOMEM
                                                                                                               : 0;
    }
    for (; started + 1 < threads && error == 0; started++)
        if (pthread_create(&workers[started + 1].thread, NULL, worker_run, &workers[started + 1]) != 0)
            break; // the others read everything
    if (error == 0)
        (void)worker_run(&workers[0]);
    for (unsigned int i = 0; i < started; i++)
        (void)pthread_join(workers[i + 1].thread, NULL);
    for (unsigned int i = 0; workers != NULL && i < threads; i++) {
        tally_add(ret_tally, &workers[i].tally);
        free(workers[i].block.bytes);
        free(workers[i].original);
        observation_fini(&workers[i].observation);
        record_memo_free(workers[i].memo);
    }
    free(workers);
    return error;
}

int records_read(const struct records_reading *reading, struct records_tally *ret_tally, char message[static 512])
{
    struct feed feed = {.reading = reading, .rest = malloc(BLOCK_BYTES), .mutex = PTHREAD_MUTEX_INITIALIZER};
    int error = feed.rest == NULL ? -ENOMEM : 0;
    *ret_tally = (struct records_tally){0};
    for (size_t i = 0; i < reading->path_count && error == 0; i++)
        error = path_add(&feed, reading->paths[i]);
    ret_tally->files = feed.file_count;
    if (error == 0)
        error = workers_run(&feed, ret_tally);
    if (error == 0)
        error = feed.error;
    if (error == 0)
        error = atomic_load_explicit(&feed.ended, memory_order_relaxed);
    (void)snprintf(message, 512, "%s", feed.message[0] != '\0' ? feed.message : error != 0 ? strerror(-error) : "");
    source_end(&feed);
    for (size_t i = 0; i < feed.file_count; i++)
        free(feed.files[i]);
    free(feed.files);
    free(feed.rest);
    return error;
}
