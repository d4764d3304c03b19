// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/scan/relay.h"
#include "control/scan/users.h"

static struct relay relay;
static int write_fd;
static char shown[1 << 17];

static void setup(void)
{
    cr_redirect_stderr();
    cr_assert_eq(relay_open(&relay, "sonde-control", &write_fd), 0);
}

TestSuite(relay, .init = setup);

static void say(const char *text)
{
    cr_assert_eq(write(write_fd, text, strlen(text)), (ssize_t)strlen(text));
}

static const char *closed(void)
{
    close(write_fd);
    relay_close(&relay);
    relay_close(&relay);
    relay_take(&relay);
    fflush(stderr);
    FILE *errors = cr_get_redirected_stderr();
    shown[fread(shown, 1, sizeof(shown) - 1, errors)] = '\0';
    return shown;
}

Test(relay, every_line_stands_under_the_programs_name_and_moves_no_cursor)
{
    say("sonde-control: cannot st");
    relay_take(&relay);
    say("art\nsonde: all is well\x1b[1A\x1b[2K\nno end");
    relay_take(&relay);
    cr_assert_str_eq(closed(), "sonde-control: cannot start\n"
                               "sonde-control: sonde: all is well\\x1b[1A\\x1b[2K\n"
                               "sonde-control: no end\n");
}

Test(relay, a_flood_is_dropped)
{
    for (int i = 0; i < 5000; i++) {
        say("sonde-control: again and again\n");
        relay_take(&relay);
    }
    const char *text = closed();
    size_t lines = 0;
    for (const char *at = text; *at != '\0'; at++)
        lines += *at == '\n';
    cr_assert_eq(lines, RELAY_LINES_MAX + 1);
    cr_assert_not_null(strstr(text, "the others are dropped\n"));
}

Test(relay, a_line_without_end_is_cut)
{
    for (int i = 0; i < 100; i++)
        say("0123456789");
    const char *text = closed();
    cr_assert_eq(strncmp(text, "sonde-control: 0123", 19), 0, "%s", text);
    cr_assert_eq(strcspn(text, "\n"), strlen("sonde-control: ") + RELAY_LINE_MAX - 1);
}

Test(users, the_two_are_nobody_that_the_system_knows_and_not_the_same)
{
    struct users users;
    users_choose(&users);
    cr_assert_neq(users.dataplane.user, users.control.user);
    cr_assert_neq(users.dataplane.group, users.control.group);
    cr_assert(users.dataplane.user != 0 && users.control.user != 0);
}
