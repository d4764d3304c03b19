// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the files of the plan module share while they turn JSON into a struct plan.

#include "config/catalogue_load.h"
#include "config/pairs.h"
#include "config/plan/plan.h"
#include "config/ranges.h"

enum { PLAN_FILE_MAX = 256 << 20 };

// One entry of "exclude".
struct plan_piece {
    char *path; // "exclude[0]"
    char *what;
    struct interval_set set; // sealed
};

// A target's name, in the order in which the plan gives them.
struct plan_name {
    struct image_name item; // its text is one of ranges' strings
    uint32_t order;
};

// What the plan's `listed` shows, while it is made.
struct plan_listed {
    struct image_listed *items;
    size_t count;
    uint16_t *ports;
    size_t port_count;
    uint8_t *common; // [LISTED_PORT_BYTES]
};

// A plan with what only this module sees; plan_load hands out the address of its first member.
struct plan_private {
    struct plan plan;
    const struct plan_files *files; // valid while plan_load runs
    struct range_list ranges;       // its strings are the whole plan's
    struct range_attribution attribution;
    struct catalogue_storage catalogue;
    struct plan_piece *pieces;
    size_t piece_count;
    struct plan_name *names; // any order until plan_finish_names, then as the image has them
    size_t name_count;
    struct pair_list pairs;               // targets with a port of their own, in any order until plan_finish_pairs
    struct interval_set common_addresses; // targets without one; sealed, empty when there are no pairs
    struct plan_listed listed;
    struct interval_set allowed; // lifted from the special-purpose networks; sealed
    bool port_set[IMAGE_PORTS_MAX];
    struct key_rate rate;
    struct key_rate converse_rate;
    struct key_rate host_rate;
    struct key_rate network_rate;
    double sample;
    uint32_t shard;  // from 1
    uint32_t shards; // at least 1
    uint32_t decoys;
};

static inline struct plan_private *plan_private(struct plan *plan)
{
    return (struct plan_private *)plan;
}

static inline const struct plan_private *plan_private_const(const struct plan *plan)
{
    return (const struct plan_private *)plan;
}

// Readers of plan_keys; context->target is the struct plan_private.
int plan_read_ranges(struct key_context *context, const char *path, const json_t *value);
int plan_read_targets(struct key_context *context, const char *path, const json_t *value);
int plan_read_exclude(struct key_context *context, const char *path, const json_t *value);
int plan_read_on_link(struct key_context *context, const char *path, const json_t *value);
int plan_read_allow_reserved(struct key_context *context, const char *path, const json_t *value);
int plan_read_services(struct key_context *context, const char *path, const json_t *value);
int plan_read_http_path(struct key_context *context, const char *path, const json_t *value);
int plan_read_http_headers(struct key_context *context, const char *path, const json_t *value);
int plan_read_lcores(struct key_context *context, const char *path, const json_t *value);

// A host name with its addresses, which come to the set, or where it has a port of its own to the pairs. Only a
// target's name is remembered, and only a target has a port; 0 = none. Returns 0, or -EINVAL or -ENOMEM with a
// complaint.
int plan_add_named(struct key_context *context, const char *path, const char *name, const struct key_strings *addresses,
                   uint16_t port, struct interval_set *set);

// Sorts the names; whoever has several keeps the first. Returns 0 or -ENOMEM.
int plan_finish_names(struct plan *plan);

// The steps after the keys were read, in this order. Each returns 0, or -EINVAL or -ENOMEM with a complaint.
int plan_apply_exclusions(struct plan *plan, struct complaint *complaint);
int plan_finish_pairs(struct plan *plan);
int plan_finish_ports(struct plan *plan, struct complaint *complaint);
int plan_finish_amounts(struct plan *plan, struct complaint *complaint); // positions, rates, the summary
int plan_count_targets(struct plan *plan);

// Counts the pairs once the positions are; part of plan_finish_amounts.
int plan_count_pairs(struct plan *plan, struct complaint *complaint);

// Reads a file that the plan names (from the plan's folder when relative) and lists it among the inputs.
int plan_open_input(struct plan *plan, const char *name, char **ret_path, struct input *ret_input,
                    struct complaint *complaint);

// Lists a file among the inputs. Returns 0 or -ENOMEM.
int plan_add_input(struct plan *plan, const char *path, const struct input *input);

// Where Debian and its kin keep the authorities (the package ca-certificates).
#define PLAN_TRUST_STORE "/etc/ssl/certs/ca-certificates.crt"

// A line for the operator. Returns 0 or -ENOMEM.
int plan_add_note(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

// name as seen from the plan's folder; NULL when out of memory.
char *plan_resolve(const struct plan *plan, const char *name);
