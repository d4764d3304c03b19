// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_ethdev.h>

#include "tools/simnet/command.h"
#include "tools/simnet/run.h"

static struct simnet *running; // for the signal handler; set before handlers are installed

static void stop_running(int signal)
{
    (void)signal;
    simnet_signal_stop(running);
}

// EAL on one CPU, without hugepages, without a trace in the file system but its run-time folder, which is removed.
static int eal_start(const struct command_options *options)
{
    char lcore[16];
    char memory[16];
    char prefix[48];
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    snprintf(lcore, sizeof(lcore), "%u", options->lcore_given ? options->lcore : (unsigned)(cpus > 0 ? cpus - 1 : 0));
    snprintf(memory, sizeof(memory), "%u", options->memory_mb == 0 ? 64 : options->memory_mb);
    snprintf(prefix, sizeof(prefix), "--file-prefix=simnet-%d", (int)getpid());
    // EAL reorders argv and keeps its strings, so they live as long as the process.
    static char copies[16][512];
    char *argv[16] = {NULL};
    const char *arguments[] = {"simnet",
                               "-l",
                               lcore,
                               "-m",
                               memory,
                               "--no-huge",
                               "--no-shconf",
                               "--no-pci",
                               "--no-telemetry",
                               "--log-level=warning",
                               prefix,
                               "--vdev",
                               options->vdev};
    int count = sizeof(arguments) / sizeof(arguments[0]);
    for (int i = 0; i < count; i++) {
        if (snprintf(copies[i], sizeof(copies[i]), "%s", arguments[i]) >= (int)sizeof(copies[i]))
            return -EINVAL;
        argv[i] = copies[i];
    }
    return rte_eal_init(count, argv) < 0 ? -EIO : 0;
}

static void eal_stop(void)
{
    char folder[512];
    snprintf(folder, sizeof(folder), "%s", rte_eal_get_runtime_dir());
    rte_eal_cleanup();
    rmdir(folder);
}

static void print_counters(const struct command_options *options)
{
    uint64_t counters[SIMNET_COUNTER_COUNT];
    simnet_counters(running, counters);
    if (options->json)
        printf("{");
    for (int i = 0; i < SIMNET_COUNTER_COUNT; i++) {
        const char *name = simnet_counter_name((enum simnet_counter)i);
        unsigned long long value = counters[i];
        if (options->json)
            printf("%s\"%s\":%llu", i == 0 ? "" : ",", name, value);
        else
            printf("%-16s%16llu  %s\n", name, value, simnet_counter_help((enum simnet_counter)i));
    }
    printf(options->json ? "}\n" : "");
    fflush(stdout);
}

static void run_until_told(double seconds)
{
    struct sigaction action = {.sa_handler = stop_running};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    if (seconds > 0) {
        // At least a microsecond: zero would mean never.
        struct itimerval timer = {
            .it_value = {.tv_sec = (time_t)seconds,
                         .tv_usec = (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6) + 1}};
        setitimer(ITIMER_REAL, &timer, NULL);
    }
    simnet_run(running);
}

int command_run(const struct command_options *options)
{
    struct population population;
    struct world *world;
    if (options->vdev == NULL) {
        fprintf(stderr, "simnet: run needs --vdev\n");
        return 2;
    }
    if (command_load(options, &population, &world) != 0)
        return 2;
    int status = 1;
    if (eal_start(options) != 0) {
        fprintf(stderr, "simnet: EAL did not start\n");
        goto out;
    }
    struct simnet_setup setup = {.world = world, .port = 0, .buffers = options->buffers};
    if (rte_eth_dev_count_avail() == 1)
        running = simnet_new(&setup);
    if (running == NULL) {
        fprintf(stderr, "simnet: --vdev %s: %s\n", options->vdev, strerror(errno == 0 ? ENODEV : errno));
    } else {
        fprintf(stderr, "simnet: answering for %s on %s\n", population.name, options->vdev);
        run_until_told(options->seconds);
        print_counters(options);
        simnet_free(running);
        status = 0;
    }
    eal_stop();
out:
    world_free(world);
    population_fini(&population);
    return status;
}
