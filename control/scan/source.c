// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/source.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/scan/interface.h"
#include "control/scan/route.h"

// RFC 5737 and a locally administered hardware address: frames that only go into a file.
#define SOURCE_DRY_ADDRESS UINT32_C(0xc0000201)
static const uint8_t source_dry_mac[6] = {2, 0, 0, 0, 0, 1};

static int missing(const struct source *source, const char *key, char message[static 256])
{
    if (source->interface[0] == '\0')
        snprintf(message, 256,
                 "source.%s: expected an address, because the device has no kernel interface to ask for its routes",
                 key);
    else
        snprintf(message, 256, "source.%s: not given, and the kernel's routes through %s do not tell", key,
                 source->interface);
    return -EINVAL;
}

// Fills the address and the hops from the kernel's routes. A gateway that the plan names takes everything.
static int source_ask_kernel(const struct plan *plan, struct source *source, char message[static 256])
{
    struct interval_set destination = {0};
    bool gateway_known = source->gateway != 0 || source->gateway_mac_given;
    int error = 0;
    if (source->gateway != 0)
        error = interval_set_add(&destination, (struct interval){source->gateway, source->gateway});
    interval_set_seal(&destination);
    if (error == 0)
        error = hops_route(source->gateway != 0 ? &destination : &plan->addresses, source->interface, &source->hops,
                           message);
    interval_set_fini(&destination);
    if (error != 0)
        return error;
    if (source->address == 0)
        source->address = source->hops.source;
    if (gateway_known)
        hops_fini(&source->hops);
    else if (source->hops.count == 0)
        source->gateway = source->hops.gateway;
    return 0;
}

static void source_complete_dry(struct source *source)
{
    unsigned int ifindex = source->interface[0] != '\0' ? if_nametoindex(source->interface) : 0;
    hops_fini(&source->hops);
    if (source->address == 0)
        source->address = SOURCE_DRY_ADDRESS;
    if (source->gateway_mac_given)
        return;
    // Nobody answers ARP in a file.
    if (ifindex == 0 || route_neighbour(ifindex, source->gateway, source->gateway_mac) != 0)
        memcpy(source->gateway_mac, source_dry_mac, sizeof(source_dry_mac));
    source->gateway_mac_given = true;
}

// What the plan leaves open, and which way each target goes.
static int source_ask(const struct plan *plan, struct source *source, char message[static 256])
{
    bool known = source->address != 0 && (source->gateway != 0 || source->gateway_mac_given);
    if (source->interface[0] != '\0' && interface_check(source->interface, message) != 0)
        return -EINVAL;
    if (plan->source.on_link.count > 0)
        return hops_divide(&plan->addresses, &plan->source.on_link, source->gateway, &source->hops, message);
    return known || source->interface[0] == '\0' ? 0 : source_ask_kernel(plan, source, message);
}

void source_fini(struct source *source)
{
    hops_fini(&source->hops);
}

int source_resolve(const struct plan *plan, bool dry_run, struct source *ret_source, char message[static 256])
{
    const struct plan_source *given = &plan->source;
    struct source source = {
        .address = given->address_given ? given->address : 0,
        .address_count = given->address_given ? given->address_count : 1,
        .gateway = given->gateway_given ? given->gateway : 0,
        .gateway_mac_given = given->gateway_mac_given,
    };
    if (given->mac_given)
        memcpy(source.mac, given->mac, sizeof(source.mac));
    memcpy(source.gateway_mac, given->gateway_mac, sizeof(source.gateway_mac));
    interface_of(plan->device.vdev, source.interface);
    int error = source_ask(plan, &source, message);
    if (error == -ENOMEM)
        snprintf(message, 256, "out of memory");
    if (error != 0 && !dry_run)
        return -EINVAL;
    if (dry_run)
        source_complete_dry(&source);
    if (source.address == 0)
        return missing(&source, "address", message);
    if (source.gateway == 0 && !source.gateway_mac_given && source.hops.count == 0)
        return missing(&source, "gateway", message);
    for (uint32_t i = 0; i < source.address_count && source.interface[0] != '\0'; i++)
        source.kernel_owns = source.kernel_owns || route_is_local(source.address + i);
    *ret_source = source;
    return 0;
}
