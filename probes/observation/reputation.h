// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What feeds of malicious addresses, and passive DNS, say of the host's (control/classify/malicious.h).

#include "probes/observation/field.h"

#define LISTING_FIELDS(X, P)                                                                                           \
    X(P, TEXT, feed, 63, "the feed that lists it")                                                                     \
    X(P, TEXT, category, 63, "as what: a malware's name, an id of the feed")                                           \
    X(P, TIME, from, 0, "since when it was active")                                                                    \
    X(P, TIME, until, 0, "until when")                                                                                 \
    X(P, NUMBER, confidence, 0, "how sure the feed is, 0 to 100")

PART_STRUCT(listing, LISTING_FIELDS)

#define REPUTATION_FIELDS(X, P)                                                                                        \
    X(P, FLAG, listed, 0, "some feed lists the address as malicious")                                                  \
    X(P, ROWS(listing), listings, 64, "each listing")                                                                  \
    X(P, NUMBER, vulnerabilities_then, 0, "how many of its vulnerabilities were known before a listing's end")         \
    X(P, NUMBER, names, 0, "distinct names that passive DNS has seen on the address")                                  \
    X(P, NUMBER, names_in_a_year, 0, "the most of them in any 365 days")                                               \
    X(P, TIME, names_year, 0, "when the first such 365 days began")                                                    \
    X(P, FLAG, many_names, 0, "more than 55 names within 365 days")

PART_STRUCT(reputation, REPUTATION_FIELDS)
