// SPDX-License-Identifier: BSD-3-Clause
// From a checked plan and what the command learnt at the start to the plan image.
#include "config/plan/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/plan/plan_private.h"
#include "config/targets_build.h"
#include "sonde_build.h"

// What the image's parts point at until it is written.
struct compilation {
    struct image_parts parts;
    struct string_table strings;
    struct targets_storage targets;
    int32_t *port_index;
    uint32_t *eal_arguments;
    struct image_input *inputs;
    struct image_name *names;
};

static int compile_strings(const struct plan *plan, const struct plan_runtime *runtime, struct compilation *out)
{
    const struct plan_private *own = plan_private_const(plan);
    struct string_table *strings = &out->strings;
    struct image_settings *settings = &out->parts.settings;
    char user_agent[300];
    (void)snprintf(user_agent, sizeof(user_agent), "sonde/%s%s%s%s", SONDE_VERSION,
                   plan->contact[0] != '\0' ? " (+" : "", plan->contact, plan->contact[0] != '\0' ? ")" : "");
    out->eal_arguments = calloc(runtime->eal_argument_count + 1, sizeof(*out->eal_arguments));
    out->inputs = calloc(plan->input_count + 1, sizeof(*out->inputs));
    out->names = calloc(own->name_count + 1, sizeof(*out->names));
    if (out->eal_arguments == NULL || out->inputs == NULL || out->names == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < own->name_count; i++)
        out->names[i] = own->names[i].item;
    int error = string_table_clone(&own->ranges.strings, strings);
    if (error == 0)
        error = string_table_add(strings, runtime->scan, &settings->scan);
    if (error == 0)
        error = string_table_add(strings, plan->contact, &settings->contact);
    if (error == 0)
        error = string_table_add(strings, user_agent, &settings->user_agent);
    if (error == 0)
        error = string_table_add(strings, runtime->port_name, &settings->port_name);
    if (error == 0)
        error = string_table_add(strings, plan->trust_store, &settings->trust_store);
    if (error == 0)
        error = string_table_add(strings, plan->http_path, &settings->http_path);
    if (error == 0)
        error = string_table_add(strings, plan->http_headers, &settings->http_headers);
    for (size_t i = 0; i < runtime->eal_argument_count && error == 0; i++)
        error = string_table_add(strings, runtime->eal_arguments[i], &out->eal_arguments[i]);
    for (size_t i = 0; i < plan->input_count && error == 0; i++) {
        error = string_table_add(strings, plan->inputs[i].path, &out->inputs[i].path);
        if (error == 0)
            error = string_table_add(strings, plan->inputs[i].sha256, &out->inputs[i].sha256);
    }
    return error;
}

// Positions of a segment: all of a small plan, so that its bit set is no larger than needed.
uint64_t plan_segment_positions(const struct plan *plan)
{
    uint64_t rounded = (plan->summary.swept + 63) & ~UINT64_C(63);
    return rounded < UINT64_C(1) << 32 ? rounded : UINT64_C(1) << 32;
}

static void compile_plan(const struct plan *plan, struct image_settings *settings)
{
    settings->seed = plan->seed;
    settings->positions = plan->summary.positions;
    settings->first_position = plan->first_position;
    settings->end_position = plan->end_position;
    settings->segment_positions = plan_segment_positions(plan);
    settings->port_count = plan->port_count;
    settings->attempts = plan->attempts;
    settings->attempt_gap_ns = plan->attempt_gap_ns;
    settings->cooldown_ns = plan->cooldown_ns;
    settings->max_results = plan->max_results;
    settings->max_runtime_ns = plan->max_runtime_ns;
    settings->rate_pps = plan->rate_pps;
    settings->converse_rate_pps = plan->converse_rate_pps;
    settings->network_rate_pps = plan->network_rate_pps;
    settings->host_rate_pps = plan->host_rate_pps;
    settings->host_time_ns = plan->host_time_ns;
    settings->patience_ns = plan->patience_ns;
    settings->max_open = plan->max_open;
    settings->converse = (uint8_t)plan->converse;
    settings->answers = (uint8_t)plan->answers;
    settings->profile = (uint8_t)plan->profile;
    settings->tls_matrix = plan->tls_matrix;
    settings->tls_key_proof = plan->tls_key_proof;
    settings->ssh_host_keys = plan->ssh_host_keys;
    settings->ssh_none = plan->ssh_none;
    settings->probe_port_first = plan->source.probe_port_first;
    settings->probe_port_count = plan->source.probe_port_count;
    settings->flow_port_first = plan->source.flow_port_first;
    settings->flow_port_count = plan->source.flow_port_count;
    settings->decoy_count = plan->decoy_count;
    memcpy(settings->decoys, plan->decoys, sizeof(settings->decoys));
}

static void compile_runtime(const struct plan_runtime *runtime, struct image_settings *settings)
{
    settings->is_vdev = runtime->is_vdev;
    settings->dry_run = runtime->dry_run;
    settings->dry_run_frames = runtime->dry_run_frames;
    settings->workers = runtime->workers;
    settings->lanes = runtime->lanes;
    settings->source_address = runtime->source_address;
    settings->source_count = runtime->source_count;
    settings->gateway_address = runtime->gateway_address;
    settings->gateway_mac_given = runtime->gateway_mac_given;
    settings->vlan_given = runtime->vlan_given;
    settings->vlan = runtime->vlan;
    memcpy(settings->worker_lcores, runtime->worker_lcores, sizeof(settings->worker_lcores));
    memcpy(settings->source_mac, runtime->source_mac, sizeof(settings->source_mac));
    memcpy(settings->gateway_mac, runtime->gateway_mac, sizeof(settings->gateway_mac));
}

static void compile_parts(const struct plan *plan, const struct plan_runtime *runtime, struct compilation *out)
{
    const struct plan_private *own = plan_private_const(plan);
    struct image_part *parts = out->parts.parts;
    parts[IMAGE_STRINGS] = (struct image_part){out->strings.bytes, out->strings.length};
    parts[IMAGE_PORTS] = (struct image_part){plan->ports, plan->port_count};
    parts[IMAGE_PORT_INDEX] = (struct image_part){out->port_index, IMAGE_PORTS_MAX};
    parts[IMAGE_ATTRIBUTION_EDGES] = (struct image_part){own->attribution.edges, own->attribution.edge_count};
    parts[IMAGE_ATTRIBUTIONS] = (struct image_part){own->attribution.items, own->attribution.item_count};
    parts[IMAGE_SERVICES] = (struct image_part){own->catalogue.services, own->catalogue.service_count};
    parts[IMAGE_FINDINGS] = (struct image_part){own->catalogue.findings, own->catalogue.finding_count};
    parts[IMAGE_CONDITIONS] = (struct image_part){own->catalogue.conditions, own->catalogue.condition_count};
    parts[IMAGE_PRODUCTS] = (struct image_part){own->catalogue.products, own->catalogue.product_count};
    parts[IMAGE_EAL_ARGUMENTS] = (struct image_part){out->eal_arguments, runtime->eal_argument_count};
    parts[IMAGE_INPUTS] = (struct image_part){out->inputs, plan->input_count};
    parts[IMAGE_NAMES] = (struct image_part){out->names, own->name_count};
    const struct plan_listed *listed = &own->listed;
    parts[IMAGE_LISTED] = (struct image_part){listed->items, listed->count};
    parts[IMAGE_LISTED_PORTS] = (struct image_part){listed->ports, listed->port_count};
    parts[IMAGE_COMMON_PORTS] = (struct image_part){listed->common, listed->count > 0 ? LISTED_PORT_BYTES : 0};
    parts[IMAGE_HOPS] = (struct image_part){runtime->hops, runtime->hop_count};
    image_parts_targets(&out->parts, &out->targets.targets);
}

static int compile(const struct plan *plan, const struct plan_runtime *runtime, struct compilation *out)
{
    int error = compile_strings(plan, runtime, out);
    if (error == 0)
        error = targets_build(&plan->addresses, &out->targets);
    out->port_index = calloc(IMAGE_PORTS_MAX, sizeof(*out->port_index));
    if (out->port_index == NULL)
        return -ENOMEM;
    if (error != 0)
        return error;
    image_port_index(plan->ports, plan->port_count, out->port_index);
    compile_plan(plan, &out->parts.settings);
    compile_runtime(runtime, &out->parts.settings);
    compile_parts(plan, runtime, out);
    return 0;
}

int plan_compile(const struct plan *plan, const struct plan_runtime *runtime, int fd)
{
    if (runtime->workers == 0 || runtime->workers > IMAGE_LCORES_MAX || runtime->lanes == 0 ||
        runtime->lanes > IMAGE_LANES_MAX || runtime->source_address == 0)
        return -EINVAL;
    struct compilation *out = calloc(1, sizeof(*out));
    if (out == NULL)
        return -ENOMEM;
    int error = compile(plan, runtime, out);
    if (error == 0)
        error = image_write(&out->parts, fd);
    string_table_fini(&out->strings);
    targets_storage_fini(&out->targets);
    free(out->port_index);
    free(out->eal_arguments);
    free(out->inputs);
    free(out->names);
    free(out);
    return error;
}
