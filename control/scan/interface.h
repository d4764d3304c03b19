// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The kernel interface behind a virtual device, and whether a scan can use it.

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

enum { INTERFACE_MESSAGE_MAX = 256 };

// The interface that a DPDK virtual device is made from ("net_af_packet0,iface=veth0"), "" for one without. Whether
// there is such an interface is another question.
void interface_of(const char *vdev, char ret_interface[static IF_NAMESIZE]);

// Whether it is there, is up and carries Ethernet. Returns 0, or -EINVAL with one line in message that says which
// interfaces a scan could use.
int interface_check(const char *interface, char message[static INTERFACE_MESSAGE_MAX]);

// What else a scan depends on.
struct interface_state {
    bool carrier;    // there is a link
    bool merges;     // the kernel joins frames before we see them (GRO or LRO); false where it does not say
    char driver[32]; // "e1000e", or "virtual" for an interface without a device
};

void interface_examine(const char *interface, struct interface_state *ret_state);

// The names of the interfaces that are up and carry Ethernet, with ", " between them; "none" when there is none. Cut at
// a whole name. Returns text.
const char *interface_list(char *text, size_t text_bytes);
