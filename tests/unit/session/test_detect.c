// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/registry.h"
#include "tests/unit/session/fake_ssh.h"

Test(registry, every_row_is_whole_and_has_a_name_of_its_own)
{
    size_t rows = 0;
    for (const struct session_ops *ops; (ops = session_row(rows)) != NULL; rows++) {
        cr_assert_not_null(ops->name);
        cr_assert_lt(strlen(ops->name), 16);
        cr_assert_not_null((void *)ops->open);
        cr_assert_not_null((void *)ops->bytes);
        cr_assert_not_null((void *)ops->event);
        cr_assert_eq(session_find(ops->name), ops, "two rows are called \"%s\"", ops->name);
        cr_assert_eq(session_bit(ops), UINT32_C(1) << rows);
    }
    cr_assert_geq(rows, 4);
    cr_assert_null(session_find("shh"));
}

Test(detect, first_bytes_name_their_protocol_and_prefixes_are_undecided)
{
    static const struct {
        const char *bytes;
        size_t length;
        enum spoken found;
    } cases[] = {
        {"", 0, SPOKEN_UNDECIDED},           {"S", 1, SPOKEN_UNDECIDED},
        {"SSH", 3, SPOKEN_UNDECIDED},        {"SSH-", 4, SPOKEN_SSH},
        {"SSL", 3, SPOKEN_UNKNOWN},          {"HTTP", 4, SPOKEN_UNDECIDED},
        {"HTTP/1.1", 8, SPOKEN_HTTP},        {"\x16", 1, SPOKEN_UNDECIDED},
        {"\x16\x03", 2, SPOKEN_UNDECIDED},   {"\x16\x03\x03", 3, SPOKEN_TLS},
        {"\x15\x03\x01", 3, SPOKEN_TLS},     {"\x15\x02", 2, SPOKEN_UNKNOWN},
        {"\x16\x03\x09", 3, SPOKEN_UNKNOWN}, {"220 ftp", 7, SPOKEN_UNKNOWN},
        {"\0", 1, SPOKEN_UNKNOWN},           {"Exceeded Max", 12, SPOKEN_UNDECIDED},
        {"Not", 3, SPOKEN_UNDECIDED},        {"Not allowed at this time\r\n", 26, SPOKEN_SSH},
        {"Not now", 7, SPOKEN_UNKNOWN},
    };
    for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
        cr_assert_eq(spoken_find((const uint8_t *)cases[at].bytes, cases[at].length), cases[at].found, "case %zu", at);
    }
}

static size_t talk(const char *first, struct peer *peer, struct observation *ret_observation)
{
    struct conversation_lane *lane = lane_for_tests();
    const struct dialogue dialogue = {.lane = lane, .first = first, .port = 443};
    size_t connections = dialogue_run(&dialogue, peer, ret_observation);
    conversation_lane_free(lane);
    return connections;
}

Test(detect, ssh_is_found_whatever_was_expected)
{
    static const struct {
        const char *first;
        size_t connections;
    } cases[] = {{"", 1}, {"ssh", 1}, {"http", 2}, {"tls", 2}};
    for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
        struct observation seen;
        struct fake_ssh fake = {.admits = false};
        fake_ssh_init(&fake);
        cr_assert_eq(talk(cases[at].first, &fake.peer, &seen), cases[at].connections, "%s", cases[at].first);
        cr_assert_str_eq(told(&seen, "service"), "ssh");
        cr_assert(seen.finished);
        observation_fini(&seen);
        fake_ssh_fini(&fake);
    }
}

// A web server: a page for a GET, a refusal for anything else.
static void web_answer(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer)
{
    static const char page[] = "HTTP/1.1 200 OK\r\nServer: web\r\nContent-Length: 0\r\n\r\n";
    static const char refusal[] = "HTTP/1.1 400 Bad Request\r\nServer: web\r\n\r\n<title>400</title>";
    if (length > 0 && !peer->closed) {
        bool get = length > 5 && memcmp(data, "GET /", 5) == 0;
        buffer_put(ret_answer, get ? page : refusal, strlen(get ? page : refusal));
        peer->closed = true;
    }
}

Test(detect, http_is_found_whatever_was_expected)
{
    static const struct {
        const char *first;
        size_t connections;
    } cases[] = {{"", 1}, {"ssh", 2}, {"http", 1}, {"tls", 2}};
    for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
        struct observation seen;
        struct peer web = {.answer = web_answer};
        cr_assert_eq(talk(cases[at].first, &web, &seen), cases[at].connections, "%s", cases[at].first);
        cr_assert_str_eq(told(&seen, "service"), "http");
        cr_assert_eq(seen.http->status, 200);
        cr_assert(seen.finished);
        observation_fini(&seen);
    }
}

Test(detect, a_refusal_that_speaks_of_https_leads_to_a_hello)
{
    static const char *const refusals[] = {
        "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n<title>400 The plain HTTP request was sent to HTTPS "
        "port</title>",
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 77\r\n\r\n<title>400 Bad Request</title>"
        "You're speaking plain HTTP to an SSL-enabled port.",
        "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
    };
    for (size_t at = 0; at < sizeof(refusals) / sizeof(refusals[0]); at++) {
        struct observation seen;
        struct scripted peer;
        scripted_init(&peer, "", refusals[at], true);
        cr_assert_eq(talk("http", &peer.peer, &seen), 2, "%s", refusals[at]);
        cr_assert_eq(buffer_bytes(&peer.heard)[0], 0x16);
        cr_assert_eq(seen.http->status, 400);
        observation_fini(&seen);
        scripted_fini(&peer);
    }
}

Test(detect, an_unknown_service_keeps_its_first_line_or_its_first_bytes)
{
    static const struct {
        const char *greeting;
        size_t length;
        size_t banner;
    } cases[] = {
        {"220 mail.example ESMTP\r\nmore", 28, 24},
        {"J\0\0\0\n5.7.1", 10, 10},
        {"RFB 003.008\n", 12, 12},
    };
    static const char *const firsts[] = {"", "ssh", "http", "tls"};
    for (size_t at = 0; at < 12; at++) {
        struct observation seen;
        struct scripted peer;
        scripted_init(&peer, "", "", false);
        peer.greeting = (const uint8_t *)cases[at % 3].greeting;
        peer.greeting_length = cases[at % 3].length;
        cr_assert_eq(talk(firsts[at / 3], &peer.peer, &seen), 1);
        cr_assert_str_eq(told(&seen, "service"), "");
        cr_assert(seen.spoke);
        cr_assert_not(seen.finished);
        const struct text *banner = &seen.root->banner;
        cr_assert_eq(banner->length, cases[at % 3].banner, "%s: case %zu: %u", firsts[at / 3], at, banner->length);
        cr_assert_eq(memcmp(banner->data, cases[at % 3].greeting, banner->length), 0);
        observation_fini(&seen);
        scripted_fini(&peer);
    }
}

Test(detect, a_service_that_never_speaks_is_asked_a_few_times_and_left)
{
    // A server that only waits where TLS was expected may be slow; one that hangs up has heard enough.
    static const struct {
        const char *first;
        bool closes;
        size_t connections;
    } cases[] = {{"", false, 2}, {"ssh", false, 3}, {"http", false, 2}, {"tls", false, 1},
                 {"", true, 2},  {"ssh", true, 3},  {"http", true, 2},  {"tls", true, 2}};
    for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
        struct observation seen;
        struct scripted peer;
        scripted_init(&peer, "", "", cases[at].closes);
        cr_assert_eq(talk(cases[at].first, &peer.peer, &seen), cases[at].connections, "case %zu", at);
        cr_assert_not(seen.spoke);
        cr_assert_not(seen.finished);
        cr_assert_str_eq(told(&seen, "service"), "");
        observation_fini(&seen);
        scripted_fini(&peer);
    }
}

struct busy {
    struct peer peer;
    const char *refusal;
};

static void busy_answer(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer)
{
    const struct busy *busy = (const struct busy *)peer;
    (void)data;
    if (length == 0) {
        buffer_put(ret_answer, busy->refusal, strlen(busy->refusal));
        peer->closed = true;
    }
}

Test(detect, an_ssh_server_that_is_too_busy_is_asked_once_more)
{
    static const char *const refusals[] = {"Exceeded MaxStartups\r\n", "Not allowed at this time\r\n"};
    static const char *const firsts[] = {"ssh", ""};
    for (size_t at = 0; at < 4; at++) {
        struct observation seen;
        struct busy busy = {.peer = {.answer = busy_answer}, .refusal = refusals[at / 2]};
        cr_assert_eq(talk(firsts[at % 2], &busy.peer, &seen), 2, "%s", refusals[at / 2]);
        cr_assert_str_eq(told(&seen, "service"), "ssh");
        cr_assert_not(seen.finished);
        cr_assert_eq(strlen(told(&seen, "banner")), 0);
        observation_fini(&seen);
    }
}
