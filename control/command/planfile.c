// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/planfile.h"

#include <errno.h>
#include <stdio.h>

#include "control/scan/programs.h"

static enum exit_status load(const struct invocation *invocation, struct plan_files files, enum plan_need need,
                             struct plan **ret_plan)
{
    char catalogues[PATH_MAX];
    if (catalogues_find(invocation->program, catalogues) != 0) {
        fprintf(stderr, "sonde: the catalogues (services.json) are neither beside sonde nor in %s\n", catalogues);
        return EXIT_FAILED;
    }
    files.catalogues = catalogues;
    struct complaint complaint = {0};
    int error = plan_load(&files, need, ret_plan, &complaint);
    if (error == 0)
        return EXIT_DONE;
    fprintf(stderr, "sonde: %s\n", complaint.text);
    return error == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

enum exit_status planfile_load(const struct invocation *invocation, enum plan_need need, struct plan **ret_plan)
{
    return load(invocation, (struct plan_files){.plan = invocation->operands[0]}, need, ret_plan);
}

enum exit_status planfile_load_again(const struct invocation *invocation, const char *path, uint64_t seed,
                                     struct plan **ret_plan)
{
    return load(invocation, (struct plan_files){.plan = path, .seed = &seed}, PLAN_NEED_SCAN, ret_plan);
}
