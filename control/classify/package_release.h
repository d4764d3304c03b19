// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Which releases of its distribution a package's version may be of. Debian and Ubuntu write the release into most
// updates of a stable release ("+deb9u6", "ubuntu0.16.04.5"); otherwise a version is of the releases that have or had
// it, or that have updates of it. Pure; any thread.

#include "control/classify/intel.h"

enum { RELEASES_MAX = 8 };

// Names are intel's or constants. None: nothing is known, or too many would do.
struct package_releases {
    const char *names[RELEASES_MAX];
    size_t count;
};

// distribution: "debian" or "ubuntu". package: NULL when no feed knows it; then only what the version itself says
// counts. A backport (~bpo9+1), a private build (~ppa1) and a FIPS build are of no release.
void package_releases_find(const struct intel *intel, const struct intel_package *package, const char *distribution,
                           const char *version, struct package_releases *ret_releases);
