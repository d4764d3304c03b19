// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/feed_formats.h"

const struct feed_format *const feed_formats[] = {
#define X(name) &feed_format_##name,
    FEED_FORMATS(X)
#undef X
        NULL,
};

const struct feed_kind *const feed_kinds[] = {
#define X(name) &feed_kind_##name,
    FEED_KINDS(X)
#undef X
        NULL,
};
