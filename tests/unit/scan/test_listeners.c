// SPDX-License-Identifier: BSD-3-Clause
// Tables as /proc/net shows them, and what is left of a range of ports beside the servers in them.
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/scan/listeners.h"

#define ADDRESS UINT32_C(0x0a630002) // 10.99.0.2

static void add(struct listeners *listeners, const char *lines)
{
    FILE *table = fmemopen((void *)(uintptr_t)lines, strlen(lines), "r");
    cr_assert_not_null(table);
    listeners_add(listeners, table, (struct interval){ADDRESS, ADDRESS});
    fclose(table);
}

Test(listeners, of_a_table_the_listening_sockets_that_take_our_address_count)
{
    struct listeners got = {{0}};
    add(&got, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
              "   0: 00000000:6989 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 18 1 0\n"
              "   1: 0200630A:4001 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 19 1 0\n"
              "   2: 0100007F:4002 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 20 1 0\n"
              "   3: 0200630A:4003 0100630A:0016 01 00000000:00000000 00:00000000 00000000     0        0 21 1 0\n"
              "nonsense\n"
              "   4: 0200630A\n");
    cr_expect(listeners_have(&got, 27017), "bound to every address");
    cr_expect(listeners_have(&got, 0x4001), "bound to ours");
    cr_expect_not(listeners_have(&got, 0x4002), "bound to another one");
    cr_expect_not(listeners_have(&got, 0x4003), "a connection, no listener");
}

Test(listeners, of_ipv6_those_that_may_take_ipv4_count)
{
    struct listeners got = {{0}};
    add(&got,
        "   0: 00000000000000000000000000000000:4001 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1 1 0\n"
        "   1: 0000000000000000FFFF00000200630A:4002 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1 1 0\n"
        "   2: 0000000000000000FFFF00000300630A:4003 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1 1 0\n"
        "   3: 000080FE00000000FF565A1E02C7A4FE:4004 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1 1 0\n"
        "   4: 00000000000000000000000001000000:4005 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1 1 0\n");
    cr_expect(listeners_have(&got, 0x4001));
    cr_expect(listeners_have(&got, 0x4002));
    cr_expect_not(listeners_have(&got, 0x4003));
    cr_expect_not(listeners_have(&got, 0x4004));
    cr_expect_not(listeners_have(&got, 0x4005));
}

Test(listeners, a_server_of_this_machine_is_seen)
{
    struct listeners got;
    struct sockaddr_in where = {.sin_family = AF_INET};
    socklen_t length = sizeof(where);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(fd, (const struct sockaddr *)&where, sizeof(where)), 0);
    cr_assert_eq(listen(fd, 1), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&where, &length), 0);
    cr_assert_eq(listeners_read(&got, (struct interval){ADDRESS, ADDRESS}), 0);
    cr_expect(listeners_have(&got, ntohs(where.sin_port)));
    close(fd);
}

static void set(struct listeners *listeners, uint32_t port)
{
    listeners->ports[port / 64] |= UINT64_C(1) << port % 64;
}

Test(listeners, the_longest_stretch_without_one_is_what_is_left_of_a_range)
{
    const struct kernel_guard_ports flows = {24576, 8192};
    const struct kernel_guard_ports probes = {16384, 8192};
    struct listeners got = {{0}};
    struct kernel_guard_ports left;
    cr_assert(listeners_spare(&got, &flows, false, &left));
    cr_expect(left.first == 24576 && left.count == 8192, "nothing listens");
    set(&got, 27017);
    set(&got, 16384);
    set(&got, 24575);
    cr_assert(listeners_spare(&got, &flows, false, &left));
    cr_expect(left.first == 27018 && left.count == 5750, "%u %u", left.first, left.count);
    cr_assert(listeners_spare(&got, &probes, true, &left));
    cr_expect(left.first == 16385 && left.count == 4096, "%u %u", left.first, left.count);
}

Test(listeners, a_range_that_is_full_of_them_has_nothing_to_spare)
{
    const struct kernel_guard_ports range = {65280, 256};
    struct listeners got = {{0}};
    struct kernel_guard_ports left = {1, 2};
    for (uint32_t port = 65280; port < 65536; port += 16)
        set(&got, port);
    cr_assert_not(listeners_spare(&got, &range, false, &left));
    cr_assert(left.first == 1 && left.count == 2);
    char text[64];
    cr_assert_eq(listeners_name(&got, &range, text), 16);
    cr_assert_str_eq(text, "65280, 65296, 65312, 65328, 65344 and 11 more");
}
