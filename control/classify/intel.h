// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// intel.image: what the feeds know, compiled into one flat read-only file that sonde-control and `sonde classify` map.
// It is made by `sonde feeds` out of one SQLite file a kind (control/feeds/); here stand its format and its reader, and
// nothing of SQLite or JSON. Like the plan image: native byte order and alignment, sections at offsets that are
// multiples of 64, strings as offsets of NUL-terminated bytes of which offset 0 is "", everything checked on mapping,
// so that a look-up needs no check. Addresses are IPv4, host byte order; times are seconds since 1970, 0 = not known.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTEL_MAGIC   UINT64_C(0x6c65746e69000001)
#define INTEL_VERSION 3

// ---- What it was made of
// ----------------------------------------------------------------------------------------------

// X(enumerator, word of `sonde feeds`, what it holds)
#define INTEL_KINDS(X)                                                                                                 \
    X(INTEL_NVD, "nvd", "CVE records of NVD")                                                                          \
    X(INTEL_KEV, "kev", "vulnerabilities known to be exploited (CISA)")                                                \
    X(INTEL_EPSS, "epss", "exploit prediction scores (FIRST)")                                                         \
    X(INTEL_DEBIAN, "debian", "Debian's verdicts and advisories")                                                      \
    X(INTEL_UBUNTU, "ubuntu", "Ubuntu's verdicts and advisories")                                                      \
    X(INTEL_MALICIOUS, "malicious", "addresses known to be malicious")                                                 \
    X(INTEL_PASSIVE_DNS, "passive-dns", "names that were seen on addresses")                                           \
    X(INTEL_CLOUDS, "clouds", "providers' address ranges")                                                             \
    X(INTEL_PLACES, "places", "country and autonomous system of addresses")

enum intel_kind {
#define X(enumerator, word, help) enumerator,
    INTEL_KINDS(X)
#undef X
        INTEL_KIND_COUNT
};

struct intel_feed {
    uint32_t kind;   // enum intel_kind
    uint32_t source; // string: address or file name it was taken from
    uint32_t sha256; // string: lower-case hex, of the file as it came
    uint32_t rows;
    int64_t published; // by its own account, 0 = it does not say
    int64_t imported;
};

// ---- Vulnerabilities
// --------------------------------------------------------------------------------------------------

// A product as CPE names it, and the CVEs of which an entry with vulnerable:true names it. Sorted by vendor, then name.
struct intel_product {
    uint32_t vendor; // string, lower case
    uint32_t name;
    uint32_t package;         // string: its source package in Debian and Ubuntu, "" when not known
    uint32_t first_candidate; // INTEL_CANDIDATES: indices into INTEL_CVES, ascending
    uint32_t candidate_count;
};

enum intel_severity {
    INTEL_SEVERITY_NONE = 0,
    INTEL_SEVERITY_LOW,
    INTEL_SEVERITY_MEDIUM,
    INTEL_SEVERITY_HIGH,
    INTEL_SEVERITY_CRITICAL
};

enum { INTEL_SCORE_ABSENT = 255 };

enum intel_cve_flags {
    INTEL_CVE_DISPUTED = 1,
    INTEL_CVE_CLIENT_ONLY = 2,    // of the client's side of a product whose server was seen (ssh-agent, scp)
    INTEL_CVE_UNANALYSED = 4,     // NVD gives no configurations: the ranges are the CNA's, or there are none
    INTEL_CVE_RANSOMWARE = 8,     // KEV says so
    INTEL_CVE_VENDOR_RANGES = 16, // one of its configurations is the vendor's own, which overrules NVD's
};

// Sorted by year, then number.
struct intel_cve {
    uint32_t year; // of its name
    uint32_t number;
    uint32_t first_configuration; // any of them applies: the CVE applies
    uint32_t configuration_count;
    int64_t published;
    int64_t kev_added;        // 0 = not in KEV
    uint32_t summary;         // string: the first sentence of its description, at most 255 bytes
    uint32_t epss_millionths; // UINT32_MAX = no score
    uint8_t cvss2_tenths;     // 0 to 100; INTEL_SCORE_ABSENT
    uint8_t cvss3_tenths;
    uint8_t cvss4_tenths;
    uint8_t cvss2_severity; // enum intel_severity
    uint8_t cvss3_severity;
    uint8_t cvss4_severity;
    uint16_t flags; // enum intel_cve_flags
};

// All nodes (all = 1, NVD's operator AND) or any node has to hold.
struct intel_configuration {
    uint32_t first_node;
    uint32_t node_count;
    uint32_t all;
};

// Any of its entries (all = 1: every one) has to hold; negate is never true in NVD's data and refused on import.
struct intel_node {
    uint32_t first_match;
    uint32_t match_count;
    uint32_t all;
};

enum intel_match_flags {
    INTEL_MATCH_VULNERABLE = 1,
    INTEL_MATCH_VERSION_ANY = 2, // version is *: start and end bound it where they are given
    INTEL_MATCH_VERSION_NA = 4,  // version is -: fits no concrete version
    INTEL_MATCH_START_INCLUDED = 8,
    INTEL_MATCH_END_INCLUDED = 16,
    INTEL_MATCH_PLATFORM = 32,   // an attribute after `update` is neither * nor -: a banner does not decide it
    INTEL_MATCH_UPDATE_NA = 64,  // update is -
    INTEL_MATCH_VENDOR = 128,    // of the CVE's own record, by the product's vendor
    INTEL_MATCH_ASSIGNER = 256,  // of the CVE's own record, by another, where NVD gives no configurations
    INTEL_MATCH_OVERRULED = 512, // of NVD, and no longer vulnerable:true, as the vendor's ranges say otherwise
};

// One CPE match entry. Texts are unescaped and lower case; "" where not given.
struct intel_match {
    uint32_t vendor;
    uint32_t name;
    uint32_t version; // "" when ANY or NA
    uint32_t update;  // "" when ANY or NA
    uint32_t start;   // versionStartIncluding or versionStartExcluding
    uint32_t end;
    uint32_t part_flags; // enum intel_match_flags; CPE's part ('a', 'o', 'h') << 24
};

// ---- Distributions
// ----------------------------------------------------------------------------------------------------

// A source package of a distribution. Sorted by distribution, then name.
struct intel_package {
    uint32_t distribution; // string: "debian", "ubuntu"
    uint32_t name;         // string: source package, "openssh"
    uint32_t first_verdict;
    uint32_t verdict_count;
    uint32_t first_version; // INTEL_SECTION_VERSIONS
    uint32_t version_count;
};

// A version that a release of the distribution has or had of a package. Of one package, sorted by version as text, then
// release.
struct intel_version {
    uint32_t version; // strings
    uint32_t release;
};

enum intel_verdict_status {
    INTEL_VERDICT_UNDETERMINED = 0,
    INTEL_VERDICT_OPEN,         // known and not fixed in this release
    INTEL_VERDICT_FIXED,        // in `fixed` and whatever is later
    INTEL_VERDICT_NOT_AFFECTED, // the package of this release never was
};

// Of one package, sorted by year, number, then release. The CVE need not stand in INTEL_SECTION_CVES.
struct intel_verdict {
    uint32_t year;
    uint32_t number;
    uint32_t release;  // string: "stretch", "xenial"
    uint32_t fixed;    // string: package version, "" unless FIXED
    uint32_t advisory; // string: "DSA-4539-1", "USN-3885-1", "" when none
    uint32_t status;   // enum intel_verdict_status
};

// ---- Addresses
// --------------------------------------------------------------------------------------------------------

// From first_address up to the next edge's, addresses have this value: an index into the map's values, of which [0] is
// that of addresses of which nothing is known.
struct intel_edge {
    uint32_t first_address;
    uint32_t value;
};

// A map from every address to a value. edges ascend, the first stands at 0.0.0.0. directory[a >> 16] is the index of
// the last edge at or before (a >> 16) << 16, and directory[65536] the number of edges.
struct intel_map {
    const uint32_t *directory; // [65537]
    const struct intel_edge *edges;
    size_t edge_count;
};

// What lists an address: INTEL_LISTINGS [first, first + count). [0] is empty.
struct intel_listing_set {
    uint32_t first;
    uint32_t count;
};

struct intel_listing {
    uint32_t feed;     // string: "feodo", "threatexchange", the list's name
    uint32_t category; // string: "c2", "spam", a malware's name, ""
    int64_t from;      // period of activity, as facts of the feed; 0 = open on this side
    int64_t until;
    uint32_t confidence; // 0 to 100; UINT32_MAX = the feed does not say
    uint32_t reserved;
};

// How many distinct names were seen on an address. Sorted by address.
struct intel_names {
    uint32_t address;
    uint32_t names;           // in all
    uint32_t names_in_a_year; // most in any 12 months
    uint32_t reserved;
    int64_t year_from; // where those 12 months begin
};

enum intel_responsible {
    INTEL_RESPONSIBLE_UNKNOWN = 0,
    INTEL_RESPONSIBLE_CUSTOMER, // on virtual machines
    INTEL_RESPONSIBLE_PROVIDER, // of a managed service
};

// Whose an address is. [0] is nobody's.
struct intel_owner {
    uint32_t provider; // strings
    uint32_t service;
    uint32_t region;
    uint32_t country;     // ISO 3166-1 alpha-2 of the region or geofeed line, ""
    uint32_t responsible; // enum intel_responsible
    uint32_t reserved;
    int64_t published; // date of the list
};

// Where an address is by a MaxMind-format database. [0] is nowhere.
struct intel_place {
    uint32_t country; // strings
    uint32_t as_name;
    uint32_t as_number;
    uint32_t reserved;
};

// ---- The file
// ---------------------------------------------------------------------------------------------------------

// X(enumerator, element type)
#define INTEL_SECTIONS(X)                                                                                              \
    X(INTEL_SECTION_STRINGS, char)                                                                                     \
    X(INTEL_SECTION_FEEDS, struct intel_feed)                                                                          \
    X(INTEL_SECTION_PRODUCTS, struct intel_product)                                                                    \
    X(INTEL_SECTION_CANDIDATES, uint32_t)                                                                              \
    X(INTEL_SECTION_CVES, struct intel_cve)                                                                            \
    X(INTEL_SECTION_CONFIGURATIONS, struct intel_configuration)                                                        \
    X(INTEL_SECTION_NODES, struct intel_node)                                                                          \
    X(INTEL_SECTION_MATCHES, struct intel_match)                                                                       \
    X(INTEL_SECTION_PACKAGES, struct intel_package)                                                                    \
    X(INTEL_SECTION_VERDICTS, struct intel_verdict)                                                                    \
    X(INTEL_SECTION_VERSIONS, struct intel_version)                                                                    \
    X(INTEL_SECTION_LISTING_DIRECTORY, uint32_t)                                                                       \
    X(INTEL_SECTION_LISTING_EDGES, struct intel_edge)                                                                  \
    X(INTEL_SECTION_LISTING_SETS, struct intel_listing_set)                                                            \
    X(INTEL_SECTION_LISTINGS, struct intel_listing)                                                                    \
    X(INTEL_SECTION_NAMES, struct intel_names)                                                                         \
    X(INTEL_SECTION_OWNER_DIRECTORY, uint32_t)                                                                         \
    X(INTEL_SECTION_OWNER_EDGES, struct intel_edge)                                                                    \
    X(INTEL_SECTION_OWNERS, struct intel_owner)                                                                        \
    X(INTEL_SECTION_PLACE_DIRECTORY, uint32_t)                                                                         \
    X(INTEL_SECTION_PLACE_EDGES, struct intel_edge)                                                                    \
    X(INTEL_SECTION_PLACES, struct intel_place)

enum intel_section {
#define X(name, type) name,
    INTEL_SECTIONS(X)
#undef X
        INTEL_SECTION_COUNT
};

struct intel_slice {
    uint64_t offset; // bytes from the start of the file
    uint64_t count;  // elements
};

struct intel_header {
    uint64_t magic;
    uint32_t version;
    uint32_t header_bytes;
    uint64_t bytes;     // of the whole file
    uint8_t digest[32]; // SHA-256 of everything after the header: stands in every record as its first 16 hex digits
    uint64_t kinds;     // bit (1 << enum intel_kind): a feed of this kind is in it
    struct intel_slice sections[INTEL_SECTION_COUNT];
};

// A mapped image. Everything below points into the mapping and lives as long as it does. Read-only: any thread.
struct intel {
    const struct intel_header *header;
    const char *strings;
    size_t string_bytes;
    const struct intel_feed *feeds;
    size_t feed_count;
    const struct intel_product *products;
    size_t product_count;
    const uint32_t *candidates;
    const struct intel_cve *cves;
    size_t cve_count;
    const struct intel_configuration *configurations;
    const struct intel_node *nodes;
    const struct intel_match *matches;
    const struct intel_package *packages;
    size_t package_count;
    const struct intel_verdict *verdicts;
    const struct intel_version *versions;
    struct intel_map listing_map;
    const struct intel_listing_set *listing_sets;
    const struct intel_listing *listings;
    const struct intel_names *names;
    size_t name_count;
    struct intel_map owner_map;
    const struct intel_owner *owners;
    struct intel_map place_map;
    const struct intel_place *places;
    char digest[17];
};

// Maps fd read-only and checks magic, version, size, every offset, order and index. Returns 0, -errno of mmap or fstat,
// -EPROTO for a file that is no image of this version, -EBADMSG for one that is broken. fd is still the caller's.
int intel_map_file(int fd, struct intel *ret_intel);
void intel_unmap(struct intel *intel);

// Whether a feed of this kind is in it. intel may be NULL: no feeds at all.
bool intel_has(const struct intel *intel, enum intel_kind kind);

static inline const char *intel_string(const struct intel *intel, uint32_t offset)
{
    return intel->strings + offset;
}

// The product, or NULL. O(log products).
const struct intel_product *intel_find_product(const struct intel *intel, const char *vendor, const char *name);

// The source package of a distribution, or NULL.
const struct intel_package *intel_find_package(const struct intel *intel, const char *distribution, const char *name);

// The value of an address; 0 when nothing is known of it, or the map is empty. Under 200 ns with a million prefixes.
uint32_t intel_map_find(const struct intel_map *map, uint32_t address);

// How many names were seen on an address, or NULL.
const struct intel_names *intel_find_names(const struct intel *intel, uint32_t address);
