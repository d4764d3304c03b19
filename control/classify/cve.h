// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Whether a CVE applies to a product of a known version, by the configurations that NVD gives it (NVD CVE API 2.0).
// Three-valued: a banner tells neither the operating system nor the edition, so what depends on them is conditional.
// Functions of their arguments; any thread.

#include <stddef.h>

#include "control/classify/intel.h"
#include "control/classify/version.h"

enum cve_status { CVE_NOT_AFFECTED = 0, CVE_CONDITIONAL, CVE_AFFECTED };

extern const char *const cve_status_names[];

// What was seen on a host.
struct cve_subject {
    const char *vendor; // as intel has them
    const char *name;
    const char *shown; // for people: "openssh 7.4p1"
    struct version version;
};

// What decided it.
struct cve_reason {
    const struct intel_match *match;  // the entry that fits; NULL: none does
    const struct intel_match *beside; // what else has to be there and is not known; NULL: nothing
};

// Where each step of a decision is told, in a line. NULL: nowhere.
struct cve_trace {
    void (*step)(void *context, const char *line);
    void *context;
};

enum cve_status cve_judge(const struct intel *intel, const struct intel_cve *cve, const struct cve_subject *subject,
                          const struct cve_trace *trace, struct cve_reason *ret_reason);

enum { CVE_EVIDENCE_BYTES = 400 };

// One sentence that a reader can check: "openssh 7.4p1 is before 7.5 (NVD)". Returns its length.
size_t cve_evidence(const struct intel *intel, const struct cve_subject *subject, const struct cve_reason *reason,
                    char ret_text[static CVE_EVIDENCE_BYTES]);
