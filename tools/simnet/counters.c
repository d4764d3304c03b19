// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/counters.h"

static const struct {
    const char *name;
    const char *help;
} COUNTERS[SIMNET_COUNTER_COUNT] = {
#define X(enumerator, name, help) [enumerator] = {name, help},
    SIMNET_COUNTERS(X)
#undef X
};

const char *simnet_counter_name(enum simnet_counter counter)
{
    return COUNTERS[counter].name;
}

const char *simnet_counter_help(enum simnet_counter counter)
{
    return COUNTERS[counter].help;
}
