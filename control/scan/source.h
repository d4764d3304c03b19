// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Who asks: the plan's `source`, and on a virtual device what it leaves out from the kernel's routes.

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/plan/plan.h"
#include "control/scan/hops.h"

struct source {
    uint32_t address;       // host byte order, like gateway
    uint32_t address_count; // from that one on
    uint32_t gateway;
    uint8_t mac[6]; // all zero: the port's own
    uint8_t gateway_mac[6];
    bool gateway_mac_given;
    bool kernel_owns;         // one of the addresses is also the kernel's, on an interface whose frames it sees
    char interface[IFNAMSIZ]; // of the virtual device, "" = none
    struct hops hops;         // none: everything goes to the gateway
};

// Finds what is missing. For a dry run, what cannot be found is replaced by documentation addresses, and there are no
// hops. Returns 0 and a source for source_fini, or -EINVAL with one line in message.
int source_resolve(const struct plan *plan, bool dry_run, struct source *ret_source, char message[static 256]);
void source_fini(struct source *source);

// All its addresses.
static inline struct interval source_addresses(const struct source *source)
{
    return (struct interval){source->address, source->address + source->address_count - 1};
}
