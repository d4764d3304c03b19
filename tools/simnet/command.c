// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/command.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tools/simnet/personality/personality.h"
#include "tools/simnet/personality/tls13.h"

// One row an option: the parser, its errors and the help all walk this table.
enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER, OPTION_COUNT, OPTION_ADDRESS, OPTION_PORTS };

struct option_row {
    const char *name;
    const char *value; // as the help names it
    uint8_t kind;      // enum option_kind
    size_t offset;
    double max; // of a number or count
    const char *help;
};

#define OPTION(member) offsetof(struct command_options, member)
static const struct option_row OPTIONS[] = {
    {"scale", "F", OPTION_NUMBER, OPTION(scale), 1, "share of each network's addresses that exists, 0.01 = 1:100"},
    {"base", "ADDRESS", OPTION_ADDRESS, OPTION(base), 0, "where networks without prefixes of their own begin"},
    {"weather", "LIST", OPTION_TEXT, OPTION(weather), 0, "calm, loss=F, duplicates=F, reordering=F, forged=F, ..."},
    {"network", "NAME", OPTION_TEXT, OPTION(network), 0, "targets: this network only"},
    {"ports", "LIST", OPTION_PORTS, OPTION(ports), 0, "truth: ports to ask, 22,80,...; the population's by default"},
    {"list", NULL, OPTION_FLAG, OPTION(list), 0, "truth: print each address, port and answer that is not silent"},
    {"records", NULL, OPTION_FLAG, OPTION(records), 0, "truth: print what the record of each open port must say"},
    {"json", NULL, OPTION_FLAG, OPTION(json), 0, "truth, run: print one JSON object"},
    {"vdev", "DEVICE", OPTION_TEXT, OPTION(vdev), 0, "run: such as net_memif0,role=server,socket=/run/simnet.sock"},
    {"seconds", "N", OPTION_NUMBER, OPTION(seconds), 1e6, "run: stop by itself after so long"},
    {"lcore", "N", OPTION_COUNT, OPTION(lcore), 1023, "run: the CPU to run on; the last one by default"},
    {"memory", "MB", OPTION_COUNT, OPTION(memory_mb), 65536, "run: memory for buffers, 64 by default"},
    {"buffers", "N", OPTION_COUNT, OPTION(buffers), 1e6, "run: answers on the way or waiting, 8,191 by default"},
};

enum { OPTION_ROWS = sizeof(OPTIONS) / sizeof(OPTIONS[0]) };

void command_print_options(FILE *out)
{
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        char name[40];
        snprintf(name, sizeof(name), "--%s %s", OPTIONS[i].name, OPTIONS[i].value == NULL ? "" : OPTIONS[i].value);
        fprintf(out, "  %-20s%s\n", name, OPTIONS[i].help);
    }
}

static int ports_parse(const char *text, struct command_options *ret_options)
{
    size_t count = 0;
    const char *at = text;
    while (*at != '\0' && count < COMMAND_PORTS_MAX) {
        char *end = NULL;
        unsigned long port = strtoul(at, &end, 10);
        if (end == at || port > 65535 || (*end != ',' && *end != '\0') || *at == '-')
            return -EINVAL;
        ret_options->ports[count++] = (uint16_t)port;
        at = *end == ',' ? end + 1 : end;
    }
    ret_options->port_count = count;
    return count == 0 || *at != '\0' ? -EINVAL : 0;
}

static int number_parse(const struct option_row *row, const char *text, double *ret_number)
{
    char *end = NULL;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !(number >= 0 && number <= row->max))
        return -EINVAL;
    if (row->kind == OPTION_COUNT && number != (double)(uint32_t)number)
        return -EINVAL;
    *ret_number = number;
    return 0;
}

static int option_take(const struct option_row *row, const char *text, struct command_options *options)
{
    char *field = (char *)options + row->offset;
    double number = 0;
    struct in_addr address;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return 0;
    case OPTION_TEXT:
        memcpy(field, &text, sizeof(text));
        return 0;
    case OPTION_PORTS:
        return ports_parse(text, options);
    case OPTION_ADDRESS:
        if (inet_pton(AF_INET, text, &address) != 1)
            return -EINVAL;
        memcpy(field, &(uint32_t){ntohl(address.s_addr)}, sizeof(uint32_t));
        return 0;
    case OPTION_COUNT:
        if (number_parse(row, text, &number) != 0)
            return -EINVAL;
        memcpy(field, &(uint32_t){(uint32_t)number}, sizeof(uint32_t));
        options->lcore_given |= row->offset == OPTION(lcore);
        return 0;
    default:
        if (number_parse(row, text, &number) != 0)
            return -EINVAL;
        memcpy(field, &number, sizeof(number));
        return 0;
    }
}

int command_parse(int argc, char **argv, struct command_options *ret_options)
{
    struct option longs[OPTION_ROWS + 1] = {0};
    for (int i = 0; i < OPTION_ROWS; i++)
        longs[i] =
            (struct option){OPTIONS[i].name, OPTIONS[i].value == NULL ? no_argument : required_argument, NULL, i};
    struct command_options options = {0};
    optind = 1;
    for (;;) {
        int index = getopt_long(argc, argv, "", longs, NULL);
        if (index == -1)
            break;
        if (index == '?')
            return -EINVAL;
        if (option_take(&OPTIONS[index], optarg, &options) != 0) {
            fprintf(stderr, "simnet: --%s: \"%s\" is no %s (%s)\n", OPTIONS[index].name, optarg, OPTIONS[index].value,
                    OPTIONS[index].help);
            return -EINVAL;
        }
    }
    if (optind + 1 < argc) {
        fprintf(stderr, "simnet: unexpected argument \"%s\"\n", argv[optind + 1]);
        return -EINVAL;
    }
    options.path = optind < argc ? argv[optind] : NULL;
    *ret_options = options;
    return 0;
}

int command_load(const struct command_options *options, struct population *ret_population, struct world **ret_world)
{
    char error[POPULATION_ERROR_MAX];
    struct population population;
    if (options->path == NULL) {
        fprintf(stderr, "simnet: a population file is needed\n");
        return -EINVAL;
    }
    const struct population_options load = {.scale = options->scale, .base = options->base};
    int result = population_load(options->path, load, &population, error);
    if (result != 0) {
        fprintf(stderr, "simnet: %s\n", error);
        return result;
    }
    if (options->weather != NULL)
        result = population_set_weather(&population, options->weather, error);
    if (result == 0)
        result = world_new(&population, ret_world, error);
    if (result != 0) {
        fprintf(stderr, "simnet: %s\n", error);
        population_fini(&population);
        return result;
    }
    *ret_population = population;
    return 0;
}

int command_keys(const struct command_options *options)
{
    (void)options;
    population_print_keys(stdout);
    size_t count;
    const struct personality *const *rows = personality_rows(&count);
    printf("\n  personalities, for services.NAME.speaks:\n");
    for (size_t i = 0; i < count; i++)
        printf("  %-20s%s\n", rows[i]->name, rows[i]->help);
    printf("\n  manners, for services.NAME.manner:\n");
    for (enum manner i = 0; i < MANNER_COUNT; i++)
        printf("  %-20s%s\n", manner_name(i), manner_help(i));
    printf("\n  deeds, for services.NAME.deed of tls13, and \"renegotiate\" of tls:\n");
    for (enum tls13_deed i = TLS13_NONE + 1; i < TLS13_DEED_COUNT; i++)
        printf("  %-20s%s\n", tls13_deed_name(i), tls13_deed_help(i));
    return 0;
}

// Prints [first, last] as the fewest prefixes.
static void print_prefixes(uint64_t first, uint64_t last)
{
    while (first <= last) {
        unsigned bits = first == 0 ? 32 : (unsigned)__builtin_ctzll(first);
        bits = bits > 32 ? 32 : bits;
        while (first + (UINT64_C(1) << bits) - 1 > last)
            bits--;
        printf("%u.%u.%u.%u/%u\n", (unsigned)(first >> 24), (unsigned)(first >> 16 & 255), (unsigned)(first >> 8 & 255),
               (unsigned)(first & 255), 32 - bits);
        first += UINT64_C(1) << bits;
    }
}

int command_targets(const struct command_options *options)
{
    struct population population;
    struct world *world;
    if (command_load(options, &population, &world) != 0)
        return 2;
    bool found = false;
    for (size_t i = 0; i < population.network_count; i++) {
        const struct population_network *network = &population.networks[i];
        if (options->network != NULL && strcmp(options->network, network->name) != 0)
            continue;
        found = true;
        for (size_t j = 0; j < network->range_count; j++)
            print_prefixes(network->ranges[j].first, network->ranges[j].last);
    }
    if (!found)
        fprintf(stderr, "simnet: --network: no network \"%s\" in %s\n", options->network, options->path);
    world_free(world);
    population_fini(&population);
    return found ? 0 : 2;
}
