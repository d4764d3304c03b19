// SPDX-License-Identifier: BSD-3-Clause
// The server's side of TCP against a client made of single segments.

#include "tests/unit/simnet/rig.h"

static const char GET[] = "GET / HTTP/1.1\r\n\r\n";
enum { GET_BYTES = sizeof(GET) - 1 };

Test(server, a_request_brings_the_page_and_goodbye_and_then_the_slot_is_free)
{
    struct rig rig;
    rig_up(&rig, "page", 4, false);
    cr_assert(say(&rig, 1, 1, SERVER_ACK | SERVER_PSH, GET));
    cr_assert_eq(rig.sent_count, 1);
    cr_expect_eq(last(&rig)->flags, SERVER_ACK | SERVER_PSH | SERVER_FIN);
    cr_expect_eq(last(&rig)->seq, rig.isn + 1);
    cr_expect_eq(last(&rig)->ack, CLIENT_ISN + 1 + GET_BYTES);
    uint32_t page = (uint32_t)last(&rig)->payload_bytes;
    cr_expect(memcmp(rig.sent[0].payload, "HTTP/1.1 200 OK\r\n", 17) == 0);
    cr_assert(say(&rig, 1 + GET_BYTES, 1 + page + 1, SERVER_ACK, ""));
    cr_expect_eq(server_open(rig.server), 1);
    cr_assert(say(&rig, 1 + GET_BYTES, 1 + page + 1, SERVER_ACK | SERVER_FIN, ""));
    cr_expect_eq(last(&rig)->ack, CLIENT_ISN + 2 + GET_BYTES);
    cr_expect_eq(server_open(rig.server), 0);
    cr_expect_not(say(&rig, 2 + GET_BYTES, 1 + page + 1, SERVER_ACK, ""), "nobody's any more");
    rig_down(&rig);
}

Test(server, only_numbers_that_follow_from_the_syn_ack_begin_a_connection)
{
    struct rig rig;
    rig_up(&rig, "page", 4, false);
    cr_expect_not(say(&rig, 1, 2, SERVER_ACK, GET));
    cr_expect_not(say(&rig, 2, 1, SERVER_ACK, GET));
    cr_expect_not(say(&rig, 1, 1, SERVER_PSH, GET));
    rig.way.port = 9;
    cr_expect_not(say(&rig, 1, 1, SERVER_ACK, GET), "nobody speaks there");
    cr_expect_eq(server_open(rig.server), 0);
    rig_down(&rig);
}

Test(server, who_speaks_first_does_so_at_the_third_segment)
{
    struct rig rig;
    rig_up(&rig, "unheard", 4, false);
    cr_assert(say(&rig, 1, 1, SERVER_ACK, ""));
    cr_expect_eq(last(&rig)->payload_bytes, strlen(rig.service->said->banner));
    cr_expect_eq(last(&rig)->flags, SERVER_ACK | SERVER_PSH);
    rig_down(&rig);
}

Test(server, what_came_before_is_not_heard_twice_and_what_comes_early_is_asked_for_again)
{
    struct rig rig;
    rig_up(&rig, "page", 4, false);
    cr_assert(say(&rig, 1, 1, SERVER_ACK, "GET / HT"));
    cr_expect_eq(last(&rig)->ack, CLIENT_ISN + 9);
    cr_assert(say(&rig, 12, 1, SERVER_ACK, "1\r\n\r\n"));
    cr_expect_eq(last(&rig)->ack, CLIENT_ISN + 9, "a gap is not jumped");
    cr_assert(say(&rig, 1, 1, SERVER_ACK, "GET / HT"));
    cr_expect_eq(last(&rig)->ack, CLIENT_ISN + 9);
    cr_expect_eq(last(&rig)->payload_bytes, 0);
    cr_assert(say(&rig, 5, 1, SERVER_ACK, "/ HTTP/1.1\r\n\r\n"));
    cr_expect_eq(last(&rig)->ack, CLIENT_ISN + 19);
    cr_expect_gt(last(&rig)->payload_bytes, 0);
    rig_down(&rig);
}

Test(server, what_nobody_acknowledges_is_said_again_and_given_up_in_the_end)
{
    struct rig rig;
    rig_up(&rig, "page", 4, false);
    cr_assert(say(&rig, 1, 1, SERVER_ACK, GET));
    const struct server_segment first = *last(&rig);
    server_tick(rig.server, RETRY - 1);
    cr_expect_eq(rig.sent_count, 1);
    for (uint64_t n = 1; n <= SERVER_TRIES; n++) {
        server_tick(rig.server, n * RETRY);
        cr_expect_eq(rig.sent_count, 1 + n);
        cr_expect_eq(last(&rig)->seq, first.seq);
        cr_expect_eq(last(&rig)->payload_bytes, first.payload_bytes);
        cr_expect_eq(last(&rig)->flags, first.flags);
    }
    server_tick(rig.server, (SERVER_TRIES + 1) * RETRY);
    cr_expect_eq(server_open(rig.server), 0);
    cr_expect_eq(server_counters(rig.server)[SERVER_FORGOTTEN], 1);
    rig_down(&rig);
}

Test(server, a_second_acknowledgement_brings_the_rest_once_more_and_only_once)
{
    struct rig rig;
    rig_up(&rig, "page", 4, false);
    cr_assert(say(&rig, 1, 1, SERVER_ACK, GET));
    cr_assert(say(&rig, 1 + GET_BYTES, 1, SERVER_ACK, ""));
    cr_expect_eq(rig.sent_count, 2);
    cr_expect_eq(last(&rig)->seq, rig.isn + 1);
    cr_assert(say(&rig, 1 + GET_BYTES, 1, SERVER_ACK, ""));
    cr_expect_eq(rig.sent_count, 2);
    // Half of it has arrived.
    cr_assert(say(&rig, 1 + GET_BYTES, 51, SERVER_ACK, ""));
    cr_assert(say(&rig, 1 + GET_BYTES, 51, SERVER_ACK, ""));
    cr_expect_eq(rig.sent_count, 3);
    cr_expect_eq(last(&rig)->seq, rig.isn + 51);
    cr_expect(last(&rig)->flags & SERVER_FIN);
    rig_down(&rig);
}

Test(server, a_small_window_is_not_exceeded)
{
    struct rig rig;
    rig_up(&rig, "page", 4, false);
    struct server_segment segment = {.seq = CLIENT_ISN + 1,
                                     .ack = rig.isn + 1,
                                     .window = 100,
                                     .flags = SERVER_ACK,
                                     .payload = (const uint8_t *)GET,
                                     .payload_bytes = GET_BYTES};
    cr_assert(server_take(rig.server, &rig.way, &segment, 0));
    cr_expect_eq(rig.sent_count, 1);
    cr_expect_eq(last(&rig)->payload_bytes, 100);
    cr_expect_not(last(&rig)->flags & SERVER_FIN);
    cr_assert(say(&rig, 1 + GET_BYTES, 101, SERVER_ACK, ""));
    cr_expect_eq(last(&rig)->seq, rig.isn + 101);
    cr_expect(last(&rig)->flags & SERVER_FIN);
    rig_down(&rig);
}

Test(server, a_reset_ends_a_connection_only_where_it_belongs)
{
    struct rig rig;
    rig_up(&rig, "unheard", 4, false);
    cr_assert(say(&rig, 1, 1, SERVER_ACK, ""));
    cr_assert(say(&rig, 7, 1, SERVER_RST, ""));
    cr_expect_eq(server_open(rig.server), 1);
    cr_assert(say(&rig, 1, 1, SERVER_RST, ""));
    cr_expect_eq(server_open(rig.server), 0);
    rig_down(&rig);
}

Test(server, a_full_pool_begins_nothing_and_counts)
{
    struct rig rig;
    rig_up(&rig, "unheard", 2, false);
    for (uint16_t port = 1; port <= 3; port++) {
        rig.way.client_port = port;
        cr_expect_eq(say(&rig, 1, 1, SERVER_ACK, ""), port < 3);
    }
    cr_expect_eq(server_counters(rig.server)[SERVER_FULL], 1);
    rig.way.client_port = 1;
    cr_assert(say(&rig, 1, 1, SERVER_RST, ""));
    rig.way.client_port = 3;
    cr_expect(say(&rig, 1, 1, SERVER_ACK, ""));
    rig_down(&rig);
}

Test(server, a_lossy_world_says_its_syn_ack_again_and_remembers_who_left)
{
    struct rig rig;
    rig_up(&rig, "page", 4, true);
    server_syn(rig.server, &rig.way, CLIENT_ISN, 0);
    server_tick(rig.server, RETRY);
    cr_assert_eq(rig.sent_count, 1);
    cr_expect_eq(last(&rig)->flags, SERVER_SYN | SERVER_ACK);
    cr_expect_eq(last(&rig)->seq, rig.isn);
    cr_expect_eq(last(&rig)->ack, CLIENT_ISN + 1);
    cr_assert(say(&rig, 1, 1, SERVER_ACK | SERVER_FIN, GET));
    uint32_t page = (uint32_t)last(&rig)->payload_bytes;
    cr_assert(say(&rig, 2 + GET_BYTES, 2 + page, SERVER_ACK, ""));
    cr_expect_eq(server_open(rig.server), 1, "the client may not have heard our last word");
    cr_assert(say(&rig, 1 + GET_BYTES, 2 + page, SERVER_ACK | SERVER_FIN, ""));
    cr_expect_eq(last(&rig)->ack, CLIENT_ISN + 2 + GET_BYTES);
    for (uint64_t n = 1; n <= SERVER_TRIES + 1; n++)
        server_tick(rig.server, 1000 + n * RETRY);
    cr_expect_eq(server_open(rig.server), 0);
    rig_down(&rig);
}
