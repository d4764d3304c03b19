// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A link that goes down in mid-scan, as the dataplane sees it: said at once, waited for, and said again when it is
// over. Main thread.

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/channel/clock.h"
#include "dataplane/channel/commands.h"

struct outage_settings {
    const char *interface; // for the lines
    uint64_t wait_ns;
    const char *folder; // where to resume from; NULL = nowhere
};

struct outage {
    bool down;
    bool given_up;
    struct clock_awake clock; // a pause of the machine is no time to wait in
    uint64_t since_ns;        // by it
};

// Looks at the link; all lines go to standard error. True once: it has been down for wait_ns, or its interface is gone,
// and the scan is to end.
bool outage_watch(struct outage *outage, const struct outage_settings *settings, const struct commands *commands,
                  uint64_t now_ns);
