// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Where the host's address is by databases of places (control/classify/place.h); root's country is the provider's word.

#include "probes/observation/field.h"

#define PLACE_FIELDS(X, P)                                                                                             \
    X(P, TEXT, country, 2, "country of the address by a MaxMind-format database, ISO 3166-1")                          \
    X(P, NUMBER, as_number, 0, "autonomous system that announces it")                                                  \
    X(P, TEXT, as_name, 127, "whose that is")

PART_STRUCT(place, PLACE_FIELDS)
