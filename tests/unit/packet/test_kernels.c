// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "probes/packet/probe.h"

enum { BASES_MAX = 4096 };

static const uint32_t our_address = 0x0a090807;
static uint64_t random_state = 1;

static uint64_t random_next(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return random_state >> 20;
}

// A plan over given numbers of pieces and ports. The bases are made up; addresses need not be distinct here.
struct fixture {
    struct probe_plan plan;
    struct probe_template probe;
    struct targets targets;
    uint32_t bases[BASES_MAX];
    uint16_t ports[65536];
};

static void fixture_init(struct fixture *fixture, uint32_t wholes, uint32_t sixteens, uint32_t singles,
                         uint32_t port_count)
{
    cr_assert_leq(wholes + sixteens + singles, BASES_MAX);
    for (size_t i = 0; i < wholes + sixteens + singles; i++)
        fixture->bases[i] = (uint32_t)random_next() & (i < wholes              ? 0xffffff00
                                                       : i < wholes + sixteens ? 0xfffffff0
                                                                               : ~0u);
    for (size_t i = 0; i < port_count; i++)
        fixture->ports[i] = (uint16_t)(port_count == 65536 ? i : random_next());
    fixture->targets = (struct targets){.count = (uint64_t)wholes * 256 + sixteens * 16 + singles,
                                        .whole_addresses = (uint64_t)wholes * 256,
                                        .sixteen_addresses = (uint64_t)sixteens * 16,
                                        .base_count = wholes + sixteens + singles,
                                        .bases = fixture->bases};
    uint8_t secret[16];
    for (size_t i = 0; i < sizeof(secret); i++)
        secret[i] = (uint8_t)random_next();
    struct cookie_key key;
    uint16_t cookie_ports = (uint16_t)(1u << random_next() % 16);
    cr_assert_eq(cookie_key_init(&key, secret, our_address, (uint16_t)(random_next() % 32768), cookie_ports), 0);
    const struct probe_link link = {.gateway_mac = {2, 0, 0, 0, 0, 1}};
    probe_template_init(&fixture->probe, &link, our_address, (enum probe_profile)(random_next() % 4));
    cr_assert_eq(probe_plan_init(&fixture->plan, &fixture->targets, fixture->ports, NULL, port_count, random_next(),
                                 &key, &fixture->probe),
                 0);
}

static void assert_same(const struct probe_burst *a, const struct probe_burst *b, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(a->position[i], b->position[i], "%s: position %zu of %zu", name, i, count);
        cr_assert_eq(a->index[i], b->index[i], "%s: index %zu of %zu", name, i, count);
        cr_assert_eq(a->address[i], b->address[i], "%s: address %zu of %zu", name, i, count);
        cr_assert_eq(a->port[i], b->port[i], "%s: port %zu of %zu", name, i, count);
        cr_assert_eq(a->isn[i], b->isn[i], "%s: isn %zu of %zu", name, i, count);
        cr_assert_eq(a->local_port[i], b->local_port[i], "%s: local port %zu of %zu", name, i, count);
        cr_assert_eq(a->ip_id[i], b->ip_id[i], "%s: ip id %zu of %zu", name, i, count);
        cr_assert_eq(a->ip_word[i], b->ip_word[i], "%s: ip word %zu of %zu", name, i, count);
        cr_assert_eq(a->flow_word[i], b->flow_word[i], "%s: flow word %zu of %zu", name, i, count);
        cr_assert_eq(a->seq_word[i], b->seq_word[i], "%s: seq word %zu of %zu", name, i, count);
        cr_assert_eq(a->check_word[i], b->check_word[i], "%s: check word %zu of %zu", name, i, count);
    }
}

// The scalar functions, one probe at a time: what every variant has to equal.
static void expect(const struct probe_plan *plan, struct probe_burst *burst, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        burst->index[i] = order_index(&plan->order, burst->position[i]);
        burst->address[i] = targets_address(plan->targets, burst->index[i] / plan->port_count);
        burst->port[i] = plan->ports[burst->index[i] % plan->port_count];
        struct cookie cookie = cookie_make(&plan->cookie, burst->address[i], (uint16_t)burst->port[i]);
        burst->isn[i] = cookie.isn;
        burst->local_port[i] = cookie.local_port;
        burst->ip_id[i] = cookie.ip_id;
    }
}

static void compare_variants(const struct fixture *fixture, size_t bursts)
{
    const struct kernels *all[4];
    size_t variants = kernels_all(all);
    const struct probe_plan *plan = &fixture->plan;
    for (size_t n = 0; n < bursts; n++) {
        size_t count = n % 3 == 0 ? BURST_MAX : random_next() % (BURST_MAX + 1);
        struct probe_burst expected;
        memset(&expected, 0xa5, sizeof(expected)); // entries past count hold impossible positions
        for (size_t i = 0; i < count; i++)
            expected.position[i] = (random_next() << 20 ^ random_next()) % plan->order.count;
        expect(plan, &expected, count);
        struct probe_burst reference = expected;
        for (size_t v = variants; v > 0; v--) {
            struct probe_burst burst;
            memset(&burst, 0xa5, sizeof(burst));
            memcpy(burst.position, expected.position, sizeof(burst.position));
            all[v - 1]->generate(plan, &burst, count);
            if (v == variants) {
                memcpy(reference.ip_word, burst.ip_word, sizeof(burst.ip_word));
                memcpy(reference.flow_word, burst.flow_word, sizeof(burst.flow_word));
                memcpy(reference.seq_word, burst.seq_word, sizeof(burst.seq_word));
                memcpy(reference.check_word, burst.check_word, sizeof(burst.check_word));
            }
            assert_same(&burst, &reference, count, all[v - 1]->name);
            memset(burst.position, 0xa5, sizeof(burst.position));
            all[v - 1]->positions(plan, &burst, count);
            memset(burst.isn, 0, sizeof(burst.isn));
            memset(burst.local_port, 0, sizeof(burst.local_port));
            memset(burst.ip_id, 0, sizeof(burst.ip_id));
            all[v - 1]->cookies(plan, &burst, count);
            assert_same(&burst, &reference, count, all[v - 1]->name);
        }
    }
}

// Connections of our own: our port is in the high half.
static void compare_flows(const struct probe_plan *plan)
{
    const struct kernels *all[4];
    size_t variants = kernels_all(all);
    struct probe_burst burst;
    for (size_t count = 0; count <= BURST_MAX; count++) {
        for (size_t i = 0; i < BURST_MAX; i++) {
            burst.address[i] = (uint32_t)random_next();
            burst.port[i] = (uint32_t)random_next() | UINT32_C(0x00010000);
        }
        for (size_t v = 0; v < variants; v++) {
            memset(burst.isn, 0, sizeof(burst.isn));
            all[v]->cookies(plan, &burst, count);
            for (size_t i = 0; i < count; i++)
                cr_assert_eq(burst.isn[i],
                             cookie_flow(&plan->cookie, burst.address[i], (uint16_t)burst.port[i],
                                         (uint16_t)(burst.port[i] >> 16)),
                             "%s: %zu of %zu", all[v]->name, i, count);
        }
    }
}

static struct fixture fixture;

Test(kernels, all_variants_equal_the_scalar_functions)
{
    static const struct {
        uint32_t wholes, sixteens, singles, ports;
    } shapes[] = {
        {2000, 100, 77, 8},  {4000, 0, 0, 1},      {0, 4000, 0, 3},  {0, 0, 4001, 2},    {1, 1, 1, 1},
        {0, 0, 1, 1},        {0, 0, 2, 3},         {300, 40, 5, 32}, {300, 40, 5, 33},   {300, 40, 5, 256},
        {100, 10, 9, 512},   {4000, 33, 7, 65536}, {0, 0, 5, 65536}, {1000, 2, 3, 1000}, {3333, 333, 33, 17},
        {4096, 0, 0, 65535}, {17, 17, 17, 31},
    };
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
        for (size_t seeds = 0; seeds < 4; seeds++) {
            fixture_init(&fixture, shapes[s].wholes, shapes[s].sixteens, shapes[s].singles, shapes[s].ports);
            compare_variants(&fixture, 60);
            compare_flows(&fixture.plan);
        }
}

Test(kernels, tiny_orders_walk_their_cycles_in_every_variant)
{
    for (uint32_t count = 1; count < 200; count++) {
        fixture_init(&fixture, 0, 0, count, 1);
        compare_variants(&fixture, 6);
    }
}

Test(kernels, the_best_variant_comes_first)
{
    const struct kernels *all[4];
    size_t variants = kernels_all(all);
    cr_assert_geq(variants, 1);
    cr_assert_eq(kernels_best(), all[0]);
    cr_assert_str_eq(all[variants - 1]->name, "portable");
    for (size_t v = 0; v < variants; v++)
        for (size_t w = 0; w < v; w++)
            cr_assert_str_neq(all[v]->name, all[w]->name);
}

Test(kernels, a_plan_of_impossible_size_is_refused)
{
    fixture_init(&fixture, 1, 0, 0, 1);
    struct probe_plan plan;
    struct targets none = fixture.targets;
    none.count = 0;
    const struct cookie_key *key = &fixture.plan.cookie;
    const uint16_t *ports = fixture.ports;
    cr_assert_eq(probe_plan_init(&plan, &none, ports, NULL, 1, 1, key, &fixture.probe), -EINVAL);
    cr_assert_eq(probe_plan_init(&plan, &fixture.targets, ports, NULL, 0, 1, key, &fixture.probe), -EINVAL);
    cr_assert_eq(probe_plan_init(&plan, &fixture.targets, ports, NULL, 65537, 1, key, &fixture.probe), -EINVAL);
    struct cookie_key stranger = *key;
    stranger.source_address++;
    cr_assert_eq(probe_plan_init(&plan, &fixture.targets, ports, NULL, 1, 1, &stranger, &fixture.probe), -EINVAL);
}
