// SPDX-License-Identifier: BSD-3-Clause
// The services of a population: what its hosts say, and which hosts say what.
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/simnet/population_loader.h"

// The keys of a service. Everything that reads, checks, frees or explains them walks this table.
struct service_key {
    const char *name;
    size_t offset;
    double max; // of a number; 0: a text; IS_OBJECT
    const char *help;
};

enum { IS_OBJECT = -1, AMOUNT_MAX = 1 << 30, VISIT_TAKES_MAX = 4096 };

#define SERVICE(member) offsetof(struct population_service, member)
static const struct service_key SERVICE_KEYS[] = {
    {"speaks", SERVICE(speaks), 0, "its personality: simnet keys lists them"},
    {"banner", SERVICE(banner), 0, "what it says first; of ssh its identification"},
    {"page", SERVICE(page), 0, "http: the page; ssh: the banner before authentication"},
    {"server", SERVICE(server), 0, "http: the Server header"},
    {"status", SERVICE(status), 999, "http: the status code, 200 by default"},
    {"methods", SERVICE(methods), 0, "ssh: methods that can continue, or \"none\" to let anybody in"},
    {"key", SERVICE(key), 0, "ed25519 (default) or ecdsa"},
    {"keys", SERVICE(keys), 4096, "so many keys and certificates, of which each host has one; 1 by default"},
    {"domain", SERVICE(domain), 0, "certificates are for h0, h1, ... of it"},
    {"version", SERVICE(version), 0, "tls: 1.0, 1.1, 1.2 (default) or 1.3"},
    {"cipher", SERVICE(cipher), 0, "tls: OpenSSL's list; tls13: TLS_CHACHA20_POLY1305_SHA256 in place of AES"},
    {"inside", SERVICE(inside), 0,
     "tls, tls13: the service spoken there; lines, raw: behind STARTTLS; it stands before this one in the file"},
    {"starttls", SERVICE(starttls), 0, "lines: behind the line that holds it, and its answer, `inside` is spoken"},
    {"answers", SERVICE(answers), IS_OBJECT, "lines: what is said to a line that holds the key; \"\": to any other"},
    {"opening", SERVICE(opening), 0, "raw: what it says first, in hex"},
    {"reply", SERVICE(reply), 0, "raw: what it says whenever it hears something, in hex"},
    {"takes", SERVICE(takes), VISIT_TAKES_MAX,
     "raw: so many bytes it hears, replies once, and then `inside` is spoken"},
    {"amount", SERVICE(amount), AMOUNT_MAX, "babble: bytes, 0 without end; bomb, tls13: bytes of what is too large"},
    {"deed", SERVICE(deed), 0, "tls, tls13: the hostile thing that it does; see deeds below"},
    {"manner", SERVICE(manner), 0, "how its TCP behaves; see manners below"},
    {"stage", SERVICE(stage), 99, "manner reset: segments with bytes, of either side, before it"},
    {"record", SERVICE(record), IS_OBJECT, "what simnet truth --records says of such a host besides"},
};
enum { SERVICE_KEY_COUNT = sizeof(SERVICE_KEYS) / sizeof(SERVICE_KEYS[0]) };

static int service_key_read(const struct loader *loader, const struct service_key *key, const json_t *value,
                            struct population_service *service)
{
    char *field = (char *)service + key->offset;
    if (key->max > 0) {
        double number = json_number_value(value);
        if (!json_is_number(value) || !(number >= 0 && number <= key->max))
            return loader_fail(loader, "services.%.60s.%s: expected a number from 0 to %g", service->name, key->name,
                               key->max);
        memcpy(field, &number, sizeof(number));
        return 0;
    }
    bool object = key->max < 0;
    if (object ? !json_is_object(value) : !json_is_string(value))
        return loader_fail(loader, "services.%.60s.%s: expected %s", service->name, key->name,
                           object ? "an object" : "a string");
    char *copy = object ? json_dumps(value, JSON_COMPACT) : strdup(json_string_value(value));
    memcpy(field, &copy, sizeof(copy));
    return copy == NULL ? -ENOMEM : 0;
}

static int service_read(const struct loader *loader, const json_t *object, struct population_service *service)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const struct service_key *key = NULL;
        for (size_t i = 0; i < SERVICE_KEY_COUNT; i++)
            if (strcmp(SERVICE_KEYS[i].name, name) == 0)
                key = &SERVICE_KEYS[i];
        if (key == NULL)
            return loader_fail(loader, "services.%.60s: unknown key \"%.40s\"", service->name, name);
        int error = service_key_read(loader, key, value, service);
        if (error != 0)
            return error;
    }
    if (service->speaks == NULL)
        return loader_fail(loader, "services.%.60s: expected an object with \"speaks\"", service->name);
    bool known = service->key == NULL || strcmp(service->key, "ed25519") == 0 || strcmp(service->key, "ecdsa") == 0;
    return known ? 0 : loader_fail(loader, "services.%.60s.key: expected \"ed25519\" or \"ecdsa\"", service->name);
}

int services_read(const struct loader *loader, const json_t *object, struct population *ret_population)
{
    if (object == NULL)
        return 0;
    size_t count = json_object_size(object);
    if (!json_is_object(object) || count > POPULATION_SERVICES_MAX)
        return loader_fail(loader, "services: expected an object of at most %d services", POPULATION_SERVICES_MAX);
    ret_population->services = calloc(count + 1, sizeof(*ret_population->services));
    if (ret_population->services == NULL)
        return -ENOMEM;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        struct population_service *service = &ret_population->services[ret_population->service_count++];
        service->name = strdup(name);
        if (service->name == NULL)
            return -ENOMEM;
        int error = service_read(loader, value, service);
        if (error != 0)
            return error;
    }
    return 0;
}

void services_fini(struct population *population)
{
    for (size_t i = 0; i < population->service_count; i++) {
        struct population_service *service = &population->services[i];
        for (size_t j = 0; j < SERVICE_KEY_COUNT; j++) {
            char *text;
            memcpy(&text, (char *)service + SERVICE_KEYS[j].offset, sizeof(text));
            if (SERVICE_KEYS[j].max <= 0)
                free(text);
        }
        free(service->name);
    }
    free(population->services);
}

int speaks_read(const struct loader *loader, const char *where, const json_t *object,
                const struct population *population, struct population_port *ret_port)
{
    if (!json_is_object(object) || json_object_size(object) > POPULATION_SPEAKS_MAX)
        return loader_fail(loader, "%s.speaks: expected an object of at most %d services", where,
                           POPULATION_SPEAKS_MAX);
    const char *name;
    json_t *value;
    double sum = 0;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        size_t index = 0;
        while (index < population->service_count && strcmp(population->services[index].name, name) != 0)
            index++;
        double share = json_number_value(value);
        sum += share;
        if (index == population->service_count)
            return loader_fail(loader, "%s.speaks: no service \"%.60s\"", where, name);
        if (!json_is_number(value) || !(share >= 0) || sum > 1)
            return loader_fail(loader, "%s.speaks.%.60s: expected shares that are 1 at most together", where, name);
        ret_port->speaks[ret_port->speaks_count++] = (struct population_speaks){(uint32_t)index, share};
    }
    return 0;
}

void services_print_keys(FILE *out)
{
    for (size_t i = 0; i < SERVICE_KEY_COUNT; i++) {
        char range[24] = "text";
        if (SERVICE_KEYS[i].max < 0)
            snprintf(range, sizeof(range), "object");
        if (SERVICE_KEYS[i].max > 0)
            snprintf(range, sizeof(range), "0 to %g", SERVICE_KEYS[i].max);
        fprintf(out, "  %-20s%-20s%-13s%s\n", "services.NAME", SERVICE_KEYS[i].name, range, SERVICE_KEYS[i].help);
    }
}
