// SPDX-License-Identifier: BSD-3-Clause
#include "tools/bench/ground.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config/plan/plan.h"
#include "config/targets_build.h"
#include "sonde_build.h"

enum { LONGEST = 32, SHORTEST = 11, PREFIXES = 45111, FIRST_ADDRESS = 0x03000000, LAST_ADDRESS = 0x60000000 };

const uint16_t ground_ports[8] = {22, 23, 445, 3306, 3389, 5432, 6379, 27017};

// Prefixes of each length, /11 to /32, that lie in no other one of the three files of July 2025.
static const uint16_t OUTER[LONGEST - SHORTEST + 1] = {2,   11,  23,   65,  223, 656, 680, 602, 416, 460, 539,
                                                       729, 813, 2863, 409, 564, 674, 546, 258, 250, 728, 1134};

static uint32_t mixed(uint32_t x)
{
    x = (x ^ x >> 16) * UINT32_C(0x7feb352d);
    x = (x ^ x >> 15) * UINT32_C(0x846ca68b);
    return x ^ x >> 16;
}

// Long and short prefixes in turn, shuffled, with gaps of their own size at most four times in a row: networks of all
// sizes lie side by side, as they do.
static int lengths_shuffle(uint8_t *lengths, uint32_t *ret_count)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sizeof(OUTER) / sizeof(OUTER[0]); i++)
        for (uint32_t n = 0; n < OUTER[i]; n++)
            lengths[count++] = (uint8_t)(SHORTEST + i);
    for (uint32_t i = count - 1; i > 0; i--) {
        uint32_t other = (uint32_t)((uint64_t)mixed(i) * (i + 1) >> 32);
        uint8_t swap = lengths[i];
        lengths[i] = lengths[other];
        lengths[other] = swap;
    }
    *ret_count = count;
    return 0;
}

int ground_cloud_prefixes(struct interval_set *ret_prefixes)
{
    static uint8_t lengths[PREFIXES];
    struct interval_set set;
    uint32_t count = 0;
    lengths_shuffle(lengths, &count);
    interval_set_init(&set);
    uint64_t at = FIRST_ADDRESS;
    int status = 0;
    for (uint32_t i = 0; i < count && status == 0; i++) {
        uint64_t size = UINT64_C(1) << (32 - lengths[i]);
        at = (at + size - 1) / size * size;
        status = interval_set_add(&set, (struct interval){(uint32_t)at, (uint32_t)(at + size - 1)});
        at += size + (mixed(i) & 3) * (size < 65536 ? size : 65536);
    }
    // The rest lies inside others: the halves of the networks, one after the other.
    for (uint32_t i = 0; status == 0 && set.count < PREFIXES; i++) {
        struct interval whole = set.items[i];
        uint32_t half = (whole.last - whole.first) / 2;
        if (whole.last != whole.first)
            status = interval_set_add(&set, (struct interval){whole.first, whole.first + half});
    }
    if (status != 0 || at > LAST_ADDRESS) {
        interval_set_fini(&set);
        return status != 0 ? status : -EINVAL;
    }
    *ret_prefixes = set;
    return 0;
}

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int ground_init(const struct interval_set *intervals, const uint16_t *ports, uint32_t port_count,
                struct ground *ret_ground)
{
    struct ground ground = {.port_count = port_count};
    ground.ports = (uint16_t *)malloc(port_count * sizeof(*ports));
    if (ground.ports == NULL)
        return -ENOMEM;
    memcpy(ground.ports, ports, port_count * sizeof(*ports));
    double before = now_ms();
    int status = targets_build(intervals, &ground.targets);
    ground.compile_ms = now_ms() - before;
    if (status != 0) {
        free(ground.ports);
        return status;
    }
    *ret_ground = ground;
    return 0;
}

int ground_cloud(struct ground *ret_ground)
{
    struct interval_set set;
    int status = ground_cloud_prefixes(&set);
    if (status != 0)
        return status;
    double before = now_ms();
    interval_set_seal(&set);
    double sealed = now_ms();
    status = ground_init(&set, ground_ports, 8, ret_ground);
    if (status == 0)
        ret_ground->compile_ms += sealed - before;
    interval_set_fini(&set);
    return status;
}

// The catalogues, seen from a build tree, or where they were installed.
void ground_catalogues(char ret_path[static PATH_MAX])
{
    char own[PATH_MAX];
    char path[PATH_MAX];
    snprintf(ret_path, PATH_MAX, "%s", SONDE_DATA);
    ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
    if (length <= 0)
        return;
    own[length] = '\0';
    char *slash = strrchr(own, '/');
    if (slash == NULL)
        return;
    *slash = '\0';
    if (snprintf(path, sizeof(path), "%s/../../control/command/services.json", own) >= (int)sizeof(path) ||
        access(path, R_OK) != 0)
        return;
    path[strlen(path) - strlen("/services.json")] = '\0';
    memcpy(ret_path, path, strlen(path) + 1);
}

static int ground_plan(const char *path, struct ground *ret_ground, struct bench_outcome *outcome)
{
    char catalogues[PATH_MAX];
    ground_catalogues(catalogues);
    const struct plan_files files = {.plan = path, .catalogues = catalogues};
    struct complaint complaint = {0};
    struct plan *plan = NULL;
    int status = plan_load(&files, PLAN_NEED_TARGETS, &plan, &complaint);
    if (status != 0) {
        outcome_fail(outcome, "%.250s", complaint.text);
        return status;
    }
    status = ground_init(&plan->addresses, plan->ports, plan->port_count, ret_ground);
    plan_free(plan);
    return status;
}

bool ground_of(const struct bench_options *options, struct ground *ret_ground, struct bench_outcome *outcome)
{
    int status = options->plan == NULL ? ground_cloud(ret_ground) : ground_plan(options->plan, ret_ground, outcome);
    if (status != 0)
        outcome_fail(outcome, "no targets: %s", strerror(-status));
    return status == 0;
}

void ground_fini(struct ground *ground)
{
    targets_storage_fini(&ground->targets);
    free(ground->ports);
    ground->ports = NULL;
}
