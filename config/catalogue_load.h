// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Reads services.json, findings.json and products.json into the tables of config/image/catalogue.h. Everything is
// checked: unknown keys, names and ports given twice, patterns that do not compile, templates that name groups which
// are not there, fields and tests of conditions (config/condition_load.h).

#include "config/image/catalogue.h"
#include "config/image_build.h"
#include "config/input.h"

struct catalogue_storage {
    struct catalogue_service *services;
    size_t service_count;
    struct catalogue_finding *findings;
    size_t finding_count;
    struct catalogue_product *products;
    size_t product_count;
    struct catalogue_condition *conditions;
    size_t condition_count;
};

enum catalogue_file { CATALOGUE_SERVICES = 0, CATALOGUE_FINDINGS, CATALOGUE_PRODUCTS, CATALOGUE_FILES };

extern const char *const catalogue_file_names[CATALOGUE_FILES];

// Appends one file's rows. Their strings go into `strings`. Returns 0, or -EINVAL or -ENOMEM with a complaint; storage
// is to be released in either case.
int catalogue_read(struct catalogue_storage *storage, enum catalogue_file kind, const char *file,
                   const struct input *input, struct string_table *strings, struct complaint *ret_complaint);
void catalogue_storage_fini(struct catalogue_storage *storage);

// One service as JSON writes it, in services.json and in a plan.
struct service_row {
    char *name;
    char *title;
    char *session;
    char *inner;
    bool sensitive;
    uint16_t *ports; // ascending, without duplicates
    size_t port_count;
};

// Reads an object {"name", "title", "port" or "ports", "session", "inner", "sensitive"}. Release with service_row_fini
// in any case.
int service_row_read(struct key_context *context, const char *path, const json_t *object, struct service_row *row);
void service_row_fini(struct service_row *row);

// A port number, "a-b", or an array of these, into a set of [65536]. Returns 0, or -EINVAL with a complaint.
int service_ports_read(struct key_context *context, const char *path, const json_t *value, bool *ret_ports);

// Appends a service with at most CATALOGUE_PORTS_MAX ports. Returns 0 or -ENOMEM.
int catalogue_add_service(struct catalogue_storage *storage, const struct service_row *row,
                          struct string_table *strings);
