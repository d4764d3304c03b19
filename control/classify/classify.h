// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// (observation, catalogues, feeds) -> (product, components, vulnerabilities, reputation, place, findings), written into
// the observation. A function of its inputs alone, with no I/O and no clock, so that old records can be classified
// again with newer catalogues. A classifier belongs to one thread.

#include <stddef.h>
#include <stdint.h>

#include "config/image/catalogue.h"
#include "control/classify/intel.h"
#include "probes/observation/observation.h"

struct classifier;

// Compiles the product rules and resolves the findings' conditions. catalogue and strings must outlive it, and what it
// classified. NULL and errno: EINVAL for a broken catalogue (a pattern that does not compile, a field that does not
// exist), ENOMEM.
struct classifier *classifier_new(const struct catalogue *catalogue, const char *strings, size_t string_bytes);
void classifier_free(struct classifier *classifier);

// What feeds know, from now on; NULL: nothing, and records say so. intel outlives the classifier. Returns 0 or -ENOMEM.
int classifier_inform(struct classifier *classifier, const struct intel *intel);

// Replaces the observation's product, components, vulnerabilities, reputation, place and findings, and whose the
// address is where feeds may say so (control/classify/owner.h). What was worked out before of
// product, components and vulnerabilities is the classifier's, and good until the next call. now_s: seconds since 1970
// at the time of the observation. Findings stand in the catalogue's order.
void classify(struct classifier *classifier, struct observation *observation, int64_t now_s);
