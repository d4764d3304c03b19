// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A folder of a test's own, in which it stands while it runs.

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/sonde-test-XXXXXX";

static void scratch_enter(void)
{
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void scratch_leave(void)
{
    char command[64];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    cr_assert_eq(chdir("/"), 0);
    cr_expect_eq(system(command), 0);
}
