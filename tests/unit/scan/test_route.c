// SPDX-License-Identifier: BSD-3-Clause
// Netlink messages as the kernel sends them: `ip route get` and `ip neigh get`, made here byte by byte.
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "control/scan/route.h"

struct message {
    _Alignas(4) uint8_t bytes[256];
    size_t length;
};

static void message_start(struct message *message, uint16_t type, const void *fixed, size_t fixed_bytes)
{
    memset(message, 0, sizeof(*message));
    struct nlmsghdr header = {.nlmsg_type = type};
    memcpy(message->bytes, &header, sizeof(header));
    memcpy(message->bytes + sizeof(header), fixed, fixed_bytes);
    message->length = sizeof(header) + NLMSG_ALIGN(fixed_bytes);
}

static void message_add(struct message *message, uint16_t type, const void *value, uint16_t value_bytes)
{
    struct rtattr attribute = {.rta_len = (uint16_t)(sizeof(attribute) + value_bytes), .rta_type = type};
    memcpy(message->bytes + message->length, &attribute, sizeof(attribute));
    memcpy(message->bytes + message->length + sizeof(attribute), value, value_bytes);
    message->length += RTA_ALIGN(attribute.rta_len);
    ((struct nlmsghdr *)message->bytes)->nlmsg_len = (uint32_t)message->length;
}

static struct message route_message(unsigned char type)
{
    struct message message;
    message_start(&message, RTM_NEWROUTE, &(struct rtmsg){.rtm_family = AF_INET, .rtm_type = type},
                  sizeof(struct rtmsg));
    message_add(&message, RTA_DST, (uint8_t[]){10, 80, 1, 2}, 4);
    message_add(&message, RTA_OIF, &(uint32_t){7}, 4);
    message_add(&message, RTA_GATEWAY, (uint8_t[]){10, 9, 0, 1}, 4);
    message_add(&message, RTA_PREFSRC, (uint8_t[]){10, 9, 0, 2}, 4);
    return message;
}

Test(route, gateway_source_and_interface_are_read)
{
    struct message message = route_message(RTN_UNICAST);
    struct route route;
    cr_assert_eq(route_read(message.bytes, message.length, &route), 0);
    cr_assert_eq(route.gateway, 0x0a090001);
    cr_assert_eq(route.source, 0x0a090002);
    cr_assert_eq(route.ifindex, 7);
    cr_assert_not(route.is_local);
    message = route_message(RTN_LOCAL);
    cr_assert_eq(route_read(message.bytes, message.length, &route), 0);
    cr_assert(route.is_local);
}

Test(route, a_route_on_the_link_has_no_gateway)
{
    struct message message;
    struct route route;
    message_start(&message, RTM_NEWROUTE, &(struct rtmsg){.rtm_type = RTN_UNICAST}, sizeof(struct rtmsg));
    message_add(&message, RTA_OIF, &(uint32_t){3}, 4);
    cr_assert_eq(route_read(message.bytes, message.length, &route), 0);
    cr_assert_eq(route.gateway, 0);
}

Test(route, a_route_says_which_addresses_it_is_for)
{
    static const struct {
        uint8_t length;
        uint32_t first;
        uint32_t last;
    } cases[] = {
        {0, 0, UINT32_MAX}, {8, 0x0a000000, 0x0affffff}, {31, 0x0a500102, 0x0a500103}, {32, 0x0a500102, 0x0a500102}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct message message;
        uint32_t first = 0;
        uint32_t last = 0;
        message_start(&message, RTM_NEWROUTE, &(struct rtmsg){.rtm_family = AF_INET, .rtm_dst_len = cases[i].length},
                      sizeof(struct rtmsg));
        message_add(&message, RTA_DST, (uint8_t[]){10, 80, 1, 2}, 4);
        cr_assert_eq(route_read_prefix(message.bytes, message.length, &first, &last), 0);
        cr_expect_eq(first, cases[i].first, "/%u begins at %08x", cases[i].length, first);
        cr_expect_eq(last, cases[i].last, "/%u ends at %08x", cases[i].length, last);
        message_start(&message, RTM_NEWROUTE, &(struct rtmsg){.rtm_family = AF_INET, .rtm_dst_len = 33},
                      sizeof(struct rtmsg));
        cr_expect_eq(route_read_prefix(message.bytes, message.length, &first, &last), -EBADMSG);
    }
}

Test(route, messages_of_another_type_or_cut_anywhere_are_refused_or_read_in_bounds)
{
    struct message message = route_message(RTN_UNICAST);
    struct route route;
    uint8_t mac[6];
    for (size_t length = 0; length < message.length; length++)
        cr_assert_eq(route_read(message.bytes, length, &route), -EBADMSG, "cut at %zu", length);
    cr_assert_eq(route_read_neighbour(message.bytes, message.length, mac), -EBADMSG);
    // An attribute that claims more than the message holds ends the reading.
    ((struct rtattr *)(message.bytes + sizeof(struct nlmsghdr) + sizeof(struct rtmsg)))->rta_len = 60000;
    cr_assert_eq(route_read(message.bytes, message.length, &route), 0);
    cr_assert_eq(route.gateway, 0);
}

Test(route, an_attribute_of_the_wrong_size_is_not_believed)
{
    struct message message;
    struct route route;
    message_start(&message, RTM_NEWROUTE, &(struct rtmsg){.rtm_type = RTN_UNICAST}, sizeof(struct rtmsg));
    message_add(&message, RTA_GATEWAY, (uint8_t[]){10, 9}, 2);
    cr_assert_eq(route_read(message.bytes, message.length, &route), 0);
    cr_assert_eq(route.gateway, 0);
}

Test(route, a_neighbour_counts_only_while_the_kernel_believes_in_it)
{
    static const uint8_t expected[6] = {2, 0, 0, 1, 2, 3};
    struct message message;
    uint8_t mac[6] = {0};
    message_start(&message, RTM_NEWNEIGH, &(struct ndmsg){.ndm_state = NUD_STALE}, sizeof(struct ndmsg));
    message_add(&message, NDA_DST, (uint8_t[]){10, 9, 0, 1}, 4);
    message_add(&message, NDA_LLADDR, expected, 6);
    cr_assert_eq(route_read_neighbour(message.bytes, message.length, mac), 0);
    cr_assert_arr_eq(mac, expected, 6);
    message_start(&message, RTM_NEWNEIGH, &(struct ndmsg){.ndm_state = NUD_FAILED}, sizeof(struct ndmsg));
    message_add(&message, NDA_LLADDR, expected, 6);
    cr_assert_eq(route_read_neighbour(message.bytes, message.length, mac), -EBADMSG);
}

Test(route, the_kernel_answers_for_loopback)
{
    struct route route;
    cr_assert(route_is_local(0x7f000001));
    cr_assert_eq(route_find(0x7f000001, "no-such-if", &route), -ENODEV);
}
