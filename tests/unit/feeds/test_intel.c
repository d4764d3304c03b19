// SPDX-License-Identifier: BSD-3-Clause
// The image of feeds: what is appended comes back, maps find their edges, and a damaged file is refused or harmless.
#include <errno.h>
#include <sys/mman.h>

#include "control/classify/cve.h"
#include "control/classify/intel_build.h"
#include "tests/unit/feeds/folder.h"

static const struct {
    uint32_t from;
    uint32_t value;
} edges[] = {{0, 0},          {0x0a000000, 1}, {0x0a000001, 0}, {0x0affff00, 2},
             {0x0b010000, 0}, {0x0c000000, 1}, {0xfffffffe, 2}, {0xffffffff, 1}};
enum { EDGES = sizeof(edges) / sizeof(edges[0]) };

static struct intel_builder *builder_of(void)
{
    struct intel_builder *builder = intel_builder_new();
    const struct intel_cve cves[] = {{.year = 2020, .number = 5, .configuration_count = 1, .cvss2_tenths = 50},
                                     {.year = 2020, .number = 7, .cvss2_tenths = INTEL_SCORE_ABSENT}};
    const struct intel_configuration configuration = {.node_count = 1};
    const struct intel_node node = {.match_count = 1};
    const struct intel_match match = {.vendor = intel_builder_string(builder, "v"),
                                      .name = intel_builder_string(builder, "p"),
                                      .end = intel_builder_string(builder, "2.0"),
                                      .part_flags = INTEL_MATCH_VULNERABLE | INTEL_MATCH_VERSION_ANY};
    const struct intel_product products[] = {
        {.vendor = intel_builder_string(builder, "u"), .name = intel_builder_string(builder, "z")},
        {.vendor = match.vendor, .name = match.name, .candidate_count = 1}};
    const struct intel_package package = {.distribution = intel_builder_string(builder, "debian"),
                                          .name = intel_builder_string(builder, "openssh"),
                                          .verdict_count = 1};
    const struct intel_verdict verdict = {.year = 2020, .number = 5, .status = INTEL_VERDICT_FIXED};
    const struct intel_names names[] = {{.address = 1, .names = 3}, {.address = 9, .names = 60, .names_in_a_year = 56}};
    const struct intel_listing_set sets[3] = {{0, 0}, {0, 1}, {0, 2}};
    const struct intel_listing listings[2] = {{.feed = match.vendor}, {.feed = match.name}};
    const struct intel_feed feed = {.kind = INTEL_NVD, .rows = 2};
    uint32_t candidate = 0;
    (void)intel_builder_append(builder, INTEL_SECTION_FEEDS, &feed, 1);
    (void)intel_builder_append(builder, INTEL_SECTION_CVES, cves, 2);
    (void)intel_builder_append(builder, INTEL_SECTION_CONFIGURATIONS, &configuration, 1);
    (void)intel_builder_append(builder, INTEL_SECTION_NODES, &node, 1);
    (void)intel_builder_append(builder, INTEL_SECTION_MATCHES, &match, 1);
    (void)intel_builder_append(builder, INTEL_SECTION_PRODUCTS, products, 2);
    (void)intel_builder_append(builder, INTEL_SECTION_CANDIDATES, &candidate, 1);
    (void)intel_builder_append(builder, INTEL_SECTION_PACKAGES, &package, 1);
    (void)intel_builder_append(builder, INTEL_SECTION_VERDICTS, &verdict, 1);
    (void)intel_builder_append(builder, INTEL_SECTION_NAMES, names, 2);
    (void)intel_builder_append(builder, INTEL_SECTION_LISTING_SETS, sets, 3);
    (void)intel_builder_append(builder, INTEL_SECTION_LISTINGS, listings, 2);
    for (size_t i = 0; i < EDGES; i++) {
        const struct intel_edge edge = {.first_address = edges[i].from, .value = edges[i].value};
        (void)intel_builder_append(builder, INTEL_SECTION_LISTING_EDGES, &edge, 1);
    }
    return builder;
}

// Everything that a look-up may touch.
static void image_use(const struct intel *intel)
{
    struct cve_subject subject = {.vendor = "v", .name = "p", .shown = "p 1"};
    cr_assert(version_make("1", NULL, &subject.version));
    for (size_t i = 0; i < intel->cve_count; i++) {
        struct cve_reason reason;
        char evidence[CVE_EVIDENCE_BYTES];
        (void)cve_judge(intel, &intel->cves[i], &subject, NULL, &reason);
        (void)cve_evidence(intel, &subject, &reason, evidence);
    }
    const struct intel_product *product = intel_find_product(intel, "v", "p");
    for (uint32_t i = 0; product != NULL && i < product->candidate_count; i++)
        cr_assert_lt(intel->candidates[product->first_candidate + i], intel->cve_count);
    (void)intel_find_package(intel, "debian", "openssh");
    (void)intel_find_names(intel, 9);
    for (uint64_t address = 0; address <= UINT32_MAX; address += 0x00345677) {
        const struct intel_listing_set *set =
            &intel->listing_sets[intel_map_find(&intel->listing_map, (uint32_t)address)];
        if (intel->listing_map.edge_count > 0 && set->count > 0)
            (void)strlen(intel_string(intel, intel->listings[set->first].feed));
    }
}

static int image_new(void)
{
    int fd = memfd_create("intel", MFD_CLOEXEC);
    struct intel_builder *builder = builder_of();
    cr_assert_eq(intel_builder_write(builder, fd), 0);
    intel_builder_free(builder);
    return fd;
}

Test(intel, what_was_appended_comes_back)
{
    struct intel intel;
    int fd = image_new();
    cr_assert_eq(intel_map_file(fd, &intel), 0);
    cr_expect(intel_has(&intel, INTEL_NVD) && !intel_has(&intel, INTEL_KEV) && !intel_has(NULL, INTEL_NVD));
    cr_expect_eq(strlen(intel.digest), 16);
    cr_expect_eq(intel_find_product(&intel, "v", "p")->candidate_count, 1);
    cr_expect_null(intel_find_product(&intel, "v", "q"));
    cr_expect_null(intel_find_product(&intel, "", ""));
    cr_expect_eq(intel_find_package(&intel, "debian", "openssh")->verdict_count, 1);
    cr_expect_null(intel_find_package(&intel, "ubuntu", "openssh"));
    cr_expect_eq(intel_find_names(&intel, 9)->names, 60);
    cr_expect_null(intel_find_names(&intel, 8));
    for (size_t i = 0; i < EDGES; i++) {
        cr_expect_eq(intel_map_find(&intel.listing_map, edges[i].from), edges[i].value, "%zu", i);
        if (i > 0)
            cr_expect_eq(intel_map_find(&intel.listing_map, edges[i].from - 1), edges[i - 1].value, "%zu", i);
    }
    cr_expect_eq(intel_map_find(&intel.owner_map, 7), 0);
    image_use(&intel);
    intel_unmap(&intel);
    (void)close(fd);
}

Test(intel, a_wrong_order_is_refused)
{
    int fd = memfd_create("intel", MFD_CLOEXEC);
    struct intel_builder *builder = builder_of();
    const struct intel_cve early = {.year = 2019, .number = 1};
    (void)intel_builder_append(builder, INTEL_SECTION_CVES, &early, 1);
    cr_expect_eq(intel_builder_write(builder, fd), -EBADMSG);
    intel_builder_free(builder);
    (void)close(fd);
}

Test(intel, a_damaged_file_is_refused_or_harmless, .timeout = 120)
{
    int fd = image_new();
    off_t bytes = lseek(fd, 0, SEEK_END);
    uint64_t state = 1;
    size_t refused = 0;
    for (size_t round = 0; round < 4000; round++) {
        struct intel intel;
        uint8_t before;
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        // The directory is nearly all of the file; half of the damage is done to the rest.
        off_t at = (off_t)(state >> 33) % (round % 2 == 0 ? bytes : 4096);
        uint8_t other = (uint8_t)(state >> 24);
        cr_assert_eq(pread(fd, &before, 1, at), 1);
        cr_assert_eq(pwrite(fd, &other, 1, at), 1);
        int error = intel_map_file(fd, &intel);
        refused += error != 0;
        cr_assert(error == 0 || error == -EPROTO || error == -EBADMSG);
        if (error == 0) {
            if (round % 16 == 0)
                image_use(&intel);
            intel_unmap(&intel);
        }
        cr_assert_eq(pwrite(fd, &before, 1, at), 1);
    }
    cr_expect_gt(refused, 1000);
    for (off_t length = 0; length < bytes; length += bytes / 97) {
        struct intel intel;
        cr_assert_eq(ftruncate(fd, length), 0);
        cr_expect_lt(intel_map_file(fd, &intel), 0);
    }
    (void)close(fd);
}
