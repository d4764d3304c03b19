// SPDX-License-Identifier: BSD-3-Clause
#include "control/store/counters.h"

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

bool control_counter_grows(enum control_counter counter)
{
    switch (counter) {
    case CONTROL_CONVERSATIONS_OPEN:
    case CONTROL_CONVERSATIONS_QUEUED:
    case CONTROL_FLOWS_OPEN:
    case CONTROL_WAIT_MS:
    case CONTROL_MEMORY_HELD:
    case CONTROL_JOURNAL_ERRNO:
    case CONTROL_JOURNAL_SYNCED_NS:
    case CONTROL_RECORD_ERRNO:
    case CONTROL_RECORDS_LOST:
        return false;
    default:
        return true;
    }
}
