// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/population_loader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_BASE "240.0.0.0" // reserved (RFC 1112 section 4): no router carries it, whatever goes wrong

// The keys that hold one number. Everything that reads, checks or explains them walks these tables.
struct number_key {
    const char *name;
    size_t offset;
    double max;
    const char *help;
};

#define NETWORK(member) offsetof(struct population_network, member)
static const struct number_key NETWORK_KEYS[] = {
    {"alive", NETWORK(alive), 1, "share of the addresses that are hosts"},
    {"unreachable", NETWORK(unreachable), 1, "share of the addresses for which a router sends host unreachable"},
    {"prohibited", NETWORK(prohibited), 1, "share of the hosts whose firewall sends ICMP instead of silence"},
    {"tarpits", NETWORK(tarpits), 1, "share of the hosts that accept every port and never speak"},
    {"middleboxes", NETWORK(middleboxes), 1, "share of the /24s behind a middlebox that accepts everything"},
    {"answers_per_second", NETWORK(answers_per_second), 1e9, "limit on the whole network's answers, 0 = none"},
    {"rtt_min_ms", NETWORK(rtt_min_ms), 10000, "shortest round trip of a host"},
    {"rtt_typical_ms", NETWORK(rtt_typical_ms), 10000, "mean round trip; hosts are spread exponentially"},
    {"rtt_max_ms", NETWORK(rtt_max_ms), 10000, "longest round trip"},
};

#define WEATHER(member) offsetof(struct population_weather, member)
static const struct number_key WEATHER_KEYS[] = {
    {"loss", WEATHER(loss), 1, "share of the probes that get no answer, each time anew"},
    {"duplicates", WEATHER(duplicates), 1, "share of the probes answered twice"},
    {"reordering", WEATHER(reordering), 1, "share of the probes answered 1 ms late"},
    {"forged", WEATHER(forged), 1, "share of the probes that also bring an answer with a wrong cookie"},
    {"malformed", WEATHER(malformed), 1, "share of the probes that also bring a frame with an impossible header"},
    {"truncated", WEATHER(truncated), 1, "share of the probes that also bring a frame cut short"},
};

#define PORT(member) offsetof(struct population_port, member)
static const struct number_key PORT_KEYS[] = {
    {"open", PORT(open), 1, "share of the hosts that answer SYN-ACK"},
    {"closed", PORT(closed), 1, "share of the hosts that answer RST; the others are silent"},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct number_key *number_key_find(const struct number_key *keys, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

static int number_read(const struct loader *loader, const char *where, const struct number_key *key,
                       const json_t *value, void *ret_object)
{
    double number = json_number_value(value);
    if (!json_is_number(value) || !(number >= 0 && number <= key->max))
        return loader_fail(loader, "%s.%s: expected a number from 0 to %g", where, key->name, key->max);
    memcpy((char *)ret_object + key->offset, &number, sizeof(number));
    return 0;
}

static int port_read(const struct loader *loader, const char *place, const json_t *shares,
                     const struct population *population, struct population_port *port)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)shares, name, value)
    {
        const struct number_key *key = number_key_find(PORT_KEYS, COUNT_OF(PORT_KEYS), name);
        int error = 0;
        if (key != NULL)
            error = number_read(loader, place, key, value, port);
        else if (strcmp(name, "speaks") == 0)
            error = speaks_read(loader, place, value, population, port);
        else
            error = loader_fail(loader, "%s: unknown key \"%.40s\"", place, name);
        if (error != 0)
            return error;
    }
    if (port->open + port->closed > 1)
        return loader_fail(loader, "%s: expected open and closed to be 1 at most together", place);
    return 0;
}

static int ports_read(const struct loader *loader, const char *where, const json_t *object,
                      const struct population *population, struct population_network *ret_network)
{
    if (!json_is_object(object) || json_object_size(object) > POPULATION_PORTS_MAX)
        return loader_fail(loader, "%s.ports: expected an object of at most %d ports", where, POPULATION_PORTS_MAX);
    ret_network->ports = calloc(json_object_size(object) + 1, sizeof(*ret_network->ports));
    if (ret_network->ports == NULL)
        return -ENOMEM;
    const char *name;
    json_t *shares;
    json_object_foreach((json_t *)(uintptr_t)object, name, shares)
    {
        char place[128];
        snprintf(place, sizeof(place), "%.80s.ports.%.16s", where, name);
        struct population_port *port = &ret_network->ports[ret_network->port_count++];
        char *end = NULL;
        long number = strtol(name, &end, 10);
        bool other = strcmp(name, "*") == 0;
        if (!other && (*name == '\0' || *end != '\0' || number < 0 || number > 65535))
            return loader_fail(loader, "%s: expected a port from 0 to 65535, or \"*\"", place);
        port->port = other ? POPULATION_OTHER_PORTS : (int32_t)number;
        int error = port_read(loader, place, shares, population, port);
        if (error != 0)
            return error;
    }
    return 0;
}

static int range_parse(const char *text, struct population_range *ret_range)
{
    char address[INET_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t length = slash == NULL ? strlen(text) : (size_t)(slash - text);
    if (length >= sizeof(address))
        return -EINVAL;
    memcpy(address, text, length);
    address[length] = '\0';
    char *end = NULL;
    long bits = slash == NULL ? 32 : strtol(slash + 1, &end, 10);
    struct in_addr parsed;
    if (inet_pton(AF_INET, address, &parsed) != 1 || bits < 0 || bits > 32 ||
        (slash != NULL && (slash[1] == '\0' || *end != '\0')))
        return -EINVAL;
    uint32_t hosts = bits == 0 ? UINT32_MAX : (uint32_t)((UINT64_C(1) << (32 - bits)) - 1);
    if ((ntohl(parsed.s_addr) & hosts) != 0)
        return -EINVAL;
    *ret_range = (struct population_range){ntohl(parsed.s_addr), ntohl(parsed.s_addr) | hosts};
    return 0;
}

// The share of count that exists; never nothing, so that no network disappears.
static uint64_t scale_count(double scale, uint64_t count)
{
    uint64_t scaled = (uint64_t)llround((double)count * scale);
    return scaled == 0 ? 1 : scaled;
}

static int prefixes_read(const struct loader *loader, const char *where, const json_t *array,
                         struct population_network *ret_network)
{
    if (!json_is_array(array) || json_array_size(array) == 0)
        return loader_fail(loader, "%s.prefixes: expected an array of prefixes", where);
    ret_network->ranges = calloc(json_array_size(array), sizeof(*ret_network->ranges));
    if (ret_network->ranges == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *text = json_string_value(json_array_get(array, i));
        struct population_range range;
        if (text == NULL || range_parse(text, &range) != 0)
            return loader_fail(loader, "%s.prefixes[%zu]: expected a prefix such as \"10.1.0.0/16\"", where, i);
        uint64_t count = scale_count(loader->scale, (uint64_t)(range.last - range.first) + 1);
        range.last = range.first + (uint32_t)(count - 1);
        ret_network->ranges[ret_network->range_count++] = range;
        ret_network->addresses += count;
    }
    return 0;
}

// Networks given by their size alone stand one behind the other, each on a /16 of its own.
static int addresses_read(struct loader *loader, const char *where, const json_t *value,
                          struct population_network *ret_network)
{
    json_int_t wanted = json_integer_value(value);
    if (!json_is_integer(value) || wanted < 1 || wanted > (json_int_t)UINT32_MAX)
        return loader_fail(loader, "%s.addresses: expected a number of addresses", where);
    uint64_t count = scale_count(loader->scale, (uint64_t)wanted);
    if (loader->next_base + count > (UINT64_C(1) << 32))
        return loader_fail(loader, "%s.addresses: expected at most %llu from this base", where,
                           (unsigned long long)((UINT64_C(1) << 32) - loader->next_base));
    ret_network->ranges = calloc(1, sizeof(*ret_network->ranges));
    if (ret_network->ranges == NULL)
        return -ENOMEM;
    ret_network->range_count = 1;
    ret_network->addresses = count;
    ret_network->ranges[0].first = (uint32_t)loader->next_base;
    ret_network->ranges[0].last = (uint32_t)(loader->next_base + count - 1);
    loader->next_base = (loader->next_base + count + 0xffff) & ~UINT64_C(0xffff);
    return 0;
}

static int network_key_read(struct loader *loader, const char *where, const char *name, const json_t *value,
                            struct population_network *ret_network)
{
    if (strcmp(name, "prefixes") == 0)
        return prefixes_read(loader, where, value, ret_network);
    if (strcmp(name, "addresses") == 0)
        return addresses_read(loader, where, value, ret_network);
    if (strcmp(name, "name") == 0) {
        if (!json_is_string(value))
            return loader_fail(loader, "%s.name: expected a string", where);
        ret_network->name = strdup(json_string_value(value));
        return ret_network->name == NULL ? -ENOMEM : 0;
    }
    const struct number_key *key = number_key_find(NETWORK_KEYS, COUNT_OF(NETWORK_KEYS), name);
    if (key == NULL)
        return loader_fail(loader, "%s: unknown key \"%.40s\"", where, name);
    return number_read(loader, where, key, value, ret_network);
}

static int network_read(struct loader *loader, const char *where, const json_t *object,
                        const struct population *population, struct population_network *ret_network)
{
    if (json_object_get(object, "prefixes") != NULL && json_object_get(object, "addresses") != NULL)
        return loader_fail(loader, "%s: expected either prefixes or addresses", where);
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        int error = strcmp(name, "ports") == 0 ? ports_read(loader, where, value, population, ret_network)
                                               : network_key_read(loader, where, name, value, ret_network);
        if (error != 0)
            return error;
    }
    if (ret_network->name == NULL || ret_network->range_count == 0)
        return loader_fail(loader, "%s: expected an object with a name, and prefixes or addresses", where);
    if (ret_network->alive + ret_network->unreachable > 1)
        return loader_fail(loader, "%s: expected alive and unreachable to be 1 at most together", where);
    if (ret_network->rtt_min_ms > ret_network->rtt_typical_ms || ret_network->rtt_typical_ms > ret_network->rtt_max_ms)
        return loader_fail(loader, "%s: expected rtt_min_ms <= rtt_typical_ms <= rtt_max_ms", where);
    return 0;
}

static int networks_read(struct loader *loader, const json_t *array, struct population *ret_population)
{
    size_t count = json_array_size(array);
    if (!json_is_array(array) || count == 0 || count > POPULATION_NETWORKS_MAX)
        return loader_fail(loader, "networks: expected an array of 1 to %d networks", POPULATION_NETWORKS_MAX);
    ret_population->networks = calloc(count, sizeof(*ret_population->networks));
    if (ret_population->networks == NULL)
        return -ENOMEM;
    ret_population->network_count = count;
    for (size_t i = 0; i < count; i++) {
        char where[32];
        snprintf(where, sizeof(where), "networks[%zu]", i);
        int error = network_read(loader, where, json_array_get(array, i), ret_population, &ret_population->networks[i]);
        if (error != 0)
            return error;
    }
    return 0;
}

static int weather_check(const struct loader *loader, const struct population_weather *weather)
{
    double sum = weather->loss + weather->duplicates + weather->reordering + weather->forged + weather->malformed +
                 weather->truncated;
    return sum > 1 ? loader_fail(loader, "weather: expected shares that are 1 at most together") : 0;
}

static int weather_read(const struct loader *loader, const json_t *object, struct population_weather *ret_weather)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const struct number_key *key = number_key_find(WEATHER_KEYS, COUNT_OF(WEATHER_KEYS), name);
        if (key == NULL)
            return loader_fail(loader, "weather: unknown key \"%.40s\"", name);
        int error = number_read(loader, "weather", key, value, ret_weather);
        if (error != 0)
            return error;
    }
    return weather_check(loader, ret_weather);
}

static int scan_ports_read(const struct loader *loader, const json_t *array, struct population *ret_population)
{
    size_t count = json_array_size(array);
    if (!json_is_array(array) || count == 0 || count > 65536)
        return loader_fail(loader, "ports: expected an array of ports");
    ret_population->ports = calloc(count, sizeof(*ret_population->ports));
    if (ret_population->ports == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(array, i);
        if (!json_is_integer(item) || json_integer_value(item) < 0 || json_integer_value(item) > 65535)
            return loader_fail(loader, "ports[%zu]: expected a port from 0 to 65535", i);
        ret_population->ports[ret_population->port_count++] = (uint16_t)json_integer_value(item);
    }
    return 0;
}

// FNV-1a: the key is public, it only has to differ between populations.
static uint64_t key_of(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return hash;
}

static int root_read(struct loader *loader, const json_t *root, uint32_t base, struct population *ret_population)
{
    static const char *const KNOWN[] = {"schema", "name",     "about",   "key",     "base",
                                        "ports",  "networks", "weather", "services"};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)root, name, value)
    {
        bool known = false;
        for (size_t i = 0; i < COUNT_OF(KNOWN); i++)
            known |= strcmp(name, KNOWN[i]) == 0;
        if (!known)
            return loader_fail(loader, "unknown key \"%.40s\"", name);
    }
    const char *schema = json_string_value(json_object_get(root, "schema"));
    if (schema == NULL || strcmp(schema, "simnet-population-1") != 0)
        return loader_fail(loader, "schema: expected \"simnet-population-1\"");
    const char *own_name = json_string_value(json_object_get(root, "name"));
    const char *key = json_string_value(json_object_get(root, "key"));
    if (own_name == NULL || key == NULL)
        return loader_fail(loader, "expected a name and a key, both strings");
    ret_population->name = strdup(own_name);
    if (ret_population->name == NULL)
        return -ENOMEM;
    ret_population->key = key_of(key);

    const json_t *base_text = json_object_get(root, "base");
    struct population_range range;
    if (range_parse(base_text == NULL                      ? DEFAULT_BASE
                    : json_string_value(base_text) == NULL ? ""
                                                           : json_string_value(base_text),
                    &range) != 0)
        return loader_fail(loader, "base: expected an address such as \"240.0.0.0\"");
    loader->next_base = base != 0 ? base : range.first;
    int error = scan_ports_read(loader, json_object_get(root, "ports"), ret_population);
    if (error == 0)
        error = weather_read(loader, json_object_get(root, "weather"), &ret_population->weather);
    if (error == 0)
        error = services_read(loader, json_object_get(root, "services"), ret_population);
    if (error == 0)
        error = networks_read(loader, json_object_get(root, "networks"), ret_population);
    return error;
}

int population_load(const char *path, struct population_options options, struct population *ret_population,
                    char error[static POPULATION_ERROR_MAX])
{
    struct loader loader = {.path = path, .error = error, .scale = options.scale == 0 ? 1 : options.scale};
    snprintf(error, POPULATION_ERROR_MAX, "%.80s: %s", path, strerror(ENOMEM));
    if (!(loader.scale > 0 && loader.scale <= 1))
        return loader_fail(&loader, "expected a scale above 0 and at most 1");
    json_error_t problem;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &problem);
    if (root == NULL)
        return loader_fail(&loader, "line %d: %s", problem.line, problem.text);
    struct population population = {0};
    int result = root_read(&loader, root, options.base, &population);
    json_decref(root);
    if (result != 0) {
        population_fini(&population);
        return result;
    }
    *ret_population = population;
    return 0;
}

void population_fini(struct population *population)
{
    for (size_t i = 0; i < population->network_count; i++) {
        free(population->networks[i].name);
        free(population->networks[i].ranges);
        free(population->networks[i].ports);
    }
    services_fini(population);
    free(population->networks);
    free(population->ports);
    free(population->name);
    *population = (struct population){0};
}

static void population_calm(struct population *population)
{
    population->weather = (struct population_weather){0};
    for (size_t i = 0; i < population->network_count; i++) {
        struct population_network *network = &population->networks[i];
        network->answers_per_second = 0;
        network->rtt_min_ms = network->rtt_typical_ms = network->rtt_max_ms = 0;
    }
}

int population_set_weather(struct population *population, const char *text, char error[static POPULATION_ERROR_MAX])
{
    struct loader loader = {.path = "weather", .error = error};
    struct population_weather weather = population->weather;
    char copy[256];
    if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
        return loader_fail(&loader, "expected at most %zu characters", sizeof(copy) - 1);
    bool calm = false;
    char *rest = copy;
    for (char *item = strsep(&rest, ","); item != NULL; item = strsep(&rest, ",")) {
        if (strcmp(item, "calm") == 0) {
            calm = true;
            weather = (struct population_weather){0};
            continue;
        }
        char *equals = strchr(item, '=');
        if (equals == NULL)
            return loader_fail(&loader, "expected \"calm\" or KEY=SHARE, got \"%.40s\"", item);
        *equals = '\0';
        const struct number_key *key = number_key_find(WEATHER_KEYS, COUNT_OF(WEATHER_KEYS), item);
        char *end = NULL;
        double share = strtod(equals + 1, &end);
        if (key == NULL || end == equals + 1 || *end != '\0' || !(share >= 0 && share <= 1))
            return loader_fail(&loader, "expected a key of the weather and a share, got \"%.40s=%.40s\"", item,
                               equals + 1);
        memcpy((char *)&weather + key->offset, &share, sizeof(share));
    }
    if (weather_check(&loader, &weather) != 0)
        return -EINVAL;
    if (calm)
        population_calm(population);
    population->weather = weather;
    return 0;
}

static void print_keys(FILE *out, const char *where, const struct number_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(out, "  %-20s%-20s0 to %-8g%s\n", where, keys[i].name, keys[i].max, keys[i].help);
}

void population_print_keys(FILE *out)
{
    fprintf(out, "  schema, name, key, ports (asked by default), base (address of networks given by size), about\n");
    fprintf(out, "  %-20sname, and either prefixes [\"10.1.0.0/16\", ...] or addresses (a number)\n", "networks[]");
    print_keys(out, "networks[]", NETWORK_KEYS, COUNT_OF(NETWORK_KEYS));
    print_keys(out, "networks[].ports.N", PORT_KEYS, COUNT_OF(PORT_KEYS));
    fprintf(out, "  %-20s%-20s%-13s%s\n", "networks[].ports.N", "speaks", "",
            "{service: share of the open ports, ...}");
    services_print_keys(out);
    print_keys(out, "weather", WEATHER_KEYS, COUNT_OF(WEATHER_KEYS));
}
