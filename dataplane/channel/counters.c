// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/channel/counters.h"

const char *const dataplane_counter_names[COUNTER_COUNT] = {
#define X(enumerator, name, help) [COUNTER_##enumerator] = name,
    DATAPLANE_COUNTERS(X)
#undef X
};

const char *const dataplane_counter_help[COUNTER_COUNT] = {
#define X(enumerator, name, help) [COUNTER_##enumerator] = help,
    DATAPLANE_COUNTERS(X)
#undef X
};
