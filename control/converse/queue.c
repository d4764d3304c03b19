// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/queue.h"

#include <errno.h>
#include <stdlib.h>

enum { QUEUE_CAPACITY_MIN = 256 };

void queue_fini(struct queue *queue)
{
    free(queue->items);
    *queue = (struct queue){0};
}

static int queue_grow(struct queue *queue)
{
    size_t capacity = queue->capacity == 0 ? QUEUE_CAPACITY_MIN : queue->capacity * 2;
    struct target *items = malloc(capacity * sizeof(*items));
    if (items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < queue->count; i++)
        items[i] = queue->items[(queue->first + i) & (queue->capacity - 1)];
    free(queue->items);
    *queue = (struct queue){.items = items, .capacity = capacity, .count = queue->count};
    return 0;
}

int queue_put(struct queue *queue, const struct target *target)
{
    if (queue->count == queue->capacity && queue_grow(queue) != 0)
        return -ENOMEM;
    queue->items[(queue->first + queue->count++) & (queue->capacity - 1)] = *target;
    return 0;
}

int queue_put_first(struct queue *queue, const struct target *target)
{
    if (queue->count == queue->capacity && queue_grow(queue) != 0)
        return -ENOMEM;
    queue->first = (queue->first - 1) & (queue->capacity - 1);
    queue->count++;
    queue->items[queue->first] = *target;
    return 0;
}

const struct target *queue_at(const struct queue *queue, size_t ahead)
{
    return &queue->items[(queue->first + ahead) & (queue->capacity - 1)];
}

bool queue_take(struct queue *queue, struct target *ret_target)
{
    if (queue->count == 0)
        return false;
    *ret_target = queue->items[queue->first];
    queue->first = (queue->first + 1) & (queue->capacity - 1);
    queue->count--;
    return true;
}
