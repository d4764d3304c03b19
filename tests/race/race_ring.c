// SPDX-License-Identifier: BSD-3-Clause
// A producer and a consumer of one ring, under ThreadSanitizer: every slot arrives once, in order and whole.
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/channel/ring.h"

enum { CAPACITY = 64, MESSAGES = 400000 };

struct message {
    uint64_t number;
    uint64_t check;
};

static struct ring_index head;
static struct ring_index tail;
static struct message slots[CAPACITY];

static void *producer_run(void *argument)
{
    struct ring ring;
    (void)argument;
    ring_init(&ring, slots, CAPACITY, sizeof(slots[0]), &head, &tail);
    for (uint64_t sent = 0; sent < MESSAGES;) {
        uint64_t room = ring_free(&ring, 1);
        uint64_t burst = room < 7 ? room : 7;
        burst = burst < MESSAGES - sent ? burst : MESSAGES - sent;
        for (uint64_t i = 0; i < burst; i++) {
            const struct message message = {sent + i, ~(sent + i)};
            memcpy(ring_slot_ahead(&ring, i), &message, sizeof(message));
        }
        ring_advance(&ring, burst);
        sent += burst;
    }
    return NULL;
}

int main(void)
{
    pthread_t producer;
    struct ring ring;
    ring_init(&ring, slots, CAPACITY, sizeof(slots[0]), &tail, &head);
    if (pthread_create(&producer, NULL, producer_run, NULL) != 0)
        return 1;
    uint64_t wrong = 0;
    for (uint64_t seen = 0; seen < MESSAGES && !ring.dead;) {
        uint64_t ready = ring_ready(&ring, 1);
        for (uint64_t i = 0; i < ready; i++, seen++) {
            struct message message;
            memcpy(&message, ring_slot(&ring, i), sizeof(message));
            wrong += message.number != seen || message.check != ~seen;
        }
        ring_advance(&ring, ready);
    }
    pthread_join(producer, NULL);
    if (wrong != 0 || ring.dead)
        fprintf(stderr, "%lu messages wrong, ring %s\n", wrong, ring.dead ? "dead" : "alive");
    return wrong != 0 || ring.dead;
}
