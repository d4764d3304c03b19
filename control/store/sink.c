// SPDX-License-Identifier: BSD-3-Clause
#include "control/store/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SINK_CHUNK_BYTES = 1 << 20 };

// The offset behind the last newline of fd[0..size).
static int end_find(int fd, uint64_t size, uint64_t *ret_end)
{
    char chunk[4096];
    while (size > 0) {
        uint64_t length = size < sizeof(chunk) ? size : sizeof(chunk);
        ssize_t got = pread(fd, chunk, length, (off_t)(size - length));
        if (got != (ssize_t)length)
            return got < 0 ? -errno : -EIO;
        const char *newline = memrchr(chunk, '\n', length);
        if (newline != NULL) {
            *ret_end = size - length + (uint64_t)(newline - chunk) + 1;
            return 0;
        }
        size -= length;
    }
    *ret_end = 0;
    return 0;
}

int sink_init(struct sink *sink, int fd, uint64_t *ret_cut)
{
    struct stat status;
    uint64_t cut = 0;
    *sink = (struct sink){.fd = fd};
    if (fstat(fd, &status) != 0)
        return -errno;
    sink->is_file = S_ISREG(status.st_mode);
    if (sink->is_file) {
        int error = end_find(fd, (uint64_t)status.st_size, &sink->end);
        if (error != 0)
            return error;
        cut = (uint64_t)status.st_size - sink->end;
        if (cut > 0 && ftruncate(fd, (off_t)sink->end) != 0)
            return -errno;
    }
    int error = pthread_mutex_init(&sink->mutex, NULL);
    if (error != 0)
        return -error;
    *ret_cut = cut;
    return 0;
}

void sink_fini(struct sink *sink)
{
    pthread_mutex_destroy(&sink->mutex);
}

static int file_append(struct sink *sink, const char *records, size_t length)
{
    uint64_t at = sink->end;
    while (length > 0) {
        ssize_t written = pwrite(sink->fd, records, length, (off_t)at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            int error = written < 0 ? -errno : -EIO;
            // What did fit may end within a record. Should cutting fail too, the next write covers it.
            return ftruncate(sink->fd, (off_t)sink->end) == 0 ? error : -errno;
        }
        records += written;
        at += (uint64_t)written;
        length -= (size_t)written;
    }
    sink->end = at;
    return 0;
}

static int pipe_append(struct sink *sink, const char *records, size_t length)
{
    while (length > 0) {
        ssize_t written = write(sink->fd, records, length);
        if (written < 0 && errno == EAGAIN) {
            // Not poll(2), which refuses where no descriptor may be opened any more (RLIMIT_NOFILE).
            const struct timespec pause = {.tv_nsec = 10000000};
            nanosleep(&pause, NULL);
            continue;
        }
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? -errno : -EIO;
        records += written;
        sink->end += (uint64_t)written;
        length -= (size_t)written;
    }
    return 0;
}

int sink_append(struct sink *sink, const char *records, size_t length)
{
    pthread_mutex_lock(&sink->mutex);
    int error = sink->is_file ? file_append(sink, records, length) : pipe_append(sink, records, length);
    atomic_store_explicit(&sink->append_error, -error, memory_order_relaxed);
    pthread_mutex_unlock(&sink->mutex);
    return error;
}

int sink_sync(struct sink *sink)
{
    if (!sink->is_file || fdatasync(sink->fd) == 0)
        return 0;
    int error = errno;
    if (atomic_load_explicit(&sink->sync_error, memory_order_relaxed) == 0)
        atomic_store_explicit(&sink->sync_error, error, memory_order_relaxed);
    return -error;
}

// Visits the whole lines of a chunk and returns how many bytes they were.
static int lines_visit(const char *chunk, size_t length, int (*visit)(void *, const char *, size_t), void *context,
                       size_t *ret_used)
{
    size_t used = 0;
    while (used < length) {
        const char *newline = memchr(chunk + used, '\n', length - used);
        if (newline == NULL)
            break;
        size_t line = (size_t)(newline - (chunk + used));
        int result = visit(context, chunk + used, line);
        if (result != 0)
            return result;
        used += line + 1;
    }
    *ret_used = used;
    return 0;
}

int sink_walk(const struct sink *sink, int (*visit)(void *context, const char *line, size_t length), void *context)
{
    char *chunk = sink->is_file ? malloc(SINK_CHUNK_BYTES) : NULL;
    int result = 0;
    if (chunk == NULL)
        return sink->is_file ? -ENOMEM : 0;
    for (uint64_t at = 0; at < sink->end;) {
        uint64_t left = sink->end - at;
        ssize_t got = pread(sink->fd, chunk, left < SINK_CHUNK_BYTES ? left : SINK_CHUNK_BYTES, (off_t)at);
        size_t used = 0;
        result = got < 0 ? -errno : lines_visit(chunk, (size_t)got, visit, context, &used);
        if (result != 0)
            break;
        // A line longer than a chunk is none of ours; go past it.
        if (used == 0 && got == 0)
            break;
        at += used == 0 ? (uint64_t)got : used;
    }
    free(chunk);
    return result;
}
