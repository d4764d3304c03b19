// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What an observation says, as text: for comparing and for printing. Walks the rows, so it knows every field there is.

#include <stddef.h>

#include "probes/observation/observation.h"

// The field of that path: "" when it is not known, lists with commas, flags as "true" and "false". Valid for the next
// seven calls.
const char *told(const struct observation *observation, const char *path);

// Every field that is known or cut, a line each: "ssh.software OpenSSH_9.2p1". free() it.
char *told_all(const struct observation *observation);
