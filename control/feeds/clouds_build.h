// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// From the lists of providers' ranges to the image's map of owners, and to the file that plans read
// (range_list_read_feeds).

#include "control/feeds/feed.h"

// The list of Google that holds its own services' addresses beside those of its cloud.
#define CLOUDS_WHOLE "goog"

int clouds_build(sqlite3 *database, const struct cpe_names *names, struct intel_builder *builder,
                 struct complaint *ret_complaint);

// {"providers": ...} of all lists, for free(); what stands in CLOUDS_WHOLE and in the provider's other lists is left
// out of the former, whose service is then Google's own. NULL with a complaint, -ENOMEM or what SQLite says in
// *ret_error.
char *clouds_text(sqlite3 *database, int *ret_error, struct complaint *ret_complaint);
