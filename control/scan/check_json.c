// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/check_json.h"

#include "probes/address.h"

static json_t *count_json(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *ports_json(const uint16_t *ports, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_integer(ports[i]));
    return array;
}

static json_t *exclusions_json(const struct plan *plan)
{
    json_t *array = json_array();
    for (size_t i = 0; i < plan->exclusion_count; i++) {
        const struct plan_exclusion *exclusion = &plan->exclusions[i];
        json_array_append_new(array, json_pack("{s:s,s:s,s:I}", "source", exclusion->source, "what", exclusion->what,
                                               "addresses", (json_int_t)exclusion->addresses));
    }
    return array;
}

json_t *check_json_inputs(const struct plan *plan)
{
    json_t *array = json_array();
    for (size_t i = 0; i < plan->input_count; i++)
        json_array_append_new(array,
                              json_pack("{s:s,s:s}", "path", plan->inputs[i].path, "sha256", plan->inputs[i].sha256));
    return array;
}

static json_t *notes_json(const struct plan *plan)
{
    json_t *array = json_array();
    for (size_t i = 0; i < plan->note_count; i++)
        json_array_append_new(array, json_string(plan->notes[i]));
    return array;
}

static json_t *crowded_json(const struct plan_summary *summary)
{
    char text[ADDRESS_TEXT_MAX];
    return json_pack("{s:o,s:I,s:f}", "network", json_sprintf("%s/24", address_text(summary->crowded_network, text)),
                     "addresses", (json_int_t)summary->crowded_addresses, "rate_pps", summary->crowded_rate_pps);
}

static json_t *providers_json(const struct plan *plan)
{
    json_t *providers = json_object();
    json_t *services = NULL; // of the provider whose own row came last; borrowed
    for (size_t i = 0; i < plan->count_count; i++) {
        const struct plan_count *count = &plan->counts[i];
        if (count->service[0] == '\0') {
            services = json_object();
            json_object_set_new(
                providers, count->provider,
                json_pack("{s:I,s:o}", "addresses", (json_int_t)count->addresses, "services", services));
            continue;
        }
        json_object_set_new(services, count->service,
                            json_pack("{s:I,s:I}", "addresses", (json_int_t)count->addresses, "counted_once",
                                      (json_int_t)count->attributed));
    }
    return providers;
}

json_t *check_json_targets(const struct plan *plan)
{
    return json_pack("{s:I,s:o}", "addresses", (json_int_t)plan->summary.addresses, "providers", providers_json(plan));
}

json_t *check_json(const struct plan *plan)
{
    static const char *const modes[] = {[CONVERSE_NONE] = "none", [CONVERSE_NOW] = "now", [CONVERSE_LATER] = "later"};
    const struct plan_summary *summary = &plan->summary;
    json_t *object = json_object();
    json_object_set_new(object, "path", json_string(plan->path));
    json_object_set_new(object, "addresses", count_json(summary->addresses));
    json_object_set_new(object, "providers", providers_json(plan));
    json_object_set_new(object, "ports", ports_json(plan->ports, plan->port_count));
    json_object_set_new(object, "decoys", ports_json(plan->decoys, plan->decoy_count));
    json_object_set_new(object, "positions", count_json(summary->positions));
    json_object_set_new(object, "pairs", count_json(summary->pairs));
    json_object_set_new(object, "swept", count_json(summary->swept));
    json_object_set_new(object, "shard", json_sprintf("%u/%u", summary->shard, summary->shards));
    json_object_set_new(object, "sample", json_real(summary->sample));
    json_object_set_new(object, "attempts", count_json(plan->attempts));
    json_object_set_new(object, "probes", count_json(summary->probes));
    json_object_set_new(object, "probe_bytes", count_json(summary->probe_bytes));
    json_object_set_new(object, "wire_bytes", count_json(summary->probes * summary->probe_bytes));
    json_object_set_new(object, "rate_pps", json_real(summary->rate_pps));
    json_object_set_new(object, "rate_asked_pps", json_real(summary->rate_asked_pps));
    json_object_set_new(object, "network_rate_pps", json_real(plan->network_rate_pps));
    json_object_set_new(object, "most_crowded", crowded_json(summary));
    json_object_set_new(object, "converse", json_string(modes[plan->converse]));
    json_object_set_new(object, "converse_rate_pps", json_real(plan->converse_rate_pps));
    json_object_set_new(object, "max_open", count_json(plan->max_open));
    json_object_set_new(object, "sweep_seconds", json_real(summary->sweep_seconds));
    json_object_set_new(object, "conversation_seconds", json_real(summary->conversation_seconds));
    json_object_set_new(object, "assumed_hit_rate", json_real(summary->assumed_hit_rate));
    json_object_set_new(object, "contact", json_string(plan->contact));
    json_object_set_new(object, "exclusions", exclusions_json(plan));
    json_object_set_new(object, "site_exclusions_missing",
                        plan->exclusions_missing != NULL ? json_string(plan->exclusions_missing) : json_null());
    json_object_set_new(object, "inputs", check_json_inputs(plan));
    json_object_set_new(object, "notes", notes_json(plan));
    return object;
}
