// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/scan/eal.h"

static const char *argument(const struct eal *eal, const char *start)
{
    for (size_t i = 0; i < eal->argument_count; i++)
        if (strncmp(eal->arguments[i], start, strlen(start)) == 0)
            return eal->arguments[i];
    return NULL;
}

static char empty[] = "";
static char extra[] = "--iova-mode=va";
static char packet[] = "net_af_packet0,iface=veth0";
static char packet_pairs[] = "net_af_packet0,iface=veth0,qpairs=4";
static char pci[] = "0000:01:00.0";

Test(eal, a_virtual_device_leaves_the_machines_network_cards_alone)
{
    struct eal eal;
    struct plan_device device = {.vdev = packet, .port = empty};
    cr_assert_eq(eal_init(&eal, &device, NULL), 0);
    cr_assert_str_eq(argument(&eal, "--vdev="), "--vdev=net_af_packet0,iface=veth0");
    cr_assert_not_null(argument(&eal, "--no-pci"));
    cr_assert_not_null(argument(&eal, "--file-prefix=sonde-"));
    cr_assert_eq(eal.workers, 1);
    cr_assert((argument(&eal, "--in-memory") != NULL) != (argument(&eal, "--no-huge") != NULL),
              "the two exclude each other");
    eal_fini(&eal);
}

Test(eal, several_workers_get_a_queue_pair_each)
{
    struct eal eal;
    struct plan_device device = {.vdev = packet, .port = empty, .lcores = {3, 5}, .lcore_count = 2};
    cr_assert_eq(eal_init(&eal, &device, NULL), 0);
    cr_assert_str_eq(argument(&eal, "--lcores="), "--lcores=3,5");
    cr_assert_str_eq(argument(&eal, "--vdev="), "--vdev=net_af_packet0,iface=veth0,qpairs=2");
    eal_fini(&eal);
    device.vdev = packet_pairs;
    cr_assert_eq(eal_init(&eal, &device, NULL), 0);
    cr_assert_str_eq(argument(&eal, "--vdev="), "--vdev=net_af_packet0,iface=veth0,qpairs=4");
    eal_fini(&eal);
}

Test(eal, a_card_is_allowed_by_its_address_and_extra_arguments_come_last)
{
    struct eal eal;
    char *items[] = {extra};
    struct plan_device device = {.vdev = empty, .port = pci, .eal = {items, 1}};
    cr_assert_eq(eal_init(&eal, &device, NULL), 0);
    cr_assert_not_null(argument(&eal, "--allow=0000:01:00.0"));
    cr_assert_null(argument(&eal, "--no-pci"));
    cr_assert_str_eq(eal.arguments[eal.argument_count - 1], extra);
    eal_fini(&eal);
}

// Whatever else it is given, EAL is told --no-pci or which card to allow.
Test(eal, it_is_never_left_to_look_for_network_cards_by_itself)
{
    static const struct {
        char *vdev;
        char *port;
        char *item;
    } refused[] = {
        {.vdev = "", .port = "", .item = NULL},
        {.vdev = "", .port = "s0", .item = NULL},
        {.vdev = "", .port = "net_ring0", .item = NULL},
        {.vdev = "", .port = "", .item = "--iova-mode=va"},
        {.vdev = "", .port = "0000:01:00.0", .item = "-d"},
        {.vdev = "", .port = "0000:01:00.", .item = NULL},
        {.vdev = "net_null0", .port = "net_null1", .item = NULL},
        {.vdev = "net_null0", .port = "0000:01:00.0", .item = NULL},
        {.vdev = "net_failsafe0,exec(id)", .port = "", .item = NULL},
    };
    static const struct {
        char *vdev;
        char *port;
        char *item;
        const char *told;
    } taken[] = {
        {.vdev = "net_null0", .port = "", .item = NULL, .told = "--no-pci"},
        {.vdev = "net_null0", .port = "net_null0", .item = NULL, .told = "--no-pci"},
        {.vdev = "", .port = "", .item = "--vdev=net_ring0", .told = "--no-pci"},
        {.vdev = "", .port = "net_ring0", .item = "--vdev=net_ring0", .told = "--no-pci"},
        {.vdev = "", .port = "01:00.0", .item = NULL, .told = "--allow=01:00.0"},
        {.vdev = "", .port = "", .item = "--allow=01:00.0,a=b", .told = "--allow=01:00.0,a=b"},
        {.vdev = "", .port = "0000:01:00.0", .item = "--allow=01:00.0,a=b", .told = "--allow=01:00.0,a=b"},
        {.vdev = "", .port = "0000:01:00.0", .item = "--allow=01:00.1", .told = "--allow=0000:01:00.0"},
    };
    struct eal eal;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        char *items[] = {refused[i].item};
        struct plan_device device = {
            .vdev = refused[i].vdev, .port = refused[i].port, .eal = {items, refused[i].item != NULL ? 1 : 0}};
        cr_expect_eq(eal_init(&eal, &device, NULL), -EINVAL, "case %zu", i);
        eal_fini(&eal);
    }
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        char *items[] = {taken[i].item};
        struct plan_device device = {
            .vdev = taken[i].vdev, .port = taken[i].port, .eal = {items, taken[i].item != NULL ? 1 : 0}};
        cr_expect_eq(eal_init(&eal, &device, NULL), 0, "case %zu", i);
        const char *told = argument(&eal, taken[i].told);
        cr_expect(told != NULL && strcmp(told, taken[i].told) == 0, "case %zu: %s", i, told);
        cr_expect((argument(&eal, "--no-pci") != NULL) != (argument(&eal, "--allow") != NULL), "case %zu", i);
        eal_fini(&eal);
    }
}

Test(eal, a_plan_that_avoids_hugepages_is_started_without)
{
    struct eal eal;
    char option[] = "--no-huge";
    char *items[] = {option};
    struct plan_device device = {.vdev = packet, .port = empty, .eal = {items, 1}};
    cr_assert_eq(eal_init(&eal, &device, NULL), 0);
    cr_assert_null(argument(&eal, "--in-memory"), "the two exclude each other");
    eal_fini(&eal);
}

Test(eal, a_dry_run_replaces_the_device)
{
    struct eal eal;
    struct plan_device device = {.vdev = packet, .port = empty, .lcores = {0, 1}, .lcore_count = 2};
    cr_assert_eq(eal_init(&eal, &device, "out.pcap"), 0);
    cr_assert_str_eq(argument(&eal, "--vdev="), "--vdev=net_pcap0,tx_pcap=out.pcap");
    cr_assert_not_null(argument(&eal, "--no-pci"));
    cr_assert_eq(eal.workers, 1);
    eal_fini(&eal);
    cr_assert_eq(eal_init(&eal, &device, "a,iface=eth0"), -EINVAL, "a file name must not become an argument");
    eal_fini(&eal);
}

Test(eal, more_arguments_than_fit_are_an_error)
{
    struct eal eal;
    char *items[EAL_ARGUMENTS_MAX];
    for (size_t i = 0; i < EAL_ARGUMENTS_MAX; i++)
        items[i] = extra;
    struct plan_device device = {.vdev = packet, .port = empty, .eal = {items, EAL_ARGUMENTS_MAX}};
    cr_assert_eq(eal_init(&eal, &device, NULL), -E2BIG);
    eal_fini(&eal);
}

Test(eal, a_device_string_is_searched_by_whole_keys)
{
    char value[8];
    cr_assert(eal_device_value("net_af_packet0,iface=veth0,qpairs=2", "qpairs", value, sizeof(value)));
    cr_assert_str_eq(value, "2");
    cr_assert(eal_device_value("net_pcap0,rx_iface=a,iface=b", "iface", value, sizeof(value)));
    cr_assert_str_eq(value, "b");
    cr_assert_not(eal_device_value("net_pcap0,rx_iface=a", "iface", value, sizeof(value)));
    cr_assert_not(eal_device_value("iface=a", "iface", value, sizeof(value)));
    cr_assert(eal_device_value("x,iface=longer_than_that", "iface", value, sizeof(value)));
    cr_assert_str_eq(value, "longer_");
}

Test(eal, free_hugepages_of_every_size_are_added)
{
    char folder[] = "/tmp/sonde-test-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    static const struct {
        const char *size;
        const char *pages;
    } sizes[] = {{"hugepages-2048kB", "3\n"}, {"hugepages-1048576kB", "1\n"}, {"other", "9\n"}};
    char path[128];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, sizes[i].size);
        mkdir(path, 0700);
        snprintf(path, sizeof(path), "%s/%s/free_hugepages", folder, sizes[i].size);
        FILE *file = fopen(path, "w");
        fputs(sizes[i].pages, file);
        fclose(file);
    }
    cr_expect_eq(eal_free_hugepages(folder), UINT64_C(3) * 2097152 + 1073741824);
    cr_expect_eq(eal_free_hugepages("/no/such/folder"), 0);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s/free_hugepages", folder, sizes[i].size);
        unlink(path);
        snprintf(path, sizeof(path), "%s/%s", folder, sizes[i].size);
        rmdir(path);
    }
    rmdir(folder);
}
