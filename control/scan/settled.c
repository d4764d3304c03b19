// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/settled.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/store/journal.h"

struct positions {
    uint64_t *items;
    size_t count;
    size_t capacity;
};

static int entry_visit(void *context, const struct journal_entry *entry)
{
    struct positions *positions = context;
    if (entry->kind != JOURNAL_TAKEN)
        return 0;
    if (positions->count == positions->capacity) {
        size_t capacity = positions->capacity == 0 ? 4096 : positions->capacity * 2;
        uint64_t *moved = realloc(positions->items, capacity * sizeof(*moved));
        if (moved == NULL)
            return -ENOMEM;
        positions->items = moved;
        positions->capacity = capacity;
    }
    positions->items[positions->count++] = entry->position;
    return 0;
}

static int position_compare(const void *left, const void *right)
{
    const uint64_t *a = left;
    const uint64_t *b = right;
    return (*a > *b) - (*a < *b);
}

static void positions_sort(struct positions *positions)
{
    size_t kept = 0;
    if (positions->count == 0)
        return;
    qsort(positions->items, positions->count, sizeof(positions->items[0]), position_compare);
    for (size_t i = 1; i < positions->count; i++)
        if (positions->items[i] != positions->items[kept])
            positions->items[++kept] = positions->items[i];
    positions->count = kept + 1;
}

static int positions_write(const struct positions *positions, int *ret_fd)
{
    int fd = memfd_create("sonde-answered", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    const char *at = (const char *)positions->items;
    for (size_t left = positions->count * sizeof(uint64_t); left > 0;) {
        ssize_t written = write(fd, at, left);
        if (written <= 0) {
            int error = written < 0 ? -errno : -EIO;
            close(fd);
            return error;
        }
        at += written;
        left -= (size_t)written;
    }
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

int settled_read(int journal_fd, uint64_t seed, int *ret_fd, uint64_t *ret_count)
{
    struct journal journal;
    struct positions positions = {0};
    int error = journal_init(&journal, journal_fd, seed, true);
    if (error != 0)
        return error;
    error = journal_walk(&journal, entry_visit, &positions);
    journal_fini(&journal);
    if (error == 0) {
        positions_sort(&positions);
        error = positions_write(&positions, ret_fd);
    }
    if (error == 0)
        *ret_count = positions.count;
    free(positions.items);
    return error;
}
