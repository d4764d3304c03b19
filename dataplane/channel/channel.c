// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/channel/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

// Layout of `up`: header | per pair {verdict head, segment head, request tail} | verdict slots | segment slots.
// Layout of `down`: header | per pair {verdict tail, segment tail, request head} | request slots.
// Everything is computed from the caller's geometry, so nothing in shared memory can move it.

enum { INDICES_PER_PAIR = 3, PAGE_BYTES = 4096, SLOTS_MAX = 1 << 22 };

enum { INDEX_VERDICTS = 0, INDEX_SEGMENTS, INDEX_REQUESTS };

static size_t page_up(size_t bytes)
{
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static size_t pair_count(const struct channel_geometry *geometry)
{
    return (size_t)geometry->workers * geometry->lanes;
}

static size_t indices_bytes(const struct channel_geometry *geometry)
{
    return page_up(pair_count(geometry) * INDICES_PER_PAIR * sizeof(struct ring_index));
}

static size_t up_slots_offset(const struct channel_geometry *geometry)
{
    return page_up(sizeof(struct channel_up_header)) + indices_bytes(geometry);
}

static size_t down_slots_offset(const struct channel_geometry *geometry)
{
    return page_up(sizeof(struct channel_down_header)) + indices_bytes(geometry);
}

size_t channel_up_bytes(const struct channel_geometry *geometry)
{
    size_t per_pair = (size_t)geometry->verdict_slots * sizeof(struct verdict) +
                      (size_t)geometry->segment_slots * sizeof(struct segment);
    return page_up(up_slots_offset(geometry) + pair_count(geometry) * per_pair);
}

size_t channel_down_bytes(const struct channel_geometry *geometry)
{
    size_t per_pair = (size_t)geometry->request_slots * sizeof(struct segment);
    return page_up(down_slots_offset(geometry) + pair_count(geometry) * per_pair);
}

static bool slots_valid(uint32_t slots)
{
    return slots >= 1 && slots <= SLOTS_MAX && (slots & (slots - 1)) == 0;
}

static bool geometry_valid(const struct channel_geometry *geometry)
{
    return geometry->workers >= 1 && geometry->workers <= CHANNEL_WORKERS_MAX && geometry->lanes >= 1 &&
           geometry->lanes <= CHANNEL_LANES_MAX && slots_valid(geometry->verdict_slots) &&
           slots_valid(geometry->segment_slots) && slots_valid(geometry->request_slots);
}

static int map_file(int fd, size_t bytes, int protection, void **ret_memory)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return -errno;
    if (status.st_size < 0 || (uint64_t)status.st_size < bytes)
        return -EINVAL;
    void *memory = mmap(NULL, bytes, protection, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return -errno;
    *ret_memory = memory;
    return 0;
}

static void pair_init(struct channel *channel, size_t number)
{
    const struct channel_geometry *geometry = &channel->geometry;
    size_t verdicts_bytes = (size_t)geometry->verdict_slots * sizeof(struct verdict);
    size_t segments_bytes = (size_t)geometry->segment_slots * sizeof(struct segment);
    size_t requests_bytes = (size_t)geometry->request_slots * sizeof(struct segment);
    uint8_t *up = (uint8_t *)channel->up;
    uint8_t *down = (uint8_t *)channel->down;
    struct ring_index *up_indices =
        (struct ring_index *)(void *)(up + page_up(sizeof(struct channel_up_header))) + number * INDICES_PER_PAIR;
    struct ring_index *down_indices =
        (struct ring_index *)(void *)(down + page_up(sizeof(struct channel_down_header))) + number * INDICES_PER_PAIR;
    uint8_t *verdicts = up + up_slots_offset(geometry) + number * verdicts_bytes;
    uint8_t *segments =
        up + up_slots_offset(geometry) + pair_count(geometry) * verdicts_bytes + number * segments_bytes;
    uint8_t *requests = down + down_slots_offset(geometry) + number * requests_bytes;
    bool control = channel->side == CHANNEL_CONTROL;
    struct ring_index *own = control ? down_indices : up_indices;
    struct ring_index *peer = control ? up_indices : down_indices;
    struct channel_pair *pair = &channel->pairs[number];
    ring_init(&pair->verdicts, verdicts, geometry->verdict_slots, sizeof(struct verdict), &own[INDEX_VERDICTS],
              &peer[INDEX_VERDICTS]);
    ring_init(&pair->segments, segments, geometry->segment_slots, sizeof(struct segment), &own[INDEX_SEGMENTS],
              &peer[INDEX_SEGMENTS]);
    ring_init(&pair->requests, requests, geometry->request_slots, sizeof(struct segment), &own[INDEX_REQUESTS],
              &peer[INDEX_REQUESTS]);
}

int channel_map(enum channel_side side, const struct channel_geometry *geometry, int up_fd, int down_fd,
                struct channel *ret_channel)
{
    if (!geometry_valid(geometry))
        return -EINVAL;
    struct channel channel = {
        .side = side,
        .geometry = *geometry,
        .up_bytes = channel_up_bytes(geometry),
        .down_bytes = channel_down_bytes(geometry),
    };
    void *up = MAP_FAILED;
    void *down = MAP_FAILED;
    int status = map_file(up_fd, channel.up_bytes, side == CHANNEL_CONTROL ? PROT_READ : PROT_READ | PROT_WRITE, &up);
    if (status != 0)
        goto out;
    status = map_file(down_fd, channel.down_bytes, PROT_READ | PROT_WRITE, &down);
    if (status != 0)
        goto out;
    channel.up = (struct channel_up_header *)up;
    channel.down = (struct channel_down_header *)down;
    channel.pairs = (struct channel_pair *)aligned_alloc(_Alignof(struct channel_pair),
                                                         pair_count(geometry) * sizeof(struct channel_pair));
    if (channel.pairs == NULL) {
        status = -ENOMEM;
        goto out;
    }
    for (size_t i = 0; i < pair_count(geometry); i++)
        pair_init(&channel, i);
    *ret_channel = channel;
    return 0;

out:
    if (up != MAP_FAILED)
        munmap(up, channel.up_bytes);
    if (down != MAP_FAILED)
        munmap(down, channel.down_bytes);
    return status;
}

void channel_unmap(struct channel *channel)
{
    munmap(channel->up, channel->up_bytes);
    munmap(channel->down, channel->down_bytes);
    free(channel->pairs);
    *channel = (struct channel){.pairs = NULL};
}
