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
        cr_assert((ops->bytes == NULL) != (ops->datagram == NULL), "a stream or datagrams");
        cr_assert(ops->guess == 0 || ops->start == SESSION_CLIENT_FIRST, "who waits for a server is no guess");
        cr_assert(ops->says != NULL || ops->start == SESSION_SERVER_FIRST, "who speaks first says what");
        cr_assert_not_null((void *)ops->event);
        cr_assert_eq(session_find(ops->name), ops, "two rows are called \"%s\"", ops->name);
        cr_assert_eq(session_bit(ops), UINT64_C(1) << rows);
    }
    cr_assert_geq(rows, 4);
    cr_assert_null(session_find("shh"));
}

Test(detect, first_bytes_name_their_protocol_and_prefixes_are_undecided)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *whose; // a session, "" = nobody, NULL = undecided
    } cases[] = {
        {"", 0, NULL},
        {"S", 1, NULL},
        {"SSH", 3, NULL},
        {"SSH-", 4, "ssh"},
        {"SSL", 3, ""},
        {"HTTP", 4, NULL},
        {"HTTP/1.1", 8, "http"},
        {"\x16", 1, NULL},
        {"\x16\x03", 2, NULL},
        {"\x16\x03\x03\0\x7a", 5, NULL},
        {"\x16\x03\x03\0\x7a\x02", 6, "tls"},
        {"\x16\x03\x01\0\x7a\x01", 6, ""},
        {"\x15\x03\x01", 3, "tls"},
        {"\x15\x02", 2, ""},
        {"\x16\x03\x09", 3, ""},
        {"220 ftp\r\n", 9, "ftp"},
        {"220-x\r\nESMTP\r\n", 14, NULL},
        {"220-x\r\n220 ESMTP\r\n", 18, "smtp"},
        {"220 x\r\n", 7, ""},
        {"2200 ftp\r\n", 10, ""},
        {"230 ftp\r\n", 9, ""},
        {"+OK", 3, "pop3"},
        {"* O", 3, NULL},
        {"* PREAUTH", 9, "imap"},
        {"\0", 1, NULL},
        {"\0\0\6\4\0\0\0\0", 8, NULL},
        {"\0\0\6\4\0\0\0\0\0", 9, "http2"},
        {"\0\0\7\4", 4, ""},
        {"\xfe\xff\xfe\xff", 4, ""},
        {"\1", 1, NULL}, // of a greeting of MySQL, whose length may be anything up to 511
        {"\1\2", 2, ""},
        {"\x4a\0\0\0\x0a"
         "8.",
         7, "mysql"},
        {"\xff\xfd", 2, NULL},
        {"\xff\xfd\x18", 3, "telnet"},
        {"RFB 003.008\n", 12, "vnc"},
        {"AMQP\0\0\x09\1", 8, "amqp"},
        {"Exceeded Max", 12, NULL},
        {"Not", 3, NULL},
        {"Not allowed at this time\r\n", 26, "ssh"},
        {"Not now", 7, ""},
        {"ERROR", 5, NULL},
        {"ERROR\r\n", 7, ""}, // anybody's
        {"VERSION 1", 9, "memcached"},
    };
    for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
        const struct session_ops *ops = NULL;
        enum recognition found = detect_recognise((const uint8_t *)cases[at].bytes, cases[at].length, &ops);
        cr_assert_eq(found == RECOGNITION_UNDECIDED, cases[at].whose == NULL, "case %zu", at);
        cr_assert_str_eq(found == RECOGNITION_MINE ? ops->name : "", cases[at].whose == NULL ? "" : cases[at].whose,
                         "case %zu", at);
    }
}

Test(agenda, each_kind_has_a_budget_and_errands_are_taken_in_order)
{
    struct agenda agenda;
    struct errand errand = agenda_begin(&agenda, session_find("tls"), session_find("http"));
    cr_assert_str_eq(errand.first->name, "tls");
    cr_assert_str_eq(errand.inner->name, "http");
    cr_assert_not(agenda_take(&agenda, &errand));
    static const struct {
        enum errand_kind kind;
        uint32_t budget;
    } kinds[] = {{ERRAND_DETECT, ERRAND_DETECT_BUDGET - 1},
                 {ERRAND_RETRY, ERRAND_RETRY_BUDGET},
                 {ERRAND_MATRIX, ERRAND_MATRIX_BUDGET}};
    for (size_t at = 0; at < 3; at++) {
        for (uint32_t asked = 0; asked <= kinds[at].budget; asked++) {
            const struct errand wanted = {.kind = kinds[at].kind, .argument = asked};
            cr_assert_eq(agenda_put(&agenda, &wanted), asked < kinds[at].budget);
        }
        for (uint32_t asked = 0; asked < kinds[at].budget; asked++) {
            cr_assert(agenda_take(&agenda, &errand));
            cr_assert_eq(errand.argument, asked);
        }
        cr_assert_not(agenda_take(&agenda, &errand));
    }
    // More than fit at once.
    errand = agenda_begin(&agenda, NULL, NULL);
    uint32_t put = 0;
    for (uint32_t asked = 0; asked < 32; asked++) {
        const struct errand wanted = {.kind = asked % ERRAND_KIND_COUNT};
        put += agenda_put(&agenda, &wanted) ? 1 : 0;
    }
    cr_assert_eq(put, AGENDA_ERRANDS);
}

Test(says, a_stream_is_messages_of_the_table_the_last_one_cut_anywhere)
{
    static const struct say says[] = {SAY("PING\r\n"), SAY_END,           SAY("GET "), SAY_ANY(4), SAY("\r\n"),
                                      SAY_END,         SAY("\x01\0\x02"), SAY_REST,    SAY_END,    SAYS_END};
    static const struct {
        const char *bytes;
        size_t length;
        bool allowed;
    } cases[] = {
        {"", 0, true},          {"PING\r\n", 6, true},
        {"PI", 2, true},        {"PING\r\nGET abcd\r\nPING\r\n", 22, true},
        {"GET \r\n", 6, true},  {"GET abcde\r\n", 11, false},
        {"PING\n", 5, false},   {"\x01\0\x02 and whatever follows", 20, true},
        {"\x01\x02", 2, false}, {"PING\r\nQUIT\r\n", 12, false},
    };
    for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++)
        cr_expect_eq(says_allow(says, (const uint8_t *)cases[at].bytes, cases[at].length), cases[at].allowed,
                     "case %zu", at);
    cr_assert(says_allow(NULL, NULL, 0));
    cr_assert_not(says_allow(NULL, (const uint8_t *)"x", 1));
}

static size_t talk(const char *first, struct peer *peer, struct observation *ret_observation)
{
    struct session_env *env = env_for_tests();
    const struct dialogue dialogue = {.env = env, .first = first, .port = 443};
    size_t connections = dialogue_run(&dialogue, peer, ret_observation);
    session_env_free(env);
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

Test(echo, what_was_said_is_known_when_it_comes_back)
{
    static const struct {
        const char *said;
        const char *heard;
        enum echo beginning;
        enum echo lines;
    } cases[] = {
        {"", "hello", ECHO_NONE, ECHO_NONE},
        {"SSH-2.0-sonde\r\n", "SSH-2.0-OpenSSH\r\n", ECHO_NONE, ECHO_NONE},
        {"SSH-2.0-sonde\r\n", "SSH-2.0-", ECHO_UNDECIDED, ECHO_UNDECIDED},
        {"SSH-2.0-sonde\r\n", "SSH-2.0-sonde\r\n", ECHO_ALL, ECHO_LINE},
        {"SSH-2.0-sonde\r\n", "SSH-2.0-sonde\r\nand more", ECHO_ALL, ECHO_LINE},
        {"SSH-2.0-sonde\r\n", "SSH-2.0-sonde BAD", ECHO_NONE, ECHO_LINE},
        {"SSH-2.0-sonde\r\n", "* OK\r\nSSH-2.0-sonde BAD", ECHO_NONE, ECHO_LINE},
        {"SSH-2.0-sonde\r\n", "* OK\nSSH-2", ECHO_NONE, ECHO_UNDECIDED},
        {"SSH-2.0-sonde\r\n", "* OK SSH-2.0-sonde", ECHO_NONE, ECHO_NONE}, // within a line
        {"*1\r\n$4\r\nPING\r\n", "*1\r\n+PONG\r\n", ECHO_NONE, ECHO_NONE}, // too short to be ours
        {"no end of a line", "x\nno end of a line", ECHO_NONE, ECHO_NONE},
        {"\x16\x03\x01 a hello\n", "\x16\x03\x03 another\n\x16", ECHO_NONE, ECHO_NONE}, // no line is binary
        {"SSH-2.0-sonde\r\n", "SSH-2.0-x\r\n\x01\x02\nS", ECHO_NONE, ECHO_NONE},
    };
    for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
        const uint8_t *said = (const uint8_t *)cases[at].said;
        const uint8_t *heard = (const uint8_t *)cases[at].heard;
        size_t lengths[] = {strlen(cases[at].said), strlen(cases[at].heard)};
        cr_expect_eq(echo_beginning(said, lengths[0], heard, lengths[1]), cases[at].beginning, "case %zu", at);
        cr_expect_eq(echo_lines(said, lengths[0], heard, lengths[1]), cases[at].lines, "case %zu", at);
    }
}
