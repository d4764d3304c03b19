// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/session/dialogue.h"

static void talk(const char *reply, bool closes, struct scripted *peer, struct observation *ret_observation)
{
    struct session_env *lane = env_for_tests();
    const struct dialogue dialogue = {.lane = lane, .first = "http", .port = 80};
    scripted_init(peer, "", reply, closes);
    cr_assert_gt(dialogue_run(&dialogue, &peer->peer, ret_observation), 0);
    session_env_free(lane);
}

struct answer {
    const char *reply;
    const char *server;
    const char *title;
    const char *location;
    uint32_t status; // 0: not recognised
    bool closes;
    bool finished;
};

static const struct answer answers[] = {
    {"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\n\r\n<html><TITLE>Welcome</TITLE>",
     "nginx/1.22.1", "Welcome", "", 200, false, true},
    {"HTTP/1.0 200\nserver:Apache\n\n<title lang=\"en\">\n  LF   only\n</title >", "Apache", "LF only", "", 200, true,
     true},
    {"HTTP/1.1 301 Moved\r\nLocation: https://x.example/?a=b:c\r\nContent-Length: 0\r\n\r\n", "", "",
     "https://x.example/?a=b:c", 301, false, true},
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"title\":1}", "", "", "", 200, false, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
     "chunked\r\n\r\n6\r\n<title\r\n3;x=y\r\n>sp\r\nB\r\nlit</title>x\r\n0\r\n\r\n",
     "", "split", "", 200, false, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<b>\r\n0\r\n\r\n", "", "", "", 200, false, true},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nServer: a\r\nServer: b\r\nContent-Length: 19\r\n\r\n"
     "<title>gone</title>",
     "a", "gone", "", 404, false, true},
    {"HTTP/1.1 200 OK\r\n\r\n<title>A &amp; B &lt;x&gt; &#65;&#x42; &bogus; &#xe9;</title>", "",
     "A & B <x> AB &bogus; \xc3\xa9", "", 200, true, true},
    {"HTTP/1.1 200 OK\r\n\r\n<title>a < b </tit</title>", "", "a < b </tit", "", 200, true, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", "", "", "", 200, false, true},
    {"HTTP/1.1 200 OK\r\n\r\nno end and no close", "", "", "", 200, false, false},
    {"HTTP/1.1 200 OK\r\n\r\nno end but a close", "", "", "", 200, true, true},
    {"HTTP/1.1 200 OK\r\nServer: cut", "", "", "", 200, true, false},
    {"HTTP/1.1 204 No Content\r\n\r\n", "", "", "", 204, false, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n<title>x</title>", "", "x", "", 200, false,
     true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n<title>x</title>", "", "x", "", 200,
     false, true},
    {"HTTP/1.1 abc\r\n\r\n", "", "", "", 0, true, false},
    {"HTTP/1.1 99 Low\r\n\r\n", "", "", "", 0, true, false},
    {"HTTP/1.1 2000 OK\r\n\r\n", "", "", "", 0, true, false},
    {"<html><title>HTTP/0.9</title>", "", "", "", 0, true, false},
    {"-ERR unknown command 'GET'\r\n", "", "", "", 0, true, false},
    {"HTTP", "", "", "", 0, true, false},
};

Test(http, every_answer_of_the_table_is_read)
{
    for (size_t at = 0; at < sizeof(answers) / sizeof(answers[0]); at++) {
        const struct answer *answer = &answers[at];
        struct scripted peer;
        struct observation seen;
        talk(answer->reply, answer->closes, &peer, &seen);
        cr_assert_eq(seen.finished, answer->finished, "%s", answer->reply);
        if (answer->status == 0) {
            cr_assert_str_eq(told(&seen, "service"), "", "%s", answer->reply);
            cr_assert_gt(strlen(told(&seen, "banner")), 0, "%s", answer->reply);
            cr_assert_null(seen.http);
        } else {
            cr_assert_str_eq(told(&seen, "service"), "http", "%s", answer->reply);
            cr_assert_eq(seen.http->status, answer->status, "%s", answer->reply);
            cr_assert_str_eq(told(&seen, "http.server"), answer->server, "%s", answer->reply);
            cr_assert_str_eq(told(&seen, "http.title"), answer->title, "%s", answer->reply);
            cr_assert_str_eq(told(&seen, "http.location"), answer->location, "%s", answer->reply);
        }
        observation_fini(&seen);
        scripted_fini(&peer);
    }
}

Test(http, the_request_says_who_asks_and_closes)
{
    struct scripted peer;
    struct observation seen;
    talk("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, &peer, &seen);
    const char expected[] = "GET / HTTP/1.1\r\nHost: 10.1.2.3\r\nUser-Agent: sonde/test (+mailto:owner@example.net)\r\n"
                            "Accept: */*\r\nConnection: close\r\n\r\n";
    cr_assert_eq(peer.heard.length, strlen(expected));
    cr_assert_eq(memcmp(buffer_bytes(&peer.heard), expected, strlen(expected)), 0);
    observation_fini(&seen);
    scripted_fini(&peer);
}

Test(http, a_contact_cannot_add_header_fields)
{
    const struct session_env_settings settings = {.user_agent = "sonde\r\nX-Injected: yes"};
    struct session_env *lane = session_env_new(&settings);
    struct scripted peer;
    struct observation seen;
    scripted_init(&peer, "", "HTTP/1.1 200 OK\r\n\r\n", true);
    const struct dialogue dialogue = {.lane = lane, .first = "http", .port = 8080};
    dialogue_run(&dialogue, &peer.peer, &seen);
    buffer_put_u8(&peer.heard, 0);
    cr_assert_null(strstr((const char *)buffer_bytes(&peer.heard), "\nX-Injected"));
    cr_assert_not_null(strstr((const char *)buffer_bytes(&peer.heard), "\r\nHost: 10.1.2.3:8080\r\n"));
    observation_fini(&seen);
    scripted_fini(&peer);
    session_env_free(lane);
}

Test(http, a_line_without_end_and_a_header_without_end_are_bounded)
{
    static char reply[200 << 10];
    const char status[] = "HTTP/1.1 200 OK\r\nServer: ";
    memset(reply, 'x', sizeof(reply) - 1);
    memcpy(reply, status, strlen(status));
    struct scripted peer;
    struct observation seen;
    talk(reply, false, &peer, &seen);
    cr_assert_eq(seen.http->status, 200);
    cr_assert_eq(strlen(told(&seen, "http.server")), 255);
    observation_fini(&seen);
    scripted_fini(&peer);
    for (size_t at = strlen("HTTP/1.1 200 OK\r\n"); at < sizeof(reply) - 1; at++) {
        reply[at] = at % 8 == 0 ? '\n' : 'h';
    }
    talk(reply, false, &peer, &seen);
    cr_assert_eq(seen.http->status, 200);
    cr_assert(seen.finished);
    observation_fini(&seen);
    scripted_fini(&peer);
}

Test(http, a_title_longer_than_its_field_is_cut)
{
    char reply[1024] = "HTTP/1.1 200 OK\r\n\r\n<title>";
    memset(reply + strlen(reply), 't', 600);
    strcat(reply, "</title>");
    struct scripted peer;
    struct observation seen;
    talk(reply, true, &peer, &seen);
    cr_assert_eq(strlen(told(&seen, "http.title")), 255);
    observation_fini(&seen);
    scripted_fini(&peer);
}
