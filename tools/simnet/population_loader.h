// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to population: what the readers of a file's parts share.

#include <jansson.h>
#include <stdio.h>

#include "tools/simnet/population.h"

struct loader {
    const char *path;
    char *error;
    double scale;
    uint64_t next_base; // where the next network without prefixes begins
};

// Writes the line that says what is wrong; -EINVAL.
__attribute__((format(printf, 2, 3))) int loader_fail(const struct loader *loader, const char *format, ...);

// Reads "services" (NULL: there are none) into the population. 0, -EINVAL or -ENOMEM.
int services_read(const struct loader *loader, const json_t *object, struct population *ret_population);
void services_fini(struct population *population);

// Reads the shares of a port's services, which have been read. 0, -EINVAL or -ENOMEM.
int speaks_read(const struct loader *loader, const char *where, const json_t *object,
                const struct population *population, struct population_port *ret_port);

void services_print_keys(FILE *out);
