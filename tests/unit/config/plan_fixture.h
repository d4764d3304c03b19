// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A temporary folder in which tests write plans and the files these name.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "config/plan/plan.h"

struct fixture {
    char folder[64];
    struct plan *plan;
    struct complaint complaint;
};

static inline void fixture_init(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    strcpy(fixture->folder, "/tmp/sonde-test-XXXXXX");
    cr_assert_not_null(mkdtemp(fixture->folder));
}

static inline void fixture_write(const struct fixture *fixture, const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

// Loads a plan text, with the folder's file "exclusions" as the site's list.
static inline int fixture_load(struct fixture *fixture, const char *text, enum plan_need need)
{
    char plan[128];
    char exclusions[128];
    struct plan_files files = {.plan = plan, .catalogues = SONDE_TEST_SOURCE_ROOT "/config", .exclusions = exclusions};
    (void)snprintf(plan, sizeof(plan), "%s/plan.json", fixture->folder);
    (void)snprintf(exclusions, sizeof(exclusions), "%s/exclusions", fixture->folder);
    fixture_write(fixture, "plan.json", text);
    plan_free(fixture->plan);
    fixture->plan = NULL;
    return plan_load(&files, need, &fixture->plan, &fixture->complaint);
}

static inline void fixture_fini(struct fixture *fixture)
{
    char command[128];
    plan_free(fixture->plan);
    (void)snprintf(command, sizeof(command), "rm -r -- '%s'", fixture->folder);
    cr_assert_eq(system(command), 0);
}
