// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/personality/personality.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct personality *const ROWS[] = {
#define X(name) &personality_##name,
    PERSONALITIES(X)
#undef X
};

static const struct {
    const char *name;
    const char *help;
    bool arrives;
} MANNER_ROWS[MANNER_COUNT] = {
#define X(enumerator, name, arrives, help) {name, help, arrives},
    MANNERS(X)
#undef X
};

const char *manner_name(enum manner manner)
{
    return MANNER_ROWS[manner].name;
}

const char *manner_help(enum manner manner)
{
    return MANNER_ROWS[manner].help;
}

const struct personality *const *personality_rows(size_t *ret_count)
{
    *ret_count = sizeof(ROWS) / sizeof(ROWS[0]);
    return ROWS;
}

const struct personality *personality_find(const char *name)
{
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        if (strcmp(ROWS[i]->name, name) == 0)
            return ROWS[i];
    return NULL;
}

static const char *text_or(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

static int identities_new(struct service *service, uint64_t population_key)
{
    const struct population_service *said = service->said;
    struct identity_wish wish = {.population_key = population_key,
                                 .service = said->name,
                                 .common_name = text_or(said->domain, "simnet.example"),
                                 .use = service->personality->uses,
                                 .kind = strcmp(text_or(said->key, "ed25519"), "ecdsa") == 0 ? IDENTITY_ECDSA
                                                                                             : IDENTITY_ED25519};
    if (wish.use == IDENTITY_NONE)
        return 0;
    uint32_t count = said->keys < 1 ? 1 : (uint32_t)said->keys;
    service->identities = calloc(count, sizeof(*service->identities));
    if (service->identities == NULL)
        return -ENOMEM;
    int error = 0;
    for (; error == 0 && wish.index < count; wish.index++) {
        service->identity_count++;
        error = identity_init(&service->identities[wish.index], &wish);
    }
    return error;
}

// Only what stands before a service in the file can be inside it, so nothing is inside itself.
static int service_init(struct service *services, size_t index, const struct population *population,
                        char error[static POPULATION_ERROR_MAX])
{
    struct service *service = &services[index];
    service->said = &population->services[index];
    service->personality = personality_find(service->said->speaks);
    if (service->personality == NULL) {
        snprintf(error, POPULATION_ERROR_MAX, "services.%.60s.speaks: no personality \"%.60s\"", service->said->name,
                 service->said->speaks);
        return -EINVAL;
    }
    for (size_t i = 0; service->said->inside != NULL && i < index; i++)
        if (strcmp(services[i].said->name, service->said->inside) == 0)
            service->inside = &services[i];
    if (service->said->inside != NULL && service->inside == NULL) {
        snprintf(error, POPULATION_ERROR_MAX, "services.%.60s.inside: expected the name of an earlier service",
                 service->said->name);
        return -EINVAL;
    }
    while (service->said->manner != NULL && service->manner < MANNER_COUNT &&
           strcmp(MANNER_ROWS[service->manner].name, service->said->manner) != 0)
        service->manner++;
    if (service->manner == MANNER_COUNT) {
        snprintf(error, POPULATION_ERROR_MAX, "services.%.60s.manner: no manner \"%.60s\"", service->said->name,
                 service->said->manner);
        return -EINVAL;
    }
    int status = identities_new(service, population->key);
    if (status == 0 && service->personality->prepare != NULL)
        status = service->personality->prepare(service, error);
    return status;
}

int services_new(const struct population *population, struct service **ret_services,
                 char error[static POPULATION_ERROR_MAX])
{
    struct service *services = calloc(population->service_count + 1, sizeof(*services));
    if (services == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < population->service_count; i++) {
        int status = service_init(services, i, population, error);
        if (status != 0) {
            services_free(services, i + 1);
            return status;
        }
    }
    *ret_services = services;
    return 0;
}

void services_free(struct service *services, size_t count)
{
    for (size_t i = 0; services != NULL && i < count; i++) {
        if (services[i].personality != NULL && services[i].personality->dispose != NULL)
            services[i].personality->dispose(&services[i]);
        for (uint32_t j = 0; j < services[i].identity_count; j++)
            identity_fini(&services[i].identities[j]);
        free(services[i].identities);
        free(services[i].prepared);
    }
    free(services);
}

json_t *service_truth(const struct service *service, uint32_t host)
{
    json_t *record = json_object();
    if (MANNER_ROWS[service->manner].arrives)
        service->personality->truth(service, service_identity(service, host), record);
    json_t *besides = service->said->record == NULL ? NULL : json_loads(service->said->record, 0, NULL);
    json_object_update_recursive(record, besides);
    json_decref(besides);
    return record;
}
