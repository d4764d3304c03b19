// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What an MQTT broker answers to a client without a name and a password (MQTT 3.1.1, 3.2).

#include "probes/observation/field.h"

#define MQTT_FIELDS(X, P)                                                                                              \
    X(P, NUMBER, return_code, 0,                                                                                       \
      "of CONNACK: 0 accepted, 1 another version, 2 identifier, 3 unavailable, 4 and 5 refused")                       \
    X(P, TEXT, refusal, 31, "the same as a word where it is not 0: not-authorised, bad-credentials, ...")

PART_STRUCT(mqtt, MQTT_FIELDS)
