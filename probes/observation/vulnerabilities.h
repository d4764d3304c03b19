// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What is known to be wrong with the server software, by its version (control/classify/vulnerability.h).

#include "probes/observation/field.h"

#define CVE_FIELDS(X, P)                                                                                               \
    X(P, TEXT, id, 20, "name of the vulnerability: CVE-2021-41773")                                                    \
    X(P, NUMBER, year, 0, "the year in its name")                                                                      \
    X(P, TEXT, product, 127, "the software it is in, and its version")                                                 \
    X(P, TEXT, status, 15,                                                                                             \
      "affected; conditional: on what a banner does not tell; unknown: packaged by a distribution")                    \
    X(P, TIME, published, 0, "when NVD published it")                                                                  \
    X(P, MILLI, cvss2, 0, "CVSS version 2 base score, 0 to 10")                                                        \
    X(P, TEXT, cvss2_severity, 8, "LOW, MEDIUM or HIGH")                                                               \
    X(P, MILLI, cvss3, 0, "CVSS version 3 base score, 0 to 10")                                                        \
    X(P, TEXT, cvss3_severity, 8, "LOW, MEDIUM, HIGH or CRITICAL")                                                     \
    X(P, MILLI, cvss4, 0, "CVSS version 4 base score, 0 to 10")                                                        \
    X(P, TEXT, cvss4_severity, 8, "LOW, MEDIUM, HIGH or CRITICAL")                                                     \
    X(P, FLAG, known_exploited, 0, "in CISA's catalogue of known exploited vulnerabilities")                           \
    X(P, MILLI, epss, 0, "how likely it is to be exploited within 30 days, 0 to 1 (FIRST)")                            \
    X(P, FLAG, disputed, 0, "its vendor or others say that it is none")                                                \
    X(P, FLAG, client_only, 0, "in the client's part of the software, of which a server was seen")                     \
    X(P, TEXT, advisory, 31, "the distribution's advisory")                                                            \
    X(P, TEXT, evidence, 399, "why, in one sentence")

PART_STRUCT(cve, CVE_FIELDS)

#define VULNERABILITIES_FIELDS(X, P)                                                                                   \
    X(P, TEXT, state, 15, "evaluated or not_evaluated")                                                                \
    X(P, TEXT, reason, 63, "why not: no-product, no-version, no-feed")                                                 \
    X(P, TEXT, feeds, 16, "digest of the feeds that were asked (sonde feeds status)")                                  \
    X(P, NUMBER, affected, 0, "how many there are for certain by the version")                                         \
    X(P, NUMBER, conditional, 0, "how many depend on what is not told")                                                \
    X(P, NUMBER, fixed, 0, "how many the distribution has fixed in the package, or never had")                         \
    X(P, NUMBER, unknown, 0, "how many the distribution may have fixed without changing the version")                  \
    X(P, NUMBER, exploited, 0, "affected, in the server, undisputed and known to be exploited")                        \
    X(P, NUMBER, critical, 0, "affected, in the server, undisputed and of CVSS version 3 9.0 or more")                 \
    X(P, ROWS(cve), cves, 400, "each of them")

PART_STRUCT(vulnerabilities, VULNERABILITIES_FIELDS)
