// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Values of a record in words: what a finding rests on.

#include "control/report/findings.h"
#include "probes/observation/observation.h"

enum { EXPLAIN_BYTES = 512 };

// A bounded text that is put together; what has no room is left out, and "..." says so.
struct explain {
    char text[EXPLAIN_BYTES];
    size_t length;
    bool full;
};

void explain_put(struct explain *explain, const char *bytes, size_t length);

// Begins a further item: nothing, or this between two.
void explain_between(struct explain *explain, const char *separator);

// A known field's value: "publickey, password", "9.8", "2026-11-26", "3 of them".
void explain_value(struct explain *explain, const struct field *field, const void *value);

// The fields that a finding's condition asks for, and their values in this record: "ssh.methods: publickey, password;
// tls.versions: SSLv3". That of `service` alone where it asks for no other.
void explain_finding(struct explain *explain, const struct findings *findings, const struct catalogue_finding *finding,
                     const struct observation *observation);
