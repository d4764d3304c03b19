// SPDX-License-Identifier: BSD-3-Clause
// In place of maxmind.c where libmaxminddb was not there when sonde was built: such a file is known, and not read.
#include "control/feeds/feed_formats.h"
#include "control/feeds/maxmind.h"

static int maxmind_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    (void)database;
    (void)ret_complaint;
    return feed_complain(input, "is a MaxMind-format database, and this sonde was built without libmaxminddb");
}

const struct feed_format feed_format_maxmind = {
    .name = "MaxMind DB", .kind = INTEL_PLACES, .recognise_tail = maxmind_recognise, .parse = maxmind_parse};
