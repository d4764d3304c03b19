// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/users.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <unistd.h>

static bool user_find(const char *name, struct user *ret_user)
{
    const struct passwd *user = getpwnam(name);
    if (user == NULL || user->pw_uid == 0 || user->pw_gid == 0)
        return false;
    *ret_user = (struct user){user->pw_uid, user->pw_gid};
    return true;
}

static bool number_free(unsigned int number)
{
    return getpwuid(number) == NULL && getgrgid(number) == NULL;
}

void users_choose(struct users *ret_users)
{
    struct users users;
    if (user_find("sonde-dataplane", &users.dataplane) && user_find("sonde-control", &users.control) &&
        users.dataplane.user != users.control.user) {
        *ret_users = users;
        return;
    }
    unsigned int pair = (unsigned int)getpid() % USERS_PAIRS;
    for (unsigned int i = 0; i < USERS_PAIRS; i++, pair = (pair + 1) % USERS_PAIRS)
        if (number_free(USERS_FIRST + 2 * pair) && number_free(USERS_FIRST + 2 * pair + 1))
            break;
    unsigned int first = USERS_FIRST + 2 * pair;
    *ret_users = (struct users){.dataplane = {first, first}, .control = {first + 1, first + 1}};
}
