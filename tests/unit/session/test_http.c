// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

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
