// SPDX-License-Identifier: BSD-3-Clause
#include "control/store/journal.h"

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WALK_ENTRIES = 1024 };

// FNV-1a: it has to tell a torn write from a whole one, not to resist anybody; the file is ours alone.
static uint32_t check_of(const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    uint32_t check = UINT32_C(2166136261);
    for (size_t i = 0; i < length; i++)
        check = (check ^ at[i]) * UINT32_C(16777619);
    return check;
}

static bool entry_is_whole(const struct journal_entry *entry)
{
    return entry->check == check_of(entry, offsetof(struct journal_entry, check)) && entry->kind >= JOURNAL_TAKEN &&
           entry->kind < JOURNAL_KINDS;
}

static int bytes_write(int fd, const void *data, size_t length, uint64_t offset)
{
    const uint8_t *at = data;
    while (length > 0) {
        ssize_t written = pwrite(fd, at, length, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? -errno : -EIO;
        at += written;
        offset += (uint64_t)written;
        length -= (size_t)written;
    }
    return 0;
}

static int header_write(struct journal *journal, uint64_t seed)
{
    struct journal_header header = {.magic = JOURNAL_MAGIC, .seed = seed, .entry_bytes = sizeof(struct journal_entry)};
    header.check = check_of(&header, offsetof(struct journal_header, check));
    if (ftruncate(journal->fd, 0) != 0)
        return -errno;
    journal->end = sizeof(header);
    return bytes_write(journal->fd, &header, sizeof(header), 0);
}

// Finds the end of the whole entries and cuts what follows.
static int tail_cut(struct journal *journal, uint64_t size)
{
    journal->end = size - (size - sizeof(struct journal_header)) % sizeof(struct journal_entry);
    while (journal->end > sizeof(struct journal_header)) {
        struct journal_entry entry;
        ssize_t got = pread(journal->fd, &entry, sizeof(entry), (off_t)(journal->end - sizeof(entry)));
        if (got < 0)
            return -errno;
        if (got == (ssize_t)sizeof(entry) && entry_is_whole(&entry))
            break;
        journal->end -= sizeof(entry);
    }
    return ftruncate(journal->fd, (off_t)journal->end) == 0 ? 0 : -errno;
}

int journal_init(struct journal *journal, int fd, uint64_t seed, bool resume)
{
    struct stat status;
    *journal = (struct journal){.fd = fd};
    if (fstat(fd, &status) != 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EINVAL;
    int error = pthread_mutex_init(&journal->mutex, NULL);
    if (error != 0)
        return -error;
    // A control that died before its header was written has taken nothing.
    uint64_t size = (uint64_t)status.st_size;
    if (!resume || size < sizeof(struct journal_header)) {
        error = header_write(journal, seed);
        goto out;
    }
    struct journal_header header;
    error = -EPROTO;
    if (pread(fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header) && header.magic == JOURNAL_MAGIC &&
        header.seed == seed && header.entry_bytes == sizeof(struct journal_entry) &&
        header.check == check_of(&header, offsetof(struct journal_header, check)))
        error = tail_cut(journal, size);
out:
    if (error != 0)
        pthread_mutex_destroy(&journal->mutex);
    return error;
}

void journal_fini(struct journal *journal)
{
    pthread_mutex_destroy(&journal->mutex);
}

int journal_append(struct journal *journal, struct journal_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        entries[i].check = check_of(&entries[i], offsetof(struct journal_entry, check));
    pthread_mutex_lock(&journal->mutex);
    // A write that fails half way is overwritten by the next one, because the end has not moved.
    int error = bytes_write(journal->fd, entries, count * sizeof(*entries), journal->end);
    if (error == 0)
        journal->end += count * sizeof(*entries);
    atomic_store_explicit(&journal->append_error, -error, memory_order_relaxed);
    pthread_mutex_unlock(&journal->mutex);
    return error;
}

int journal_sync(struct journal *journal)
{
    int error = atomic_load_explicit(&journal->sync_error, memory_order_relaxed);
    if (error == 0 && fdatasync(journal->fd) != 0) {
        error = errno;
        atomic_store_explicit(&journal->sync_error, error, memory_order_relaxed);
    }
    return -error;
}

int journal_walk(const struct journal *journal, int (*visit)(void *context, const struct journal_entry *entry),
                 void *context)
{
    struct journal_entry entries[WALK_ENTRIES];
    uint64_t at = sizeof(struct journal_header);
    while (at < journal->end) {
        uint64_t left = journal->end - at;
        ssize_t got = pread(journal->fd, entries, left < sizeof(entries) ? left : sizeof(entries), (off_t)at);
        if (got < 0)
            return -errno;
        size_t count = (size_t)got / sizeof(entries[0]);
        if (count == 0)
            return -EIO;
        for (size_t i = 0; i < count; i++) {
            // A damaged one in the middle is not a reason to lose the others.
            int result = entry_is_whole(&entries[i]) ? visit(context, &entries[i]) : 0;
            if (result != 0)
                return result;
        }
        at += count * sizeof(entries[0]);
    }
    return 0;
}
