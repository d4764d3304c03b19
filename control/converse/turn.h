// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Turns with a host: at most one connection that control opens itself at a time, first come first served. An inquiry
// that waits is settled when its turn has come. One thread, its lane's.

#include <stdbool.h>

struct inquiry;

// True when it is this inquiry's turn to open a connection to its host; otherwise it waits in line from now on.
bool turn_enter(struct inquiry *inquiry);

// Gives the turn, if this inquiry has it, to the next in line.
void turn_leave(struct inquiry *inquiry);
