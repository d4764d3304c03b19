// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// NVD's API 2.0 (https://nvd.nist.gov/developers/vulnerabilities): page after page with pauses between, all records at
// first, later those that have changed since. The pages are gathered in one file, which is imported when the last one
// has come; an update that was broken off goes on with the page that it had not got.

#include "control/feeds/feed_sources.h"
#include "control/feeds/update_state.h"

// item->url is the API's, item->part where pages are gathered. Returns 0 with told->outcome, or -errno with a
// complaint.
int pages_run(struct updating *updating, const struct item *item, const struct feed_source *source,
              struct update_told *told, struct complaint *ret_complaint);
