// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// From NVD's tables to the image's sections: CVEs, configurations, nodes, entries, products and their candidates.

#include "control/feeds/feed.h"

int nvd_build(sqlite3 *database, const struct cpe_names *names, struct intel_builder *builder,
              struct complaint *ret_complaint);
