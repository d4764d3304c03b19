// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/speaker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/simnet/responder.h"
#include "tools/simnet/server.h"

enum {
    OUTBOX = 4096,         // a power of two
    RETRY_US = 300 * 1000, // over the longest round trip
    TICK_US = 1000,        // between two looks at what is due
};

struct speaker {
    struct speaker_setup setup;
    struct server *server;
    uint64_t now;
    uint64_t tick_due;
    uint32_t said; // segments so far: numbers them for the weather
    uint32_t outbox_first;
    uint32_t outbox_count;
    struct rte_mbuf *outbox[OUTBOX];
};

static const struct service *service_find(void *context, const struct server_way *way)
{
    const struct speaker *speaker = context;
    const struct world *world = speaker->setup.world;
    const struct world_place place = {way->address, way->network, way->host, way->trait};
    if (world_answer(world, &place, way->port) != ANSWER_OPEN)
        return NULL;
    uint32_t service = world_service(world, &place, way->port);
    return service == WORLD_SERVICE_NONE ? NULL : &speaker->setup.services[service];
}

static void segment_send(void *context, const struct server_way *way, const struct server_segment *segment)
{
    struct speaker *speaker = context;
    const struct world *world = speaker->setup.world;
    uint64_t *counters = speaker->setup.counters;
    uint32_t chance = world_mix(world->keys[KEY_SHAPE], speaker->said++);
    counters[COUNT_SPOKEN]++;
    if (world_share(chance) < world->events[EVENT_LOSS]) {
        counters[COUNT_SEGMENTS_LOST]++;
        return;
    }
    struct rte_mbuf *buffer = speaker->outbox_count == OUTBOX ? NULL : rte_pktmbuf_alloc(speaker->setup.segments);
    if (buffer == NULL) {
        counters[COUNT_SEGMENTS_UNSENT]++;
        return;
    }
    size_t length = answer_segment(way, segment, rte_pktmbuf_mtod(buffer, uint8_t *));
    buffer->pkt_len = (uint32_t)length;
    buffer->data_len = (uint16_t)length;
    uint64_t rtt_us = world_rtt_us(world, way->network, way->trait);
    if (speaker->setup.delay != NULL && rtt_us > 0)
        delay_push(speaker->setup.delay, buffer,
                   speaker->now + (uint64_t)((double)rtt_us * speaker->setup.ticks_per_us));
    else
        speaker->outbox[(speaker->outbox_first + speaker->outbox_count++) % OUTBOX] = buffer;
}

struct speaker *speaker_new(const struct speaker_setup *setup)
{
    if (rte_pktmbuf_data_room_size(setup->segments) < RTE_PKTMBUF_HEADROOM + RESPONDER_SEGMENT_BYTES) {
        errno = EINVAL;
        return NULL;
    }
    struct speaker *speaker = calloc(1, sizeof(*speaker));
    if (speaker == NULL)
        return NULL;
    speaker->setup = *setup;
    const struct server_setup server = {.connections = setup->connections,
                                        .retry_ticks =
                                            (uint64_t)((setup->world->longest_us + RETRY_US) * setup->ticks_per_us),
                                        .second_ticks = (uint64_t)(1e6 * setup->ticks_per_us),
                                        .lossy = setup->world->events[EVENT_LOSS] > 0,
                                        .crypto = setup->crypto,
                                        .context = speaker,
                                        .find = service_find,
                                        .send = segment_send};
    speaker->server = server_new(&server);
    if (speaker->server == NULL) {
        free(speaker);
        errno = ENOMEM;
        return NULL;
    }
    return speaker;
}

void speaker_free(struct speaker *speaker)
{
    if (speaker == NULL)
        return;
    for (; speaker->outbox_count > 0; speaker->outbox_count--)
        rte_pktmbuf_free(speaker->outbox[speaker->outbox_first++ % OUTBOX]);
    server_free(speaker->server);
    free(speaker);
}

static struct server_way way_of(const struct question *question)
{
    struct server_way way = {.client = question->asker,
                             .address = question->address,
                             .client_port = question->asker_port,
                             .port = question->port,
                             .host = question->host,
                             .trait = question->trait,
                             .network = question->network};
    answer_link(question, &way);
    return way;
}

void speaker_syn(struct speaker *speaker, const struct question *question, uint64_t now)
{
    const struct server_way way = way_of(question);
    speaker->now = now;
    if (service_find(speaker, &way) != NULL)
        server_syn(speaker->server, &way, question->seq, now);
}

static void counters_copy(struct speaker *speaker)
{
    static const uint8_t FROM[SERVER_COUNTERS] = {[SERVER_BEGUN] = COUNT_CONNECTIONS,
                                                  [SERVER_ENDED] = COUNT_CONNECTIONS_ENDED,
                                                  [SERVER_FULL] = COUNT_CONNECTIONS_FULL,
                                                  [SERVER_RESENT] = COUNT_RESENT,
                                                  [SERVER_FORGOTTEN] = COUNT_CONNECTIONS_FORGOTTEN};
    for (size_t i = 0; i < SERVER_COUNTERS; i++)
        speaker->setup.counters[FROM[i]] = server_counters(speaker->server)[i];
}

bool speaker_take(struct speaker *speaker, const struct question *question, uint64_t number, uint64_t now)
{
    const struct world *world = speaker->setup.world;
    if (!world_may_speak(world, question->network, question->port))
        return false;
    uint32_t weather = world_mix(world_weather_key(world, number), (uint32_t)number);
    if (world_event(world, weather) == EVENT_LOSS) {
        speaker->setup.counters[COUNT_SEGMENTS_LOST]++;
        return true;
    }
    if (!question_checksums_good(question)) {
        speaker->setup.counters[COUNT_BAD_CHECKSUM]++;
        return true;
    }
    const struct server_way way = way_of(question);
    const uint8_t *tcp = question->ip + 20;
    const struct server_segment segment = {.seq = question->seq,
                                           .ack = question->ack,
                                           .window = load16(tcp + 14),
                                           .flags = question->flags,
                                           .payload = tcp + question->header_bytes,
                                           .payload_bytes = question->payload_bytes};
    speaker->now = now;
    bool taken = server_take(speaker->server, &way, &segment, now);
    counters_copy(speaker);
    return taken;
}

uint32_t speaker_due(struct speaker *speaker, uint64_t now, struct rte_mbuf **ret_segments, uint32_t room)
{
    uint32_t count = 0;
    speaker->now = now;
    if (now >= speaker->tick_due) {
        server_tick(speaker->server, now);
        counters_copy(speaker);
        speaker->tick_due = now + (uint64_t)(TICK_US * speaker->setup.ticks_per_us);
    }
    for (; count < room && speaker->outbox_count > 0; speaker->outbox_count--)
        ret_segments[count++] = speaker->outbox[speaker->outbox_first++ % OUTBOX];
    return count;
}
