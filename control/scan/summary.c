// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/summary.h"

#include <arpa/inet.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "config/prefix.h"
#include "control/scan/check_json.h"
#include "control/scan/estimate.h"
#include "config/figures.h"
#include "control/store/counters.h"
#include "sonde_build.h"

enum { SUMMARY_SCHEMA = 1 };

static json_t *time_json(uint64_t realtime_ns)
{
    time_t seconds = (time_t)(realtime_ns / 1000000000);
    struct tm utc;
    char text[32];
    gmtime_r(&seconds, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    return json_sprintf("%s.%03uZ", text, (unsigned int)(realtime_ns / 1000000 % 1000));
}

static json_t *address_json(uint32_t address)
{
    return json_sprintf("%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

static json_t *mac_json(const uint8_t mac[static 6])
{
    return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

// JSON numbers of jansson end at 2^63 - 1.
static json_t *count_json(uint64_t n)
{
    return n <= INT64_MAX ? json_integer((json_int_t)n) : json_sprintf("%llu", (unsigned long long)n);
}

static json_t *dataplane_json(const struct shared *shared)
{
    json_t *object = json_object();
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        json_object_set_new(object, dataplane_counter_names[i],
                            count_json(progress_sum(shared, (enum dataplane_counter)i)));
    return object;
}

static json_t *workers_json(const struct shared *shared)
{
    json_t *array = json_array();
    for (uint32_t w = 0; w < shared->geometry.workers; w++) {
        const struct worker_counters *counters = &shared->commands->counters[w];
        const struct worker_progress *progress = &shared->commands->progress[w];
        json_t *object = json_object();
        json_object_set_new(object, "position", count_json(atomic_load(&progress->position)));
        json_object_set_new(object, "attempt", count_json(atomic_load(&progress->attempt)));
        json_object_set_new(object, "finished", json_boolean(atomic_load(&progress->finished) != 0));
        for (size_t i = 0; i < COUNTER_COUNT; i++)
            json_object_set_new(object, dataplane_counter_names[i], count_json(atomic_load(&counters->values[i])));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *port_json(const struct commands *commands)
{
    const struct port_counters *port = &commands->port;
    json_t *object = json_object();
    json_object_set_new(object, "rx_missed", count_json(atomic_load(&port->rx_missed)));
    json_object_set_new(object, "rx_errors", count_json(atomic_load(&port->rx_errors)));
    json_object_set_new(object, "rx_no_buffer", count_json(atomic_load(&port->rx_no_buffer)));
    json_object_set_new(object, "tx_errors", count_json(atomic_load(&port->tx_errors)));
    return object;
}

static json_t *control_json(const struct channel_down_header *down)
{
    json_t *object = json_object();
    for (size_t i = 0; i < CONTROL_COUNTER_COUNT; i++)
        json_object_set_new(object, control_counter_names[i], count_json(atomic_load(&down->counters[i])));
    return object;
}

static json_t *device_json(const struct summary *summary)
{
    const struct commands *commands = summary->shared->commands;
    json_t *eal = json_array();
    for (size_t i = 0; i < summary->eal->argument_count; i++)
        json_array_append_new(eal, json_string(summary->eal->arguments[i]));
    return json_pack("{s:o*,s:o*,s:I,s:I,s:b,s:o}", "port",
                     json_stringn(commands->port_name, strnlen(commands->port_name, sizeof(commands->port_name))),
                     "checksum_offload",
                     json_stringn(commands->checksum_offload,
                                  strnlen(commands->checksum_offload, sizeof(commands->checksum_offload))),
                     "workers", (json_int_t)summary->shared->geometry.workers, "lanes",
                     (json_int_t)summary->shared->geometry.lanes, "hugepages", summary->eal->hugepage_bytes > 0,
                     "eal_arguments", eal);
}

// Which way the targets went, where it was not the one gateway.
static json_t *hops_json(const struct hops *hops)
{
    if (hops->count == 0)
        return NULL;
    json_t *array = json_array();
    for (size_t i = 0; i < hops->count; i++) {
        const struct image_hop *hop = &hops->items[i];
        json_array_append_new(array, json_pack("{s:o,s:o,s:o*}", "first", address_json(hop->first), "last",
                                               address_json(hop->last), "gateway",
                                               hop->gateway != 0 ? address_json(hop->gateway) : NULL));
    }
    return array;
}

static json_t *neighbours_json(const struct summary *summary)
{
    const struct commands *commands = summary->shared->commands;
    uint32_t asked = atomic_load(&commands->neighbours_asked);
    if (asked == 0)
        return NULL;
    return json_pack("{s:o,s:o}", "asked", count_json(asked), "answered",
                     count_json(atomic_load(&commands->neighbours_answered)));
}

// One, or several as a range.
static json_t *addresses_json(const struct source *source)
{
    char text[40];
    if (source->address_count == 1)
        return address_json(source->address);
    prefix_print(source_addresses(source), text);
    return json_string(text);
}

static json_t *source_json(const struct summary *summary)
{
    const struct commands *commands = summary->shared->commands;
    const struct plan_source *ports = &summary->plan->source;
    bool one_gateway = summary->source->hops.count == 0;
    return json_pack("{s:o,s:o*,s:o,s:o*,s:o*,s:o*,s:[i,i],s:[i,i],s:b}", "address", addresses_json(summary->source),
                     "gateway", one_gateway ? address_json(summary->source->gateway) : NULL, "mac",
                     mac_json(commands->source_mac), "gateway_mac",
                     one_gateway ? mac_json(commands->gateway_mac) : NULL, "hops", hops_json(&summary->source->hops),
                     "neighbours", neighbours_json(summary), "probe_ports", (int)ports->probe_port_first,
                     ports->probe_port_first + ports->probe_port_count - 1, "flow_ports", (int)ports->flow_port_first,
                     ports->flow_port_first + ports->flow_port_count - 1, "kernel_guard", summary->source->kernel_owns);
}

static bool coverage_estimate(const struct summary *summary, struct estimate *ret_probe, struct estimate *ret_coverage)
{
    const struct shared *shared = summary->shared;
    if (!estimate_share(progress_sum(shared, COUNTER_SAMPLES_BOTH), progress_sum(shared, COUNTER_SAMPLES_ANSWERED),
                        ret_probe))
        return false;
    *ret_coverage = estimate_coverage(ret_probe, summary->plan->attempts);
    return true;
}

static json_t *estimate_json(const struct estimate *estimate)
{
    return json_pack("{s:f,s:f,s:f}", "estimate", estimate->value, "low", estimate->low, "high", estimate->high);
}

// What one probe and all attempts reach of the positions that would answer; null without a sample that did.
static json_t *coverage_json(const struct summary *summary)
{
    struct estimate probe;
    struct estimate coverage;
    json_t *object = json_object();
    bool known = coverage_estimate(summary, &probe, &coverage);
    json_object_set_new(object, "samples_asked", count_json(progress_sum(summary->shared, COUNTER_SAMPLES_ASKED)));
    json_object_set_new(object, "samples_answered",
                        count_json(progress_sum(summary->shared, COUNTER_SAMPLES_ANSWERED)));
    json_object_set_new(object, "samples_both", count_json(progress_sum(summary->shared, COUNTER_SAMPLES_BOTH)));
    json_object_set_new(object, "attempts", count_json(summary->plan->attempts));
    json_object_set_new(object, "confidence", json_real(0.95));
    json_object_set_new(object, "probe", known ? estimate_json(&probe) : json_null());
    json_object_set_new(object, "all_attempts", known ? estimate_json(&coverage) : json_null());
    return object;
}

// The versions that the result depends on, besides sonde's own. OpenSSL's is that of the library in this process;
// sonde-control loads the same.
static json_t *versions_json(const struct supervisor *supervisor)
{
    const struct commands *commands = supervisor->settings->shared->commands;
    char dpdk[sizeof(commands->dpdk_version)];
    snprintf(dpdk, sizeof(dpdk), "%.*s", (int)sizeof(dpdk) - 1, commands->dpdk_version);
    json_t *object = json_object();
    json_object_set_new(object, "sonde", json_string(SONDE_VERSION));
    json_object_set_new(object, "dpdk", json_string(dpdk));
    json_object_set_new(object, "openssl", json_string(OpenSSL_version(OPENSSL_VERSION)));
    return object;
}

json_t *summary_json(const struct summary *summary)
{
    const struct supervisor *supervisor = summary->supervisor;
    json_t *object = json_object();
    json_object_set_new(object, "schema", json_integer(SUMMARY_SCHEMA));
    json_object_set_new(object, "scan", json_string(summary->scan));
    json_object_set_new(object, "version", json_string(SONDE_VERSION));
    json_object_set_new(object, "versions", versions_json(supervisor));
    json_object_set_new(object, "outcome", json_string(scan_ending_names[supervisor->ending]));
    json_object_set_new(object, "exit_status", json_integer((json_int_t)summary->exit_status));
    json_object_set_new(object, "started", time_json(summary->started_ns));
    json_object_set_new(object, "ended", time_json(summary->ended_ns));
    json_object_set_new(object, "elapsed_s", json_real((double)summary->active_ns / 1e9));
    json_object_set_new(object, "resumed", count_json(summary->resumes));
    json_object_set_new(object, "seed", count_json(summary->plan->seed));
    json_object_set_new(object, "plan", check_json(summary->plan));
    json_object_set_new(object, "inputs", check_json_inputs(summary->plan));
    json_object_set_new(object, "source", source_json(summary));
    json_object_set_new(object, "device", device_json(summary));
    json_object_set_new(object, "coverage", coverage_json(summary));
    json_object_set_new(object, "control_starts", count_json(supervisor->control_starts));
    json_object_set_new(object, "dataplane", dataplane_json(summary->shared));
    json_object_set_new(object, "workers", workers_json(summary->shared));
    json_object_set_new(object, "port", port_json(summary->shared->commands));
    json_object_set_new(object, "control", control_json(summary->shared->down));
    if (object != NULL && supervisor->failure[0] != '\0')
        json_object_set_new(object, "failure", json_string(supervisor->failure));
    if (object != NULL && summary->lost != NULL)
        json_object_set_new(object, "lost", json_string(summary->lost));
    return object;
}

static void outcomes_print(const struct channel_down_header *down, FILE *out)
{
    static const enum control_counter outcomes[] = {CONTROL_COMPLETE,   CONTROL_PARTIAL, CONTROL_TIMEOUT,
                                                    CONTROL_RESET,      CONTROL_REFUSED, CONTROL_NOT_RECOGNISED,
                                                    CONTROL_INTERRUPTED};
    char number[FIGURE_MAX];
    fprintf(out, "  records        %s", figure_count(atomic_load(&down->counters[CONTROL_RECORDS]), number));
    const char *before = ": ";
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        uint64_t count = atomic_load(&down->counters[outcomes[i]]);
        if (count == 0)
            continue;
        fprintf(out, "%s%s %s", before, figure_count(count, number), control_counter_names[outcomes[i]]);
        before = ", ";
    }
    fputc('\n', out);
}

static void loss_print(uint64_t count, const char *name, const char *help, FILE *out)
{
    char number[FIGURE_MAX];
    if (count > 0)
        fprintf(out, "  lost           %s %s (%s)\n", figure_count(count, number), name, help);
}

// What was lost, by name, so that a scan with holes never looks whole.
static void losses_print(const struct shared *shared, FILE *out)
{
    const struct port_counters *port = &shared->commands->port;
    for (size_t i = 0; i < PROGRESS_LOSSES; i++)
        loss_print(progress_sum(shared, progress_losses[i]), dataplane_counter_names[progress_losses[i]],
                   dataplane_counter_help[progress_losses[i]], out);
    loss_print(atomic_load(&port->rx_missed), "rx_missed", "frames that the port had no room for", out);
    loss_print(atomic_load(&port->rx_errors), "rx_errors", "frames that the port received damaged", out);
    loss_print(atomic_load(&port->rx_no_buffer), "rx_no_buffer", "receptions that found no free buffer", out);
    loss_print(atomic_load(&port->tx_errors), "tx_errors", "frames that the port failed to send", out);
    loss_print(atomic_load(&shared->down->counters[CONTROL_RECORDS_LOST]), control_counter_names[CONTROL_RECORDS_LOST],
               control_counter_help[CONTROL_RECORDS_LOST], out);
}

// A share near one, in percent, with two digits of what it lacks.
static const char *percent(double share, char text[static FIGURE_MAX])
{
    double lacks = (1 - share) * 100;
    int decimals = lacks <= 0 ? 0 : 1 - (int)floor(log10(lacks));
    snprintf(text, FIGURE_MAX, "%.*f %%", decimals < 1 ? (lacks > 0) : decimals > 10 ? 10 : decimals, share * 100);
    return text;
}

// A scan that ended early has not made all its attempts.
static void coverage_print(const struct summary *summary, FILE *out)
{
    struct estimate probe;
    struct estimate coverage;
    char a[FIGURE_MAX];
    char b[FIGURE_MAX];
    char c[FIGURE_MAX];
    char d[FIGURE_MAX];
    if (summary->supervisor->ending != ENDING_COMPLETE || !coverage_estimate(summary, &probe, &coverage))
        return;
    fprintf(out, "  coverage       %s of what answers (95 %% interval %s to %s), from %s samples\n",
            percent(coverage.value, a), percent(coverage.low, b), percent(coverage.high, c),
            figure_count(progress_sum(summary->shared, COUNTER_SAMPLES_ANSWERED), d));
}

void summary_print(const struct summary *summary, const char *records_path, FILE *out)
{
    const struct shared *shared = summary->shared;
    char a[FIGURE_MAX];
    char b[FIGURE_MAX];
    char c[FIGURE_MAX];
    fprintf(out, "scan %s: %s after %s\n", summary->scan, scan_ending_names[summary->supervisor->ending],
            figure_duration((double)summary->active_ns / 1e9, a));
    uint64_t sent = progress_sum(shared, COUNTER_PROBES_SENT);
    uint64_t skipped = progress_sum(shared, COUNTER_POSITIONS_SKIPPED);
    const struct plan_summary *plan = &summary->plan->summary;
    // What is none of a list's pairs was never to be asked.
    if (plan->pairs == plan->positions)
        fprintf(out, "  probes         %s sent, %s not needed, of %s\n", figure_count(sent, a),
                figure_count(skipped, b), figure_count(plan->probes, c));
    else
        fprintf(out, "  probes         %s sent, of %s\n", figure_count(sent, a), figure_count(plan->probes, c));
    uint32_t neighbours = atomic_load(&shared->commands->neighbours_asked);
    if (neighbours > 0)
        fprintf(out, "  neighbours     %s of %s on the link answered ARP; nothing was sent to the others\n",
                figure_count(atomic_load(&shared->commands->neighbours_answered), a), figure_count(neighbours, b));
    fprintf(out, "  answers        %s open, %s closed, %s unreachable\n",
            figure_count(progress_sum(shared, COUNTER_ANSWERS_OPEN), a),
            figure_count(progress_sum(shared, COUNTER_ANSWERS_CLOSED), b),
            figure_count(progress_sum(shared, COUNTER_ANSWERS_UNREACHABLE), c));
    coverage_print(summary, out);
    outcomes_print(shared->down, out);
    losses_print(shared, out);
    if (summary->supervisor->control_starts > 1)
        fprintf(out, "  control        started %u times\n", summary->supervisor->control_starts);
    if (summary->resumes > 0)
        fprintf(out, "  resumed        %s\n", summary->resumes == 1 ? "once" : figure_count(summary->resumes, a));
    if (records_path != NULL)
        fprintf(out, "  written to     %s\n", records_path);
}
