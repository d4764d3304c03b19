// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <rte_ethdev.h>

#include "tools/simnet/command.h"
#include "tools/simnet/eal.h"
#include "tools/simnet/personality/personality.h"
#include "tools/simnet/run.h"

static struct simnet *running; // for the signal handler; set before handlers are installed

static void stop_running(int signal)
{
    (void)signal;
    simnet_signal_stop(running);
}

// On one CPU, without hugepages.
static int run_eal(const struct command_options *options)
{
    char lcore[16];
    char device[512];
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    snprintf(lcore, sizeof(lcore), "%u", options->lcore_given ? options->lcore : (unsigned)(cpus > 0 ? cpus - 1 : 0));
    if (snprintf(device, sizeof(device), "--vdev=%s", options->vdev) >= (int)sizeof(device))
        return -EINVAL;
    const struct eal_setup setup = {.program = "simnet",
                                    .lcores = lcore,
                                    .main_lcore = -1,
                                    .memory_mb = options->memory_mb == 0 ? 64 : options->memory_mb,
                                    .log_level = "warning",
                                    .more = {device}};
    return eal_start(&setup);
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
    struct service *services = NULL;
    char error[POPULATION_ERROR_MAX] = "out of memory";
    if (population.service_count > 0 && services_new(&population, &services, error) != 0) {
        fprintf(stderr, "simnet: %s: %s\n", options->path, error);
        status = 2;
        goto out;
    }
    if (run_eal(options) != 0) {
        fprintf(stderr, "simnet: EAL did not start\n");
        goto out;
    }
    struct simnet_setup setup = {.world = world, .port = 0, .services = services, .buffers = options->buffers};
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
    services_free(services, population.service_count);
    world_free(world);
    population_fini(&population);
    return status;
}
