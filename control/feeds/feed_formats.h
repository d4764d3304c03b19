// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Every format and kind that is spoken: a line each.

#include "control/feeds/feed.h"

// X(name): an object `const struct feed_format feed_format_<name>`. The first that recognises a file takes it.
#define FEED_FORMATS(X)                                                                                                \
    X(nvd)                                                                                                             \
    X(nvd_11)                                                                                                          \
    X(cve_list)                                                                                                        \
    X(kev)                                                                                                             \
    X(epss)                                                                                                            \
    X(debian)                                                                                                          \
    X(debian_list)                                                                                                     \
    X(ubuntu_oval)                                                                                                     \
    X(ubuntu_osv)                                                                                                      \
    X(threatexchange)                                                                                                  \
    X(feodo)                                                                                                           \
    X(feodo_csv)                                                                                                       \
    X(passive_dns)                                                                                                     \
    X(stix)                                                                                                            \
    X(misp)                                                                                                            \
    X(stix_objects)                                                                                                    \
    X(maxmind)                                                                                                         \
    X(cloud_ranges)                                                                                                    \
    X(geofeed)                                                                                                         \
    X(plain)                                                                                                           \
    X(cloud_list)

// X(name): an object `const struct feed_kind feed_kind_<name>`, in the order in which they are built: what adds to CVEs
// comes after NVD, and distributions stand in the order of their names.
#define FEED_KINDS(X)                                                                                                  \
    X(nvd)                                                                                                             \
    X(kev)                                                                                                             \
    X(epss)                                                                                                            \
    X(debian)                                                                                                          \
    X(ubuntu)                                                                                                          \
    X(malicious)                                                                                                       \
    X(passive_dns)                                                                                                     \
    X(clouds)                                                                                                          \
    X(places)

#define X(name) extern const struct feed_format feed_format_##name;
FEED_FORMATS(X)
#undef X
#define X(name) extern const struct feed_kind feed_kind_##name;
FEED_KINDS(X)
#undef X

// Both ended by NULL. Kinds stand in the order in which they are built.
extern const struct feed_format *const feed_formats[];
extern const struct feed_kind *const feed_kinds[];
