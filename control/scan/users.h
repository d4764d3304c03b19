// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Who the two worker programs become, when they are started by root: two users, so that neither can signal or trace the
// other, and that own no file.

#include <sys/types.h>

// Of the numbers that systemd's UIDS-GIDS document leaves to nobody: two for each scan, by its process id, so that two
// scans at once hardly share any.
enum { USERS_FIRST = 60706, USERS_PAIRS = 239 };

struct user {
    uid_t user;
    gid_t group;
};

struct users {
    struct user dataplane;
    struct user control;
};

// The users sonde-dataplane and sonde-control where the system has both, else two numbers that it lists no user for.
void users_choose(struct users *ret_users);
