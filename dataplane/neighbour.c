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

enum { ASK_EVERY_MS = 250, ASK_TIMES = 12, BURST = 32, BURSTS = 32 };

bool neighbour_ask(const struct port *port, const struct probe_link *link, uint32_t source, uint32_t target)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->queues[0].frames);
    if (mbuf == NULL)
        return false;
    size_t bytes = frame_arp_request(link, source, target, rte_pktmbuf_mtod(mbuf, uint8_t *));
    mbuf->data_len = (uint16_t)bytes;
    mbuf->pkt_len = (uint32_t)bytes;
    if (rte_eth_tx_burst(port->id, 0, &mbuf, 1) == 1)
        return true;
    rte_pktmbuf_free(mbuf);
    return false;
}

void neighbour_listen(const struct port *port, uint32_t source,
                      void (*on_answer)(void *context, uint32_t address, const uint8_t mac[static 6]), void *context)
{
    struct rte_mbuf *mbufs[BURST];
    for (uint16_t queue = 0; queue < port->queue_count; queue++) {
        uint16_t count;
        // A bound on what one call takes, however fast it comes.
        for (int bursts = 0; bursts < BURSTS && (count = rte_eth_rx_burst(port->id, queue, mbufs, BURST)) > 0;
             bursts++) {
            for (uint16_t i = 0; i < count; i++) {
                struct reply reply;
                const struct reply_offload offload = {.accept_deferred = true};
                reply_read(rte_pktmbuf_mtod(mbufs[i], const uint8_t *), mbufs[i]->data_len, source, offload, &reply);
                if (reply.kind == REPLY_ARP_REPLY || reply.kind == REPLY_ARP_REQUEST)
                    on_answer(context, reply.address, reply.mac);
            }
            rte_pktmbuf_free_bulk(mbufs, count);
        }
    }
}

struct wanted {
    uint32_t address;
    bool found;
    uint8_t mac[6];
};

static void wanted_take(void *context, uint32_t address, const uint8_t mac[static 6])
{
    struct wanted *wanted = (struct wanted *)context;
    if (address != wanted->address)
        return;
    memcpy(wanted->mac, mac, sizeof(wanted->mac));
    wanted->found = true;
}

int neighbour_resolve(const struct port *port, const struct probe_link *link, uint32_t source, uint32_t gateway,
                      uint8_t ret_mac[static 6], char *error, size_t error_bytes)
{
    struct wanted wanted = {.address = gateway};
    for (int times = 0; times < ASK_TIMES; times++) {
        (void)neighbour_ask(port, link, source, gateway);
        for (int ms = 0; ms < ASK_EVERY_MS; ms++) {
            neighbour_listen(port, source, wanted_take, &wanted);
            if (wanted.found) {
                memcpy(ret_mac, wanted.mac, sizeof(wanted.mac));
                return 0;
            }
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
