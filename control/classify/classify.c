// SPDX-License-Identifier: BSD-3-Clause
#include "control/classify/classify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/classify/product.h"

const char *const classify_finding_ids[CLASSIFY_FINDING_COUNT] = {
#define X(enumerator, id, help) id,
    CLASSIFY_FINDINGS(X)
#undef X
};

struct classifier {
    const struct catalogue *catalogue;
    const char *strings;
    size_t string_bytes;
    struct product_rules *rules;
    const char *known[CLASSIFY_FINDING_COUNT]; // the catalogue's id, or NULL when it has no such finding
};

static const char *string_at(const struct classifier *classifier, uint32_t offset)
{
    return offset < classifier->string_bytes ? classifier->strings + offset : "";
}

struct classifier *classifier_new(const struct catalogue *catalogue, const char *strings, size_t string_bytes)
{
    struct classifier *classifier = calloc(1, sizeof(*classifier));
    if (classifier == NULL)
        return NULL;
    *classifier = (struct classifier){.catalogue = catalogue, .strings = strings, .string_bytes = string_bytes};
    classifier->rules = product_rules_new(catalogue, strings, string_bytes);
    if (classifier->rules == NULL) {
        int error = errno;
        free(classifier);
        errno = error;
        return NULL;
    }
    for (size_t i = 0; i < CLASSIFY_FINDING_COUNT; i++) {
        for (size_t j = 0; j < catalogue->finding_count && classifier->known[i] == NULL; j++) {
            const char *id = string_at(classifier, catalogue->findings[j].id);
            if (strcmp(id, classify_finding_ids[i]) == 0)
                classifier->known[i] = id;
        }
    }
    return classifier;
}

void classifier_free(struct classifier *classifier)
{
    if (classifier == NULL)
        return;
    product_rules_free(classifier->rules);
    free(classifier);
}

// The finding that this service should not be exposed: its own where the catalogue has one, else the general one. NULL
// when it is not sensitive, or the catalogue has neither.
static const char *exposure_find(const struct classifier *classifier, const char *service)
{
    const struct catalogue *catalogue = classifier->catalogue;
    char id[sizeof("exposed-") + OBSERVATION_NAME_MAX];
    size_t row = 0;
    while (row < catalogue->service_count &&
           (catalogue->services[row].sensitive == 0 ||
            strcmp(string_at(classifier, catalogue->services[row].name), service) != 0))
        row++;
    if (service[0] == '\0' || row == catalogue->service_count)
        return NULL;
    snprintf(id, sizeof(id), "exposed-%.*s", OBSERVATION_NAME_MAX - 1, service);
    for (size_t i = 0; i < catalogue->finding_count; i++) {
        if (strcmp(string_at(classifier, catalogue->findings[i].id), id) == 0)
            return string_at(classifier, catalogue->findings[i].id);
    }
    return classifier->known[FINDING_EXPOSED];
}

// True when the comma-separated list has exactly this word.
static bool list_has(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; *at != '\0'; at += *at == ',' ? 1 : 0) {
        size_t item = strcspn(at, ",");
        if (item == length && memcmp(at, word, length) == 0)
            return true;
        at += item;
    }
    return false;
}

static bool tls_is_old(const char *version)
{
    static const char *const old[] = {"SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1"};
    for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
        if (strcmp(version, old[i]) == 0)
            return true;
    }
    return false;
}

void classify(struct classifier *classifier, const struct observation *observation, int64_t now_s,
              struct classification *ret_classification)
{
    const struct ssh_observation *ssh = observation->ssh;
    const struct tls_observation *tls = observation->tls;
    bool found[CLASSIFY_FINDING_COUNT] = {0};
    ret_classification->finding_count = 0;
    ret_classification->product_known = product_find(classifier->rules, observation, &ret_classification->product);
    const char *exposure = exposure_find(classifier, observation->service);
    if (exposure != NULL)
        ret_classification->findings[ret_classification->finding_count++] = exposure;
    if (ssh != NULL) {
        found[FINDING_SSH_PASSWORD] = ssh->methods_known && list_has(ssh->methods, "password");
        found[FINDING_SSH_NONE] = ssh->no_authentication;
    }
    if (tls != NULL) {
        found[FINDING_TLS_OLD] = tls_is_old(tls->version);
        found[FINDING_EXPIRED] = tls->certificate_present && tls->not_after < now_s;
        found[FINDING_NOT_YET_VALID] = tls->certificate_present && tls->not_before > now_s;
        found[FINDING_SELF_SIGNED] = tls->certificate_present && tls->self_signed;
    }
    const struct http_observation *http = observation->http;
    // A server that only redirects to HTTPS does what the remedy asks for.
    if (http != NULL && strcmp(observation->service, "http") == 0 && !observation->tunnel_tls)
        found[FINDING_HTTP_PLAIN] = http->status != 0 && strncasecmp(http->location, "https:", 6) != 0;
    for (size_t i = 0; i < CLASSIFY_FINDING_COUNT; i++) {
        if (found[i] && classifier->known[i] != NULL)
            ret_classification->findings[ret_classification->finding_count++] = classifier->known[i];
    }
}
