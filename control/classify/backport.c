// SPDX-License-Identifier: BSD-3-Clause
#include "control/classify/backport.h"

#include <string.h>

#include "control/classify/dpkg.h"
#include "control/classify/package_release.h"

static int verdict_order(const struct intel *intel, const struct intel_verdict *verdict, uint32_t year, uint32_t number,
                         const char *release)
{
    if (verdict->year != year)
        return verdict->year < year ? -1 : 1;
    if (verdict->number != number)
        return verdict->number < number ? -1 : 1;
    return strcmp(intel_string(intel, verdict->release), release);
}

static const struct intel_verdict *verdict_find(const struct intel *intel, const struct intel_package *package,
                                                uint32_t year, uint32_t number, const char *release)
{
    const struct intel_verdict *verdicts = &intel->verdicts[package->first_verdict];
    size_t low = 0;
    size_t high = package->verdict_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = verdict_order(intel, &verdicts[middle], year, number, release);
        if (order == 0)
            return &verdicts[middle];
        *(order < 0 ? &low : &high) = order < 0 ? middle + 1 : middle;
    }
    return NULL;
}

static enum backport_status verdict_judge(const struct intel *intel, const struct intel_verdict *verdict,
                                          const char *version)
{
    if (verdict == NULL)
        return BACKPORT_UNKNOWN;
    switch ((enum intel_verdict_status)verdict->status) {
    case INTEL_VERDICT_NOT_AFFECTED:
        return BACKPORT_NOT_AFFECTED;
    case INTEL_VERDICT_OPEN:
        return BACKPORT_OPEN;
    case INTEL_VERDICT_FIXED:
        return dpkg_compare(version, intel_string(intel, verdict->fixed)) >= 0 ? BACKPORT_FIXED : BACKPORT_OPEN;
    case INTEL_VERDICT_UNDETERMINED:
        break;
    }
    return BACKPORT_UNKNOWN;
}

void backport_identify(const struct intel *intel, struct backport_package *package)
{
    // Raspbian takes Debian's packages, its own marks behind theirs.
    const char *distribution = strcmp(package->distribution, "raspbian") == 0 ? "debian" : package->distribution;
    package->releases = (struct package_releases){.count = 0};
    package->found = intel_find_package(intel, distribution, package->source);
    if (package->version[0] != '\0')
        package_releases_find(intel, package->found, distribution, package->version, &package->releases);
}

enum backport_status backport_judge(const struct intel *intel, const struct backport_package *package, uint32_t year,
                                    uint32_t number, struct backport_verdict *ret_verdict)
{
    static const struct backport_verdict none = {.release = "", .advisory = "", .fixed = ""};
    enum backport_status status = BACKPORT_UNKNOWN;
    *ret_verdict = none;
    for (size_t i = 0; i < package->releases.count; i++) {
        const char *release = package->releases.names[i];
        const struct intel_verdict *verdict =
            package->found == NULL ? NULL : verdict_find(intel, package->found, year, number, release);
        enum backport_status here = verdict_judge(intel, verdict, package->version);
        // One version in several releases: what holds for one need not for another.
        if (i > 0 && here != status) {
            *ret_verdict = none;
            return BACKPORT_UNKNOWN;
        }
        if (i > 0)
            continue;
        status = here;
        ret_verdict->release = release;
        ret_verdict->advisory = verdict == NULL ? "" : intel_string(intel, verdict->advisory);
        ret_verdict->fixed = verdict == NULL ? "" : intel_string(intel, verdict->fixed);
    }
    return status;
}
