// SPDX-License-Identifier: BSD-3-Clause
#include "control/counters.h"

const char *const control_counter_names[CONTROL_COUNTER_COUNT] = {
#define X(enumerator, name, help) name,
    CONTROL_COUNTERS(X)
#undef X
};

const char *const control_counter_help[CONTROL_COUNTER_COUNT] = {
#define X(enumerator, name, help) help,
    CONTROL_COUNTERS(X)
#undef X
};
