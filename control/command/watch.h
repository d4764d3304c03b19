// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// sonde scan --watch: the same scan again and again, each round in a dated folder of its own and in a process of its
// own, with the difference to the last whole round beside its records.

#include "control/command/options.h"

// How long a command that is told of news may take.
enum { WATCH_COMMAND_S = 600 };

// One scan from beginning to end, into a folder that is not there yet. Runs in a child.
typedef enum exit_status watch_round(const struct invocation *invocation, const char *folder);

// Runs rounds until they are as many as asked for, or SIGINT, SIGTERM or SIGHUP comes. Reads the options watch, rounds,
// news, on-news and output. A round that fails is said and the next one is waited for, but for a first one that finds
// the command line or the plan wrong. Returns how the last round ended; 130 when one was cut off. Main thread; no other
// threads. Blocks those signals and SIGCHLD and leaves them blocked.
enum exit_status watch_run(const struct invocation *invocation, watch_round *round);

// Whether the options that belong to --watch are given without it, or it with others that it does not go with. Returns
// EXIT_DONE, else EXIT_USAGE after a line on standard error.
enum exit_status watch_check(const struct invocation *invocation);
