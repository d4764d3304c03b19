// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The catalogues of the tree and the feeds that a test has imported, and what they make of a server.

#include "config/catalogue_load.h"
#include "control/classify/classify.h"
#include "tests/unit/feeds/folder.h"

struct scene {
    struct string_table strings;
    struct catalogue_storage storage;
    struct catalogue catalogue;
    struct classifier *classifier;
    struct intel intel;
    int fd;
};

// The catalogues of the tree, and what has been imported.
static inline void scene_begin(struct scene *scene)
{
    static const enum catalogue_file kinds[] = {CATALOGUE_SERVICES, CATALOGUE_FINDINGS, CATALOGUE_PRODUCTS};
    struct complaint complaint;
    *scene = (struct scene){.fd = -1};
    cr_assert_eq(string_table_init(&scene->strings), 0);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char path[512];
        struct input input;
        (void)snprintf(path, sizeof(path), "%s/config/%s", SONDE_TEST_SOURCE_ROOT, catalogue_file_names[kinds[i]]);
        cr_assert_eq(input_read(path, 1 << 24, &input, &complaint), 0);
        cr_assert_eq(catalogue_read(&scene->storage, kinds[i], path, &input, &scene->strings, &complaint), 0);
        input_fini(&input);
    }
    scene->catalogue = (struct catalogue){
        .services = scene->storage.services,
        .service_count = scene->storage.service_count,
        .findings = scene->storage.findings,
        .finding_count = scene->storage.finding_count,
        .products = scene->storage.products,
        .product_count = scene->storage.product_count,
        .conditions = scene->storage.conditions,
        .condition_count = scene->storage.condition_count,
    };
    scene->classifier = classifier_new(&scene->catalogue, scene->strings.bytes, scene->strings.length);
    cr_assert_not_null(scene->classifier);
    scene->intel = folder_open_image(&scene->fd);
    cr_assert_eq(classifier_inform(scene->classifier, &scene->intel), 0);
}

static inline void scene_end(struct scene *scene)
{
    classifier_free(scene->classifier);
    intel_unmap(&scene->intel);
    (void)close(scene->fd);
    catalogue_storage_fini(&scene->storage);
    string_table_fini(&scene->strings);
}

// What a server with this identification has, as "CVE-... status", in the order of the CVEs; those that were published
// before. *ret_hits: how many rows there are.
static inline const char *judged(struct scene *scene, const char *identification, int64_t before, const char *status,
                                 size_t *ret_count, size_t *ret_hits)
{
    static char text[4096];
    struct observation observation;
    observation_init(&observation);
    learn_word(&observation, FIELD(root, service), "ssh");
    learn_word(&observation, FIELD(ssh, identification), identification);
    classify(scene->classifier, &observation, 1700000000);
    cr_assert_not_null(observation.vulnerabilities, "%s", identification);
    const struct rows *rows = &observation.vulnerabilities->cves;
    text[0] = '\0';
    *ret_count = 0;
    *ret_hits = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct cve_observation *row = &((const struct cve_observation *)rows->items)[i];
        bool conditional = text_is(&row->status, "conditional");
        if ((before != 0 && row->published >= before) || conditional)
            continue;
        ++*ret_hits;
        if (status != NULL && text_is(&row->status, status))
            continue;
        ++*ret_count;
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s%s%s;", text_of(&row->id),
                       text_of(&row->status), row->known.advisory ? " " : "", text_of(&row->advisory));
    }
    observation_fini(&observation);
    return text;
}

static inline void import(const char *name, const char *text)
{
    struct complaint complaint;
    cr_assert_eq(folder_import(folder_file(name, text, strlen(text)), &complaint), 0, "%s", complaint.text);
}

#define CVE(id)                                                                                                        \
    "{\"cve\":{\"id\":\"" id "\",\"published\":\"2018-01-02T00:00:00\",\"lastModified\":\"2018-02-02T00:00:00\","      \
    "\"configurations\":[{\"nodes\":[{\"cpeMatch\":[{\"vulnerable\":true,\"criteria\":\"cpe:2.3:a:openbsd:openssh:*:*" \
    ":*:"                                                                                                              \
    "*:*:*:*:*\",\"versionEndExcluding\":\"9\"}]}]}]}}"
