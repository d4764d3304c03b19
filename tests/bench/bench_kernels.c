// SPDX-License-Identifier: BSD-3-Clause
// What each step of a probe and of an answer costs, in TSC cycles an item, for every variant this CPU runs. The targets
// have the shape of all cloud ranges: 615,000 whole /24s, some /28s and single addresses, times eight ports.
// Usage: bench_kernels [--json]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include "config/intervals.h"
#include "config/image/targets.h"
#include "config/targets_build.h"
#include "probes/packet/frames.h"
#include "probes/packet/probe.h"
#include "probes/packet/replies.h"
#include "probes/packet/tcp.h"

enum { WHOLES = 615000, SIXTEENS = 10000, SINGLES = 8000, PORTS = 8, RUNS = 7, BURSTS = 20000, FRAMES = 512 };

struct bench {
    struct probe_plan plan;
    struct probe_template probe;
    struct targets_storage targets;
    int32_t port_index[65536];
    struct reply_burst replies;
    uint8_t (*answers)[128];
    const struct kernels *kernels;
    struct probe_burst burst;
    uint64_t sink; // keeps results alive
    uint8_t (*frames)[128];
};

static const uint32_t our_address = 0x0a000001;

// One pass over BURSTS * BURST_MAX items.
static void run_generate(struct bench *bench)
{
    uint64_t position = 0;
    for (size_t n = 0; n < BURSTS; n++) {
        for (size_t i = 0; i < BURST_MAX; i++)
            bench->burst.position[i] = position++;
        bench->kernels->generate(&bench->plan, &bench->burst, BURST_MAX);
        bench->sink += bench->burst.flow_word[n % BURST_MAX];
    }
}

static void run_cookies(struct bench *bench)
{
    for (size_t n = 0; n < BURSTS; n++) {
        bench->burst.address[n % BURST_MAX]++;
        bench->kernels->cookies(&bench->plan, &bench->burst, BURST_MAX);
        bench->sink += bench->burst.isn[n % BURST_MAX];
    }
}

static void run_positions(struct bench *bench)
{
    uint64_t index = 0;
    for (size_t n = 0; n < BURSTS; n++) {
        for (size_t i = 0; i < BURST_MAX; i++)
            bench->burst.index[i] = index += 641;
        bench->kernels->positions(&bench->plan, &bench->burst, BURST_MAX);
        bench->sink += bench->burst.position[n % BURST_MAX];
    }
}

static void run_order(struct bench *bench)
{
    for (uint64_t i = 0; i < (uint64_t)BURSTS * BURST_MAX; i++)
        bench->sink += order_index(&bench->plan.order, i);
}

static void run_address(struct bench *bench)
{
    uint64_t ordinal = 0;
    for (uint64_t i = 0; i < (uint64_t)BURSTS * BURST_MAX; i++) {
        ordinal = (ordinal + UINT64_C(97612893)) % bench->targets.targets.count;
        bench->sink += targets_address(&bench->targets.targets, ordinal);
    }
}

static void run_write(struct bench *bench)
{
    for (size_t n = 0; n < BURSTS; n++)
        for (size_t i = 0; i < BURST_MAX; i++)
            probe_write(bench->frames[(n * BURST_MAX + i) % FRAMES], 14, &bench->burst, i);
}

static void read_with(struct bench *bench, struct reply_offload offload)
{
    struct reply reply;
    for (size_t n = 0; n < BURSTS; n++)
        for (size_t i = 0; i < BURST_MAX; i++) {
            uint32_t to = bench->burst.address[i];
            reply_read(bench->frames[i], bench->probe.frame_bytes, to, offload, &reply);
            bench->sink += reply.kind + reply.ack;
        }
}

static void run_read(struct bench *bench)
{
    read_with(bench, (struct reply_offload){.accept_deferred = false});
}

static void run_read_offloaded(struct bench *bench)
{
    read_with(bench, (struct reply_offload){.ip_checksum_good = true, .l4_checksum_good = true});
}

static void run_replies_read(struct bench *bench)
{
    for (size_t n = 0; n < BURSTS; n++) {
        bench->kernels->read(&bench->plan, &bench->replies, BURST_MAX);
        bench->sink += bench->replies.kinds[REPLY_TCP];
    }
}

static void run_replies_judge(struct bench *bench)
{
    for (size_t n = 0; n < BURSTS; n++) {
        bench->kernels->judge(&bench->plan, &bench->replies, BURST_MAX);
        bench->sink += bench->replies.answers;
    }
    if (bench->replies.answers != UINT64_MAX) {
        fprintf(stderr, "bench_kernels: an answer was not recognised\n");
        exit(1);
    }
}

static const struct step {
    const char *name;
    void (*run)(struct bench *bench);
    bool each_variant;
} steps[] = {
    {"order_index", run_order, false}, {"targets_address", run_address, false},
    {"generate", run_generate, true},  {"probe_write", run_write, false},
    {"reply_read", run_read, false},   {"reply_read_offloaded", run_read_offloaded, false},
    {"cookies", run_cookies, true},    {"positions", run_positions, true},
    {"read", run_replies_read, true},  {"judge", run_replies_judge, true},
};

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static void measure(struct bench *bench, const struct step *step, bool json, bool first)
{
    double cycles[RUNS];
    for (size_t r = 0; r < RUNS; r++) {
        uint64_t start = __rdtsc();
        step->run(bench);
        cycles[r] = (double)(__rdtsc() - start) / ((double)BURSTS * BURST_MAX);
    }
    qsort(cycles, RUNS, sizeof(cycles[0]), compare);
    const char *variant = step->each_variant ? bench->kernels->name : "-";
    if (json)
        printf("%s{\"step\":\"%s\",\"variant\":\"%s\",\"cycles\":{\"median\":%.2f,\"min\":%.2f,\"max\":%.2f}}",
               first ? "" : ",\n", step->name, variant, cycles[RUNS / 2], cycles[0], cycles[RUNS - 1]);
    else
        printf("%-22s %-12s %8.2f %8.2f %8.2f\n", step->name, variant, cycles[RUNS / 2], cycles[0], cycles[RUNS - 1]);
}

// A SYN-ACK with an MSS option to each of a burst of probes anywhere in the plan.
static void answers_make(struct bench *bench)
{
    const struct probe_link link = {.vlan_given = false};
    struct probe_burst *burst = &bench->burst;
    uint8_t frame[FRAME_MAX];
    for (size_t i = 0; i < BURST_MAX; i++)
        burst->position[i] = i * UINT64_C(982451653) % bench->plan.order.count;
    kernels_best()->generate(&bench->plan, burst, BURST_MAX);
    for (size_t i = 0; i < BURST_MAX; i++) {
        const struct frame_segment segment = {.source_address = burst->address[i],
                                              .address = our_address,
                                              .seq = 1,
                                              .ack = burst->isn[i] + 1,
                                              .local_port = (uint16_t)burst->port[i],
                                              .remote_port = (uint16_t)burst->local_port[i],
                                              .window = 64240,
                                              .mss = 1460,
                                              .flags = TCP_SYN | TCP_ACK};
        bench->replies.frame[i] = bench->answers[i];
        bench->replies.length[i] = (uint32_t)frame_segment(&link, &segment, frame);
        memcpy(bench->answers[i], frame, sizeof(bench->answers[i]));
    }
}

static void setup(struct bench *bench)
{
    static const uint16_t ports[PORTS] = {22, 23, 445, 3306, 3389, 5432, 6379, 27017};
    struct interval_set set;
    interval_set_init(&set);
    int status = 0;
    for (uint32_t i = 0; i < WHOLES && status == 0; i++)
        status =
            interval_set_add(&set, (struct interval){0x01000000 + i * 22 / 4 * 256, 0x010000ff + i * 22 / 4 * 256});
    for (uint32_t i = 0; i < SIXTEENS && status == 0; i++)
        status = interval_set_add(&set, (struct interval){0xdf000000 + i * 256, 0xdf00000f + i * 256});
    for (uint32_t i = 0; i < SINGLES && status == 0; i++)
        status = interval_set_add(&set, (struct interval){0xdf000080 + i * 256, 0xdf000080 + i * 256});
    interval_set_seal(&set);
    if (status != 0 || targets_build(&set, &bench->targets) != 0) {
        fprintf(stderr, "bench_kernels: no memory for the targets\n");
        exit(1);
    }
    interval_set_fini(&set);
    memset(bench->port_index, 0xff, sizeof(bench->port_index));
    for (int i = 0; i < PORTS; i++)
        bench->port_index[ports[i]] = i;
    static const uint8_t secret[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    struct cookie_key key;
    const struct probe_link link = {.vlan_given = false};
    probe_template_init(&bench->probe, &link, our_address, PROBE_PROFILE_MSS);
    if (cookie_key_init(&key, secret, our_address, 40960, 8192) != 0 ||
        probe_plan_init(&bench->plan, &bench->targets.targets, ports, bench->port_index, PORTS, 1, &key,
                        &bench->probe) != 0) {
        fprintf(stderr, "bench_kernels: the plan was refused\n");
        exit(1);
    }
    bench->frames = aligned_alloc(128, sizeof(*bench->frames) * FRAMES);
    bench->answers = aligned_alloc(128, sizeof(*bench->answers) * BURST_MAX);
    if (bench->frames == NULL || bench->answers == NULL)
        exit(1);
    for (size_t i = 0; i < FRAMES; i++)
        memcpy(bench->frames[i], bench->probe.frame, PROBE_FRAME_MAX);
    answers_make(bench);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    setup(&bench);
    const struct kernels *all[4];
    size_t variants = kernels_all(all);
    bool first = true;
    if (json)
        printf("[");
    else
        printf("%-22s %-12s %8s %8s %8s  cycles an item\n", "step", "variant", "median", "min", "max");
    for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++)
        for (size_t v = 0; v < (steps[s].each_variant ? variants : 1); v++, first = false) {
            bench.kernels = all[v];
            measure(&bench, &steps[s], json, first);
        }
    if (json)
        printf("]\n");
    free(bench.frames);
    free(bench.answers);
    targets_storage_fini(&bench.targets);
    return bench.sink == 0;
}
