// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the product rules made of a banner: the server software, and what else the same banner names as part of it (the
// modules of an HTTP Server line), a row each.

#include "probes/observation/field.h"

#define PRODUCT_FIELDS(X, P)                                                                                           \
    X(P, TEXT, vendor, 127, "who makes the server software")                                                           \
    X(P, TEXT, name, 127, "name of the server software")                                                               \
    X(P, TEXT, version, 127, "its version")                                                                            \
    X(P, TEXT, update, 127, "its patch level, as OpenSSH's p1")                                                        \
    X(P, TEXT, distribution, 127, "distribution that packaged it")                                                     \
    X(P, TEXT, package_version, 127, "the distribution's package version")                                             \
    X(P, TEXT, cpe, 255, "CPE 2.3 name, for looking up vulnerabilities")

PART_STRUCT(product, PRODUCT_FIELDS)
PART_STRUCT(component, PRODUCT_FIELDS)
