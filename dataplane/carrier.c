// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/carrier.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_ethdev.h>

void carrier_init(struct carrier *carrier, const struct port *port, bool is_vdev)
{
    *carrier = (struct carrier){
        .fd = -1, .interface_index = port->interface_index, .port_id = port->id, .asks_driver = !is_vdev};
    if (port->interface_index != 0)
        carrier->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

void carrier_fini(struct carrier *carrier)
{
    if (carrier->fd >= 0)
        close(carrier->fd);
    carrier->fd = -1;
}

// IFF_RUNNING follows the carrier by up to a second; ethtool has it at once, where the driver knows it.
static enum link_state interface_look(const struct carrier *carrier)
{
    struct ifreq request = {.ifr_ifindex = (int)carrier->interface_index};
    if (ioctl(carrier->fd, SIOCGIFNAME, &request) < 0)
        return errno == ENODEV || errno == ENXIO ? LINK_GONE : LINK_UP;
    if (ioctl(carrier->fd, SIOCGIFFLAGS, &request) < 0)
        return errno == ENODEV || errno == ENXIO ? LINK_GONE : LINK_UP;
    if ((request.ifr_flags & IFF_UP) == 0)
        return LINK_DOWN;
    bool running = (request.ifr_flags & IFF_RUNNING) != 0;
    struct ethtool_value link = {.cmd = ETHTOOL_GLINK};
    request.ifr_data = (void *)&link;
    if (ioctl(carrier->fd, SIOCETHTOOL, &request) == 0)
        running = link.data != 0;
    return running ? LINK_UP : LINK_DOWN;
}

enum link_state carrier_look(const struct carrier *carrier)
{
    struct rte_eth_link link;
    if (carrier->fd >= 0)
        return interface_look(carrier);
    if (!carrier->asks_driver || rte_eth_link_get_nowait(carrier->port_id, &link) != 0)
        return LINK_UP;
    return link.link_status == RTE_ETH_LINK_UP ? LINK_UP : LINK_DOWN;
}
