// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// T1 of the study: how many addresses the scan's plan had, by provider and cloud service, each counted once. It comes
// from the summary.json beside the records, by the providers' lists of that day; records alone cannot tell it.

#include <stdio.h>

#include <jansson.h>

#include "control/report/scans.h"

// {"addresses": n, "providers": {NAME: {"addresses": n, "services": {NAME: {"addresses": n, "counted_once": n}}}}}, as
// `sonde targets --json` has it. A new reference; NULL where no scan says it, or scans of several plans say different
// things.
json_t *ground_of(const struct scans *scans);

// Rows of ground_of's object: a provider's own (service ""), then its services', most addresses first.
struct ground_row {
    const char *provider; // "" = of no provider
    const char *service;
    uint64_t addresses;
    uint64_t counted_once;
};
typedef void ground_take(void *context, const struct ground_row *row);
void ground_each(const json_t *ground, ground_take *take, void *context);

extern const char ground_title[];
extern const char ground_note[];
