// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/neighbour.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "probes/packet/frames.h"
#include "probes/packet/reply.h"

enum { ASK_EVERY_MS = 250, ASK_TIMES = 12, BURST = 32 };

static void ask(const struct port *port, const struct probe_link *link, uint32_t source, uint32_t gateway)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->queues[0].frames);
    if (mbuf == NULL)
        return;
    size_t bytes = frame_arp_request(link, source, gateway, rte_pktmbuf_mtod(mbuf, uint8_t *));
    mbuf->data_len = (uint16_t)bytes;
    mbuf->pkt_len = (uint32_t)bytes;
    if (rte_eth_tx_burst(port->id, 0, &mbuf, 1) == 0)
        rte_pktmbuf_free(mbuf);
}

static bool listen_queue(const struct port *port, uint16_t queue, uint32_t source, uint32_t gateway, uint8_t ret_mac[6])
{
    struct rte_mbuf *mbufs[BURST];
    bool found = false;
    uint16_t count = rte_eth_rx_burst(port->id, queue, mbufs, BURST);
    for (uint16_t i = 0; i < count; i++) {
        struct reply reply;
        const struct reply_offload offload = {.accept_deferred = true};
        reply_read(rte_pktmbuf_mtod(mbufs[i], const uint8_t *), mbufs[i]->data_len, source, offload, &reply);
        bool arp = reply.kind == REPLY_ARP_REPLY || reply.kind == REPLY_ARP_REQUEST;
        if (arp && reply.address == gateway) {
            memcpy(ret_mac, reply.mac, 6);
            found = true;
        }
    }
    rte_pktmbuf_free_bulk(mbufs, count);
    return found;
}

int neighbour_resolve(const struct port *port, const struct probe_link *link, uint32_t source, uint32_t gateway,
                      uint8_t ret_mac[static 6], char *error, size_t error_bytes)
{
    for (int times = 0; times < ASK_TIMES; times++) {
        ask(port, link, source, gateway);
        for (int ms = 0; ms < ASK_EVERY_MS; ms++) {
            for (uint16_t queue = 0; queue < port->queue_count; queue++)
                if (listen_queue(port, queue, source, gateway, ret_mac))
                    return 0;
            rte_delay_us_sleep(1000);
        }
    }
    snprintf(error, error_bytes,
             "gateway %u.%u.%u.%u did not answer ARP on port %s within %d s; check cable and VLAN, or give "
             "source.gateway_mac",
             gateway >> 24, gateway >> 16 & 255, gateway >> 8 & 255, gateway & 255, port->name,
             ASK_EVERY_MS * ASK_TIMES / 1000);
    return -EHOSTUNREACH;
}
