// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/channel/pulse.h"

void pulse_start(struct pulse *pulse, uint64_t beat, uint64_t now_ns)
{
    *pulse = (struct pulse){.beat = beat, .looked_ns = now_ns};
}

uint64_t pulse_look(struct pulse *pulse, uint64_t beat, uint64_t now_ns)
{
    uint64_t gap_ns = clock_since(now_ns, pulse->looked_ns);
    pulse->looked_ns += gap_ns;
    pulse->still_ns += gap_ns < CLOCK_GAP_NS ? gap_ns : CLOCK_GAP_NS;
    if (beat != pulse->beat) {
        pulse->beat = beat;
        pulse->still_ns = 0;
        pulse->moved = true;
    }
    return pulse->still_ns;
}
