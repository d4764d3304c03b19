// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/interface.h"

#include <errno.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/scan/eal.h"

enum { LIST_MAX = 160 };

void interface_of(const char *vdev, char ret_interface[static IF_NAMESIZE])
{
    // net_tap makes the interface that `iface` names; what is there before is `remote`.
    static const char *const keys[] = {"remote", "iface", "tx_iface", NULL};
    ret_interface[0] = '\0';
    for (size_t i = 0; keys[i] != NULL; i++) {
        char name[IF_NAMESIZE];
        if (strncmp(vdev, "net_tap", strlen("net_tap")) == 0 && strcmp(keys[i], "remote") != 0)
            continue;
        if (!eal_device_value(vdev, keys[i], name, sizeof(name)))
            continue;
        memcpy(ret_interface, name, sizeof(name));
        return;
    }
}

// What an ioctl of netdevice(7) says of an interface. Returns 0 or -errno.
static int ask(const char *interface, unsigned long request, struct ifreq *ret_answer)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    struct ifreq answer = {0};
    memcpy(answer.ifr_name, interface, strnlen(interface, IF_NAMESIZE - 1));
    int error = ioctl(fd, request, &answer) < 0 ? -errno : 0;
    close(fd);
    *ret_answer = answer;
    return error;
}

// A value of ethtool(8), or 0 where the kernel tells none.
static uint32_t ask_ethtool(const char *interface, uint32_t command)
{
    struct ethtool_value value = {.cmd = command};
    struct ifreq request = {.ifr_data = (void *)&value};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    memcpy(request.ifr_name, interface, strnlen(interface, IF_NAMESIZE - 1));
    int error = ioctl(fd, SIOCETHTOOL, &request);
    close(fd);
    return error < 0 ? 0 : value.data;
}

static bool is_up(const char *interface)
{
    struct ifreq answer;
    return ask(interface, SIOCGIFFLAGS, &answer) == 0 && (answer.ifr_flags & IFF_UP) != 0;
}

// ARPHRD_..., or -1.
static int hardware_type(const char *interface)
{
    struct ifreq answer;
    return ask(interface, SIOCGIFHWADDR, &answer) == 0 ? answer.ifr_hwaddr.sa_family : -1;
}

const char *interface_list(char *text, size_t text_bytes)
{
    struct if_nameindex *all = if_nameindex();
    size_t length = 0;
    text[0] = '\0';
    for (const struct if_nameindex *at = all; at != NULL && at->if_index != 0; at++) {
        if (!is_up(at->if_name) || hardware_type(at->if_name) != ARPHRD_ETHER)
            continue;
        size_t needed = strlen(at->if_name) + (length > 0 ? 2 : 0);
        if (length + needed + 1 > text_bytes)
            break;
        length += (size_t)snprintf(text + length, text_bytes - length, "%s%s", length > 0 ? ", " : "", at->if_name);
    }
    if_freenameindex(all);
    if (length == 0)
        snprintf(text, text_bytes, "none");
    return text;
}

int interface_check(const char *interface, char message[static INTERFACE_MESSAGE_MAX])
{
    char others[LIST_MAX];
    int type = hardware_type(interface);
    if (if_nametoindex(interface) == 0)
        snprintf(message, INTERFACE_MESSAGE_MAX, "device: there is no interface %s; those that could be used: %s",
                 interface, interface_list(others, sizeof(others)));
    else if (type == ARPHRD_LOOPBACK)
        snprintf(message, INTERFACE_MESSAGE_MAX,
                 "device: %s is this machine itself, which no scan goes through; those that could be used: %s",
                 interface, interface_list(others, sizeof(others)));
    else if (type != ARPHRD_ETHER)
        snprintf(message, INTERFACE_MESSAGE_MAX,
                 "device: interface %s is a tunnel that carries no Ethernet frames; those that could be used: %s",
                 interface, interface_list(others, sizeof(others)));
    else if (!is_up(interface))
        snprintf(message, INTERFACE_MESSAGE_MAX,
                 "device: interface %s is down (ip link set %s up); those that are up: %s", interface, interface,
                 interface_list(others, sizeof(others)));
    else
        return 0;
    return -EINVAL;
}

void interface_examine(const char *interface, struct interface_state *ret_state)
{
    struct interface_state state = {.driver = "virtual"};
    struct ifreq answer;
    char link[PATH_MAX];
    char target[PATH_MAX];
    state.carrier = ask(interface, SIOCGIFFLAGS, &answer) == 0 && (answer.ifr_flags & IFF_RUNNING) != 0;
    state.merges =
        ask_ethtool(interface, ETHTOOL_GGRO) != 0 || (ask_ethtool(interface, ETHTOOL_GFLAGS) & ETH_FLAG_LRO) != 0;
    snprintf(link, sizeof(link), "/sys/class/net/%.64s/device/driver", interface);
    ssize_t length = readlink(link, target, sizeof(target) - 1);
    target[length > 0 ? length : 0] = '\0';
    const char *slash = strrchr(target, '/');
    if (slash != NULL)
        snprintf(state.driver, sizeof(state.driver), "%.31s", slash + 1);
    *ret_state = state;
}
