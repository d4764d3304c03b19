// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// From listings, which overlap, to the image's map of addresses: from each edge on, which listings hold.

#include "control/feeds/feed.h"

int malicious_build(sqlite3 *database, const struct cpe_names *names, struct intel_builder *builder,
                    struct complaint *ret_complaint);
