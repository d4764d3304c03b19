// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Learns the gateway's MAC by ARP before the workers start. Afterwards the workers answer ARP and echo requests; the
// gateway's MAC is part of the template and stays.

#include <stddef.h>
#include <stdint.h>

#include "dataplane/port.h"
#include "probes/packet/probe.h"

// Asks for `gateway` (host byte order) on queue 0 of a started port, each 250 ms for 3 s, listening on every queue.
// Returns 0 and the MAC, or -EHOSTUNREACH with a line in error. Main thread, no worker runs.
int neighbour_resolve(const struct port *port, const struct probe_link *link, uint32_t source, uint32_t gateway,
                      uint8_t ret_mac[static 6], char *error, size_t error_bytes);
