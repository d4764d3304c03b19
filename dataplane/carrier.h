// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Whether the port's link carries anything: the kernel interface behind a virtual device is asked for it, for af_packet
// and af_xdp do not say, and a card's driver. Other virtual devices have no link that could be down. Main or
// housekeeping thread; never a worker.

#include <stdint.h>

#include "dataplane/channel/commands.h"
#include "dataplane/port.h"

struct carrier {
    int fd; // a socket to ask the kernel by, or -1
    uint32_t interface_index;
    uint16_t port_id;
    bool asks_driver;
};

// is_vdev: the port is a virtual device.
void carrier_init(struct carrier *carrier, const struct port *port, bool is_vdev);
void carrier_fini(struct carrier *carrier);

// Does not wait. LINK_UP where nobody can say otherwise.
enum link_state carrier_look(const struct carrier *carrier);
