// SPDX-License-Identifier: BSD-3-Clause
#include "control/classify/intel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { INTEL_ALIGNMENT = 64, SLASH16S = 65536, YEAR_MAX = 9999 };

static const size_t element_bytes[INTEL_SECTION_COUNT] = {
#define X(name, type) [name] = sizeof(type),
    INTEL_SECTIONS(X)
#undef X
};

// ---- Checks
// -----------------------------------------------------------------------------------------------------------

static const void *section(const struct intel *intel, enum intel_section which, size_t *ret_count)
{
    const struct intel_slice *slice = &intel->header->sections[which];
    *ret_count = slice->count;
    return (const char *)intel->header + slice->offset;
}

static bool sections_fit(const struct intel_header *header)
{
    for (size_t i = 0; i < INTEL_SECTION_COUNT; i++) {
        const struct intel_slice *slice = &header->sections[i];
        if (slice->offset % INTEL_ALIGNMENT != 0 || slice->offset < sizeof(*header) || slice->offset > header->bytes)
            return false;
        if (slice->count > (header->bytes - slice->offset) / element_bytes[i])
            return false;
    }
    return true;
}

static bool strings_fit(const struct intel *intel)
{
    return intel->string_bytes > 0 && intel->strings[0] == '\0' && intel->strings[intel->string_bytes - 1] == '\0';
}

static bool string_fits(const struct intel *intel, uint32_t offset)
{
    return offset < intel->string_bytes;
}

// [first, first + count) lies within `of`.
static bool range_fits(uint64_t first, uint64_t count, uint64_t of)
{
    return first <= of && count <= of - first;
}

static int names_compare(const struct intel *intel, uint32_t a1, uint32_t a2, uint32_t b1, uint32_t b2)
{
    int order = strcmp(intel_string(intel, a1), intel_string(intel, b1));
    return order != 0 ? order : strcmp(intel_string(intel, a2), intel_string(intel, b2));
}

static bool feeds_fit(const struct intel *intel)
{
    for (size_t i = 0; i < intel->feed_count; i++) {
        const struct intel_feed *feed = &intel->feeds[i];
        if (feed->kind >= INTEL_KIND_COUNT || !string_fits(intel, feed->source) || !string_fits(intel, feed->sha256))
            return false;
    }
    return true;
}

static bool products_fit(const struct intel *intel)
{
    size_t candidates;
    (void)section(intel, INTEL_SECTION_CANDIDATES, &candidates);
    for (size_t i = 0; i < intel->product_count; i++) {
        const struct intel_product *product = &intel->products[i];
        const struct intel_product *before = i == 0 ? NULL : &intel->products[i - 1];
        if (!string_fits(intel, product->vendor) || !string_fits(intel, product->name) ||
            !string_fits(intel, product->package) ||
            !range_fits(product->first_candidate, product->candidate_count, candidates))
            return false;
        if (before != NULL && names_compare(intel, before->vendor, before->name, product->vendor, product->name) >= 0)
            return false;
    }
    for (size_t i = 0; i < candidates; i++)
        if (intel->candidates[i] >= intel->cve_count)
            return false;
    return true;
}

static bool scores_fit(const struct intel_cve *cve)
{
    const uint8_t scores[] = {cve->cvss2_tenths, cve->cvss3_tenths, cve->cvss4_tenths};
    const uint8_t severities[] = {cve->cvss2_severity, cve->cvss3_severity, cve->cvss4_severity};
    for (size_t i = 0; i < sizeof(scores); i++)
        if ((scores[i] > 100 && scores[i] != INTEL_SCORE_ABSENT) || severities[i] > INTEL_SEVERITY_CRITICAL)
            return false;
    return true;
}

static bool cves_fit(const struct intel *intel)
{
    size_t configurations;
    (void)section(intel, INTEL_SECTION_CONFIGURATIONS, &configurations);
    for (size_t i = 0; i < intel->cve_count; i++) {
        const struct intel_cve *cve = &intel->cves[i];
        const struct intel_cve *before = i == 0 ? NULL : &intel->cves[i - 1];
        if (!range_fits(cve->first_configuration, cve->configuration_count, configurations) ||
            !string_fits(intel, cve->summary) || !scores_fit(cve) || cve->year > YEAR_MAX)
            return false;
        if (before != NULL &&
            (before->year > cve->year || (before->year == cve->year && before->number >= cve->number)))
            return false;
    }
    return true;
}

static bool configurations_fit(const struct intel *intel)
{
    size_t configurations;
    size_t nodes;
    size_t matches;
    (void)section(intel, INTEL_SECTION_CONFIGURATIONS, &configurations);
    (void)section(intel, INTEL_SECTION_NODES, &nodes);
    (void)section(intel, INTEL_SECTION_MATCHES, &matches);
    for (size_t i = 0; i < configurations; i++)
        if (!range_fits(intel->configurations[i].first_node, intel->configurations[i].node_count, nodes))
            return false;
    for (size_t i = 0; i < nodes; i++)
        if (!range_fits(intel->nodes[i].first_match, intel->nodes[i].match_count, matches))
            return false;
    for (size_t i = 0; i < matches; i++) {
        const struct intel_match *match = &intel->matches[i];
        const uint32_t texts[] = {match->vendor, match->name, match->version, match->update, match->start, match->end};
        for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++)
            if (!string_fits(intel, texts[t]))
                return false;
    }
    return true;
}

static bool packages_fit(const struct intel *intel)
{
    size_t verdicts;
    size_t versions;
    (void)section(intel, INTEL_SECTION_VERDICTS, &verdicts);
    (void)section(intel, INTEL_SECTION_VERSIONS, &versions);
    for (size_t i = 0; i < intel->package_count; i++) {
        const struct intel_package *package = &intel->packages[i];
        const struct intel_package *before = i == 0 ? NULL : &intel->packages[i - 1];
        if (!string_fits(intel, package->distribution) || !string_fits(intel, package->name) ||
            !range_fits(package->first_verdict, package->verdict_count, verdicts) ||
            !range_fits(package->first_version, package->version_count, versions))
            return false;
        if (before != NULL &&
            names_compare(intel, before->distribution, before->name, package->distribution, package->name) >= 0)
            return false;
    }
    for (size_t i = 0; i < verdicts; i++) {
        const struct intel_verdict *verdict = &intel->verdicts[i];
        if (!string_fits(intel, verdict->release) || !string_fits(intel, verdict->fixed) ||
            !string_fits(intel, verdict->advisory) || verdict->status > INTEL_VERDICT_NOT_AFFECTED)
            return false;
    }
    for (size_t i = 0; i < versions; i++)
        if (!string_fits(intel, intel->versions[i].version) || !string_fits(intel, intel->versions[i].release))
            return false;
    return true;
}

// An empty map has neither edges nor directory.
static bool map_fits(const struct intel_map *map, size_t directory, size_t values)
{
    if (map->edge_count == 0)
        return directory == 0;
    if (directory != SLASH16S + 1 || map->edges[0].first_address != 0 || map->directory[SLASH16S] != map->edge_count)
        return false;
    for (size_t i = 0; i < map->edge_count; i++)
        if (map->edges[i].value >= values || (i > 0 && map->edges[i].first_address <= map->edges[i - 1].first_address))
            return false;
    for (size_t i = 0; i < SLASH16S; i++) {
        uint32_t at = map->directory[i];
        if (at >= map->edge_count || map->edges[at].first_address > (uint32_t)i << 16 ||
            (at + 1 < map->edge_count && map->edges[at + 1].first_address <= (uint32_t)i << 16))
            return false;
    }
    return true;
}

static bool maps_fit(const struct intel *intel)
{
    size_t directories[3];
    size_t values[3];
    size_t listings;
    (void)section(intel, INTEL_SECTION_LISTING_DIRECTORY, &directories[0]);
    (void)section(intel, INTEL_SECTION_OWNER_DIRECTORY, &directories[1]);
    (void)section(intel, INTEL_SECTION_PLACE_DIRECTORY, &directories[2]);
    (void)section(intel, INTEL_SECTION_LISTING_SETS, &values[0]);
    (void)section(intel, INTEL_SECTION_OWNERS, &values[1]);
    (void)section(intel, INTEL_SECTION_PLACES, &values[2]);
    (void)section(intel, INTEL_SECTION_LISTINGS, &listings);
    for (size_t i = 0; i < values[0]; i++)
        if (!range_fits(intel->listing_sets[i].first, intel->listing_sets[i].count, listings))
            return false;
    for (size_t i = 0; i < listings; i++)
        if (!string_fits(intel, intel->listings[i].feed) || !string_fits(intel, intel->listings[i].category))
            return false;
    for (size_t i = 0; i < values[1]; i++) {
        const struct intel_owner *owner = &intel->owners[i];
        if (!string_fits(intel, owner->provider) || !string_fits(intel, owner->service) ||
            !string_fits(intel, owner->region) || !string_fits(intel, owner->country) ||
            owner->responsible > INTEL_RESPONSIBLE_PROVIDER)
            return false;
    }
    for (size_t i = 0; i < values[2]; i++)
        if (!string_fits(intel, intel->places[i].country) || !string_fits(intel, intel->places[i].as_name))
            return false;
    return map_fits(&intel->listing_map, directories[0], values[0]) &&
           map_fits(&intel->owner_map, directories[1], values[1]) &&
           map_fits(&intel->place_map, directories[2], values[2]);
}

static bool names_fit(const struct intel *intel)
{
    for (size_t i = 1; i < intel->name_count; i++)
        if (intel->names[i].address <= intel->names[i - 1].address)
            return false;
    return true;
}

// ---- Mapping
// ----------------------------------------------------------------------------------------------------------

static void map_point(const struct intel *intel, enum intel_section directory, enum intel_section edges,
                      struct intel_map *ret_map)
{
    size_t count;
    ret_map->directory = section(intel, directory, &count);
    ret_map->edges = section(intel, edges, &ret_map->edge_count);
}

static void intel_point(struct intel *intel)
{
    size_t count;
    intel->strings = section(intel, INTEL_SECTION_STRINGS, &intel->string_bytes);
    intel->feeds = section(intel, INTEL_SECTION_FEEDS, &intel->feed_count);
    intel->products = section(intel, INTEL_SECTION_PRODUCTS, &intel->product_count);
    intel->candidates = section(intel, INTEL_SECTION_CANDIDATES, &count);
    intel->cves = section(intel, INTEL_SECTION_CVES, &intel->cve_count);
    intel->configurations = section(intel, INTEL_SECTION_CONFIGURATIONS, &count);
    intel->nodes = section(intel, INTEL_SECTION_NODES, &count);
    intel->matches = section(intel, INTEL_SECTION_MATCHES, &count);
    intel->packages = section(intel, INTEL_SECTION_PACKAGES, &intel->package_count);
    intel->verdicts = section(intel, INTEL_SECTION_VERDICTS, &count);
    intel->versions = section(intel, INTEL_SECTION_VERSIONS, &count);
    intel->listing_sets = section(intel, INTEL_SECTION_LISTING_SETS, &count);
    intel->listings = section(intel, INTEL_SECTION_LISTINGS, &count);
    intel->names = section(intel, INTEL_SECTION_NAMES, &intel->name_count);
    intel->owners = section(intel, INTEL_SECTION_OWNERS, &count);
    intel->places = section(intel, INTEL_SECTION_PLACES, &count);
    map_point(intel, INTEL_SECTION_LISTING_DIRECTORY, INTEL_SECTION_LISTING_EDGES, &intel->listing_map);
    map_point(intel, INTEL_SECTION_OWNER_DIRECTORY, INTEL_SECTION_OWNER_EDGES, &intel->owner_map);
    map_point(intel, INTEL_SECTION_PLACE_DIRECTORY, INTEL_SECTION_PLACE_EDGES, &intel->place_map);
    for (size_t i = 0; i < 8; i++)
        (void)snprintf(intel->digest + 2 * i, 3, "%02x", intel->header->digest[i]);
}

static int header_check(const struct intel_header *header, uint64_t bytes)
{
    if (bytes < sizeof(*header) || header->magic != INTEL_MAGIC || header->version != INTEL_VERSION ||
        header->header_bytes != sizeof(*header))
        return -EPROTO;
    return header->bytes == bytes && sections_fit(header) ? 0 : -EBADMSG;
}

int intel_map_file(int fd, struct intel *ret_intel)
{
    struct stat status;
    struct intel intel = {0};
    if (fstat(fd, &status) != 0)
        return -errno;
    if (status.st_size < (off_t)sizeof(struct intel_header))
        return -EPROTO;
    size_t bytes = (size_t)status.st_size;
    void *memory = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return -errno;
    intel.header = memory;
    int error = header_check(intel.header, bytes);
    if (error == 0) {
        intel_point(&intel);
        bool fits = strings_fit(&intel) && feeds_fit(&intel) && cves_fit(&intel) && products_fit(&intel) &&
                    configurations_fit(&intel) && packages_fit(&intel) && maps_fit(&intel) && names_fit(&intel);
        error = fits ? 0 : -EBADMSG;
    }
    if (error != 0)
        (void)munmap(memory, bytes);
    else
        *ret_intel = intel;
    return error;
}

void intel_unmap(struct intel *intel)
{
    if (intel->header != NULL)
        (void)munmap((void *)(uintptr_t)intel->header, intel->header->bytes);
    *intel = (struct intel){0};
}

// ---- Look-ups
// ---------------------------------------------------------------------------------------------------------

bool intel_has(const struct intel *intel, enum intel_kind kind)
{
    return intel != NULL && (intel->header->kinds >> kind & 1) != 0;
}

const struct intel_product *intel_find_product(const struct intel *intel, const char *vendor, const char *name)
{
    size_t low = 0;
    size_t high = intel->product_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct intel_product *product = &intel->products[middle];
        int order = strcmp(vendor, intel_string(intel, product->vendor));
        if (order == 0)
            order = strcmp(name, intel_string(intel, product->name));
        if (order == 0)
            return product;
        *(order < 0 ? &high : &low) = order < 0 ? middle : middle + 1;
    }
    return NULL;
}

const struct intel_package *intel_find_package(const struct intel *intel, const char *distribution, const char *name)
{
    size_t low = 0;
    size_t high = intel->package_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct intel_package *package = &intel->packages[middle];
        int order = strcmp(distribution, intel_string(intel, package->distribution));
        if (order == 0)
            order = strcmp(name, intel_string(intel, package->name));
        if (order == 0)
            return package;
        *(order < 0 ? &high : &low) = order < 0 ? middle : middle + 1;
    }
    return NULL;
}

uint32_t intel_map_find(const struct intel_map *map, uint32_t address)
{
    if (map->edge_count == 0)
        return 0;
    // The edge wanted is the last one at or before the address: between these two.
    size_t low = map->directory[address >> 16];
    size_t next = (address >> 16) + 1;
    size_t high = next == SLASH16S ? map->edge_count : map->directory[next] + (size_t)1;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (map->edges[middle].first_address <= address)
            low = middle;
        else
            high = middle;
    }
    return map->edges[low].value;
}

const struct intel_names *intel_find_names(const struct intel *intel, uint32_t address)
{
    size_t low = 0;
    size_t high = intel->name_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (intel->names[middle].address == address)
            return &intel->names[middle];
        if (intel->names[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
