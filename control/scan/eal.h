// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// How DPDK is started for a plan: memory with or without hugepages, lcores, the device, and a file prefix of our own so
// that several DPDK programs can share a machine.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/plan/plan.h"

enum { EAL_ARGUMENTS_MAX = 96 };

struct eal {
    char file_prefix[32];
    uint16_t lcores[IMAGE_LCORES_MAX]; // one worker each
    uint32_t workers;
    uint64_t hugepage_bytes;            // free ones; 0 = started without
    char *arguments[EAL_ARGUMENTS_MAX]; // argv[1] onwards
    size_t argument_count;
};

// Decides the arguments. dry_run_path (struct capture) replaces the device by a capture file (one worker then); NULL =
// the real device. EAL is always told --no-pci, or which cards to allow. Returns 0, -ENOMEM, -E2BIG for more arguments
// than fit, or -EINVAL for a dry_run_path with a comma, which a device string cannot hold, and for a device that names
// neither a card nor a virtual device or that device_check refuses. eal_fini releases; it is legal after a failure.
int eal_init(struct eal *ret_eal, const struct plan_device *device, const char *dry_run_path);
void eal_fini(struct eal *eal);

// Whether the CPUs that the device names are among those that this process may run on. Returns 0, or -EINVAL with one
// line in message.
int eal_check_lcores(const struct plan_device *device, char message[static 256]);

// Bytes of free hugepages of every size, as the files under folder (/sys/kernel/mm/hugepages) say.
uint64_t eal_free_hugepages(const char *folder);

// The value of key in a device string ("net_af_packet0,iface=veth0": iface), cut to capacity. False when it is not
// there.
bool eal_device_value(const char *vdev, const char *key, char *ret_value, size_t capacity);
