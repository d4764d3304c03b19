// SPDX-License-Identifier: BSD-3-Clause
// What is agreed on inside TLS (RFC 7301), and spoken then: with our own client of TLS 1.3 and 1.2, and with OpenSSL's.

#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/session/fake_tls.h"

static const char page[] = "HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Length: 20\r\n\r\n<title>inside</title>";

// SETTINGS; HEADERS of stream 1: 200, and a server of the name "two" (RFC 7541, appendix A); DATA, which ends it.
static const char frames[] = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
                             "\x00\x00\x07\x01\x04\x00\x00\x00\x01\x88\x0f\x27\x03two"
                             "\x00\x00\x11\x00\x01\x00\x00\x00\x01<title>2</title>\n";

static size_t talk(struct fake_tls *fake, const char *first, const char *inner, struct observation *ret_seen)
{
    struct session_env *env = env_for_tests();
    const struct dialogue dialogue = {.env = env, .first = first, .inner = inner, .port = 443};
    fake_tls_init(fake);
    size_t connections = dialogue_run(&dialogue, &fake->peer, ret_seen);
    fake_tls_fini(fake);
    session_env_free(env);
    return connections;
}

static const int versions[] = {TLS1_3_VERSION, TLS1_2_VERSION};
static const char *const clients[] = {"tls", "tls-openssl"};

Test(tls_application, a_server_that_chooses_h2_is_spoken_with_in_frames)
{
    for (size_t at = 0; at < 8; at++) {
        struct observation seen;
        struct scripted inside;
        scripted_init(&inside, "", "", false);
        inside.reply = (const uint8_t *)frames;
        inside.reply_length = sizeof(frames) - 1;
        struct fake_tls fake = {.version = versions[at % 2],
                                .key = "EC",
                                .application = "h2",
                                .application_needed = true,
                                .inside = &inside.peer};
        cr_expect_eq(talk(&fake, clients[at / 2 % 2], at / 4 == 0 ? NULL : "http", &seen), 1, "%zu", at);
        cr_expect_str_eq(told(&seen, "tls.alpn"), "h2");
        cr_expect_str_eq(told(&seen, "service"), "http");
        cr_expect_str_eq(told(&seen, "http.version"), "HTTP/2", "%zu", at);
        cr_expect_str_eq(told(&seen, "http.server"), "two");
        cr_expect_str_eq(told(&seen, "http.title"), "2");
        cr_expect(seen.finished);
        observation_fini(&seen);
        scripted_fini(&inside);
    }
}

Test(tls_application, a_server_that_chooses_http_1_or_nothing_is_asked_for_a_page_as_ever)
{
    for (size_t at = 0; at < 8; at++) {
        struct observation seen;
        struct fake_tls fake = {
            .version = versions[at % 2], .key = "EC", .application = at / 4 == 0 ? "http/1.1" : NULL, .reply = page};
        cr_expect_eq(talk(&fake, clients[at / 2 % 2], "http", &seen), 1, "%zu", at);
        cr_expect_str_eq(told(&seen, "tls.alpn"), at / 4 == 0 ? "http/1.1" : "");
        cr_expect_str_eq(told(&seen, "http.version"), "HTTP/1.1");
        cr_expect_str_eq(told(&seen, "http.title"), "inside");
        observation_fini(&seen);
    }
}

// Settings, and to a request in frames: HTTP_1_1_REQUIRED; to one without, a page.
static void unwilling_answer(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer)
{
    static const char required[] = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
                                   "\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x0d";
    (void)peer;
    if (length > 4 && memcmp(data, "PRI ", 4) == 0)
        buffer_put(ret_answer, required, sizeof(required) - 1);
    else if (length > 4 && memcmp(data, "GET ", 4) == 0)
        buffer_put(ret_answer, page, sizeof(page) - 1);
}

Test(tls_application, a_server_that_chooses_h2_and_wants_http_1_gets_it)
{
    for (size_t at = 0; at < 2; at++) {
        struct observation seen;
        struct peer inside = {.answer = unwilling_answer};
        struct fake_tls fake = {.version = versions[at], .key = "EC", .application = "h2", .inside = &inside};
        cr_expect_eq(talk(&fake, "tls", "http", &seen), 2);
        cr_expect_str_eq(told(&seen, "http.version"), "HTTP/1.1");
        cr_expect_str_eq(told(&seen, "http.title"), "inside");
        cr_expect(seen.finished);
        observation_fini(&seen);
    }
}

Test(tls_application, a_server_of_something_else_is_not_lost)
{
    // It refuses a hello with nothing that it speaks: the next one offers nothing, and it greets.
    for (size_t at = 0; at < 2; at++) {
        struct observation seen;
        struct scripted inside;
        scripted_init(&inside, "* OK IMAP4rev1 ready\r\n", "", false);
        struct fake_tls fake = {.version = versions[at],
                                .key = "EC",
                                .application = "imap",
                                .application_needed = true,
                                .inside = &inside.peer};
        (void)talk(&fake, "tls", NULL, &seen);
        cr_expect_str_eq(told(&seen, "service"), "imap");
        cr_expect_str_eq(told(&seen, "tls.alert"), "");
        cr_expect(seen.tls->handshake_complete);
        observation_fini(&seen);
        scripted_fini(&inside);
    }
}

Test(tls_application, h2_is_not_offered_where_the_handshake_is_older_than_it)
{
    // lighttpd agrees to h2 in TLS 1.0, and then speaks neither.
    struct observation seen;
    struct fake_tls fake = {.version = TLS1_VERSION, .key = "RSA", .application = "h2", .reply = page};
    cr_expect_eq(talk(&fake, "tls", "http", &seen), 2);
    cr_expect_str_eq(told(&seen, "http.version"), "HTTP/1.1");
    cr_expect_str_eq(told(&seen, "http.title"), "inside");
    observation_fini(&seen);
}

Test(tls_application, nothing_is_offered_where_something_else_is_wanted_inside)
{
    struct observation seen;
    struct scripted inside;
    scripted_init(&inside, "* OK IMAP4rev1 ready\r\n", "", false);
    struct fake_tls fake = {.version = TLS1_3_VERSION, .key = "EC", .application = "h2", .inside = &inside.peer};
    (void)talk(&fake, "tls", "imap", &seen);
    cr_expect_str_eq(told(&seen, "tls.alpn"), "", "it was not asked");
    cr_expect_str_eq(told(&seen, "service"), "imap");
    observation_fini(&seen);
    scripted_fini(&inside);
}
