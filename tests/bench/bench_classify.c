// SPDX-License-Identifier: BSD-3-Clause
// What classification costs a record: product, vulnerabilities, reputation and findings, with an image of feeds of
// realistic size, over records that name many products; and a look-up of an address among many listed ranges. By the
// thread's CPU clock. Prints one JSON object.
//
// usage: bench_classify [--records N] [--products N] [--cves N] [--listings N]

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "config/catalogue_load.h"
#include "control/classify/classify.h"
#include "control/classify/intel_build.h"

enum { NAMES = 400 }; // products that CVEs are about; each has many versions

static uint64_t state = 1;

static uint32_t random_below(uint32_t limit)
{
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(state >> 33) % limit;
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
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
        uint32_t end = random_below(23);
        about[i] = random_below(3 * NAMES);
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
                                                       .cvss3_tenths = (uint8_t)random_below(100),
                                                       .epss_millionths = random_below(1000000)},
                                   1);
    }
    for (uint32_t name = 0; about != NULL && name < 3 * NAMES; name++) {
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
        uint32_t first = i * step + 1 + random_below(step / 2);
        const struct intel_edge edges[] = {{first, 1}, {first + 1 + random_below(step / 4), 0}};
        (void)intel_builder_append(builder, INTEL_SECTION_LISTING_EDGES, edges, 2);
    }
}

static struct intel image_make(uint32_t cves, uint32_t listings)
{
    struct intel intel;
    struct intel_builder *builder = intel_builder_new();
    int fd = memfd_create("intel", 0);
    const struct intel_feed feeds[] = {{.kind = INTEL_NVD}, {.kind = INTEL_KEV}, {.kind = INTEL_MALICIOUS}};
    if (builder == NULL || fd < 0)
        abort();
    (void)intel_builder_append(builder, INTEL_SECTION_FEEDS, feeds, 3);
    cves_make(builder, cves);
    listings_make(builder, listings);
    if (intel_builder_write(builder, fd) != 0 || intel_map_file(fd, &intel) != 0)
        abort();
    intel_builder_free(builder);
    return intel;
}

// The catalogues of the tree, and a rule for the products of this bench in front of them.
static struct classifier *classifier_make(const struct intel *intel)
{
    static struct string_table strings;
    static struct catalogue_storage storage;
    static struct catalogue catalogue;
    static const char rule[] =
        "{\"products\":[{\"field\":\"ssh.identification\",\"pattern\":\"^SSH-2.0-Bench_(p[0-9]+)_([0-9.]+)$\","
        "\"vendor\":"
        "\"openbsd\",\"name\":\"$1\",\"version\":\"$2\",\"cpe\":\"cpe:2.3:a:openbsd:$1:$2:*:*:*:*:*:*:*\"}]}";
    struct complaint complaint;
    struct input own = {.text = (char *)(uintptr_t)rule, .length = sizeof(rule) - 1};
    if (string_table_init(&strings) != 0 ||
        catalogue_read(&storage, CATALOGUE_PRODUCTS, "bench", &own, &strings, &complaint) != 0)
        abort();
    for (enum catalogue_file file = 0; file < CATALOGUE_FILES; file++) {
        char path[512];
        struct input input;
        (void)snprintf(path, sizeof(path), "%s/config/%s", SOURCE_ROOT, catalogue_file_names[file]);
        if (input_read(path, 1 << 24, &input, &complaint) != 0 ||
            catalogue_read(&storage, file, path, &input, &strings, &complaint) != 0)
            abort();
        input_fini(&input);
    }
    catalogue = (struct catalogue){.services = storage.services,
                                   .service_count = storage.service_count,
                                   .findings = storage.findings,
                                   .finding_count = storage.finding_count,
                                   .products = storage.products,
                                   .product_count = storage.product_count,
                                   .conditions = storage.conditions,
                                   .condition_count = storage.condition_count};
    struct classifier *classifier = classifier_new(&catalogue, strings.bytes, strings.length);
    if (classifier == NULL || classifier_inform(classifier, intel) != 0)
        abort();
    return classifier;
}

static void record_make(struct observation *observation, uint32_t product)
{
    char text[64];
    observation_reset(observation);
    (void)snprintf(text, sizeof(text), "SSH-2.0-Bench_p%05u_%u.%u", product % NAMES, product / NAMES % 20,
                   product % 10);
    learn_address(observation, FIELD(root, ip), address_v4(random_below(UINT32_MAX)));
    learn_number(observation, FIELD(root, port), 22);
    learn_constant(observation, FIELD(root, service), "ssh");
    learn_word(observation, FIELD(ssh, identification), text);
    learn_names(observation, FIELD(ssh, methods), "publickey,password", 18, ',');
}

// The records are made in the same loop; making alone is measured first and taken away.
static double records_run(struct classifier *classifier, uint32_t records, uint32_t products, uint64_t *ret_cves)
{
    struct observation observation;
    observation_init(&observation);
    double began = cpu_seconds();
    for (uint32_t i = 0; i < records; i++) {
        record_make(&observation, random_below(products));
        if (classifier == NULL)
            continue;
        classify(classifier, &observation, 1700000000);
        *ret_cves += observation.vulnerabilities->cves.count;
    }
    double took = cpu_seconds() - began;
    observation_fini(&observation);
    return took;
}

static double lookups_run(const struct intel *intel, uint32_t count, uint64_t *ret_found)
{
    double began = cpu_seconds();
    for (uint32_t i = 0; i < count; i++)
        *ret_found += intel_map_find(&intel->listing_map, (uint32_t)random_below(UINT32_MAX) * 2);
    return (cpu_seconds() - began) / count * 1e9;
}

static uint32_t option(int argc, char **argv, const char *name, uint32_t standard)
{
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], name) == 0)
            return (uint32_t)strtoul(argv[i + 1], NULL, 10);
    return standard;
}

int main(int argc, char **argv)
{
    uint32_t records = option(argc, argv, "--records", 10000000);
    uint32_t products = option(argc, argv, "--products", 5000);
    uint32_t cves = option(argc, argv, "--cves", 300000);
    uint32_t listings = option(argc, argv, "--listings", 1000000);
    struct rusage usage;
    uint64_t rows = 0;
    uint64_t found = 0;
    struct intel intel = image_make(cves, listings);
    struct classifier *classifier = classifier_make(&intel);
    double making = records_run(NULL, records, products, &rows);
    double took = records_run(classifier, records, products, &rows) - making;
    double lookup_ns = lookups_run(&intel, 20000000, &found);
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"records\":%u,\"products\":%u,\"cves\":%u,\"listings\":%u,\"records_per_second\":%.0f,\"cves_a_record\":%"
           ".1f,"
           "\"lookup_ns\":%.0f,\"listed_share\":%.3f,\"resident_mb\":%ld}\n",
           records, products, cves, listings, records / took, (double)rows / records, lookup_ns,
           (double)found / 20000000, usage.ru_maxrss / 1024);
    classifier_free(classifier);
    intel_unmap(&intel);
    return 0;
}
