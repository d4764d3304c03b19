// SPDX-License-Identifier: BSD-3-Clause
// simnet behind DPDK: bursts in, bursts out, and every buffer back where it came from.

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "tests/unit/simnet/frames.h"
#include "tools/simnet/eal.h"
#include "tools/simnet/responder.h"
#include "tools/simnet/run.h"
#include "tools/simnet/truth.h"

static void eal_up(void)
{
    const struct eal_setup setup = {.program = "simnet-test", .lcores = "0", .main_lcore = -1, .memory_mb = 64};
    cr_assert_eq(eal_start(&setup), 0);
}

// Everything one scan of the small population needs.
struct bench {
    struct population population;
    struct world *world;
    struct rte_mempool *probes;
    struct rte_mempool *answers;
};

static void bench_up(struct bench *bench, const char *weather)
{
    char error[POPULATION_ERROR_MAX];
    eal_up();
    cr_assert_eq(population_load(SMALL_JSON, (struct population_options){0}, &bench->population, error), 0, "%s",
                 error);
    cr_assert_eq(population_set_weather(&bench->population, weather, error), 0, "%s", error);
    cr_assert_eq(world_new(&bench->population, &bench->world, error), 0, "%s", error);
    bench->probes = rte_pktmbuf_pool_create("probes", 1023, 0, 0, RTE_PKTMBUF_HEADROOM + 128, 0);
    bench->answers = rte_pktmbuf_pool_create("answers", 2047, 0, 0, RTE_PKTMBUF_HEADROOM + RESPONDER_ROOM_BYTES, 0);
    cr_assert_not_null(bench->probes);
    cr_assert_not_null(bench->answers);
}

static void bench_down(struct bench *bench)
{
    cr_expect_eq(rte_mempool_avail_count(bench->probes), 1023);
    cr_expect_eq(rte_mempool_avail_count(bench->answers), 2047);
    rte_mempool_free(bench->probes);
    rte_mempool_free(bench->answers);
    world_free(bench->world);
    population_fini(&bench->population);
    eal_stop();
}

static struct rte_mbuf *probe_new(const struct bench *bench, uint32_t address, uint16_t port)
{
    struct rte_mbuf *buffer = rte_pktmbuf_alloc(bench->probes);
    cr_assert_not_null(buffer);
    uint8_t frame[64];
    size_t length = probe_make(address, port, address % 5 == 0 ? 9 : 0, frame);
    memcpy(rte_pktmbuf_append(buffer, (uint16_t)length), frame, length);
    return buffer;
}

// What an answer says: which pair, and of what kind.
static enum world_answer answer_read(const struct rte_mbuf *buffer, uint32_t *ret_address, uint16_t *ret_port)
{
    const uint8_t *frame = rte_pktmbuf_mtod(buffer, const uint8_t *);
    const uint8_t *ip = frame + (load16(frame + 12) == 0x8100 ? 18 : 14);
    const uint8_t *quoted = ip[9] == 1 ? ip + 28 : ip;
    *ret_address = load32(ip[9] == 1 ? quoted + 16 : ip + 12);
    *ret_port = load16(ip[9] == 1 ? quoted + 22 : ip + 20);
    if (ip[9] == 1)
        return ip[21] == 13 ? ANSWER_PROHIBITED : ANSWER_UNREACHABLE;
    if ((ip[33] & 4) != 0)
        return ANSWER_CLOSED;
    return load16(ip + 34) == 10 ? ANSWER_TARPIT : ANSWER_OPEN;
}

struct tally {
    uint64_t answers[ANSWER_KINDS];
    uint64_t frames;
};

static void tally_answers(const struct world *world, struct tally *tally, struct rte_mbuf **answers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t address;
        uint16_t port;
        enum world_answer answer = answer_read(answers[i], &address, &port);
        enum world_answer expected = world_ask(world, address, port);
        cr_assert(answer == expected || (answer == ANSWER_OPEN && expected == ANSWER_MIDDLEBOX));
        tally->answers[expected]++;
        tally->frames++;
    }
    rte_pktmbuf_free_bulk(answers, count);
}

// Asks for every pair of the population once; returns the probes sent.
static uint64_t sweep(struct bench *bench, struct responder *responder, struct tally *tally)
{
    struct rte_mbuf *frames[RESPONDER_BURST];
    struct rte_mbuf *answers[RESPONDER_ANSWERS_MAX];
    uint64_t sent = 0;
    uint32_t count = 0;
    for (size_t i = 0; i < bench->world->interval_count; i++) {
        struct world_interval interval = bench->world->intervals[i];
        for (uint64_t pair = 0; pair < 3 * ((uint64_t)interval.last - interval.first + 1); pair++) {
            uint32_t address = interval.first + (uint32_t)(pair / 3);
            frames[count++] = probe_new(bench, address, bench->population.ports[pair % 3]);
            sent++;
            if (count < 1 + address % RESPONDER_BURST)
                continue;
            cr_assert(responder_ready(responder));
            tally_answers(bench->world, tally, answers,
                          responder_answer(responder, frames, count, rte_rdtsc(), answers));
            count = 0;
        }
    }
    tally_answers(bench->world, tally, answers, responder_answer(responder, frames, count, rte_rdtsc(), answers));
    return sent;
}

static struct responder *responder_up(const struct bench *bench, const struct screen_variant *look)
{
    const struct responder_setup setup = {.world = bench->world,
                                          .pool = bench->answers,
                                          .ticks_per_second = rte_get_tsc_hz(),
                                          .now = rte_rdtsc(),
                                          .look = look};
    struct responder *responder = responder_new(&setup);
    cr_assert_not_null(responder);
    return responder;
}

Test(responder, answers_the_truth_and_nothing_else)
{
    struct bench bench;
    bench_up(&bench, "calm");
    struct truth truth;
    cr_assert_eq(truth_count(bench.world, bench.population.ports, 3, 1, &truth), 0);
    const struct screen_variant *variants[2];
    size_t count = screen_variants(variants);
    for (size_t i = 0; i < count; i++) {
        struct responder *responder = responder_up(&bench, variants[i]);
        struct tally tally = {0};
        uint64_t sent = sweep(&bench, responder, &tally);
        const uint64_t *counters = responder_counters(responder);
        for (int kind = ANSWER_OPEN; kind < ANSWER_KINDS; kind++)
            cr_expect_eq(tally.answers[kind], truth_sum(&truth, (enum world_answer)kind), "%s %d", variants[i]->name,
                         kind);
        cr_expect_eq(counters[COUNT_SYN], sent);
        cr_expect_eq(counters[COUNT_OPEN], truth_sum(&truth, ANSWER_OPEN));
        cr_expect_eq(counters[COUNT_BAD_CHECKSUM], 0);
        responder_free(responder);
    }
    truth_fini(&truth);
    bench_down(&bench);
}

// A probe, altered now and then: with right checksums again or without, longer, cut short.
static struct rte_mbuf *odd_probe_new(const struct bench *bench, uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint32_t chance = (uint32_t)(*random >> 32);
    uint32_t address = 0x0a400000 + (chance >> 8) % 40000;
    struct rte_mbuf *probe = probe_new(bench, address, bench->population.ports[chance % 3]);
    uint8_t *frame = rte_pktmbuf_mtod(probe, uint8_t *);
    uint8_t *ip = frame + (load16(frame + 12) == 0x8100 ? 18 : 14);
    if (chance >> 4 & 1)
        return probe;
    static const uint8_t OFFSETS[] = {0, 2, 3, 6, 8, 9, 12, 22, 32, 33, 36, 40, 43};
    ip[OFFSETS[(chance >> 12) % sizeof(OFFSETS)]] ^= (uint8_t)(1u << (chance >> 5 & 7));
    uint32_t total = load16(ip + 2);
    if (chance >> 9 & 1 && total >= 40 && total <= 70) {
        memset(ip + 44, 3, total > 44 ? total - 44 : 0);
        probe->data_len = (uint16_t)(ip - frame + (total > 46 ? total : 46));
        probe->pkt_len = probe->data_len;
        checksum_ip_write(ip);
        checksum_tcp_write(ip, total);
    }
    if ((chance >> 16) % 16 == 0) {
        probe->data_len = (uint16_t)((chance >> 20) % (probe->data_len + 1u));
        probe->pkt_len = probe->data_len;
    }
    return probe;
}

static int answer_compare(const void *left, const void *right)
{
    const struct rte_mbuf *a = *(struct rte_mbuf *const *)left;
    const struct rte_mbuf *b = *(struct rte_mbuf *const *)right;
    if (a->data_len != b->data_len)
        return a->data_len < b->data_len ? -1 : 1;
    return memcmp(rte_pktmbuf_mtod(a, void *), rte_pktmbuf_mtod(b, void *), a->data_len);
}

// One burst of the same frames through a responder; its answers, sorted.
static uint32_t odd_burst(const struct bench *bench, struct responder *responder, uint64_t random,
                          struct rte_mbuf *ret_answers[static RESPONDER_ANSWERS_MAX])
{
    struct rte_mbuf *frames[RESPONDER_BURST];
    uint32_t count = 1 + (uint32_t)(random >> 40) % RESPONDER_BURST;
    for (uint32_t i = 0; i < count; i++)
        frames[i] = odd_probe_new(bench, &random);
    cr_assert(responder_ready(responder));
    uint32_t answered = responder_answer(responder, frames, count, rte_rdtsc(), ret_answers);
    qsort(ret_answers, answered, sizeof(ret_answers[0]), answer_compare);
    return answered;
}

Test(responder, batches_answer_like_one_question_after_the_other)
{
    struct bench bench;
    bench_up(&bench, "calm,loss=0.05,duplicates=0.05,forged=0.05,malformed=0.05,truncated=0.05");
    struct responder_setup setup = {
        .world = bench.world, .pool = bench.answers, .ticks_per_second = rte_get_tsc_hz(), .now = rte_rdtsc()};
    struct responder *batches = responder_new(&setup);
    setup.one_by_one = true;
    struct responder *one_by_one = responder_new(&setup);
    cr_assert(batches != NULL && one_by_one != NULL);
    for (uint64_t n = 1; n <= 4000; n++) {
        struct rte_mbuf *answers[2][RESPONDER_ANSWERS_MAX];
        uint64_t random = n * UINT64_C(0x9e3779b97f4a7c15);
        uint32_t count = odd_burst(&bench, batches, random, answers[0]);
        cr_assert_eq(odd_burst(&bench, one_by_one, random, answers[1]), count, "burst %lu", n);
        for (uint32_t i = 0; i < count; i++)
            cr_assert_eq(answer_compare(&answers[0][i], &answers[1][i]), 0, "answer %u of burst %lu", i, n);
        rte_pktmbuf_free_bulk(answers[0], count);
        rte_pktmbuf_free_bulk(answers[1], count);
    }
    for (int i = 0; i < SIMNET_COUNTER_COUNT; i++)
        cr_expect_eq(responder_counters(batches)[i], responder_counters(one_by_one)[i], "%s",
                     simnet_counter_name((enum simnet_counter)i));
    cr_expect_gt(responder_counters(batches)[COUNT_BAD_CHECKSUM], 1000);
    cr_expect_gt(responder_counters(batches)[COUNT_CLOSED], 1000);
    responder_free(batches);
    responder_free(one_by_one);
    bench_down(&bench);
}

Test(responder, weather_has_the_shares_it_promises)
{
    struct bench bench;
    bench_up(&bench, "calm,loss=0.1,duplicates=0.05");
    struct truth truth;
    cr_assert_eq(truth_count(bench.world, bench.population.ports, 3, 1, &truth), 0);
    uint64_t answering = 0;
    for (int kind = ANSWER_OPEN; kind < ANSWER_KINDS; kind++)
        answering += truth_sum(&truth, (enum world_answer)kind);
    struct responder *responder = responder_up(&bench, NULL);
    struct tally tally = {0};
    uint64_t sent = sweep(&bench, responder, &tally);
    const uint64_t *counters = responder_counters(responder);
    cr_expect(counters[COUNT_LOST] > sent / 11 && counters[COUNT_LOST] < sent / 9);
    cr_expect(tally.frames > answering * 93 / 100 && tally.frames < answering * 97 / 100);
    cr_expect(counters[COUNT_DUPLICATED] > answering * 4 / 100 && counters[COUNT_DUPLICATED] < answering * 6 / 100);
    responder_free(responder);
    truth_fini(&truth);
    bench_down(&bench);
}

Test(responder, shapes_come_besides_the_answers)
{
    struct bench bench;
    bench_up(&bench, "calm,forged=0.1,malformed=0.1,truncated=0.1");
    struct responder *responder = responder_up(&bench, NULL);
    struct rte_mbuf *answers[RESPONDER_ANSWERS_MAX];
    uint64_t frames = 0;
    uint64_t sent = 0;
    for (uint32_t address = 0x0a400000; address < 0x0a400000 + 20000; address++, sent++) {
        struct rte_mbuf *probe = probe_new(&bench, address, 22);
        cr_assert(responder_ready(responder));
        uint32_t count = responder_answer(responder, &probe, 1, 0, answers);
        frames += count;
        rte_pktmbuf_free_bulk(answers, count);
    }
    const uint64_t *counters = responder_counters(responder);
    uint64_t real = 0;
    for (int i = COUNT_OPEN; i <= COUNT_UNREACHABLE; i++)
        real += counters[i];
    uint64_t shapes = counters[COUNT_FORGED] + counters[COUNT_MALFORMED] + counters[COUNT_TRUNCATED];
    cr_expect_eq(frames, real + shapes);
    cr_expect(shapes > sent * 28 / 100 && shapes < sent * 32 / 100);
    responder_free(responder);
    bench_down(&bench);
}

Test(responder, round_trips_are_kept_and_nothing_is_lost_in_them)
{
    struct bench bench;
    bench_up(&bench, "calm,reordering=0.1");
    bench.population.networks[0].rtt_min_ms = 1;
    bench.population.networks[0].rtt_typical_ms = 2;
    bench.population.networks[0].rtt_max_ms = 9;
    world_free(bench.world);
    char error[POPULATION_ERROR_MAX];
    cr_assert_eq(world_new(&bench.population, &bench.world, error), 0);
    struct responder *responder = responder_up(&bench, NULL);
    struct rte_mbuf *answers[RESPONDER_ANSWERS_MAX];
    uint64_t hz = rte_get_tsc_hz();
    uint64_t start = rte_rdtsc();
    uint32_t early = 0;
    for (uint32_t address = 0x0a400000; address < 0x0a400000 + 1000; address++) {
        struct rte_mbuf *probe = probe_new(&bench, address, 22);
        cr_assert(responder_ready(responder));
        early += responder_answer(responder, &probe, 1, start, answers);
    }
    uint32_t waiting = responder_waiting(responder);
    cr_expect_eq(early, 0);
    cr_expect_gt(waiting, 300);
    cr_expect_eq(responder_due(responder, start + hz / 1000 * 9 / 10, answers, 64), 0);
    uint32_t half = 0;
    for (uint32_t count = 1; count > 0; half += count) {
        count = responder_due(responder, start + hz / 1000 * 17 / 10, answers, 64);
        rte_pktmbuf_free_bulk(answers, count);
    }
    // Half of an exponential spread lies below ln 2 = 0.69 of its mean.
    cr_expect(half > waiting * 3 / 10 && half < waiting * 6 / 10, "%u of %u", half, waiting);
    uint32_t rest = 0;
    for (uint32_t count = 1; count > 0 && rest < waiting / 4; rest += count) {
        count = responder_due(responder, start + hz, answers, 16);
        rte_pktmbuf_free_bulk(answers, count);
    }
    cr_expect_eq(responder_waiting(responder), waiting - half - rest);
    responder_free(responder);
    bench_down(&bench);
}

Test(responder, rate_limit_holds_a_network_to_its_answers)
{
    struct bench bench;
    bench_up(&bench, "calm");
    bench.population.networks[1].answers_per_second = 100;
    world_free(bench.world);
    char error[POPULATION_ERROR_MAX];
    cr_assert_eq(world_new(&bench.population, &bench.world, error), 0);
    struct responder *responder = responder_up(&bench, NULL);
    struct rte_mbuf *answers[RESPONDER_ANSWERS_MAX];
    uint64_t now = rte_rdtsc();
    uint32_t count = 0;
    for (uint32_t i = 0; i < 4000; i++, now += rte_get_tsc_hz() / 1000) {
        struct rte_mbuf *probe = probe_new(&bench, 0x0a500100 + i % 256, 443);
        cr_assert(responder_ready(responder));
        uint32_t own = responder_answer(responder, &probe, 1, now, answers);
        rte_pktmbuf_free_bulk(answers, own);
        count += own;
    }
    cr_expect(count >= 395 && count <= 415, "%u answers in 4 s", count);
    cr_expect_eq(responder_counters(responder)[COUNT_LIMITED], 4000 - count);
    responder_free(responder);
    bench_down(&bench);
}

Test(responder, a_wrong_checksum_brings_silence_and_a_shared_buffer_goes_home)
{
    struct bench bench;
    bench_up(&bench, "calm");
    struct responder *responder = responder_up(&bench, NULL);
    struct rte_mbuf *answers[RESPONDER_ANSWERS_MAX];
    struct rte_mbuf *probes[2] = {probe_new(&bench, 0x0a500101, 443), probe_new(&bench, 0x0a500102, 443)};
    rte_pktmbuf_mtod(probes[0], uint8_t *)[14 + 16 + 20] ^= 1;
    rte_mbuf_refcnt_update(probes[1], 1);
    cr_assert(responder_ready(responder));
    uint32_t count = responder_answer(responder, probes, 2, 0, answers);
    cr_expect_eq(count, 1);
    cr_expect_eq(responder_counters(responder)[COUNT_BAD_CHECKSUM], 1);
    rte_pktmbuf_free_bulk(answers, count);
    rte_pktmbuf_free(probes[1]);
    responder_free(responder);
    bench_down(&bench);
}

Test(responder, answers_arp_echo_and_stray_segments)
{
    struct bench bench;
    bench_up(&bench, "calm");
    struct responder *responder = responder_up(&bench, NULL);
    struct rte_mbuf *answers[RESPONDER_ANSWERS_MAX];
    struct rte_mbuf *probes[5];
    for (uint32_t i = 0; i < 5; i++)
        probes[i] = probe_new(&bench, 0x0a500101, 443);
    // 0: who has 10.80.1.1? 1: an echo request. 2: a bare ACK. 3: a FIN. 4: a RST.
    static const uint8_t ARP[28] = {0,  1,   8, 0, 6, 4, 0, 1, 2, 0, 0,  0,  0, 9,
                                    10, 254, 0, 1, 0, 0, 0, 0, 0, 0, 10, 80, 1, 1};
    uint8_t *frame = rte_pktmbuf_mtod(probes[0], uint8_t *);
    store16(frame + 12, 0x0806);
    memcpy(frame + 14, ARP, sizeof(ARP));
    uint8_t *ip = rte_pktmbuf_mtod(probes[1], uint8_t *) + 14;
    ip[9] = 1;
    memset(ip + 20, 0, 24);
    ip[20] = 8;
    checksum_ip_write(ip);
    static const uint8_t FLAGS[5] = {0, 0, 0x10, 0x11, 0x14};
    for (uint32_t i = 2; i < 5; i++) {
        ip = rte_pktmbuf_mtod(probes[i], uint8_t *) + 14;
        ip[33] = FLAGS[i];
        checksum_tcp_write(ip, 44);
    }
    cr_assert(responder_ready(responder));
    uint32_t count = responder_answer(responder, probes, 5, 0, answers);
    cr_assert_eq(count, 3);
    const uint8_t *arp = rte_pktmbuf_mtod(answers[0], const uint8_t *) + 14;
    cr_expect_eq(arp[7], 2);
    cr_expect_arr_eq(arp + 14, ARP + 24, 4);
    cr_expect_arr_eq(arp + 18, ARP + 8, 10);
    const uint8_t *echo = rte_pktmbuf_mtod(answers[1], const uint8_t *) + 14;
    cr_expect_eq(echo[20], 0);
    cr_expect_eq(sum_fold(sum_bytes(echo + 20, 24)), 0xffff);
    cr_expect_eq(rte_pktmbuf_mtod(answers[2], const uint8_t *)[14 + 33], 4);
    rte_pktmbuf_free_bulk(answers, count);
    responder_free(responder);
    bench_down(&bench);
}

// The prober's side of a pair of ports, all in one thread.
Test(simnet, answers_over_ring_ports_without_losing_any)
{
    struct bench bench;
    bench_up(&bench, "calm");
    uint16_t prober;
    uint16_t port;
    cr_assert_eq(simnet_ring_ports("t", 2, 256, &prober, &port), 0);
    struct rte_eth_conf conf = {0};
    cr_assert_eq(rte_eth_dev_configure(prober, 2, 2, &conf), 0);
    for (uint16_t i = 0; i < 2; i++) {
        cr_assert_eq(rte_eth_rx_queue_setup(prober, i, 256, 0, NULL, bench.probes), 0);
        cr_assert_eq(rte_eth_tx_queue_setup(prober, i, 256, 0, NULL), 0);
    }
    cr_assert_eq(rte_eth_dev_start(prober), 0);
    // Few buffers, so that waiting for them happens too.
    const struct simnet_setup setup = {.world = bench.world, .port = port, .queues = 2, .buffers = 1023};
    struct simnet *simnet = simnet_new(&setup);
    cr_assert_not_null(simnet);
    enum { PAIRS = 30000 };
    uint64_t expected = 0;
    for (uint32_t i = 0; i < PAIRS; i++)
        expected += world_ask(bench.world, 0x0a400000 + i, 22) != ANSWER_SILENT;
    struct tally tally = {0};
    uint32_t next = 0;
    struct rte_mbuf *probe = NULL;
    for (uint64_t idle = 0; idle < 100; idle++) {
        // Bursts of sending against rare receiving, so that every ring and pool fills up.
        for (uint32_t i = 0; i < 200 && next < PAIRS; i++) {
            probe = probe == NULL && rte_mempool_avail_count(bench.probes) > 0
                        ? probe_new(&bench, 0x0a400000 + next, 22)
                        : probe;
            if (probe == NULL || rte_eth_tx_burst(prober, next & 1, &probe, 1) == 0)
                break;
            probe = NULL;
            next++;
        }
        for (int i = 0; i < 20; i++)
            simnet_poll(simnet);
        struct rte_mbuf *answers[32];
        for (uint16_t queue = 0; queue < 2; queue++) {
            uint16_t count = rte_eth_rx_burst(prober, queue, answers, 32);
            tally_answers(bench.world, &tally, answers, count);
            idle = count > 0 ? 0 : idle;
        }
    }
    cr_expect_eq(next, PAIRS);
    cr_expect_eq(tally.frames, expected);
    cr_expect_eq(simnet_waiting(simnet), 0);
    uint64_t counters[SIMNET_COUNTER_COUNT];
    simnet_counters(simnet, counters);
    cr_expect_eq(counters[COUNT_SENT], expected);
    cr_expect_gt(counters[COUNT_WAITED_PORT], 0);
    simnet_free(simnet);
    rte_eth_dev_stop(prober);
    rte_eth_dev_close(prober);
    bench_down(&bench);
}
