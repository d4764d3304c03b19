// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/host_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_SHAPES_BYTES_MAX = 256 << 20, DIGITS = 65536, COUNTS_FIRST = 1024 };

// Digit 0 is the port, 1 and 2 the halves of the address.
static uint32_t digit_of(const struct fact *fact, unsigned int digit)
{
    return digit == 0 ? fact->port : fact->address >> (16 * (digit - 1)) & 0xffff;
}

// By address, then port; stable (radix sort, a pass for each 16 bits).
static int facts_sort(struct facts *facts)
{
    struct fact *other = malloc((facts->count + 1) * sizeof(other[0]));
    size_t *starts = malloc(DIGITS * sizeof(starts[0]));
    struct fact *from = facts->items;
    struct fact *to = other;
    if (other == NULL || starts == NULL) {
        free(other);
        free(starts);
        return -ENOMEM;
    }
    for (unsigned int digit = 0; digit < 3; digit++) {
        memset(starts, 0, DIGITS * sizeof(starts[0]));
        for (size_t i = 0; i < facts->count; i++)
            starts[digit_of(&from[i], digit)]++;
        size_t sum = 0;
        for (size_t i = 0; i < DIGITS; i++) {
            size_t count = starts[i];
            starts[i] = sum;
            sum += count;
        }
        for (size_t i = 0; i < facts->count; i++)
            to[starts[digit_of(&from[i], digit)]++] = from[i];
        struct fact *swap = from;
        from = to;
        to = swap;
    }
    // Three passes: what is sorted lies in the other array.
    free(facts->items);
    free(starts);
    facts->items = from;
    facts->capacity = facts->count + 1;
    return 0;
}

static int words_compare(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *)a;
    uint32_t second = *(const uint32_t *)b;
    return (first > second) - (first < second);
}

static int host_count(struct host_groups *hosts, uint32_t *services, size_t count, size_t *capacity)
{
    uint32_t shape;
    if (count > 1)
        qsort(services, count, sizeof(services[0]), words_compare);
    int error = intern_put(&hosts->shapes, services, count * sizeof(services[0]), &shape);
    if (error != 0)
        return error;
    if (shape >= *capacity) {
        uint64_t *counts = reallocarray(hosts->counts, *capacity * 2, sizeof(counts[0]));
        if (counts == NULL)
            return -ENOMEM;
        memset(counts + *capacity, 0, *capacity * sizeof(counts[0]));
        hosts->counts = counts;
        *capacity *= 2;
    }
    hosts->counts[shape]++;
    hosts->host_count++;
    hosts->service_count += count;
    return 0;
}

size_t host_groups_latest(const struct facts *facts, size_t first, size_t *ret_latest)
{
    const struct fact *items = facts->items;
    size_t latest = first;
    size_t next = first + 1;
    for (; next < facts->count && items[next].address == items[first].address && items[next].port == items[first].port;
         next++)
        latest = items[next].time_s >= items[latest].time_s ? next : latest;
    *ret_latest = latest;
    return next;
}

// The items of one host, from `first` on: the latest of each port goes into services. The index behind the last one.
static size_t host_read(const struct facts *facts, size_t first, struct host_groups *hosts, uint32_t *services,
                        size_t *ret_count)
{
    const struct fact *items = facts->items;
    size_t at = first;
    size_t count = 0;
    while (at < facts->count && items[at].address == items[first].address) {
        size_t latest;
        size_t next = host_groups_latest(facts, at, &latest);
        hosts->repeated += next - at - 1;
        services[count++] = items[latest].shape;
        at = next;
    }
    *ret_count = count;
    return at;
}

int host_groups_gather(struct facts *facts, struct host_groups *ret_hosts)
{
    struct host_groups hosts = {0};
    size_t capacity = COUNTS_FIRST;
    uint32_t *services = malloc(DIGITS * sizeof(services[0])); // one for each port
    hosts.counts = calloc(capacity, sizeof(hosts.counts[0]));
    int error = services == NULL || hosts.counts == NULL ? -ENOMEM : 0;
    if (error == 0)
        error = intern_init(&hosts.shapes, HOST_SHAPES_BYTES_MAX);
    if (error == 0)
        error = facts_sort(facts);
    for (size_t at = 0; at < facts->count && error == 0;) {
        size_t count;
        at = host_read(facts, at, &hosts, services, &count);
        error = host_count(&hosts, services, count, &capacity);
    }
    free(services);
    if (error != 0)
        host_groups_fini(&hosts);
    else
        *ret_hosts = hosts;
    return error;
}

void host_groups_fini(struct host_groups *hosts)
{
    intern_fini(&hosts->shapes);
    free(hosts->counts);
    *hosts = (struct host_groups){0};
}
