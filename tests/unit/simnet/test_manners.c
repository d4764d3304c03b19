// SPDX-License-Identifier: BSD-3-Clause
// Hosts whose TCP means harm, against a client made of single segments.

#include "tests/unit/simnet/rig.h"

static const char GET[] = "GET / HTTP/1.1\r\n\r\n";
enum { GET_BYTES = sizeof(GET) - 1 };

// The rig's service with a manner.
static void rig_up_as(struct rig *rig, struct service *ret_service, const char *name, enum manner manner)
{
    rig_up(rig, name, 4, false);
    *ret_service = *rig->service;
    ret_service->manner = manner;
    rig->service = ret_service;
}

// Whether what was sent holds the page whole, whatever the order; its length.
static size_t page_collect(const struct rig *rig, char *ret_page, size_t room)
{
    size_t length = 0;
    memset(ret_page, 0, room);
    for (size_t i = 0; i < rig->sent_count; i++) {
        const struct server_segment *segment = &rig->sent[i].segment;
        size_t at = segment->seq - (rig->isn + 1);
        cr_assert_lt(at + segment->payload_bytes, room);
        memcpy(ret_page + at, rig->sent[i].payload, segment->payload_bytes);
        length = at + segment->payload_bytes > length ? at + segment->payload_bytes : length;
    }
    return length;
}

static size_t page_expect(const struct rig *rig)
{
    char page[2048];
    size_t length = page_collect(rig, page, sizeof(page));
    cr_expect_eq(strlen(page), length, "a hole at %zu of %zu", strlen(page), length);
    cr_expect(strncmp(page, "HTTP/1.1 200 OK\r\n", 17) == 0);
    cr_expect_not_null(strstr(page, "Hello from simnet</title></head><body></body></html>\n"));
    return length;
}

Test(manners, overlapping_segments_say_the_same_and_all_of_it)
{
    struct rig rig;
    struct service service;
    rig_up_as(&rig, &service, "page", MANNER_OVERLAP);
    cr_assert(say(&rig, 1, 1, SERVER_ACK | SERVER_PSH, GET));
    cr_assert_gt(rig.sent_count, 3);
    for (size_t i = 1; i < rig.sent_count; i++) {
        const struct server_segment *before = &rig.sent[i - 1].segment;
        const struct server_segment *segment = &rig.sent[i].segment;
        cr_expect_eq(segment->seq + SERVER_OVERLAP, before->seq + before->payload_bytes);
    }
    (void)page_expect(&rig);
    cr_expect(last(&rig)->flags & SERVER_FIN);
    rig_down(&rig);
}

Test(manners, jumbled_segments_come_backwards_and_hold_all_of_it)
{
    struct rig rig;
    struct service service;
    rig_up_as(&rig, &service, "page", MANNER_JUMBLED);
    cr_assert(say(&rig, 1, 1, SERVER_ACK | SERVER_PSH, GET));
    cr_assert_gt(rig.sent_count, 3);
    cr_expect_gt(rig.sent[0].segment.seq, rig.sent[1].segment.seq);
    cr_expect_gt(rig.sent[1].segment.seq, rig.sent[2].segment.seq);
    size_t length = page_expect(&rig);
    cr_assert(say(&rig, 1 + GET_BYTES, (uint32_t)length + 2, SERVER_ACK | SERVER_FIN, ""));
    cr_expect_eq(server_open(rig.server), 0);
    rig_down(&rig);
}

Test(manners, a_drip_is_a_byte_a_second_and_not_given_up)
{
    struct rig rig;
    struct service service;
    rig_up_as(&rig, &service, "page", MANNER_DRIP);
    cr_assert(say(&rig, 1, 1, SERVER_ACK | SERVER_PSH, GET));
    cr_assert_eq(rig.sent_count, 1);
    for (uint32_t byte = 1; byte < 30; byte++) {
        cr_expect_eq(last(&rig)->payload_bytes, 1);
        cr_expect_eq(last(&rig)->seq, rig.isn + byte);
        cr_assert(say(&rig, 1 + GET_BYTES, 1 + byte, SERVER_ACK, ""));
        size_t before = rig.sent_count;
        server_tick(rig.server, byte * SECOND - 1);
        cr_expect_eq(rig.sent_count, before);
        for (uint64_t now = byte * SECOND; rig.sent_count == before && now < byte * SECOND + RETRY; now++)
            server_tick(rig.server, now);
        cr_assert_eq(rig.sent_count, before + 1);
        rig.sent[0] = rig.sent[rig.sent_count - 1];
        rig.sent_count = 1;
        // `say` is at time 0: only time that passes lets a further byte go.
    }
    cr_expect_eq(server_open(rig.server), 1);
    rig_down(&rig);
}

Test(manners, a_reset_comes_at_its_stage)
{
    for (uint32_t stage = 0; stage < 4; stage++) {
        struct rig rig;
        struct service service;
        rig_up_as(&rig, &service, "page", MANNER_RESET);
        struct population_service said = *service.said;
        said.stage = stage;
        service.said = &said;
        cr_assert(say(&rig, 1, 1, SERVER_ACK, ""));
        cr_expect_eq(server_open(rig.server), stage > 0);
        if (stage > 0)
            cr_assert(say(&rig, 1, 1, SERVER_ACK | SERVER_PSH, GET));
        // The request is the first word, the page the second; a third one never comes.
        bool comes = stage < 3;
        cr_expect_eq((last(&rig)->flags & SERVER_RST) != 0, comes, "stage %u", stage);
        cr_expect_eq(server_open(rig.server), !comes);
        cr_expect_eq(rig.sent_count, stage == 2 ? 2 : 1);
        cr_expect(last(&rig)->ack == CLIENT_ISN + 1 + (stage > 0 ? GET_BYTES : 0));
        rig_down(&rig);
    }
}

Test(manners, a_window_of_nothing_takes_nothing_and_answers_no_more)
{
    struct rig rig;
    struct service service;
    rig_up_as(&rig, &service, "unheard", MANNER_WINDOW);
    cr_assert(say(&rig, 1, 1, SERVER_ACK, ""));
    cr_assert_eq(rig.sent_count, 1);
    cr_expect_eq(last(&rig)->window, 0);
    cr_expect_eq(last(&rig)->payload_bytes, strlen(service.said->banner));
    cr_assert(say(&rig, 1, 1, SERVER_ACK | SERVER_PSH, GET));
    cr_assert(say(&rig, 1 + GET_BYTES, 1, SERVER_ACK | SERVER_FIN, ""));
    for (uint64_t n = 1; n <= 10; n++)
        server_tick(rig.server, n * RETRY);
    cr_expect_eq(rig.sent_count, 1);
    cr_expect_eq(server_open(rig.server), 1);
    for (uint64_t n = 11; n <= 70; n++)
        server_tick(rig.server, n * RETRY);
    cr_expect_eq(server_open(rig.server), 0, "its slot is free in the end");
    rig_down(&rig);
}

// Whoever is acknowledged goes on, and never holds more than a little.
Test(manners, talk_without_end_is_said_as_fast_as_it_is_heard)
{
    struct rig rig;
    struct population_service said = {.name = "s", .speaks = (char[]){"babble"}, .banner = (char[]){"all the time "}};
    const struct population population = {.key = 1, .services = &said, .service_count = 1};
    struct service *services = NULL;
    char error[POPULATION_ERROR_MAX];
    rig_up(&rig, "page", 4, false);
    cr_assert_eq(services_new(&population, &services, error), 0);
    rig.service = services;
    cr_assert(say(&rig, 1, 1, SERVER_ACK, ""));
    uint32_t heard = 0;
    for (size_t round = 0; round < 100; round++) {
        heard = last(&rig)->seq + (uint32_t)last(&rig)->payload_bytes - rig.isn - 1;
        rig.sent_count = 0;
        cr_assert(say(&rig, 1, 1 + heard, SERVER_ACK, ""));
        cr_assert_gt(rig.sent_count, 0, "it fell silent after %u bytes", heard);
    }
    cr_expect_gt(heard, 1000000);
    server_free(rig.server);
    rig.server = NULL;
    services_free(services, 1);
    rig_down(&rig);
}
