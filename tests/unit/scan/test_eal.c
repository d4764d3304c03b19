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
    cr_assert(eal_device_value("net_af_packet0,iface=veth0,qpairs=2", "qpairs", value, sizeof value));
    cr_assert_str_eq(value, "2");
    cr_assert(eal_device_value("net_pcap0,rx_iface=a,iface=b", "iface", value, sizeof value));
    cr_assert_str_eq(value, "b");
    cr_assert_not(eal_device_value("net_pcap0,rx_iface=a", "iface", value, sizeof value));
    cr_assert_not(eal_device_value("iface=a", "iface", value, sizeof value));
    cr_assert(eal_device_value("x,iface=longer_than_that", "iface", value, sizeof value));
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
        snprintf(path, sizeof path, "%s/%s", folder, sizes[i].size);
        mkdir(path, 0700);
        snprintf(path, sizeof path, "%s/%s/free_hugepages", folder, sizes[i].size);
        FILE *file = fopen(path, "w");
        fputs(sizes[i].pages, file);
        fclose(file);
    }
    cr_expect_eq(eal_free_hugepages(folder), UINT64_C(3) * 2097152 + 1073741824);
    cr_expect_eq(eal_free_hugepages("/no/such/folder"), 0);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s/free_hugepages", folder, sizes[i].size);
        unlink(path);
        snprintf(path, sizeof path, "%s/%s", folder, sizes[i].size);
        rmdir(path);
    }
    rmdir(folder);
}
