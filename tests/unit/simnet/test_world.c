// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/simnet/answer.h"
#include "tools/simnet/delay.h"
#include "tools/simnet/screen.h"
#include "tools/simnet/shapes.h"
#include "tools/simnet/truth.h"
#include "tools/simnet/world.h"

static struct world *world_load(const char *path, double scale, struct population *ret_population)
{
    char error[POPULATION_ERROR_MAX];
    struct world *world = NULL;
    cr_assert_eq(population_load(path, (struct population_options){.scale = scale}, ret_population, error), 0, "%s",
                 error);
    cr_assert_eq(world_new(ret_population, &world, error), 0, "%s", error);
    return world;
}

// Loads a population from text; returns what population_load and world_new say.
static int text_load(const char *text, char error[static POPULATION_ERROR_MAX])
{
    char path[] = "/tmp/simnet-test-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    struct population population;
    int result = population_load(path, (struct population_options){0}, &population, error);
    unlink(path);
    if (result != 0)
        return result;
    struct world *world = NULL;
    result = world_new(&population, &world, error);
    if (result == 0)
        world_free(world);
    population_fini(&population);
    return result;
}

#define HEAD "{\"schema\":\"simnet-population-1\",\"name\":\"n\",\"key\":\"k\",\"ports\":[22],"

Test(population, says_where_a_file_is_wrong)
{
    static const struct {
        const char *text;
        const char *expected;
    } CASES[] = {
        {"{", "line 1"},
        {"{\"schema\":\"2\"}", "schema: expected"},
        {HEAD "\"colour\":1}", "unknown key \"colour\""},
        {HEAD "\"networks\":[]}", "networks: expected an array"},
        {HEAD "\"networks\":[{\"name\":\"a\"}]}", "networks[0]: expected an object with a name"},
        {HEAD "\"networks\":[{\"name\":\"a\",\"addresses\":0}]}", "networks[0].addresses"},
        {HEAD "\"networks\":[{\"name\":\"a\",\"addresses\":268435457}]}", "networks[0].addresses: expected at most"},
        {HEAD "\"networks\":[{\"name\":\"a\",\"prefixes\":[\"10.0.0.1/24\"]}]}", "networks[0].prefixes[0]"},
        {HEAD "\"networks\":[{\"name\":\"a\",\"prefixes\":[\"10.0.0.0/33\"]}]}", "networks[0].prefixes[0]"},
        {HEAD "\"networks\":[{\"name\":\"a\",\"addresses\":9,\"alive\":1.5}]}", "networks[0].alive: expected a number"},
        {HEAD "\"networks\":[{\"name\":\"a\",\"addresses\":9,\"alive\":0.6,\"unreachable\":0.6}]}",
         "1 at most together"},
        {HEAD "\"networks\":[{\"name\":\"a\",\"addresses\":9,\"ports\":{\"99999\":{}}}]}", "networks[0].ports.99999"},
        {HEAD "\"networks\":[{\"name\":\"a\",\"addresses\":9,\"ports\":{\"22\":{\"open\":-1}}}]}", "ports.22.open"},
        {HEAD "\"networks\":[{\"name\":\"a\",\"addresses\":9,\"rtt_min_ms\":9}]}", "rtt_min_ms <="},
        {HEAD "\"weather\":{\"loss\":0.6,\"forged\":0.6},\"networks\":[{\"name\":\"a\",\"addresses\":9}]}", "weather"},
        {HEAD "\"networks\":[{\"name\":\"a\",\"prefixes\":[\"10.0.0.0/8\"]},{\"name\":\"b\",\"prefixes\":"
              "[\"10.1.0.0/16\"]}]}",
         "apart from each other"},
    };
    char error[POPULATION_ERROR_MAX];
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        cr_expect_eq(text_load(CASES[i].text, error), -EINVAL, "case %zu", i);
        cr_expect_not_null(strstr(error, CASES[i].expected), "case %zu: \"%s\"", i, error);
    }
    cr_expect_eq(text_load(HEAD "\"networks\":[{\"name\":\"a\",\"addresses\":268435456}]}", error), 0, "%s", error);
}

Test(population, weather_is_changed_by_a_list_or_not_at_all)
{
    char error[POPULATION_ERROR_MAX];
    struct population population;
    world_free(world_load(STUDY_JSON, 0.001, &population));
    cr_expect_eq(population_set_weather(&population, "loss=0.25,forged=0.5", error), 0);
    cr_expect_eq(population.weather.loss, 0.25);
    cr_expect_eq(population.weather.forged, 0.5);
    cr_expect_gt(population.networks[0].rtt_max_ms, 0);
    cr_expect_eq(population_set_weather(&population, "malformed=0.5", error), -EINVAL);
    cr_expect_eq(population_set_weather(&population, "hail=0.5", error), -EINVAL);
    cr_expect_eq(population.weather.malformed, 0);
    cr_expect_eq(population_set_weather(&population, "calm,truncated=0.125", error), 0);
    cr_expect_eq(population.weather.loss, 0);
    cr_expect_eq(population.weather.truncated, 0.125);
    cr_expect_eq(population.networks[0].rtt_max_ms, 0);
    population_fini(&population);
}

Test(world, is_the_same_each_time_and_another_under_another_key)
{
    struct population population;
    struct population other_population;
    struct world *world = world_load(SMALL_JSON, 1, &population);
    struct world *again = world_load(SMALL_JSON, 1, &other_population);
    other_population.key++;
    char error[POPULATION_ERROR_MAX];
    struct world *other = NULL;
    cr_assert_eq(world_new(&other_population, &other, error), 0);
    size_t differences = 0;
    for (uint32_t address = 0x0a400000; address < 0x0a400000 + 70001; address++) {
        enum world_answer answer = world_ask(world, address, 22);
        cr_assert_eq(answer, world_ask(again, address, 22));
        differences += answer != world_ask(other, address, 22);
    }
    cr_expect_gt(differences, 70001 / 4);
    world_free(world);
    world_free(again);
    world_free(other);
    population_fini(&population);
    population_fini(&other_population);
}

// Whose an address is, the slow way.
static uint32_t network_by_walk(const struct population *population, uint32_t address)
{
    for (uint32_t i = 0; i < population->network_count; i++) {
        for (size_t j = 0; j < population->networks[i].range_count; j++) {
            struct population_range range = population->networks[i].ranges[j];
            if (address >= range.first && address <= range.last)
                return i + 1;
        }
    }
    return 0;
}

Test(world, knows_whose_every_address_is)
{
    struct population population;
    struct world *world = world_load(SMALL_JSON, 1, &population);
    for (uint32_t address = 0x0a3f0000; address < 0x0a530000; address++)
        cr_assert_eq(world_network(world, address), network_by_walk(&population, address), "%08x", address);
    cr_expect_eq(world_network(world, 0), 0);
    cr_expect_eq(world_network(world, UINT32_MAX), 0);
    world_free(world);
    population_fini(&population);
}

Test(world, screen_variants_agree_and_miss_nobody)
{
    struct population population;
    char error[POPULATION_ERROR_MAX];
    struct world *world = NULL;
    world_free(world_load(SMALL_JSON, 1, &population));
    cr_assert_eq(population_set_weather(&population, "loss=0.01,forged=0.02", error), 0);
    cr_assert_eq(world_new(&population, &world, error), 0);
    const struct screen_variant *variants[2];
    size_t count = screen_variants(variants);
    for (uint32_t first = 0x0a3ff000; first < 0x0a412000; first += 61) {
        struct screen screens[2];
        uint64_t masks[2] = {0};
        size_t length = first % (SCREEN_MAX + 1);
        for (size_t i = 0; i < count; i++) {
            memset(&screens[i], 0, sizeof(screens[i]));
            for (uint32_t j = 0; j < SCREEN_MAX; j++) {
                screens[i].address[j] = first + j;
                screens[i].network[j] = world_network(world, first + j);
            }
            masks[i] = variants[i]->look(world, &screens[i], length, UINT64_C(0x1fffffff0) + first);
            cr_assert_eq(masks[i], masks[0]);
            cr_assert_arr_eq(screens[i].host, screens[0].host, length * sizeof(uint32_t));
            cr_assert_arr_eq(screens[i].weather, screens[0].weather, length * sizeof(uint32_t));
        }
        for (uint32_t j = 0; j < length; j++) {
            bool seen = masks[0] >> j & 1;
            bool eventful = world_event(world, screens[0].weather[j]) != EVENT_NONE;
            cr_assert(seen || (!eventful && world_ask(world, first + j, 22) == ANSWER_SILENT));
        }
        cr_assert(length == SCREEN_MAX || masks[0] >> length == 0);
    }
    world_free(world);
    population_fini(&population);
}

static void expect_share(uint64_t count, uint64_t of, double share, const char *what)
{
    double deviation = sqrt((double)of * share * (1 - share));
    cr_expect(fabs((double)count - (double)of * share) <= 5 * deviation + 1, "%s: %llu of %llu is not %g", what,
              (unsigned long long)count, (unsigned long long)of, share);
}

Test(truth, study_has_the_shares_it_promises)
{
    struct population population;
    struct world *world = world_load(STUDY_JSON, 0.1, &population);
    struct truth truth;
    cr_assert_eq(truth_count(world, population.ports, population.port_count, 2, &truth), 0);
    for (size_t i = 0; i < population.network_count; i++) {
        const struct population_network *network = &population.networks[i];
        cr_expect_eq(truth.network_addresses[i], network->addresses);
        expect_share(truth.network_hosts[i], network->addresses, network->alive, network->name);
        cr_assert_eq(population.ports[0], 22);
        const uint64_t *answers = truth.counts[i * population.port_count].answers;
        double visible = (1 - network->middleboxes) * (1 - network->tarpits);
        // Middleboxes come 256 addresses at a time, so they are looked at by themselves.
        double behind = (double)answers[ANSWER_MIDDLEBOX] / (double)network->addresses;
        expect_share(answers[ANSWER_OPEN], (uint64_t)((double)truth.network_hosts[i] * (1 - behind)),
                     0.32 * (1 - network->tarpits), network->name);
        cr_expect_lt(fabs(behind - network->middleboxes),
                     5 * sqrt(network->middleboxes * 256 / (double)network->addresses));
        cr_expect_lt(visible, 1);
        uint64_t sum = 0;
        for (size_t k = 0; k < ANSWER_KINDS; k++)
            sum += answers[k];
        cr_expect_eq(sum, network->addresses);
    }
    truth_fini(&truth);
    world_free(world);
    population_fini(&population);
}

struct listed {
    const struct world *world;
    uint64_t answers[ANSWER_KINDS];
};

static void list_one(void *context, uint32_t network, uint32_t address, uint16_t port, enum world_answer answer)
{
    struct listed *listed = context;
    listed->answers[answer]++;
    cr_assert_eq(network + 1, world_network(listed->world, address));
    cr_assert_eq(answer, world_ask(listed->world, address, port));
}

Test(truth, counts_and_list_and_thread_numbers_agree)
{
    struct population population;
    struct world *world = world_load(SMALL_JSON, 1, &population);
    struct truth one;
    struct truth three;
    cr_assert_eq(truth_count(world, population.ports, population.port_count, 1, &one), 0);
    cr_assert_eq(truth_count(world, population.ports, population.port_count, 3, &three), 0);
    struct listed listed = {.world = world};
    truth_list(world, population.ports, population.port_count, list_one, &listed);
    for (size_t k = ANSWER_OPEN; k < ANSWER_KINDS; k++) {
        cr_expect_eq(truth_sum(&one, (enum world_answer)k), listed.answers[k], "%zu", k);
        cr_expect_eq(truth_sum(&three, (enum world_answer)k), listed.answers[k], "%zu", k);
        cr_expect_gt(listed.answers[k], 0);
    }
    cr_expect_eq(one.hosts, three.hosts);
    // Every address of "pieces" has 443 open and nothing else.
    cr_expect_eq(one.counts[1 * 3 + 2].answers[ANSWER_OPEN], 4 + 1 + 256 + 128);
    cr_expect_eq(one.counts[1 * 3 + 0].answers[ANSWER_SILENT], 4 + 1 + 256 + 128);
    cr_expect_eq(one.network_hosts[2], 0);
    truth_fini(&one);
    truth_fini(&three);
    world_free(world);
    population_fini(&population);
}

Test(delay, gives_back_in_time_in_order_and_within_bounds)
{
    enum { COUNT = 1000, LONGEST = 1 << 20 };
    struct delay *delay = delay_new(COUNT, LONGEST, 5000);
    uint64_t due[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        due[i] = 5000 + (i * 7919 % LONGEST);
        delay_push(delay, &due[i], due[i]);
    }
    cr_expect_eq(delay_count(delay), COUNT);
    size_t taken = 0;
    uint64_t last = 0;
    for (uint64_t now = 5000; now < 5000 + 2 * LONGEST; now += 100) {
        void *items[3];
        uint32_t count = delay_pop(delay, now, items, 3);
        for (uint32_t i = 0; i < count; i++) {
            uint64_t own = *(uint64_t *)items[i];
            cr_assert_leq(own, now);
            cr_assert_geq(own / (LONGEST / 1024 + 1), last / (LONGEST / 1024 + 1));
            last = own;
            taken++;
        }
    }
    cr_expect_eq(taken, COUNT);
    cr_expect_eq(delay_count(delay), 0);
    // Past ones come at once, ones beyond the horizon at its end, and a drain takes them all.
    uint64_t now = 5000 + 2 * LONGEST;
    delay_push(delay, &due[0], 0);
    delay_push(delay, &due[1], UINT64_MAX);
    void *items[4];
    cr_expect_eq(delay_pop(delay, now + LONGEST / 512, items, 4), 1);
    cr_expect_eq(items[0], &due[0]);
    cr_expect_eq(delay_drain(delay, items, 4), 1);
    cr_expect_eq(items[0], &due[1]);
    delay_free(delay);
}
