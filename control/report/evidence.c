// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/evidence.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "control/report/explain.h"
#include "control/report/host_groups.h"

// What the reading threads share. Few lines are wanted, so that one lock is enough.
struct gathering {
    const struct evidence_gathering *given;
    struct evidence *evidence;
    pthread_mutex_t mutex;
};

// ---- Which lines
// ------------------------------------------------------------------------------------------------------

// Behind the key "ip" and its colon: whether one of the worst hosts' addresses stands there.
static bool address_wanted(const struct worst *worst, const char *at, const char *end)
{
    struct address address;
    while (at < end && (*at == ' ' || *at == ':' || *at == '\t'))
        at++;
    if (at == end || *at++ != '"')
        return false;
    const char *quote = memchr(at, '"', (size_t)(end - at));
    return quote != NULL && address_parse(at, (size_t)(quote - at), &address) == 0 && address.family == 4 &&
           worst_find(worst, address_number(&address)) != NULL;
}

// Any key of that name may be the record's own.
static bool line_want(void *context, const char *line, size_t length)
{
    static const char key[] = "\"ip\"";
    const struct gathering *gathering = context;
    const char *end = line + length;
    for (const char *at = line; (at = memmem(at, (size_t)(end - at), key, sizeof(key) - 1)) != NULL;) {
        at += sizeof(key) - 1;
        if (address_wanted(gathering->given->worst, at, end))
            return true;
    }
    return false;
}

// Whether this record is the one that counts for its address and port.
static bool is_latest(const struct facts *facts, const struct worst_host *host, const struct root_observation *root)
{
    for (size_t at = host->first; at < facts->count && facts->items[at].address == host->address;) {
        size_t latest;
        at = host_groups_latest(facts, at, &latest);
        if (facts->items[latest].port == root->port)
            return facts->items[latest].time_s == root->time / 1000;
    }
    return false;
}

// ---- One service
// ------------------------------------------------------------------------------------------------------

static void service_free(struct evidence_service *service)
{
    if (service == NULL)
        return;
    for (size_t i = 0; i < service->finding_count; i++)
        free(service->findings[i].values);
    for (size_t i = 0; i < service->cve_count; i++) {
        free(service->cves[i].id);
        free(service->cves[i].says);
    }
    free(service->what);
    free(service->where);
    free(service);
}

// The known ones of some fields, with commas between, but for a product and its version.
static char *fields_text(const struct observation *observation, const struct field *const *fields, size_t count)
{
    struct explain explain = {.length = 0};
    for (size_t i = 0; i < count; i++) {
        const void *part = observation->parts[fields[i]->part];
        if (!field_known(part, fields[i]))
            continue;
        explain_between(&explain, fields[i] == FIELD(product, version) ? " " : ", ");
        explain_value(&explain, fields[i], field_value_const(part, fields[i]));
    }
    return strdup(explain.text);
}

static int finding_take(struct evidence_service *service, const struct findings *findings,
                        const struct catalogue_finding *finding, const struct observation *observation)
{
    struct explain explain;
    size_t at = service->finding_count;
    service->finding_total++;
    // Worse ones come before, so that the least is what has no room.
    while (at > 0 && service->findings[at - 1].finding->severity < finding->severity)
        at--;
    if (at == EVIDENCE_FINDINGS)
        return 0;
    explain_finding(&explain, findings, finding, observation);
    char *values = strdup(explain.text);
    if (values == NULL)
        return -ENOMEM;
    if (service->finding_count == EVIDENCE_FINDINGS)
        free(service->findings[--service->finding_count].values);
    memmove(&service->findings[at + 1], &service->findings[at],
            (service->finding_count - at) * sizeof(service->findings[0]));
    service->findings[at] = (struct evidence_finding){.finding = finding, .values = values};
    service->finding_count++;
    return 0;
}

static int findings_take(struct evidence_service *service, const struct findings *findings,
                         const struct observation *observation)
{
    const struct list *ids = &observation->root->findings;
    int error = 0;
    for (uint32_t i = 0; i < ids->count && error == 0; i++) {
        const struct catalogue_finding *finding = findings_find(findings, ids->names[i].data, ids->names[i].length);
        if (finding != NULL)
            error = finding_take(service, findings, finding, observation);
    }
    return error;
}

// ---- Its vulnerabilities
// ----------------------------------------------------------------------------------------------

// What is exploited comes before all scores; the newest score that there is counts.
static int64_t cve_weight(const struct cve_observation *cve)
{
    int64_t score = cve->known.cvss4 ? cve->cvss4 : cve->known.cvss3 ? cve->cvss3 : cve->known.cvss2 ? cve->cvss2 : 0;
    return score + (cve->known.known_exploited && cve->known_exploited ? 1000000 : 0);
}

static char *cve_text(const struct cve_observation *cve)
{
    struct explain explain = {.length = 0};
    const struct field *score = cve->known.cvss4   ? FIELD(cve, cvss4)
                                : cve->known.cvss3 ? FIELD(cve, cvss3)
                                : cve->known.cvss2 ? FIELD(cve, cvss2)
                                                   : NULL;
    if (score != NULL) {
        explain_put(&explain, "CVSS ", 5);
        explain_value(&explain, score, field_value_const(cve, score));
    }
    if (cve->known.known_exploited && cve->known_exploited) {
        explain_between(&explain, ", ");
        explain_put(&explain, "known to be exploited", 21);
    }
    if (cve->known.evidence) {
        explain_between(&explain, "; ");
        explain_put(&explain, cve->evidence.data, cve->evidence.length);
    }
    return strdup(explain.text);
}

static int cve_take(struct evidence_service *service, const struct cve_observation *cve)
{
    struct evidence_cve row = {.weight = cve_weight(cve)};
    size_t at = service->cve_count;
    service->cve_total++;
    while (at > 0 && service->cves[at - 1].weight < row.weight)
        at--;
    if (at == EVIDENCE_CVES)
        return 0;
    row.id = strndup(text_of(&cve->id), cve->id.length);
    row.says = cve_text(cve);
    if (service->cve_count == EVIDENCE_CVES) {
        service->cve_count--;
        free(service->cves[service->cve_count].id);
        free(service->cves[service->cve_count].says);
    }
    memmove(&service->cves[at + 1], &service->cves[at], (service->cve_count - at) * sizeof(service->cves[0]));
    service->cves[at] = row;
    service->cve_count++;
    return row.id == NULL || row.says == NULL ? -ENOMEM : 0;
}

static int cves_take(struct evidence_service *service, const struct observation *observation)
{
    const struct vulnerabilities_observation *part = observation->vulnerabilities;
    int error = 0;
    for (uint32_t i = 0; part != NULL && part->known.cves && i < part->cves.count && error == 0; i++) {
        const struct cve_observation *cve = (const struct cve_observation *)part->cves.items + i;
        if (cve->known.id && cve->known.status && text_is(&cve->status, "affected"))
            error = cve_take(service, cve);
    }
    return error;
}

static struct evidence_service *service_new(const struct findings *findings, const struct observation *observation)
{
    static const struct field *const what[] = {FIELD(root, service), FIELD(product, name), FIELD(product, version),
                                               FIELD(product, distribution)};
    static const struct field *const where[] = {FIELD(root, provider), FIELD(root, cloud_service), FIELD(root, region),
                                                FIELD(root, country)};
    struct evidence_service *service = calloc(1, sizeof(*service));
    if (service == NULL)
        return NULL;
    service->port = (uint16_t)observation->root->port;
    service->time_ms = observation->root->time;
    service->what = fields_text(observation, what, sizeof(what) / sizeof(what[0]));
    service->where = fields_text(observation, where, sizeof(where) / sizeof(where[0]));
    if (service->what != NULL && service->where != NULL && findings_take(service, findings, observation) == 0 &&
        cves_take(service, observation) == 0)
        return service;
    service_free(service);
    return NULL;
}

// ---- Everything
// -------------------------------------------------------------------------------------------------------

// By port; of one port the later record. More than there is room for: the one of the fewest findings goes.
static void host_take(struct evidence_host *host, struct evidence_service *service)
{
    size_t at = 0;
    size_t least = 0;
    while (at < host->service_count && host->services[at]->port < service->port)
        at++;
    if (at < host->service_count && host->services[at]->port == service->port) {
        struct evidence_service *other = host->services[at];
        host->services[at] = service->time_ms >= other->time_ms ? service : other;
        service_free(service->time_ms >= other->time_ms ? other : service);
        return;
    }
    if (host->service_count == EVIDENCE_SERVICES) {
        for (size_t i = 1; i < host->service_count; i++)
            least = host->services[i]->finding_total < host->services[least]->finding_total ? i : least;
        if (host->services[least]->finding_total >= service->finding_total) {
            service_free(service);
            return;
        }
        service_free(host->services[least]);
        memmove(&host->services[least], &host->services[least + 1],
                (host->service_count - least - 1) * sizeof(host->services[0]));
        host->service_count--;
        at -= least < at;
    }
    memmove(&host->services[at + 1], &host->services[at], (host->service_count - at) * sizeof(host->services[0]));
    host->services[at] = service;
    host->service_count++;
}

static int record_take(void *context, const struct observation *observation, const struct records_place *place)
{
    struct gathering *gathering = context;
    const struct evidence_gathering *given = gathering->given;
    const struct root_observation *root = observation->root;
    (void)place;
    if (root == NULL || !root->known.ip || !root->known.port || !root->known.time || root->ip.family != 4)
        return 0;
    const struct worst_host *host = worst_find(given->worst, address_number(&root->ip));
    if (host == NULL || !is_latest(given->facts, host, root))
        return 0;
    struct evidence_service *service = service_new(given->findings, observation);
    if (service == NULL)
        return -ENOMEM;
    (void)pthread_mutex_lock(&gathering->mutex);
    host_take(&gathering->evidence->hosts[host - given->worst->hosts], service);
    (void)pthread_mutex_unlock(&gathering->mutex);
    return 0;
}

// Standard input and other pipes give what they have once.
static bool is_there_again(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

int evidence_gather(const struct evidence_gathering *given, struct evidence *ret_evidence, char message[static 512])
{
    struct gathering gathering = {.given = given, .evidence = ret_evidence, .mutex = PTHREAD_MUTEX_INITIALIZER};
    void *contexts[RECORDS_THREADS_MAX];
    struct records_tally tally;
    *ret_evidence = (struct evidence){.missing = false};
    for (size_t i = 0; i < given->path_count; i++)
        ret_evidence->missing = ret_evidence->missing || !is_there_again(given->paths[i]);
    if (ret_evidence->missing || given->worst->count == 0)
        return 0;
    for (unsigned int i = 0; i < given->threads; i++)
        contexts[i] = &gathering;
    const struct records_reading reading = {.paths = given->paths,
                                            .path_count = given->path_count,
                                            .take = record_take,
                                            .want = line_want,
                                            .contexts = contexts,
                                            .lent = true,
                                            .threads = given->threads};
    return records_read(&reading, &tally, message);
}

void evidence_fini(struct evidence *evidence)
{
    for (size_t i = 0; i < WORST_HOSTS; i++)
        for (size_t s = 0; s < evidence->hosts[i].service_count; s++)
            service_free(evidence->hosts[i].services[s]);
    *evidence = (struct evidence){.missing = false};
}
