// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { ROUTE_BUFFER_BYTES = 8192 };

struct route_buffer {
    _Alignas(NLMSG_ALIGNTO) char bytes[ROUTE_BUFFER_BYTES];
};

// Sends the request in buffer and leaves the first answer there. Returns its length, or -errno (the kernel's own when
// it refused).
static ssize_t route_ask(struct route_buffer *buffer)
{
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (socket == NULL)
        return -errno;
    ssize_t result = -EIO;
    const struct nlmsghdr *request = (const struct nlmsghdr *)buffer->bytes;
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
        mnl_socket_sendto(socket, request, request->nlmsg_len) < 0) {
        result = -errno;
        goto out;
    }
    result = mnl_socket_recvfrom(socket, buffer->bytes, sizeof(buffer->bytes));
    if (result < 0) {
        result = -errno;
        goto out;
    }
    const struct nlmsghdr *answer = (const struct nlmsghdr *)buffer->bytes;
    if (!mnl_nlmsg_ok(answer, (int)result))
        result = -EBADMSG;
    else if (answer->nlmsg_type == NLMSG_ERROR) {
        const struct nlmsgerr *refusal = mnl_nlmsg_get_payload(answer);
        bool whole = answer->nlmsg_len >= mnl_nlmsg_size(sizeof(*refusal));
        result = whole && refusal->error < 0 ? refusal->error : -EBADMSG;
    }
out:
    mnl_socket_close(socket);
    return result;
}

// The fixed part of a message of one type, or NULL when it is not one or too short for it.
static const struct nlmsghdr *message_open(const void *message, size_t length, uint16_t type, size_t fixed_bytes)
{
    const struct nlmsghdr *header = message;
    if (length > INT32_MAX || !mnl_nlmsg_ok(header, (int)length) || header->nlmsg_type != type)
        return NULL;
    return mnl_nlmsg_get_payload_len(header) >= fixed_bytes ? header : NULL;
}

// The attribute of a type after fixed_bytes of fixed part, or NULL. (mnl_attr_for_each does not survive -Wconversion.)
static const struct nlattr *attribute_find(const struct nlmsghdr *header, size_t fixed_bytes, uint16_t type)
{
    const char *tail = mnl_nlmsg_get_payload_tail(header);
    const struct nlattr *attribute = mnl_nlmsg_get_payload_offset(header, fixed_bytes);
    for (; mnl_attr_ok(attribute, (int)(tail - (const char *)attribute)); attribute = mnl_attr_next(attribute))
        if (mnl_attr_get_type(attribute) == type)
            return attribute;
    return NULL;
}

static uint32_t attribute_u32(const struct nlmsghdr *header, size_t fixed_bytes, uint16_t type)
{
    const struct nlattr *attribute = attribute_find(header, fixed_bytes, type);
    if (attribute == NULL || mnl_attr_get_payload_len(attribute) != sizeof(uint32_t))
        return 0;
    return mnl_attr_get_u32(attribute);
}

int route_read(const void *message, size_t length, struct route *ret_route)
{
    const struct nlmsghdr *header = message_open(message, length, RTM_NEWROUTE, sizeof(struct rtmsg));
    if (header == NULL)
        return -EBADMSG;
    const struct rtmsg *fixed = mnl_nlmsg_get_payload(header);
    struct route route = {
        .source = ntohl(attribute_u32(header, sizeof(*fixed), RTA_PREFSRC)),
        .gateway = ntohl(attribute_u32(header, sizeof(*fixed), RTA_GATEWAY)),
        .ifindex = attribute_u32(header, sizeof(*fixed), RTA_OIF),
        .is_local = fixed->rtm_type == RTN_LOCAL,
        .is_unicast = fixed->rtm_type == RTN_UNICAST,
    };
    *ret_route = route;
    return 0;
}

int route_read_prefix(const void *message, size_t length, uint32_t *ret_first, uint32_t *ret_last)
{
    const struct nlmsghdr *header = message_open(message, length, RTM_NEWROUTE, sizeof(struct rtmsg));
    if (header == NULL)
        return -EBADMSG;
    const struct rtmsg *fixed = mnl_nlmsg_get_payload(header);
    if (fixed->rtm_family != AF_INET || fixed->rtm_dst_len > 32)
        return -EBADMSG;
    uint32_t host_bits =
        fixed->rtm_dst_len == 0 ? UINT32_MAX : (uint32_t)((UINT64_C(1) << (32 - fixed->rtm_dst_len)) - 1);
    uint32_t address = ntohl(attribute_u32(header, sizeof(*fixed), RTA_DST));
    *ret_first = address & ~host_bits;
    *ret_last = address | host_bits;
    return 0;
}

int route_read_neighbour(const void *message, size_t length, uint8_t ret_mac[static 6])
{
    const struct nlmsghdr *header = message_open(message, length, RTM_NEWNEIGH, sizeof(struct ndmsg));
    if (header == NULL)
        return -EBADMSG;
    const struct ndmsg *fixed = mnl_nlmsg_get_payload(header);
    if ((fixed->ndm_state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)) == 0)
        return -EBADMSG;
    const struct nlattr *address = attribute_find(header, sizeof(*fixed), NDA_LLADDR);
    if (address == NULL || mnl_attr_get_payload_len(address) != 6)
        return -EBADMSG;
    memcpy(ret_mac, mnl_attr_get_payload(address), 6);
    return 0;
}

static int interface_check(const char *interface, unsigned int *ret_ifindex)
{
    unsigned int ifindex = if_nametoindex(interface);
    if (ifindex == 0)
        return -ENODEV;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    struct ifreq request = {0};
    memcpy(request.ifr_name, interface, strnlen(interface, IFNAMSIZ - 1));
    int result = ioctl(fd, SIOCGIFFLAGS, &request) < 0 ? -errno : 0;
    close(fd);
    if (result != 0)
        return result;
    if ((request.ifr_flags & IFF_UP) == 0)
        return -ENETDOWN;
    *ret_ifindex = ifindex;
    return 0;
}

int route_find(uint32_t destination, const char *interface, struct route *ret_route)
{
    unsigned int ifindex = 0;
    if (interface != NULL) {
        int error = interface_check(interface, &ifindex);
        if (error != 0)
            return error;
    }
    struct route_buffer buffer = {0};
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer.bytes);
    header->nlmsg_type = RTM_GETROUTE;
    header->nlmsg_flags = NLM_F_REQUEST;
    struct rtmsg *fixed = mnl_nlmsg_put_extra_header(header, sizeof(*fixed));
    fixed->rtm_family = AF_INET;
    fixed->rtm_dst_len = 32;
    mnl_attr_put_u32(header, RTA_DST, htonl(destination));
    if (ifindex != 0)
        mnl_attr_put_u32(header, RTA_OIF, ifindex);
    ssize_t length = route_ask(&buffer);
    if (length < 0)
        return (int)length;
    return route_read(buffer.bytes, (size_t)length, ret_route);
}

struct walk {
    route_visit *on_prefix;
    void *context;
};

static int walk_message(const struct nlmsghdr *header, void *data)
{
    const struct walk *walk = data;
    uint32_t first;
    uint32_t last;
    struct route route;
    if (route_read_prefix(header, header->nlmsg_len, &first, &last) == 0 &&
        route_read(header, header->nlmsg_len, &route) == 0)
        walk->on_prefix(walk->context, first, last, &route);
    return MNL_CB_OK;
}

// Takes the parts of a dump until its end.
static int walk_take(struct mnl_socket *socket, struct route_buffer *buffer, uint32_t sequence, struct walk *walk)
{
    for (;;) {
        ssize_t length = mnl_socket_recvfrom(socket, buffer->bytes, sizeof(buffer->bytes));
        if (length < 0)
            return -errno;
        int more =
            mnl_cb_run(buffer->bytes, (size_t)length, sequence, mnl_socket_get_portid(socket), walk_message, walk);
        if (more < 0)
            return -errno;
        if (more == MNL_CB_STOP)
            return 0;
    }
}

int route_walk(route_visit *on_prefix, void *context)
{
    struct route_buffer buffer = {0};
    struct walk walk = {.on_prefix = on_prefix, .context = context};
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (socket == NULL)
        return -errno;
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer.bytes);
    header->nlmsg_type = RTM_GETROUTE;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    header->nlmsg_seq = 1;
    struct rtmsg *fixed = mnl_nlmsg_put_extra_header(header, sizeof(*fixed));
    fixed->rtm_family = AF_INET;
    int error = 0;
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 || mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
        error = -errno;
    else
        error = walk_take(socket, &buffer, header->nlmsg_seq, &walk);
    mnl_socket_close(socket);
    return error;
}

bool route_is_local(uint32_t address)
{
    struct route route;
    return route_find(address, NULL, &route) == 0 && route.is_local;
}

int route_neighbour(unsigned int ifindex, uint32_t address, uint8_t ret_mac[static 6])
{
    struct route_buffer buffer = {0};
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer.bytes);
    header->nlmsg_type = RTM_GETNEIGH;
    header->nlmsg_flags = NLM_F_REQUEST;
    struct ndmsg *fixed = mnl_nlmsg_put_extra_header(header, sizeof(*fixed));
    fixed->ndm_family = AF_INET;
    fixed->ndm_ifindex = (int)ifindex;
    mnl_attr_put_u32(header, NDA_DST, htonl(address));
    ssize_t length = route_ask(&buffer);
    return length >= 0 && route_read_neighbour(buffer.bytes, (size_t)length, ret_mac) == 0 ? 0 : -ENOENT;
}
