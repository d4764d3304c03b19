// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/host.h"

#include <errno.h>
#include <stdlib.h>

int hosts_init(struct hosts *hosts, uint64_t time_ns)
{
    *hosts = (struct hosts){.time_ns = time_ns != 0 ? time_ns : HOST_TIME_NS};
    return hash_init(&hosts->by_address, 64);
}

void hosts_fini(struct hosts *hosts)
{
    for (uint32_t i = 0; i < hosts_size(hosts); i++)
        queue_fini(&hosts_at(hosts, i)->waiting);
    for (size_t i = 0; i < hosts->block_count; i++)
        free(hosts->blocks[i]);
    free(hosts->blocks);
    hash_fini(&hosts->by_address);
    *hosts = (struct hosts){0};
}

static int hosts_grow(struct hosts *hosts)
{
    struct host **blocks = realloc(hosts->blocks, (hosts->block_count + 1) * sizeof(*blocks));
    if (blocks == NULL)
        return -ENOMEM;
    hosts->blocks = blocks;
    struct host *block = calloc(HOST_BLOCK, sizeof(*block));
    if (block == NULL)
        return -ENOMEM;
    for (uint32_t i = HOST_BLOCK; i-- > 0;) {
        block[i].index = (uint32_t)hosts->block_count * HOST_BLOCK + i;
        block[i].next = hosts->free;
        hosts->free = block[i].index + 1;
    }
    hosts->blocks[hosts->block_count++] = block;
    return 0;
}

struct host *hosts_find(const struct hosts *hosts, uint32_t address)
{
    uint32_t index = hash_find(&hosts->by_address, address);
    return index == HASH_NONE ? NULL : hosts_at(hosts, index);
}

struct host *hosts_take(struct hosts *hosts, uint32_t address)
{
    struct host *host = hosts_find(hosts, address);
    if (host != NULL)
        return host;
    if (hosts->free == 0 && hosts_grow(hosts) != 0)
        return NULL;
    host = hosts_at(hosts, hosts->free - 1);
    if (hash_put(&hosts->by_address, address, host->index) != 0)
        return NULL;
    hosts->free = host->next;
    *host = (struct host){.address = address, .index = host->index, .used = true};
    return host;
}

void hosts_settle(struct hosts *hosts, struct host *host)
{
    if (host->inquiries > 0 || host->open > 0 || host->released > 0 || host->waiting.count > 0)
        return;
    bool cheap = host->spent_ns < HOST_CHEAP_NS && host->bytes < HOST_CHEAP_BYTES;
    if (!cheap && (host->kept || hosts->kept < HOSTS_KEPT_MAX)) {
        hosts->kept += host->kept ? 0 : 1;
        host->kept = true;
        return;
    }
    hosts->kept -= host->kept ? 1 : 0;
    queue_fini(&host->waiting);
    (void)hash_remove(&hosts->by_address, host->address);
    host->used = false;
    host->next = hosts->free;
    hosts->free = host->index + 1;
}

void host_open(struct host *host, uint64_t now_ns)
{
    if (host->open++ == 0)
        host->busy_ns = now_ns;
}

void host_close(struct host *host, uint64_t now_ns)
{
    if (--host->open == 0)
        host->spent_ns += now_ns - host->busy_ns;
}

uint64_t hosts_left(const struct hosts *hosts, const struct host *host, uint64_t now_ns)
{
    uint64_t spent_ns = host->spent_ns + (host->open > 0 ? now_ns - host->busy_ns : 0);
    return spent_ns >= hosts->time_ns || host->bytes >= HOST_BYTES_MAX ? 0 : hosts->time_ns - spent_ns;
}

int hosts_defer(struct hosts *hosts, struct host *host, const struct target *target)
{
    int error = queue_put(&host->waiting, target);
    if (error == 0)
        hosts->deferred++;
    return error;
}

bool hosts_release(struct hosts *hosts, struct host *host, struct target *ret_target)
{
    if (!queue_take(&host->waiting, ret_target))
        return false;
    ret_target->released = true;
    host->released++;
    hosts->deferred--;
    return true;
}
