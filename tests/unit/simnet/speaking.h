// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// For simnet's tests: the services of speaking.json.

#include <criterion/criterion.h>
#include <string.h>

#include "tools/simnet/personality/personality.h"
#include "tools/simnet/population.h"

struct speaking {
    struct population population;
    struct service *services;
    struct crypto *crypto;
};

static inline void speaking_up(struct speaking *speaking)
{
    char error[POPULATION_ERROR_MAX] = "";
    cr_assert_eq(population_load(SPEAKING_JSON, (struct population_options){0}, &speaking->population, error), 0, "%s",
                 error);
    cr_assert_eq(services_new(&speaking->population, &speaking->services, error), 0, "%s", error);
    speaking->crypto = crypto_new();
    cr_assert_not_null(speaking->crypto);
}

static inline void speaking_down(struct speaking *speaking)
{
    crypto_free(speaking->crypto);
    services_free(speaking->services, speaking->population.service_count);
    population_fini(&speaking->population);
}

static inline const struct service *speaking_service(const struct speaking *speaking, const char *name)
{
    for (size_t i = 0; i < speaking->population.service_count; i++)
        if (strcmp(speaking->population.services[i].name, name) == 0)
            return &speaking->services[i];
    cr_assert_fail("no service %s", name);
    return NULL;
}
