// SPDX-License-Identifier: BSD-3-Clause
// sonde-bench [PART...] [--json] [--runs N] [--seconds S] [--plan FILE] ...: started by `sonde bench`. Exit status: 0,
// 1 when a part failed or found something wrong, 2 for wrong arguments. A figure below its bar is no failure.
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/bench/bench.h"
#include "tools/bench/report.h"

static const struct bench_part *const PARTS[] = {&part_generate, &part_classify, &part_loop,     &part_study,
                                                 &part_order,    &part_pacing,   &part_converse, &part_records,
                                                 &part_feeds,    &part_report};
enum { PART_COUNT = sizeof(PARTS) / sizeof(PARTS[0]) };

static void help_print(FILE *out)
{
    fprintf(out, "usage: sonde bench [PART...] [OPTION...]\n\nparts (all without a star, when none is named: some five "
                 "minutes):\n");
    for (size_t i = 0; i < PART_COUNT; i++)
        fprintf(out, "%c %-16s %s\n", PARTS[i]->by_name ? '*' : ' ', PARTS[i]->name, PARTS[i]->help);
    fprintf(
        out,
        "\noptions:\n"
        "  --json             one JSON object instead of tables\n"
        "  --runs N           runs of each part, 1 to %d; median, least and most are printed\n"
        "  --seconds S        seconds of each measurement, 0.05 to 60 (default 1)\n"
        "  --plan FILE        targets and ports of this plan. Default: 45,111 made-up prefixes with 157,608,694\n"
        "                     addresses x 8 ports, as many of each length as the files of AWS, Azure and Google\n"
        "                     held in July 2025\n"
        "  --population FILE  what `study` sweeps (default: tools/simnet/population/study-2019.json)\n"
        "  --rates R,R,...    probes per second for `pacing`\n"
        "  --quick            `pacing` without 1 pps, which alone takes 100 seconds; `classify-records`, `feeds` and\n"
        "                     `report` with a tenth of their records\n"
        "Every run is a process of its own. No network card, no hugepages needed; they are used when enough are\n"
        "free. A worker has the last CPU, whoever plays its peer or measures the first one.\n"
        "In the source tree are scripts besides, with other programs or processes in one run: tests/bench/flowgen,\n"
        "veth, memif, kill9, soak and nginx_wide.\n",
        RUNS_MAX);
}

static bool number_read(const char *text, double least, double most, double *ret_number)
{
    char *end = NULL;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !(number >= least && number <= most))
        return false;
    *ret_number = number;
    return true;
}

static bool rates_read(const char *text, struct bench_options *options)
{
    char copy[256];
    if (strlen(text) >= sizeof(copy))
        return false;
    memcpy(copy, text, strlen(text) + 1);
    char *state = NULL;
    for (char *item = strtok_r(copy, ",", &state); item != NULL; item = strtok_r(NULL, ",", &state)) {
        if (options->rate_count == RATES_MAX || !number_read(item, 0.1, 2e8, &options->rates[options->rate_count]))
            return false;
        options->rate_count++;
    }
    return options->rate_count > 0;
}

// 0, 1 when help was asked for, or -EINVAL after saying what is wrong.
static int options_read(int argc, char **argv, struct bench_options *options)
{
    static const struct option known[] = {
        {"json", no_argument, NULL, 'j'},
        {"runs", required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 's'},
        {"plan", required_argument, NULL, 'p'},
        {"rates", required_argument, NULL, 'R'},
        {"population", required_argument, NULL, 'P'},
        {"quick", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    *options = (struct bench_options){.seconds = 1};
    for (int option; (option = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        double number = 0;
        bool good = true;
        switch (option) {
        case 'j':
            options->json = true;
            break;
        case 'q':
            options->quick = true;
            break;
        case 'p':
            options->plan = optarg;
            break;
        case 'P':
            options->population = optarg;
            break;
        case 'r':
            good = number_read(optarg, 1, RUNS_MAX, &number);
            options->runs = (unsigned)number;
            break;
        case 's':
            good = number_read(optarg, 0.05, 60, &options->seconds);
            break;
        case 'R':
            good = rates_read(optarg, options);
            break;
        case 'h':
            help_print(stdout);
            return 1;
        default:
            return -EINVAL; // getopt has said why
        }
        if (!good) {
            fprintf(stderr, "sonde: bench: \"%s\" is out of range; see sonde bench --help\n", optarg);
            return -EINVAL;
        }
    }
    return 0;
}

static const struct bench_part *part_find(const char *name)
{
    for (size_t i = 0; i < PART_COUNT; i++)
        if (strcmp(PARTS[i]->name, name) == 0)
            return PARTS[i];
    return NULL;
}

// One run in a child, which dies with this process. What it prints goes to stderr: stdout is for the report.
static void part_run_once(const struct bench_part *part, const struct bench_options *options,
                          struct bench_outcome *outcome)
{
    memset(outcome, 0, sizeof(*outcome));
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
        part->run(options, outcome);
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        outcome_fail(outcome, "cannot start a process: %s", strerror(errno));
    else if (WIFSIGNALED(status))
        outcome_fail(outcome, "ended by signal %d", WTERMSIG(status));
}

// All runs of a part; false when one of them failed.
static bool part_run(const struct bench_part *part, const struct bench_options *options, struct bench_outcome *shared,
                     struct report *report)
{
    unsigned runs = options->runs > 0 ? options->runs : part->runs;
    struct report_part *of_part = report_part(report, part->name);
    for (unsigned i = 0; i < runs; i++) {
        part_run_once(part, options, shared);
        report_add(of_part, shared);
        if (shared->error[0] != '\0') {
            fprintf(stderr, "sonde: bench: %s: %s\n", part->name, shared->error);
            return false;
        }
    }
    if (!options->json)
        report_print_part(of_part);
    return true;
}

int main(int argc, char **argv)
{
    static struct report report;
    struct bench_options options;
    int status = options_read(argc, argv, &options);
    if (status != 0)
        return status > 0 ? 0 : 2;
    for (int i = optind; i < argc; i++)
        if (part_find(argv[i]) == NULL) {
            fprintf(stderr, "sonde: bench: there is no part \"%s\"; see sonde bench --help\n", argv[i]);
            return 2;
        }
    struct bench_outcome *shared =
        (struct bench_outcome *)mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    report_init(&report);
    if (!options.json)
        report_print_machine(&report);
    bool good = true;
    if (optind == argc)
        fprintf(stderr, "sonde: bench: all parts: some five minutes in which two CPUs are busy; Ctrl-C ends it, and "
                        "`sonde bench --help` names the parts\n");
    for (int i = optind; i < argc; i++)
        good &= part_run(part_find(argv[i]), &options, shared, &report);
    for (size_t i = 0; optind == argc && i < PART_COUNT; i++)
        good &= PARTS[i]->by_name || part_run(PARTS[i], &options, shared, &report);
    if (options.json)
        report_print_json(&report);
    return good ? 0 : 1;
}
