// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/delay.h"

#include <stdlib.h>

enum { DELAY_SLOTS = 2048, DELAY_HORIZON = 1024 };
#define DELAY_END UINT32_MAX

struct delay_entry {
    void *item;
    uint32_t next;
};

struct delay_slot {
    uint32_t head;
    uint32_t tail;
};

struct delay {
    uint64_t granule; // ticks a slot
    uint64_t cursor;  // number of the slot that is emptied next; slots before it are empty
    uint32_t free;
    uint32_t count;
    struct delay_slot slots[DELAY_SLOTS];
    struct delay_entry entries[];
};

struct delay *delay_new(uint32_t capacity, uint64_t longest, uint64_t now)
{
    struct delay *delay = malloc(sizeof(*delay) + capacity * sizeof(delay->entries[0]));
    if (delay == NULL)
        return NULL;
    delay->granule = longest / DELAY_HORIZON + 1;
    delay->cursor = now / delay->granule;
    delay->free = capacity == 0 ? DELAY_END : 0;
    delay->count = 0;
    for (uint32_t i = 0; i < DELAY_SLOTS; i++)
        delay->slots[i] = (struct delay_slot){DELAY_END, DELAY_END};
    for (uint32_t i = 0; i < capacity; i++)
        delay->entries[i].next = i + 1 < capacity ? i + 1 : DELAY_END;
    return delay;
}

void delay_free(struct delay *delay)
{
    free(delay);
}

void delay_push(struct delay *delay, void *item, uint64_t due)
{
    // The cursor may lag behind now, when nobody popped for a while; the ring is twice the horizon for that.
    uint64_t number = due / delay->granule;
    if (number < delay->cursor)
        number = delay->cursor;
    if (number > delay->cursor + DELAY_SLOTS - 1)
        number = delay->cursor + DELAY_SLOTS - 1;
    struct delay_slot *slot = &delay->slots[number % DELAY_SLOTS];
    uint32_t index = delay->free;
    struct delay_entry *entry = &delay->entries[index];
    delay->free = entry->next;
    *entry = (struct delay_entry){item, DELAY_END};
    if (slot->head == DELAY_END)
        slot->head = index;
    else
        delay->entries[slot->tail].next = index;
    slot->tail = index;
    delay->count++;
}

// Empties slots up to and without number `end`, or until there is no room left.
static uint32_t delay_take(struct delay *delay, uint64_t end, void **ret_items, uint32_t room)
{
    uint32_t taken = 0;
    while (delay->cursor < end && delay->count > 0) {
        struct delay_slot *slot = &delay->slots[delay->cursor % DELAY_SLOTS];
        while (slot->head != DELAY_END) {
            if (taken == room)
                return taken;
            uint32_t index = slot->head;
            struct delay_entry *entry = &delay->entries[index];
            ret_items[taken++] = entry->item;
            slot->head = entry->next;
            entry->next = delay->free;
            delay->free = index;
            delay->count--;
        }
        delay->cursor++;
    }
    return taken;
}

uint32_t delay_pop(struct delay *delay, uint64_t now, void **ret_items, uint32_t room)
{
    uint64_t end = now / delay->granule;
    uint32_t taken = delay_take(delay, end, ret_items, room);
    if (delay->count == 0 && delay->cursor < end)
        delay->cursor = end;
    return taken;
}

uint32_t delay_drain(struct delay *delay, void **ret_items, uint32_t room)
{
    return delay_take(delay, delay->cursor + DELAY_SLOTS, ret_items, room);
}

uint32_t delay_count(const struct delay *delay)
{
    return delay->count;
}
