// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/worst.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/report/host_groups.h"

// What each value and each shape comes to, found out once.
struct ranking {
    const struct facts *facts;
    const struct findings *findings;
    uint32_t path;
    int8_t *severities;             // [values] of a value that is a finding's id; -1 = of none
    uint16_t (*counts)[SEVERITIES]; // [shapes]
};

static int ranking_init(struct ranking *ranking)
{
    const struct facts *facts = ranking->facts;
    ranking->severities = malloc((size_t)facts->values.count + 1);
    ranking->counts = calloc((size_t)facts->shapes.count + 1, sizeof(ranking->counts[0]));
    if (ranking->severities == NULL || ranking->counts == NULL)
        return -ENOMEM;
    memset(ranking->severities, -1, (size_t)facts->values.count + 1);
    for (size_t i = 0; i < ranking->findings->storage.finding_count; i++) {
        const struct catalogue_finding *finding = &ranking->findings->storage.findings[i];
        const char *id = findings_string(ranking->findings, finding->id);
        uint32_t value;
        if (intern_find(&facts->values, id, strlen(id), &value))
            ranking->severities[value] = (int8_t)finding->severity;
    }
    for (uint32_t i = 1; i < facts->shapes.count; i++) {
        struct shape shape = facts_shape(facts, i);
        struct shape_values values = shape_path(facts, &shape, ranking->path);
        for (uint32_t v = 0; v < values.count; v++) {
            int severity = ranking->severities[values.values[v]];
            if (severity >= 0)
                ranking->counts[i][severity]++;
        }
    }
    return 0;
}

static void ranking_fini(struct ranking *ranking)
{
    free(ranking->severities);
    free(ranking->counts);
}

static bool is_worse(const struct worst_host *first, const struct worst_host *second)
{
    for (int severity = SEVERITY_CRITICAL; severity >= 0; severity--)
        if (first->counts[severity] != second->counts[severity])
            return first->counts[severity] > second->counts[severity];
    return first->address < second->address;
}

static void host_take(struct worst *worst, const struct worst_host *host)
{
    uint64_t count = 0;
    for (size_t i = 0; i < SEVERITIES; i++)
        count += host->counts[i];
    if (count == 0)
        return;
    worst->all++;
    worst->findings += count;
    if (worst->count == WORST_HOSTS && !is_worse(host, &worst->hosts[WORST_HOSTS - 1]))
        return;
    size_t at = worst->count < WORST_HOSTS ? worst->count++ : WORST_HOSTS - 1;
    for (; at > 0 && is_worse(host, &worst->hosts[at - 1]); at--)
        worst->hosts[at] = worst->hosts[at - 1];
    worst->hosts[at] = *host;
}

int worst_rank(const struct facts *facts, uint32_t path, const struct findings *findings, struct worst *ret_worst)
{
    struct ranking ranking = {.facts = facts, .findings = findings, .path = path};
    *ret_worst = (struct worst){.count = 0};
    int error = ranking_init(&ranking);
    for (size_t at = 0; at < facts->count && error == 0;) {
        struct worst_host host = {.address = facts->items[at].address, .first = at};
        while (at < facts->count && facts->items[at].address == host.address) {
            size_t latest;
            at = host_groups_latest(facts, at, &latest);
            host.services++;
            for (size_t i = 0; i < SEVERITIES; i++)
                host.counts[i] += ranking.counts[facts->items[latest].shape][i];
        }
        host_take(ret_worst, &host);
    }
    ranking_fini(&ranking);
    return error;
}

const struct worst_host *worst_find(const struct worst *worst, uint32_t address)
{
    for (size_t i = 0; i < worst->count; i++)
        if (worst->hosts[i].address == address)
            return &worst->hosts[i];
    return NULL;
}
