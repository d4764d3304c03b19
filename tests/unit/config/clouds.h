// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Real public data beside the checkout, for tests that have golden numbers; they skip where it is absent.

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// The path of ../shared/data/NAME from the source root. Returns false where there is no such file.
static inline bool shared_data(const char *name, char *ret_path, size_t room)
{
    (void)snprintf(ret_path, room, "%s/../shared/data/%s", SONDE_TEST_SOURCE_ROOT, name);
    return access(ret_path, R_OK) == 0;
}
