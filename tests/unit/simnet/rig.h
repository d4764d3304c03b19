// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// For tests of the server's side of TCP: a client made of single segments, and what it was sent.

#include "tests/unit/simnet/speaking.h"
#include "tools/simnet/server.h"

enum { SENT_MAX = 64, CLIENT_ISN = 1000, HOST = 77, RETRY = 100, SECOND = 1000 };

struct sent {
    struct server_segment segment;
    uint8_t payload[SERVER_SEGMENT];
};

struct rig {
    struct speaking speaking;
    const struct service *service;
    struct server *server;
    struct server_way way;
    size_t sent_count;
    struct sent sent[SENT_MAX];
    uint32_t isn;
};

static inline const struct service *service_find(void *context, const struct server_way *way)
{
    const struct rig *rig = context;
    return way->port == 9 ? NULL : rig->service;
}

static inline void segment_keep(void *context, const struct server_way *way, const struct server_segment *segment)
{
    struct rig *rig = context;
    cr_assert_lt(rig->sent_count, SENT_MAX);
    cr_assert_eq(way->address, rig->way.address);
    struct sent *sent = &rig->sent[rig->sent_count++];
    sent->segment = *segment;
    cr_assert_leq(segment->payload_bytes, sizeof(sent->payload));
    if (segment->payload_bytes > 0)
        memcpy(sent->payload, segment->payload, segment->payload_bytes);
}

static inline void rig_up(struct rig *rig, const char *service, uint32_t connections, bool lossy)
{
    memset(rig, 0, sizeof(*rig));
    speaking_up(&rig->speaking);
    rig->service = speaking_service(&rig->speaking, service);
    rig->way =
        (struct server_way){.client = 0x0a010002, .address = 0x0a400001, .client_port = 4000, .port = 80, .host = HOST};
    rig->isn = server_isn(HOST, CLIENT_ISN);
    const struct server_setup setup = {.connections = connections,
                                       .retry_ticks = RETRY,
                                       .second_ticks = SECOND,
                                       .lossy = lossy,
                                       .crypto = rig->speaking.crypto,
                                       .context = rig,
                                       .find = service_find,
                                       .send = segment_keep};
    rig->server = server_new(&setup);
    cr_assert_not_null(rig->server);
}

static inline void rig_down(struct rig *rig)
{
    server_free(rig->server);
    speaking_down(&rig->speaking);
}

// A segment of the client's at offsets from both initial numbers.
static inline bool say(struct rig *rig, uint32_t seq, uint32_t ack, uint8_t flags, const char *text)
{
    const struct server_segment segment = {.seq = CLIENT_ISN + seq,
                                           .ack = rig->isn + ack,
                                           .window = 60000,
                                           .flags = flags,
                                           .payload = (const uint8_t *)text,
                                           .payload_bytes = strlen(text)};
    return server_take(rig->server, &rig->way, &segment, 0);
}

static inline const struct server_segment *last(const struct rig *rig)
{
    cr_assert_gt(rig->sent_count, 0);
    return &rig->sent[rig->sent_count - 1].segment;
}
