// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "dataplane/template.h"
#include "dataplane/worker.h"

enum {
    RX_DESCRIPTORS = 2048,
    TX_DESCRIPTORS = 2048,
    POOL_CACHE = 256,
    RX_BUFFERS = 4095 + 2048, // per queue: a full ring, a cache and two bursts
    TEMPLATE_BUFFERS = 4095 + 1024,
    FRAME_BUFFERS = 4095 + 1024,                // also more than the ring: drivers give sent buffers back late
    TEMPLATE_ROOM = RTE_PKTMBUF_HEADROOM + 128, // a probe is 60 to 96 bytes
};

_Static_assert(TEMPLATE_ROOM >= RTE_PKTMBUF_HEADROOM + REPLY_READABLE_BYTES, "a peer on a ring reads our buffers");
_Static_assert((int)WORKER_BURST <= (int)BURST_MAX, "the kernels take a burst");

static int port_find(uint16_t *ret_id, const char *name, char *error, size_t error_bytes)
{
    if (name[0] != '\0') {
        if (rte_eth_dev_get_port_by_name(name, ret_id) == 0)
            return 0;
        snprintf(error, error_bytes, "device.port: DPDK has no port \"%s\"; `dpdk-devbind.py -s` lists what it may use",
                 name);
        return -ENODEV;
    }
    uint16_t count = rte_eth_dev_count_avail();
    if (count == 1) {
        *ret_id = (uint16_t)rte_eth_find_next_owned_by(0, RTE_ETH_DEV_NO_OWNER);
        return 0;
    }
    snprintf(error, error_bytes,
             count == 0 ? "device: DPDK found no port; bind a NIC with dpdk-devbind.py or give device.vdev"
                        : "device: DPDK found %u ports; name the one to use in device.port",
             count);
    return -ENODEV;
}

static struct rte_mempool *pool_new(const char *kind, unsigned lcore, unsigned buffers, uint16_t room)
{
    char name[RTE_MEMPOOL_NAMESIZE];
    snprintf(name, sizeof(name), "%s_%u", kind, lcore);
    return rte_pktmbuf_pool_create(name, buffers, POOL_CACHE, 0, room, (int)rte_lcore_to_socket_id(lcore));
}

// Each worker's buffers lie in the memory of its own socket.
static int pools_new(struct port *port, const uint16_t *lcores)
{
    for (uint16_t i = 0; i < port->queue_count; i++) {
        struct port_queue *queue = &port->queues[i];
        queue->rx = pool_new("rx", lcores[i], RX_BUFFERS, RTE_MBUF_DEFAULT_BUF_SIZE);
        queue->templates = pool_new("templates", lcores[i], TEMPLATE_BUFFERS, TEMPLATE_ROOM);
        queue->frames = pool_new("frames", lcores[i], FRAME_BUFFERS, RTE_MBUF_DEFAULT_BUF_SIZE);
        if (queue->rx == NULL || queue->templates == NULL || queue->frames == NULL)
            return -ENOMEM;
    }
    return 0;
}

static void port_capabilities(struct port *port, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
    uint64_t wanted = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
    conf->rxmode.offloads = info->rx_offload_capa & wanted;
    port->rx_ip_checksum = (conf->rxmode.offloads & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM) != 0;
    port->rx_tcp_checksum = (conf->rxmode.offloads & RTE_ETH_RX_OFFLOAD_TCP_CKSUM) != 0;
    uint64_t hash = info->flow_type_rss_offloads & (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP);
    if (port->queue_count > 1 && hash != 0) {
        conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf->rx_adv_conf.rss_conf.rss_hf = hash;
    }
    port->interface_index = info->if_index;
}

static int queues_setup(const struct port *port, const struct rte_eth_dev_info *info, const struct rte_eth_conf *conf)
{
    uint16_t rx_descriptors = RX_DESCRIPTORS;
    uint16_t tx_descriptors = TX_DESCRIPTORS;
    int status = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx_descriptors, &tx_descriptors);
    if (status != 0)
        return status;
    struct rte_eth_rxconf rx = info->default_rxconf;
    struct rte_eth_txconf tx = info->default_txconf;
    rx.offloads = conf->rxmode.offloads;
    int node = rte_eth_dev_socket_id(port->id);
    unsigned socket = node < 0 ? (unsigned)SOCKET_ID_ANY : (unsigned)node;
    for (uint16_t i = 0; i < port->queue_count && status == 0; i++) {
        status = rte_eth_rx_queue_setup(port->id, i, rx_descriptors, socket, &rx, port->queues[i].rx);
        if (status == 0)
            status = rte_eth_tx_queue_setup(port->id, i, tx_descriptors, socket, &tx);
    }
    return status;
}

static int port_configure(struct port *port, char *error, size_t error_bytes)
{
    struct rte_eth_dev_info info;
    int status = rte_eth_dev_info_get(port->id, &info);
    if (status != 0) {
        snprintf(error, error_bytes, "port %s: cannot ask what it can do: %s", port->name, strerror(-status));
        return status;
    }
    uint16_t most = info.max_rx_queues < info.max_tx_queues ? info.max_rx_queues : info.max_tx_queues;
    if (port->queue_count > most) {
        snprintf(error, error_bytes, "device.lcores: %u workers need a queue pair each, but port %s has %u",
                 port->queue_count, port->name, most);
        return -EINVAL;
    }
    struct rte_eth_conf conf;
    memset(&conf, 0, sizeof(conf));
    port_capabilities(port, &info, &conf);
    status = rte_eth_dev_configure(port->id, port->queue_count, port->queue_count, &conf);
    if (status == 0)
        status = queues_setup(port, &info, &conf);
    if (status == 0)
        status = rte_eth_dev_start(port->id);
    if (status != 0)
        snprintf(error, error_bytes, "port %s (driver %s) did not start: %s", port->name, info.driver_name,
                 strerror(-status));
    return status;
}

int port_open(struct port *ret_port, const struct image *image, char *error, size_t error_bytes)
{
    struct port port = {.open = true, .queue_count = (uint16_t)image->settings->workers};
    int status = port_find(&port.id, image_string(image, image->settings->port_name), error, error_bytes);
    if (status != 0)
        return status;
    char name[RTE_ETH_NAME_MAX_LEN];
    rte_eth_dev_get_name_by_port(port.id, name);
    snprintf(port.name, sizeof(port.name), "%s", name);
    status = pools_new(&port, image->settings->worker_lcores);
    if (status != 0) {
        snprintf(error, error_bytes, "no memory for the buffers of %u queues; give more hugepages or raise -m",
                 port.queue_count);
        goto out;
    }
    status = port_configure(&port, error, error_bytes);
    if (status != 0)
        goto out;
    struct rte_ether_addr mac;
    rte_eth_macaddr_get(port.id, &mac);
    memcpy(port.mac, mac.addr_bytes, sizeof(port.mac));
    // A source MAC of our own choice, and a kernel interface whose MAC is not ours, are heard only this way. Not every
    // virtual device knows it, and none needs it then.
    (void)rte_eth_promiscuous_enable(port.id);
    *ret_port = port;
    return 0;

out:
    port_close(&port);
    return status;
}

static void template_fill(struct rte_mempool *pool, void *argument, void *object, unsigned index)
{
    (void)pool;
    (void)index;
    template_write((struct rte_mbuf *)object, (const struct probe_template *)argument);
}

void port_template(const struct port *port, const struct probe_template *probe)
{
    struct probe_template copy = *probe;
    for (uint16_t i = 0; i < port->queue_count; i++)
        rte_mempool_obj_iter(port->queues[i].templates, template_fill, &copy);
}

void port_close(struct port *port)
{
    if (!port->open)
        return;
    port->open = false;
    (void)rte_eth_dev_stop(port->id);
    (void)rte_eth_dev_close(port->id);
    for (uint16_t i = 0; i < port->queue_count; i++) {
        rte_mempool_free(port->queues[i].rx);
        rte_mempool_free(port->queues[i].templates);
        rte_mempool_free(port->queues[i].frames);
    }
}
