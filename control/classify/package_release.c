// SPDX-License-Identifier: BSD-3-Clause
#include "control/classify/package_release.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "0123456789";

// Debian's releases by their number, as in "+deb9u6".
static const char *const debian_releases[] = {
    [4] = "etch",    [5] = "lenny",     [6] = "squeeze",   [7] = "wheezy",  [8] = "jessie", [9] = "stretch",
    [10] = "buster", [11] = "bullseye", [12] = "bookworm", [13] = "trixie", [14] = "forky",
};
enum { DEBIAN_RELEASES = sizeof(debian_releases) / sizeof(debian_releases[0]) };

static const struct {
    const char *number;
    const char *name;
} ubuntu_releases[] = {
    {"6.06", "dapper"},   {"8.04", "hardy"},     {"10.04", "lucid"},   {"10.10", "maverick"}, {"11.04", "natty"},
    {"11.10", "oneiric"}, {"12.04", "precise"},  {"12.10", "quantal"}, {"13.04", "raring"},   {"13.10", "saucy"},
    {"14.04", "trusty"},  {"14.10", "utopic"},   {"15.04", "vivid"},   {"15.10", "wily"},     {"16.04", "xenial"},
    {"16.10", "yakkety"}, {"17.04", "zesty"},    {"17.10", "artful"},  {"18.04", "bionic"},   {"18.10", "cosmic"},
    {"19.04", "disco"},   {"19.10", "eoan"},     {"20.04", "focal"},   {"20.10", "groovy"},   {"21.04", "hirsute"},
    {"21.10", "impish"},  {"22.04", "jammy"},    {"22.10", "kinetic"}, {"23.04", "lunar"},    {"23.10", "mantic"},
    {"24.04", "noble"},   {"24.10", "oracular"}, {"25.04", "plucky"},  {"25.10", "questing"},
};
enum { UBUNTU_RELEASES = sizeof(ubuntu_releases) / sizeof(ubuntu_releases[0]) };

// A version taken apart: the one that a release began with, and whether this is an update of it.
struct stem {
    size_t length;       // of the version's beginning
    bool is_update;      // something stands behind it
    const char *release; // that the update names; NULL
};

static void release_add(struct package_releases *releases, const char *name)
{
    for (size_t i = 0; i < releases->count && i < RELEASES_MAX; i++)
        if (strcmp(releases->names[i], name) == 0)
            return;
    if (releases->count < RELEASES_MAX)
        releases->names[releases->count] = name;
    releases->count++;
}

// ---- Debian
// -----------------------------------------------------------------------------------------------------------

// What may follow an update's number: a rebuild ("+b1"), Raspbian's mark ("+rpt1").
static bool is_rebuild(const char *tail)
{
    return *tail == '\0' || strncmp(tail, "+b", 2) == 0 || strncmp(tail, "+rpt", 4) == 0 ||
           strncmp(tail, "+rpi", 4) == 0;
}

// At "deb9u6" or "squeeze2": the release and what follows. False when it is neither.
static bool debian_mark_read(const char *at, const char **ret_release, const char **ret_tail)
{
    size_t number = strspn(at + 3, digits);
    if (strncmp(at, "deb", 3) == 0 && number > 0 && number < 4 && at[3 + number] == 'u') {
        unsigned long release = strtoul(at + 3, NULL, 10);
        *ret_release = release < DEBIAN_RELEASES ? debian_releases[release] : NULL;
        *ret_tail = at + 4 + number + strspn(at + 4 + number, digits);
        return true;
    }
    // Before there were numbers, until squeeze.
    for (size_t i = 0; i < DEBIAN_RELEASES; i++) {
        size_t length = debian_releases[i] == NULL ? 0 : strlen(debian_releases[i]);
        if (length > 0 && strncmp(at, debian_releases[i], length) == 0 && strspn(at + length, digits) > 0) {
            *ret_release = debian_releases[i];
            *ret_tail = at + length + strspn(at + length, digits);
            return true;
        }
    }
    return false;
}

static bool debian_stem(const char *version, struct stem *ret_stem)
{
    for (const char *at = version + 1; version[0] != '\0' && *at != '\0'; at++) {
        const char *release;
        const char *tail;
        if ((at[-1] != '+' && at[-1] != '~') || !debian_mark_read(at, &release, &tail))
            continue;
        *ret_stem = (struct stem){.length = (size_t)(at - 1 - version), .is_update = true, .release = release};
        return release != NULL && is_rebuild(tail);
    }
    if (strstr(version, "~bpo") != NULL)
        return false;
    const char *raspbian = strstr(version, "+rp");
    *ret_stem = (struct stem){.length = raspbian == NULL ? strlen(version) : (size_t)(raspbian - version)};
    return true;
}

// ---- Ubuntu
// -----------------------------------------------------------------------------------------------------------

// "16.04" anywhere behind "ubuntu0." or '~'.
static const char *ubuntu_number_find(const char *version)
{
    for (size_t i = 0; i < UBUNTU_RELEASES; i++) {
        const char *number = ubuntu_releases[i].number;
        for (const char *at = strstr(version, number); at != NULL; at = strstr(at + 1, number)) {
            char next = at[strlen(number)];
            bool ends = next < '0' || next > '9';
            bool begins = (at - version >= 1 && at[-1] == '~') ||
                          (at - version >= 8 && strncmp(at - 8, "ubuntu0.", 8) == 0) ||
                          (at - version >= 7 && strncmp(at - 7, "~ubuntu", 7) == 0);
            if (begins && ends)
                return ubuntu_releases[i].name;
        }
    }
    return NULL;
}

// "ubuntu2.10" of -4ubuntu2.10 adds to -4ubuntu2, and "ubuntu0.3" to a version of Debian's; the rest of it is numbers,
// and the mark of extended maintenance.
static bool ubuntu_stem(const char *version, struct stem *ret_stem)
{
    const char *mark = strstr(version, "ubuntu");
    if (mark == NULL) {
        *ret_stem = (struct stem){.length = strlen(version)};
        return strchr(version, '~') == NULL || ubuntu_number_find(version) != NULL;
    }
    const char *number = mark + strlen("ubuntu");
    size_t length = strspn(number, digits);
    const char *tail = number + length;
    bool is_nothing = length == 1 && number[0] == '0';
    *ret_stem = (struct stem){.length = (size_t)((is_nothing ? mark : tail) - version),
                              .is_update = *tail != '\0',
                              .release = ubuntu_number_find(version)};
    tail += *tail == '.' ? strspn(tail, ".0123456789") : 0;
    return length > 0 && (*tail == '\0' || strncmp(tail, "+esm", 4) == 0 || strncmp(tail, "~esm", 4) == 0);
}

// ---- Either
// -----------------------------------------------------------------------------------------------------------

static bool stem_make(bool is_ubuntu, const char *version, struct stem *ret_stem)
{
    return is_ubuntu ? ubuntu_stem(version, ret_stem) : debian_stem(version, ret_stem);
}

// Releases that have or had this very version.
static void exact_add(const struct intel *intel, const struct intel_package *package, const char *version,
                      struct package_releases *releases)
{
    const struct intel_version *versions = &intel->versions[package->first_version];
    size_t low = 0;
    size_t high = package->version_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(intel_string(intel, versions[middle].version), version) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < package->version_count && strcmp(intel_string(intel, versions[low].version), version) == 0; low++)
        release_add(releases, intel_string(intel, versions[low].release));
}

// Adds the release of `other` if that is an update of the same version.
static void update_add(bool is_ubuntu, const char *version, const struct stem *stem, const char *const other[2],
                       struct package_releases *releases)
{
    struct stem others;
    if (strncmp(other[0], version, stem->length) == 0 && stem_make(is_ubuntu, other[0], &others) && others.is_update &&
        others.length == stem->length)
        release_add(releases, other[1]);
}

// What is known of the package's versions: first of this very one, else of those that it was updated to.
static void known_add(const struct intel *intel, const struct intel_package *package, const char *version,
                      const struct stem *stem, bool is_ubuntu, struct package_releases *releases)
{
    exact_add(intel, package, version, releases);
    if (releases->count > 0 || stem == NULL)
        return;
    for (uint32_t i = 0; i < package->verdict_count; i++) {
        const struct intel_verdict *verdict = &intel->verdicts[package->first_verdict + i];
        const char *const other[] = {intel_string(intel, verdict->fixed), intel_string(intel, verdict->release)};
        update_add(is_ubuntu, version, stem, other, releases);
    }
    for (uint32_t i = 0; i < package->version_count; i++) {
        const struct intel_version *known = &intel->versions[package->first_version + i];
        const char *const other[] = {intel_string(intel, known->version), intel_string(intel, known->release)};
        update_add(is_ubuntu, version, stem, other, releases);
    }
}

void package_releases_find(const struct intel *intel, const struct intel_package *package, const char *distribution,
                           const char *version, struct package_releases *ret_releases)
{
    bool is_ubuntu = strcmp(distribution, "ubuntu") == 0;
    struct stem stem;
    struct package_releases releases = {.count = 0};
    *ret_releases = releases;
    bool is_known = stem_make(is_ubuntu, version, &stem);
    if (is_known && stem.release != NULL)
        release_add(&releases, stem.release);
    if (releases.count == 0 && package != NULL)
        known_add(intel, package, version, is_known ? &stem : NULL, is_ubuntu, &releases);
    if (releases.count <= RELEASES_MAX)
        *ret_releases = releases;
}
