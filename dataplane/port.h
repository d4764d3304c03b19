// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The one DPDK port of a scan: found, configured with what it can do, started; one RX and one TX queue per worker and
// the buffer pools that belong to them.

#include <stdbool.h>
#include <stdint.h>

#include "config/image/image.h"
#include "probes/packet/probe.h"

struct rte_mempool;

struct port_queue {
    struct rte_mempool *rx;        // what the port receives into
    struct rte_mempool *templates; // holds the probe template in every buffer and is used for nothing else
    struct rte_mempool *frames;    // frames built one by one
};

struct port {
    bool open;
    uint16_t id;
    uint16_t queue_count;
    uint32_t interface_index; // of the kernel interface behind a virtual device, 0 when there is none
    bool rx_ip_checksum;      // the port checks these itself
    bool rx_tcp_checksum;
    char name[64];
    uint8_t mac[6];
    struct port_queue queues[IMAGE_LCORES_MAX];
};

// Opens the port that the settings name ("" = the only one) with settings->workers queues, and starts it. On failure
// returns -errno and writes what was wrong and what to do into error[error_bytes]; nothing stays open. EAL is up; main
// thread.
int port_open(struct port *ret_port, const struct image *image, char *error, size_t error_bytes);

// Writes the template into every buffer of every queue's template pool. No worker runs yet.
void port_template(const struct port *port, const struct probe_template *probe);

// Stops and closes it and frees its pools; a port that is not open is left alone.
void port_close(struct port *port);
