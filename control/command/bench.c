// SPDX-License-Identifier: BSD-3-Clause
// sonde bench: hands its arguments to sonde-bench.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/scan/programs.h"
#include "control/command/subcommands.h"

static enum exit_status bench_run(const struct invocation *invocation)
{
    char path[PATH_MAX];
    if (program_find(invocation->program, "sonde-bench", path) != 0) {
        fprintf(stderr, "sonde: bench: sonde-bench is neither beside sonde nor at %s\n", path);
        return EXIT_FAILED;
    }
    char **argv = calloc((size_t)invocation->operand_count + 2, sizeof(*argv));
    if (argv == NULL) {
        fprintf(stderr, "sonde: bench: %s\n", strerror(ENOMEM));
        return EXIT_FAILED;
    }
    argv[0] = path;
    memcpy(argv + 1, invocation->operands, (size_t)invocation->operand_count * sizeof(*argv));
    execv(path, argv);
    fprintf(stderr, "sonde: bench: %s: %s\n", path, strerror(errno));
    free(argv);
    return EXIT_FAILED;
}

const struct subcommand subcommand_bench = {
    .name = "bench",
    .operands = "PART... [--json]",
    .summary = "measure the scanner's parts on this machine; needs no network card",
    .operands_max = -1,
    .passes_through = true,
    .run = bench_run,
};
