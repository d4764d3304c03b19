// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a report's page carries with it, as it was when sonde was built (control/report/page): its style sheet, the
// libraries that were there, and its own script, which comes last.

#include <stddef.h>

struct page_asset {
    const char *text; // UTF-8, without </script, </style or <!--
    size_t length;
    const char *notice; // of somebody else's: what it is, whose, and under which licence; "" of our own
};

extern const struct page_asset page_style;
extern const struct page_asset page_scripts[];
extern const size_t page_script_count;
