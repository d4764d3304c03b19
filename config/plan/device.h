// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a plan's "device" may name. DPDK runs as root: its EAL takes every network card of the machine that it is not
// kept from, and some of its options and drivers load libraries or run commands. So a plan names its cards one by one,
// and of EAL's options and virtual devices only those listed here are passed on.

#include <stdbool.h>
#include <stdint.h>

#include "config/plan/plan.h"

struct pci_address {
    uint16_t domain;
    uint8_t bus;
    uint8_t device;
    uint8_t function;
};

// "0000:01:00.0", or "01:00.0" for domain 0: hexadecimal digits, nothing before or after. False for anything else; then
// *ret_address is untouched.
bool pci_address_parse(const char *text, struct pci_address *ret_address);

// Whether vdev, port and eal can be passed to EAL, and together name cards or virtual devices, but not both. Returns 0,
// or -EINVAL with a complaint about the key of `file` that is wrong. A device that names nothing at all is valid.
int device_check(const struct plan_device *device, const char *file, struct complaint *ret_complaint);

// Of a device that device_check accepts:
bool device_has_card(const struct plan_device *device); // a PCI address, as port or allowed by eal
bool device_has_vdev(const struct plan_device *device); // a virtual one, as vdev or in eal
// Whether eal holds --allow of this card (with its driver's arguments, perhaps), or --no-huge.
bool device_allows(const struct plan_device *device, struct pci_address address);
bool device_avoids_hugepages(const struct plan_device *device);
