// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/unit/session/dialogue.h"

static void talk(const char *reply, bool closes, struct scripted *peer, struct observation *ret_observation)
{
    struct session_env *env = env_for_tests();
    const struct dialogue dialogue = {.env = env, .first = "http", .port = 80};
    scripted_init(peer, "", reply, closes);
    cr_assert_gt(dialogue_run(&dialogue, &peer->peer, ret_observation), 0);
    session_env_free(env);
}

Test(http, a_contact_cannot_add_header_fields)
{
    const struct session_env_settings settings = {.user_agent = "sonde\r\nX-Injected: yes"};
    struct session_env *env = session_env_new(&settings);
    struct scripted peer;
    struct observation seen;
    scripted_init(&peer, "", "HTTP/1.1 200 OK\r\n\r\n", true);
    const struct dialogue dialogue = {.env = env, .first = "http", .port = 8080};
    dialogue_run(&dialogue, &peer.peer, &seen);
    buffer_put_u8(&peer.heard, 0);
    cr_assert_null(strstr((const char *)buffer_bytes(&peer.heard), "\nX-Injected"));
    cr_assert_not_null(strstr((const char *)buffer_bytes(&peer.heard), "\r\nHost: 10.1.2.3:8080\r\n"));
    observation_fini(&seen);
    scripted_fini(&peer);
    session_env_free(env);
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

static void page_make(char *reply, size_t size, const char *charset, const char *title)
{
    snprintf(reply, size, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=%s\r\n\r\n<title>%s</title>", charset,
             title);
}

// The process that does this can open nothing any more: converters are modules in files.
Test(http, charsets_need_no_file_once_the_environment_is_made)
{
    static const struct {
        const char *charset, *title, *known;
    } rows[] = {{"shift_jis", "\x93\xfa\x96\x7b", "\xe6\x97\xa5\xe6\x9c\xac"},
                {"gbk", "\xd6\xd0", "\xe4\xb8\xad"},
                {"big5", "\xa4\xa4", "\xe4\xb8\xad"},
                {"euc-kr", "\xc7\xd1", "\xed\x95\x9c"},
                {"euc-jp", "\xc6\xfc", "\xe6\x97\xa5"},
                {"iso-2022-jp", "\x1b$BF|\x1b(B", "\xe6\x97\xa5"},
                {"windows-1251", "\xcf", "\xd0\x9f"},
                {"koi8-r", "\xf0", "\xd0\x9f"},
                {"iso-8859-2", "\xb1", "\xc4\x85"},
                {"macintosh", "\x8e", "\xc3\xa9"},
                {"utf-8", "\xc3\xa9", "\xc3\xa9"}};
    struct session_env *env = env_for_tests();
    enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
    struct observation seen[ROWS];
    struct rlimit before;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {0, before.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0); // from here on the test itself can say nothing
    for (size_t i = 0; i < ROWS; i++) {
        char reply[256];
        struct scripted peer;
        page_make(reply, sizeof(reply), rows[i].charset, rows[i].title);
        const struct dialogue dialogue = {.env = env, .first = "http", .port = 80};
        scripted_init(&peer, "", reply, true);
        (void)dialogue_run(&dialogue, &peer.peer, &seen[i]);
        scripted_fini(&peer);
    }
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    for (size_t i = 0; i < ROWS; i++) {
        cr_expect_str_eq(told(&seen[i], "http.title"), rows[i].known, "%s", rows[i].charset);
        observation_fini(&seen[i]);
    }
    session_env_free(env);
}
