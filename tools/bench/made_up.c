// SPDX-License-Identifier: BSD-3-Clause
#include "tools/bench/made_up.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/catalogue_load.h"
#include "control/classify/intel_build.h"

static uint64_t state = 1;

uint32_t made_up_below(uint32_t limit)
{
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(state >> 33) % limit;
}

static uint32_t name_of(struct intel_builder *builder, uint32_t number)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "p%05u", number);
    return intel_builder_string(builder, text);
}

static uint32_t end_of(struct intel_builder *builder, uint32_t number)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%u.9", number);
    return intel_builder_string(builder, text);
}

// A third of the CVEs is about the products that are seen, one entry each with bounds, so that a version has some
// twenty; the rest about others.
static void cves_make(struct intel_builder *builder, uint32_t count)
{
    uint32_t *about = calloc(count, sizeof(about[0]));
    for (uint32_t i = 0; about != NULL && i < count; i++) {
        uint32_t end = made_up_below(23);
        about[i] = made_up_below(3 * MADE_UP_NAMES);
        const struct intel_match match = {.vendor = intel_builder_string(builder, "openbsd"),
                                          .name = name_of(builder, about[i]),
                                          .start = end_of(builder, end < 3 ? 0 : end - 3),
                                          .end = end_of(builder, end),
                                          .part_flags = INTEL_MATCH_VULNERABLE | INTEL_MATCH_VERSION_ANY};
        uint32_t one = intel_builder_append(builder, INTEL_SECTION_MATCHES, &match, 1);
        (void)intel_builder_append(builder, INTEL_SECTION_NODES,
                                   &(struct intel_node){.first_match = one, .match_count = 1}, 1);
        (void)intel_builder_append(builder, INTEL_SECTION_CONFIGURATIONS,
                                   &(struct intel_configuration){.first_node = one, .node_count = 1}, 1);
        (void)intel_builder_append(builder, INTEL_SECTION_CVES,
                                   &(struct intel_cve){.year = 1999 + i / 12000,
                                                       .number = 1000 + i % 12000,
                                                       .first_configuration = one,
                                                       .configuration_count = 1,
                                                       .published = 1500000000,
                                                       .cvss3_tenths = (uint8_t)made_up_below(100),
                                                       .epss_millionths = made_up_below(1000000)},
                                   1);
    }
    for (uint32_t name = 0; about != NULL && name < 3 * MADE_UP_NAMES; name++) {
        struct intel_product product = {.vendor = intel_builder_string(builder, "openbsd"),
                                        .name = name_of(builder, name),
                                        .first_candidate =
                                            (uint32_t)intel_builder_count(builder, INTEL_SECTION_CANDIDATES)};
        // Two hundred of each at most: what a real product has.
        for (uint32_t i = 0; i < count && product.candidate_count < 200; i++)
            if (about[i] == name) {
                (void)intel_builder_append(builder, INTEL_SECTION_CANDIDATES, &i, 1);
                product.candidate_count++;
            }
        (void)intel_builder_append(builder, INTEL_SECTION_PRODUCTS, &product, 1);
    }
    free(about);
}

static void listings_make(struct intel_builder *builder, uint32_t count)
{
    const struct intel_listing listing = {.feed = intel_builder_string(builder, "list")};
    const struct intel_listing_set sets[] = {{0, 0}, {0, 1}};
    uint32_t step = UINT32_MAX / count;
    (void)intel_builder_append(builder, INTEL_SECTION_LISTINGS, &listing, 1);
    (void)intel_builder_append(builder, INTEL_SECTION_LISTING_SETS, sets, 2);
    (void)intel_builder_append(builder, INTEL_SECTION_LISTING_EDGES, &(struct intel_edge){0}, 1);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t first = i * step + 1 + made_up_below(step / 2);
        const struct intel_edge edges[] = {{first, 1}, {first + 1 + made_up_below(step / 4), 0}};
        (void)intel_builder_append(builder, INTEL_SECTION_LISTING_EDGES, edges, 2);
    }
}

bool made_up_intel(uint32_t cves, uint32_t listings, struct intel *ret_intel)
{
    struct intel_builder *builder = intel_builder_new();
    int fd = memfd_create("intel", MFD_CLOEXEC);
    const struct intel_feed feeds[] = {{.kind = INTEL_NVD}, {.kind = INTEL_KEV}, {.kind = INTEL_MALICIOUS}};
    bool made = builder != NULL && fd >= 0;
    if (made) {
        (void)intel_builder_append(builder, INTEL_SECTION_FEEDS, feeds, 3);
        cves_make(builder, cves);
        listings_make(builder, listings);
        made = intel_builder_write(builder, fd) == 0 && intel_map_file(fd, ret_intel) == 0;
    }
    intel_builder_free(builder);
    if (fd >= 0)
        (void)close(fd);
    return made;
}

// The catalogues of the tree, and a rule for the products of this bench in front of them.
struct classifier *made_up_classifier(const struct intel *intel, struct bench_outcome *outcome)
{
    static struct string_table strings;
    static struct catalogue_storage storage;
    static struct catalogue catalogue;
    static const char rule[] =
        "{\"products\":[{\"field\":\"ssh.identification\",\"pattern\":\"^SSH-2.0-Bench_(p[0-9]+)_([0-9.]+)$\","
        "\"vendor\":"
        "\"openbsd\",\"name\":\"$1\",\"version\":\"$2\",\"cpe\":\"cpe:2.3:a:openbsd:$1:$2:*:*:*:*:*:*:*\"}]}";
    struct complaint complaint = {"out of memory"};
    struct input own = {.text = (char *)(uintptr_t)rule, .length = sizeof(rule) - 1};
    int error = string_table_init(&strings);
    if (error == 0)
        error = catalogue_read(&storage, CATALOGUE_PRODUCTS, "bench", &own, &strings, &complaint);
    for (enum catalogue_file file = 0; file < CATALOGUE_FILES && error == 0; file++) {
        char path[512];
        struct input input;
        (void)snprintf(path, sizeof(path), "%s/%s", bench_catalogues(), catalogue_file_names[file]);
        error = input_read(path, 1 << 24, &input, &complaint);
        if (error == 0) {
            error = catalogue_read(&storage, file, path, &input, &strings, &complaint);
            input_fini(&input);
        }
    }
    catalogue = (struct catalogue){.services = storage.services,
                                   .service_count = storage.service_count,
                                   .findings = storage.findings,
                                   .finding_count = storage.finding_count,
                                   .products = storage.products,
                                   .product_count = storage.product_count,
                                   .conditions = storage.conditions,
                                   .condition_count = storage.condition_count};
    struct classifier *classifier = error != 0 ? NULL : classifier_new(&catalogue, strings.bytes, strings.length);
    if (classifier != NULL && classifier_inform(classifier, intel) == 0)
        return classifier;
    outcome_fail(outcome, "%.200s", complaint.text);
    classifier_free(classifier);
    return NULL;
}
