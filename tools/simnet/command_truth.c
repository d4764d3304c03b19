// SPDX-License-Identifier: BSD-3-Clause
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "tools/simnet/command.h"
#include "tools/simnet/personality/personality.h"
#include "tools/simnet/truth.h"

struct truth_view {
    const struct population *population;
    const struct truth *truth;
    const uint16_t *ports;
};

static void print_counts(const char *network, const char *port, const uint64_t answers[static ANSWER_KINDS])
{
    printf("%-16s%-8s", network, port);
    for (size_t i = ANSWER_OPEN; i < ANSWER_KINDS; i++)
        printf("%14llu", (unsigned long long)answers[i]);
    printf("%16llu\n", (unsigned long long)answers[ANSWER_SILENT]);
}

static void print_table(const struct truth_view *view)
{
    printf("%-16s%-8s", "network", "port");
    for (size_t i = ANSWER_OPEN; i < ANSWER_KINDS; i++)
        printf("%14s", truth_answer_name((enum world_answer)i));
    printf("%16s\n", truth_answer_name(ANSWER_SILENT));
    uint64_t all[ANSWER_KINDS] = {0};
    for (size_t i = 0; i < view->truth->network_count; i++) {
        for (size_t j = 0; j < view->truth->port_count; j++) {
            const struct truth_count *count = &view->truth->counts[i * view->truth->port_count + j];
            char port[8];
            snprintf(port, sizeof(port), "%u", view->ports[j]);
            print_counts(view->population->networks[i].name, port, count->answers);
            for (size_t k = 0; k < ANSWER_KINDS; k++)
                all[k] += count->answers[k];
        }
    }
    print_counts("all", "all", all);
    printf("addresses %llu, hosts %llu, pairs %llu, accepting %llu\n", (unsigned long long)view->truth->addresses,
           (unsigned long long)view->truth->hosts,
           (unsigned long long)(view->truth->addresses * view->truth->port_count),
           (unsigned long long)truth_accepting(view->truth));
}

static json_t *counts_json(const uint64_t answers[static ANSWER_KINDS])
{
    json_t *object = json_object();
    for (size_t i = 0; i < ANSWER_KINDS; i++)
        json_object_set_new(object, truth_answer_name((enum world_answer)i), json_integer((json_int_t)answers[i]));
    return object;
}

static void print_json(const struct truth_view *view)
{
    const struct truth *truth = view->truth;
    uint64_t all[ANSWER_KINDS];
    for (size_t i = 0; i < ANSWER_KINDS; i++)
        all[i] = truth_sum(truth, (enum world_answer)i);
    json_t *networks = json_array();
    for (size_t i = 0; i < truth->network_count; i++) {
        json_t *ports = json_object();
        for (size_t j = 0; j < truth->port_count; j++) {
            char port[8];
            snprintf(port, sizeof(port), "%u", view->ports[j]);
            json_object_set_new(ports, port, counts_json(truth->counts[i * truth->port_count + j].answers));
        }
        json_array_append_new(networks, json_pack("{s:s,s:I,s:I,s:o}", "name", view->population->networks[i].name,
                                                  "addresses", (json_int_t)truth->network_addresses[i], "hosts",
                                                  (json_int_t)truth->network_hosts[i], "ports", ports));
    }
    json_t *root = json_pack("{s:s,s:I,s:I,s:I,s:I,s:o,s:o}", "population", view->population->name, "addresses",
                             (json_int_t)truth->addresses, "hosts", (json_int_t)truth->hosts, "pairs",
                             (json_int_t)(truth->addresses * truth->port_count), "accepting",
                             (json_int_t)truth_accepting(truth), "answers", counts_json(all), "networks", networks);
    json_dumpf(root, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(root);
}

static void print_pair(void *context, uint32_t network, uint32_t address, uint16_t port, enum world_answer answer)
{
    const struct population *population = context;
    printf("%u.%u.%u.%u\t%u\t%s\t%s\n", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255, port,
           truth_answer_name(answer), population->networks[network].name);
}

struct record_view {
    const struct world *world;
    const struct service *services;
};

// What accepts and never speaks has a record too, of which nothing is claimed.
static void print_record(void *context, uint32_t network, uint32_t address, uint16_t port, enum world_answer answer)
{
    const struct record_view *view = context;
    (void)network;
    if (answer != ANSWER_OPEN && answer != ANSWER_MIDDLEBOX && answer != ANSWER_TARPIT)
        return;
    const struct world_place place = world_find(view->world, address);
    uint32_t service = answer == ANSWER_OPEN ? world_service(view->world, &place, port) : WORLD_SERVICE_NONE;
    json_t *record =
        service == WORLD_SERVICE_NONE ? json_object() : service_truth(&view->services[service], place.host);
    char text[16];
    snprintf(text, sizeof(text), "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
    json_object_set_new(record, "ip", json_string(text));
    json_object_set_new(record, "port", json_integer(port));
    json_dumpf(record, stdout, JSON_COMPACT | JSON_SORT_KEYS);
    printf("\n");
    json_decref(record);
}

static int print_records(const struct population *population, const struct world *world, const uint16_t *ports,
                         size_t port_count)
{
    char error[POPULATION_ERROR_MAX] = "out of memory";
    struct record_view view = {.world = world};
    struct service *services;
    if (services_new(population, &services, error) != 0) {
        fprintf(stderr, "simnet: %s\n", error);
        return 2;
    }
    view.services = services;
    truth_list(world, ports, port_count, print_record, &view);
    services_free(services, population->service_count);
    return 0;
}

int command_truth(const struct command_options *options)
{
    struct population population;
    struct world *world;
    if (command_load(options, &population, &world) != 0)
        return 2;
    const uint16_t *ports = options->port_count > 0 ? options->ports : population.ports;
    size_t port_count = options->port_count > 0 ? options->port_count : population.port_count;
    int status = 0;
    if (options->records) {
        status = print_records(&population, world, ports, port_count);
    } else if (options->list) {
        truth_list(world, ports, port_count, print_pair, &population);
    } else {
        long cpus = sysconf(_SC_NPROCESSORS_ONLN);
        struct truth truth;
        int result = truth_count(world, ports, port_count, cpus < 1 ? 1 : (unsigned)cpus, &truth);
        if (result != 0) {
            fprintf(stderr, "simnet: truth: %s\n", strerror(-result));
            status = 1;
        } else {
            const struct truth_view view = {&population, &truth, ports};
            if (options->json)
                print_json(&view);
            else
                print_table(&view);
            truth_fini(&truth);
        }
    }
    world_free(world);
    population_fini(&population);
    return ferror(stdout) || fflush(stdout) != 0 ? 1 : status;
}
