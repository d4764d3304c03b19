// SPDX-License-Identifier: BSD-3-Clause
// Who is speaking, whatever was expected: what holds for every session of the registry is tried with each, on every
// port that a service can suggest a session for, and cut at every place.

#include <criterion/criterion.h>
#include <string.h>

#include "probes/session/registry.h"
#include "tests/unit/session/fake_tls.h"
#include "tests/unit/session/servers.h"

static struct session_env *env;

static void setup(void)
{
    env = env_for_tests();
}

static void teardown(void)
{
    session_env_free(env);
}

// The next row, from this one on, that a service can begin with; the others are further connections of these.
static const struct session_ops *first_next(size_t *row)
{
    const struct session_ops *ops;
    while ((ops = session_row(*row)) != NULL && ops->service != NULL)
        (*row)++;
    return ops;
}

TestSuite(speakers, .init = setup, .fini = teardown);

static size_t talk(struct dialogue dialogue, struct peer *peer, struct observation *ret_observation)
{
    dialogue.env = env;
    dialogue.port = dialogue.port == 0 ? 4000 : dialogue.port;
    return dialogue_run(&dialogue, peer, ret_observation);
}

Test(speakers, the_servers_are_whole)
{
    const struct session_ops *ops;
    for (size_t row = 0; (ops = first_next(&row)) != NULL; row++) {
        struct observation seen;
        struct peer *server = server_new(ops->name);
        if (server == NULL)
            continue;
        cr_assert_eq(talk((struct dialogue){.first = ops->name}, server, &seen), 1, "%s", ops->name);
        cr_expect_str_eq(told(&seen, "service"), server_service(ops->name), "%s", ops->name);
        cr_expect(seen.finished, "%s", ops->name);
        observation_fini(&seen);
        server_free(ops->name, server);
    }
}

// Nothing but that it is an echo, or nobody.
static void expect_nobody(const struct observation *seen, const char *first, const char *tunnel)
{
    const char *service = told(seen, "service");
    cr_expect(strcmp(service, "echo") == 0 || strcmp(service, tunnel) == 0, "%s: service %s", first, service);
    for (size_t part = 0; part < PART_COUNT; part++)
        cr_expect(part == PART_root || (part == PART_tls && tunnel[0] != '\0') ||
                      !observation_has(seen, (enum part_id)part),
                  "%s: %s", first, parts[part]->name);
}

Test(speakers, what_repeats_our_words_is_an_echo_and_nothing_else)
{
    const struct session_ops *ops;
    for (size_t row = 0; (ops = first_next(&row)) != NULL; row++) {
        struct observation seen;
        struct dialogue dialogue = {.first = ops->name};
        for (dialogue.piece = 0; dialogue.piece < 3; dialogue.piece++) {
            cr_assert_gt(talk(dialogue, &echo_server, &seen), 0);
            cr_expect_str_eq(told(&seen, "service"), "echo", "%s", ops->name);
            expect_nobody(&seen, ops->name, "");
            observation_fini(&seen);
        }
        dialogue.piece = 0;
        for (dialogue.limit = 1; dialogue.limit < 600; dialogue.limit++) {
            cr_assert_gt(talk(dialogue, &echo_server, &seen), 0);
            expect_nobody(&seen, ops->name, "");
            observation_fini(&seen);
        }
    }
}

Test(speakers, the_same_holds_inside_a_tunnel)
{
    const struct session_ops *ops;
    for (size_t row = 0; (ops = first_next(&row)) != NULL; row++) {
        struct observation seen;
        struct fake_tls fake = {.version = TLS1_3_VERSION, .key = "EC", .inside = &echo_server};
        if (ops->seal != NULL)
            continue;
        fake_tls_init(&fake);
        cr_assert_gt(talk((struct dialogue){.first = "tls", .inner = ops->name}, &fake.peer, &seen), 0);
        cr_expect_str_eq(told(&seen, "service"), "echo", "%s", ops->name);
        expect_nobody(&seen, ops->name, "tls");
        observation_fini(&seen);
        fake_tls_fini(&fake);
    }
}

static void text_put(struct buffer *to, const char *text)
{
    buffer_put(to, text, strlen(text));
}

// Repeats the first word.
static void tag_answer(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer)
{
    (void)peer;
    size_t word = 0;
    while (word < length && data[word] != ' ' && data[word] != '\r' && data[word] != '\n')
        word++;
    if (length == 0) {
        text_put(ret_answer, "* OK ready\r\n");
        return;
    }
    buffer_put(ret_answer, data, word);
    text_put(ret_answer, " BAD Error in IMAP command received by server.\r\n");
}

Test(speakers, a_server_of_tagged_commands_is_never_taken_for_another)
{
    struct peer tagging = {.answer = tag_answer};
    const struct session_ops *ops;
    for (size_t row = 0; (ops = first_next(&row)) != NULL; row++)
        for (size_t piece = 0; piece < 3; piece++) {
            struct observation seen;
            talk((struct dialogue){.first = ops->name, .piece = piece}, &tagging, &seen);
            cr_expect_str_eq(told(&seen, "service"), "imap", "%s", ops->name);
            cr_expect_str_eq(told(&seen, "imap.greeting"), "* OK ready", "%s", ops->name);
            observation_fini(&seen);
        }
}

static void expect_found(const char *session, const char *first, size_t dropped)
{
    struct observation seen;
    struct dropping dropping;
    struct peer *server = server_new(session);
    if (server == NULL)
        return;
    dropping_init(&dropping, server, dropped);
    size_t connections = talk((struct dialogue){.first = first}, &dropping.peer, &seen);
    cr_expect_leq(connections, 5, "%s behind %s: %zu connections", session, first, connections);
    cr_expect_str_eq(told(&seen, "service"), server_service(session), "%s behind %s, cut at %zu", session, first,
                     dropped);
    cr_expect(seen.finished || (dropped > 0 && dropped != SIZE_MAX), "%s behind %s, cut at %zu", session, first,
              dropped);
    observation_fini(&seen);
    server_free(session, server);
}

// The first connection ends behind so many bytes, none above all. It is SIZE_MAX where nothing is dropped. Of TLS, what
// comes behind a server's first six bytes is a handshake that was broken off, and not for detection to mend.
Test(speakers, everybody_is_found_on_every_port_and_though_the_first_connection_is_dropped, .timeout = 300)
{
    const struct session_ops *ops;
    const struct session_ops *first;
    for (size_t row = 1; (ops = first_next(&row)) != NULL; row++)
        for (size_t other = 0; (first = first_next(&other)) != NULL; other++) {
            expect_found(ops->name, first->name, SIZE_MAX);
            size_t cuts = ops == &session_tls && first == ops ? 6 : 24;
            for (size_t dropped = 0; dropped < cuts; dropped++)
                expect_found(ops->name, first->name, dropped);
        }
}

static void expect_found_inside(const char *session, const char *inner, size_t dropped)
{
    struct observation seen;
    struct dropping dropping;
    struct peer *server = server_new(session);
    if (server == NULL)
        return;
    dropping_init(&dropping, server, dropped);
    struct fake_tls fake = {.version = TLS1_3_VERSION, .key = "EC", .inside = &dropping.peer};
    fake_tls_init(&fake);
    size_t connections = talk((struct dialogue){.first = "tls", .inner = inner}, &fake.peer, &seen);
    cr_expect_leq(connections, 5, "%s behind %s: %zu connections", session, inner, connections);
    cr_expect_str_eq(told(&seen, "service"), session, "%s (%s, tls %s) behind %s, cut at %zu, %zu connections", session,
                     told(&seen, "service"), told(&seen, "banner"), inner, dropped, connections);
    cr_expect(observation_in_tls(&seen));
    cr_expect(seen.finished || dropped != SIZE_MAX, "%s (%s, tls %s) behind %s, cut at %zu, %zu connections", session,
              told(&seen, "service"), told(&seen, "banner"), inner, dropped, connections);
    observation_fini(&seen);
    fake_tls_fini(&fake);
    server_free(session, server);
}

Test(speakers, everybody_is_found_in_a_tunnel_and_though_the_first_one_is_dropped, .timeout = 300)
{
    const struct session_ops *ops;
    const struct session_ops *inner;
    for (size_t row = 1; (ops = first_next(&row)) != NULL; row++)
        for (size_t other = 0; (inner = first_next(&other)) != NULL; other++) {
            if (ops->seal != NULL || inner->seal != NULL)
                continue;
            expect_found_inside(ops->name, inner->name, SIZE_MAX);
            for (size_t dropped = 0; dropped < 24; dropped += 3)
                expect_found_inside(ops->name, inner->name, dropped);
        }
}
