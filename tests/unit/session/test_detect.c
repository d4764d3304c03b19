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
