// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/source.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/scan/eal.h"
#include "control/scan/route.h"

// RFC 5737 and a locally administered hardware address: frames that only go into a file.
#define SOURCE_DRY_ADDRESS UINT32_C(0xc0000201)
static const uint8_t source_dry_mac[6] = {2, 0, 0, 0, 0, 1};

static const char *address_text(uint32_t address, char text[static INET_ADDRSTRLEN])
{
    struct in_addr in = {.s_addr = htonl(address)};
    inet_ntop(AF_INET, &in, text, INET_ADDRSTRLEN);
    return text;
}

static void interface_find(const char *vdev, char ret_interface[static IFNAMSIZ])
{
    // The device's argument that names a kernel interface which exists before DPDK starts.
    static const char *const keys[] = {"iface", "remote", "tx_iface", NULL};
    ret_interface[0] = '\0';
    for (size_t i = 0; keys[i] != NULL; i++) {
        char name[IFNAMSIZ];
        if (!eal_device_value(vdev, keys[i], name, sizeof(name)) || if_nametoindex(name) == 0)
            continue;
        memcpy(ret_interface, name, sizeof(name));
        return;
    }
}

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

static int route_refused(int error, uint32_t destination, const char *interface, char message[static 256])
{
    char text[INET_ADDRSTRLEN];
    address_text(destination, text);
    if (error == -ENETDOWN)
        snprintf(message, 256, "device: interface %s is down", interface);
    else
        snprintf(message, 256, "the kernel has no route to %s through %s: %s", text, interface, strerror(-error));
    return -EINVAL;
}

// Fills address and gateway from the route to the first target, or to the gateway that the plan names.
static int source_ask_kernel(const struct plan *plan, struct source *source, char message[static 256])
{
    uint32_t first = plan->addresses.items[0].first;
    uint32_t destination = plan->source.gateway_given ? plan->source.gateway : first;
    struct route route;
    int error = route_find(destination, source->interface, &route);
    if (error != 0)
        return route_refused(error, destination, source->interface, message);
    if (source->address == 0)
        source->address = route.source;
    if (source->gateway != 0 || source->gateway_mac_given)
        return 0;
    // Without a gateway the targets are neighbours. Only the gateway is asked for over ARP, so that is one target at
    // most.
    if (route.gateway == 0 && interval_set_addresses(&plan->addresses) > 1) {
        char text[INET_ADDRSTRLEN];
        snprintf(message, 256, "source.gateway: %s is on the link of %s; expected a gateway, or one target only",
                 address_text(first, text), source->interface);
        return -EINVAL;
    }
    source->gateway = route.gateway != 0 ? route.gateway : first;
    return 0;
}

static void source_complete_dry(struct source *source)
{
    unsigned int ifindex = source->interface[0] != '\0' ? if_nametoindex(source->interface) : 0;
    if (source->address == 0)
        source->address = SOURCE_DRY_ADDRESS;
    if (source->gateway_mac_given)
        return;
    // Nobody answers ARP in a file.
    if (ifindex == 0 || route_neighbour(ifindex, source->gateway, source->gateway_mac) != 0)
        memcpy(source->gateway_mac, source_dry_mac, sizeof(source_dry_mac));
    source->gateway_mac_given = true;
}

int source_resolve(const struct plan *plan, bool dry_run, struct source *ret_source, char message[static 256])
{
    const struct plan_source *given = &plan->source;
    struct source source = {
        .address = given->address_given ? given->address : 0,
        .gateway = given->gateway_given ? given->gateway : 0,
        .gateway_mac_given = given->gateway_mac_given,
    };
    if (given->mac_given)
        memcpy(source.mac, given->mac, sizeof(source.mac));
    memcpy(source.gateway_mac, given->gateway_mac, sizeof(source.gateway_mac));
    interface_find(plan->device.vdev, source.interface);
    bool known = source.address != 0 && (source.gateway != 0 || source.gateway_mac_given);
    if (!known && source.interface[0] != '\0') {
        int error = source_ask_kernel(plan, &source, message);
        if (error != 0 && !dry_run)
            return error;
    }
    if (dry_run)
        source_complete_dry(&source);
    if (source.address == 0)
        return missing(&source, "address", message);
    if (source.gateway == 0 && !source.gateway_mac_given)
        return missing(&source, "gateway", message);
    source.kernel_owns = source.interface[0] != '\0' && route_is_local(source.address);
    *ret_source = source;
    return 0;
}
