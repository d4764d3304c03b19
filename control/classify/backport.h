// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a distribution says of a CVE in one version of its package, which mends without changing the version that the
// software tells. Pure; any thread.

#include "control/classify/package_release.h"

enum backport_status {
    BACKPORT_UNKNOWN = 0, // no feed, no such package, a release that is not known, or no word of this CVE
    BACKPORT_OPEN,        // it is not fixed in that version
    BACKPORT_FIXED,
    BACKPORT_NOT_AFFECTED,
};

// A package as a banner names it.
struct backport_package {
    const char *distribution; // "debian", "raspbian", "ubuntu"
    const char *source;       // source package: "openssh"
    const char *version;      // with its epoch: "1:7.4p1-10+deb9u6"
    // Filled in by backport_identify.
    const struct intel_package *found; // NULL: no feed knows it
    struct package_releases releases;
};

// Looks up the package and the releases that its version may be of: once a package, not once a CVE.
void backport_identify(const struct intel *intel, struct backport_package *package);

struct backport_verdict {
    const char *release;  // "stretch"; "" when it is not known
    const char *advisory; // "DSA-4539-1", "" when there is none
    const char *fixed;    // in this version of the release; ""
};

// package: identified. Verdict's texts are intel's. Of a release that the version does not tell nothing is known
// (control/classify/package_release.h); where it may be of several, only what all of them say.
enum backport_status backport_judge(const struct intel *intel, const struct backport_package *package, uint32_t year,
                                    uint32_t number, struct backport_verdict *ret_verdict);
