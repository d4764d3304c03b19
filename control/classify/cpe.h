// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// CPE 2.3 formatted strings (NIST IR 7695, section 6.2): cpe:2.3:part:vendor:product:version:update:... with
// backslashes before what has another meaning.

#include <stdbool.h>
#include <stddef.h>

enum cpe_attribute {
    CPE_PART = 0,
    CPE_VENDOR,
    CPE_PRODUCT,
    CPE_VERSION,
    CPE_UPDATE,
    CPE_EDITION,
    CPE_LANGUAGE,
    CPE_SW_EDITION,
    CPE_TARGET_SW,
    CPE_TARGET_HW,
    CPE_OTHER,
    CPE_ATTRIBUTES
};

enum { CPE_BYTES = 256 };

enum cpe_kind { CPE_VALUE = 0, CPE_ANY, CPE_NA };

// Values unescaped and in lower case, "" where ANY or NA.
struct cpe {
    char texts[CPE_ATTRIBUTES][CPE_BYTES];
    unsigned char kinds[CPE_ATTRIBUTES]; // enum cpe_kind
};

// Reads a whole name. False when it is none, or an attribute is longer than CPE_BYTES - 1.
bool cpe_read(const char *text, struct cpe *ret_cpe);

// Whether an attribute after `update` asks for something: edition, target and the like.
bool cpe_is_narrow(const struct cpe *cpe);
