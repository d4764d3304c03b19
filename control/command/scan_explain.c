// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/scan_explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/prefix.h"
#include "config/figures.h"
#include "config/plan/device.h"
#include "control/scan/teller.h"
#include "probes/address.h"

static void way_explain(const struct scan_decisions *decisions)
{
    const struct source *source = decisions->source;
    char address[ADDRESS_TEXT_MAX];
    char gateway[ADDRESS_TEXT_MAX];
    prefix_print(source_addresses(source), address);
    teller_explain("source address %s: %s", address,
                   decisions->plan->source.address_given ? "the plan's"
                   : decisions->runtime->dry_run         ? "invented, for a file"
                                                         : "the kernel's for this way");
    if (source->hops.count > 0)
        teller_explain("each target goes the way that the kernel's routes or source.on_link say: %zu stretches",
                       source->hops.count);
    else if (source->gateway != 0)
        teller_explain("everything goes to the gateway %s: %s", address_text(source->gateway, gateway),
                       decisions->plan->source.gateway_given ? "the plan's" : "the kernel's routes say so");
    else
        teller_explain("everything goes to one hardware address: the plan's");
    if (decisions->guarded)
        teller_explain("%s is the kernel's own, so nftables keeps it from resetting our connections", address);
}

static void device_explain(const struct scan_decisions *decisions)
{
    const struct eal *eal = decisions->eal;
    char bytes[FIGURE_MAX];
    char line[900] = "";
    size_t length = 0;
    if (eal->hugepage_bytes > 0)
        teller_explain("memory from hugepages: %s of them are free",
                       figure_scaled((double)eal->hugepage_bytes, "B", bytes));
    else
        teller_explain("memory without hugepages: %s", device_avoids_hugepages(&decisions->plan->device)
                                                           ? "device.eal says so"
                                                           : "too few of them are free");
    for (uint32_t i = 0; i < eal->workers && length < sizeof(line) - 8; i++)
        length += (size_t)snprintf(line + length, sizeof(line) - length, "%s%u", i > 0 ? "," : "", eal->lcores[i]);
    teller_explain("%u worker%s on CPU %s: %s; %u thread%s of conversations on the others", eal->workers,
                   eal->workers == 1 ? "" : "s", line,
                   decisions->plan->device.lcore_count > 0 ? "device.lcores"
                                                           : "the last one, because the first ones take interrupts",
                   decisions->runtime->lanes, decisions->runtime->lanes == 1 ? "" : "s");
    length = 0;
    for (size_t i = 0; i < eal->argument_count && length < sizeof(line) - 1; i++)
        length += (size_t)snprintf(line + length, sizeof(line) - length, "%s%s", i > 0 ? " " : "", eal->arguments[i]);
    teller_explain("DPDK is started with: %s", line);
}

static void work_explain(const struct scan_decisions *decisions)
{
    const struct plan *plan = decisions->plan;
    const struct plan_summary *summary = &plan->summary;
    char a[FIGURE_MAX];
    char b[FIGURE_MAX];
    teller_explain("%s addresses x %u ports, %s probes at most (%u attempt%s)", figure_count(summary->addresses, a),
                   plan->port_count, figure_count(summary->probes, b), plan->attempts, plan->attempts == 1 ? "" : "s");
    teller_explain("rate %s: %s", figure_scaled(plan->rate_pps, "pps", a),
                   plan->rate_pps < summary->rate_asked_pps
                       ? "less than asked, because of network_rate or a ceiling (sonde check says which)"
                       : "as asked");
    teller_explain("seed %" PRIu64 ": %s", plan->seed, plan->seed_given ? "the plan's" : "random");
    for (size_t i = 0; i < plan->exclusion_count; i++)
        teller_explain("%s excludes %s: %s addresses", plan->exclusions[i].source, plan->exclusions[i].what,
                       figure_count(plan->exclusions[i].addresses, a));
}

void scan_explain(const struct scan_decisions *decisions)
{
    teller_explain("scan %s of %s", decisions->runtime->scan, decisions->plan->path);
    work_explain(decisions);
    way_explain(decisions);
    device_explain(decisions);
    teller_explain("programs: %s%s%s", decisions->dataplane_path, decisions->control_path[0] != '\0' ? ", " : "",
                   decisions->control_path);
    teller_explain("results: %s", decisions->runtime->dry_run ? "frames alone"
                                  : decisions->folder != NULL ? decisions->folder
                                                              : "standard output");
    if (decisions->intel != NULL)
        teller_explain("vulnerabilities by the feeds in %s", decisions->intel);
    for (size_t i = 0; i < decisions->plan->input_count; i++)
        teller_explain("read %s, SHA-256 %s", decisions->plan->inputs[i].path, decisions->plan->inputs[i].sha256);
}
