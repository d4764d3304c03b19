// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// ARP (RFC 826) before the workers start: one request, what comes in answer, and both together for a gateway. Main
// thread, no worker runs. Addresses in host byte order. Afterwards the workers answer ARP and echo requests.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/port.h"
#include "probes/packet/probe.h"

// Sends one request for `target` on queue 0 of a started port. False when there is no buffer or the port is full.
bool neighbour_ask(const struct port *port, const struct probe_link *link, uint32_t source, uint32_t target);

// Takes what every queue has and calls on_answer for each ARP packet to `source`, reply or request, with its sender.
void neighbour_listen(const struct port *port, uint32_t source,
                      void (*on_answer)(void *context, uint32_t address, const uint8_t mac[static 6]), void *context);

// Asks for `gateway` each 250 ms for 3 s. Returns 0 and the MAC, or -EHOSTUNREACH with a line in error.
int neighbour_resolve(const struct port *port, const struct probe_link *link, uint32_t source, uint32_t gateway,
                      uint8_t ret_mac[static 6], char *error, size_t error_bytes);
