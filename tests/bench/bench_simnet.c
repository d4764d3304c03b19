// SPDX-License-Identifier: BSD-3-Clause
// What simnet costs: cycles per probe at several hit rates, the responder alone on one core and behind net_ring ports
// on a second one, against a prober that does next to nothing. Prints one JSON object; see README for how to read it.
// usage: bench_simnet [seconds per row [hit rate]]

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include "tests/unit/simnet/frames.h"
#include "tools/simnet/eal.h"
#include "tools/simnet/responder.h"
#include "tools/simnet/run.h"

enum { PROBES = 4095, FIRST_ADDRESS = 0x0a400000, ADDRESSES = 1 << 20, BURST = 64 };

struct rig {
    double seconds;
    struct rte_mempool *probes;
    uint16_t prober;
    uint16_t simnet;
};

static struct rte_mempool *pool_new(const char *name)
{
    struct rte_mempool *pool = rte_pktmbuf_pool_create(name, PROBES, 256, 0, RTE_PKTMBUF_HEADROOM + 128, 0);
    if (pool == NULL) {
        fprintf(stderr, "bench_simnet: no memory for %s\n", name);
        exit(1);
    }
    // Each buffer holds one probe for ever, as a prober's template buffers nearly do.
    struct rte_mbuf *all[PROBES];
    rte_mempool_get_bulk(pool, (void **)all, PROBES);
    for (uint32_t i = 0; i < PROBES; i++) {
        uint8_t frame[64];
        uint32_t address = FIRST_ADDRESS + (i * UINT32_C(2654435761)) % ADDRESSES;
        size_t length = probe_make(address, 443, 0, frame);
        rte_pktmbuf_reset(all[i]);
        memcpy(rte_pktmbuf_append(all[i], (uint16_t)length), frame, length);
    }
    rte_mempool_put_bulk(pool, (void **)all, PROBES);
    return pool;
}

// A population in which a share of the hosts is there and has the port open.
static struct world *world_of(double alive)
{
    struct population_range range = {FIRST_ADDRESS, FIRST_ADDRESS + ADDRESSES - 1};
    struct population_port port = {443, 1, 0};
    struct population_network network = {.name = (char[]){"all"},
                                         .ranges = &range,
                                         .range_count = 1,
                                         .addresses = ADDRESSES,
                                         .alive = alive,
                                         .ports = &port,
                                         .port_count = 1};
    const struct population population = {.key = 1, .networks = &network, .network_count = 1};
    struct world *world = NULL;
    char error[POPULATION_ERROR_MAX];
    if (world_new(&population, &world, error) != 0) {
        fprintf(stderr, "bench_simnet: %s\n", error);
        exit(1);
    }
    return world;
}

enum { CHUNKS_MAX = 65536 };

struct spread {
    double median;
    double min;
    double max;
};

static int double_compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return a < b ? -1 : a > b;
}

// The median of many short chunks: whatever else the machine does hits some of them only.
static struct spread spread_of(double *values, size_t count)
{
    if (count == 0)
        return (struct spread){0};
    qsort(values, count, sizeof(*values), double_compare);
    return (struct spread){values[count / 2], values[0], values[count - 1]};
}

static double chunks[CHUNKS_MAX];

// The responder alone: bursts of the same buffers, answers given back at once. Cycles per probe.
static struct spread run_alone(const struct rig *rig, const struct world *world, struct rte_mempool *answers_pool)
{
    const struct responder_setup setup = {
        .world = world, .pool = answers_pool, .ticks_per_second = rte_get_tsc_hz(), .now = rte_rdtsc()};
    struct responder *responder = responder_new(&setup);
    struct rte_mbuf *frames[BURST];
    struct rte_mbuf *answers[RESPONDER_ANSWERS_MAX];
    size_t count = 0;
    uint64_t end = rte_rdtsc() + (uint64_t)(rig->seconds * (double)rte_get_tsc_hz());
    while (rte_rdtsc() < end && count < CHUNKS_MAX) {
        uint64_t cycles = 0;
        for (int i = 0; i < PROBES / BURST; i++) {
            rte_mempool_get_bulk(rig->probes, (void **)frames, BURST);
            uint64_t start = rte_rdtsc();
            uint32_t answered =
                responder_ready(responder) ? responder_answer(responder, frames, BURST, start, answers) : 0;
            cycles += rte_rdtsc() - start;
            rte_mempool_put_bulk(answers_pool, (void **)answers, answered);
        }
        chunks[count++] = (double)cycles / (PROBES / BURST * BURST);
    }
    responder_free(responder);
    return spread_of(chunks, count);
}

struct loop_result {
    uint64_t sent;
    uint64_t received;
    struct spread mpps;
};

// The prober's half of a closed loop, on this core, in windows of a millisecond.
static struct loop_result run_loop(const struct rig *rig, struct simnet *simnet)
{
    struct loop_result result = {0};
    struct rte_mbuf *frames[BURST];
    size_t windows = 0;
    uint64_t window_sent = 0;
    uint64_t window = rte_rdtsc();
    uint64_t end = window + (uint64_t)(rig->seconds * (double)rte_get_tsc_hz());
    for (uint64_t now = window; now < end && windows < CHUNKS_MAX; now = rte_rdtsc()) {
        if (now - window >= rte_get_tsc_hz() / 1000) {
            chunks[windows++] =
                (double)(result.sent - window_sent) * (double)rte_get_tsc_hz() / (double)(now - window) / 1e6;
            window = now;
            window_sent = result.sent;
        }
        uint16_t count = rte_eth_rx_burst(rig->prober, 0, frames, BURST);
        if (count > 0)
            rte_mempool_put_bulk(frames[0]->pool, (void **)frames, count);
        result.received += count;
        if (rte_mempool_get_bulk(rig->probes, (void **)frames, BURST) != 0)
            continue;
        uint16_t sent = rte_eth_tx_burst(rig->prober, 0, frames, BURST);
        if (sent < BURST)
            rte_mempool_put_bulk(rig->probes, (void **)&frames[sent], BURST - sent);
        result.sent += sent;
    }
    result.mpps = spread_of(chunks, windows);
    // What is on its way still comes; a tenth of a second without any is the end.
    for (uint64_t last = rte_rdtsc(); rte_rdtsc() - last < rte_get_tsc_hz() / 10;) {
        uint16_t count = rte_eth_rx_burst(rig->prober, 0, frames, BURST);
        rte_pktmbuf_free_bulk(frames, count);
        result.received += count;
        last = count > 0 || simnet_waiting(simnet) > 0 ? rte_rdtsc() : last;
    }
    return result;
}

static int print_row(const struct rig *rig, struct rte_mempool *answers_pool, double alive, bool last)
{
    struct world *world = world_of(alive);
    struct spread cycles = run_alone(rig, world, answers_pool);
    printf("  {\"hits\": %g, \"alone_cycles\": {\"median\": %.1f, \"min\": %.1f}", alive, cycles.median, cycles.min);
    if (rte_lcore_count() < 2) {
        printf("}%s\n", last ? "" : ",");
        world_free(world);
        return 0;
    }
    struct rig own = *rig;
    char name[16];
    snprintf(name, sizeof(name), "b%d", (int)(alive * 1000));
    struct rte_eth_conf conf = {0};
    int error = simnet_ring_ports(name, 1, 1024, &own.prober, &own.simnet);
    if (error == 0)
        error = rte_eth_dev_configure(own.prober, 1, 1, &conf);
    if (error == 0)
        error = rte_eth_rx_queue_setup(own.prober, 0, 1024, 0, NULL, rig->probes);
    if (error == 0)
        error = rte_eth_tx_queue_setup(own.prober, 0, 1024, 0, NULL);
    if (error == 0)
        error = rte_eth_dev_start(own.prober);
    const struct simnet_setup setup = {.world = world, .port = own.simnet, .buffers = 4095, .never_idle = true};
    struct simnet *simnet = error == 0 ? simnet_new(&setup) : NULL;
    if (simnet == NULL || simnet_start(simnet, rte_get_next_lcore(LCORE_ID_ANY, 1, 0)) != 0) {
        fprintf(stderr, "bench_simnet: the ring ports did not start\n");
        return 1;
    }
    struct loop_result result = run_loop(&own, simnet);
    uint64_t counters[SIMNET_COUNTER_COUNT];
    simnet_stop(simnet);
    simnet_counters(simnet, counters);
    printf(", \"loop_mpps\": {\"median\": %.1f, \"max\": %.1f}, \"loop_sent\": %llu, \"loop_answers\": %llu, "
           "\"loop_exact\": %s}%s\n",
           result.mpps.median, result.mpps.max, (unsigned long long)result.sent, (unsigned long long)result.received,
           counters[COUNT_RECEIVED] == result.sent && counters[COUNT_OPEN] == result.received ? "true" : "false",
           last ? "" : ",");
    fflush(stdout);
    simnet_free(simnet);
    rte_eth_dev_stop(own.prober);
    rte_eth_dev_close(own.prober);
    world_free(world);
    return 0;
}

int main(int argc, char **argv)
{
    struct rig rig = {.seconds = argc > 1 ? atof(argv[1]) : 1};
    const struct eal_setup setup = {.program = "bench-simnet",
                                    .lcores = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? "0,1" : "0",
                                    .main_lcore = -1,
                                    .memory_mb = 64};
    if (!(rig.seconds > 0 && rig.seconds <= 60) || eal_start(&setup) != 0)
        return 1;
    rig.probes = pool_new("bench_probes");
    struct rte_mempool *answers =
        rte_pktmbuf_pool_create("bench_answers", 2047, 256, 0, RTE_PKTMBUF_HEADROOM + RESPONDER_ROOM_BYTES, 0);
    static double hits[] = {0, 0.01, 0.1, 1};
    size_t rows = sizeof(hits) / sizeof(hits[0]);
    if (argc > 2) {
        hits[0] = atof(argv[2]);
        rows = 1;
    }
    printf("{\"simnet\": [\n");
    int status = answers == NULL;
    for (size_t i = 0; status == 0 && i < rows; i++)
        status = print_row(&rig, answers, hits[i], i + 1 == rows);
    printf("]}\n");
    rte_mempool_free(answers);
    rte_mempool_free(rig.probes);
    eal_stop();
    return status;
}
