// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "config/plan/device.h"

Test(device, a_pci_address_is_all_of_its_text)
{
    static const char *const bad[] = {
        "",
        "s0",
        "0000:01:00",
        "0000:01:00.",
        "0000:01:00.0 ",
        " 0000:01:00.0",
        "0000:01:00.0x",
        "1:00.0",
        "000:01:00.0",
        "00000:01:00.0",
        "0000:1:00.0",
        "0000:01:0.0",
        "0000:01:20.0",
        "0000:01:00.8",
        "0000:01:00",
        "0000:0g:00.0",
        "0x00:01:00.0",
        "0000:01:00.00",
        "0000:01:00,0",
        "01:00",
        "-1:00.0",
    };
    struct pci_address address = {.domain = 7};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_not(pci_address_parse(bad[i], &address), "\"%s\"", bad[i]);
    cr_assert_eq(address.domain, 7);
    cr_assert(pci_address_parse("0001:aF:1f.7", &address));
    cr_assert(address.domain == 1 && address.bus == 0xaf && address.device == 0x1f && address.function == 7);
    cr_assert(pci_address_parse("01:00.0", &address));
    cr_assert(address.domain == 0 && address.bus == 1 && address.device == 0 && address.function == 0);
}

struct row {
    char *vdev;
    char *port;
    char *eal[4];
    const char *complaint; // NULL: it is accepted
};

static void rows_check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *items[4];
        struct complaint complaint = {0};
        struct plan_device device = {.vdev = rows[i].vdev, .port = rows[i].port, .eal = {.items = items}};
        while (device.eal.count < 4 && rows[i].eal[device.eal.count] != NULL) {
            items[device.eal.count] = rows[i].eal[device.eal.count];
            device.eal.count++;
        }
        int error = device_check(&device, "plan.json", &complaint);
        if (rows[i].complaint == NULL)
            cr_expect_eq(error, 0, "row %zu: %s", i, complaint.text);
        else
            cr_expect(error == -EINVAL && strncmp(complaint.text, "plan.json: ", 11) == 0 &&
                          strstr(complaint.text, rows[i].complaint) != NULL,
                      "row %zu: %d, %s", i, error, complaint.text);
    }
}

Test(device, a_port_is_a_card_by_its_address_or_a_virtual_device_of_the_plan)
{
    static const struct row rows[] = {
        {"", "", {NULL}, NULL},
        {"", "0000:01:00.0", {NULL}, NULL},
        {"net_ring0", "net_ring0", {NULL}, NULL},
        {"net_memif0,role=server", "net_memif0", {NULL}, NULL},
        {"", "net_null3", {"--vdev", "net_null3,copy=1"}, NULL},
        {"", "net_null3", {"--vdev=net_null2", "--vdev=net_null3"}, NULL},
        {"", "s0", {NULL}, "device.port: \"s0\" is neither"},
        {"", "net_ring0", {NULL}, "device.port: \"net_ring0\" is neither"},
        {"net_ring0", "net_ring", {NULL}, "device.port: \"net_ring\" is neither"},
        {"net_ring0", "net_ring00", {NULL}, "device.port: \"net_ring00\" is neither"},
        {"net_ring0", "0000:01:00.0", {NULL}, "device.port: names a network card"},
        {"net_ring0", "", {"-n", "4", "-a", "01:00.0"}, "device.eal[2]: names a network card"},
    };
    rows_check(rows, sizeof(rows) / sizeof(rows[0]));
}

Test(device, a_virtual_device_has_one_of_the_drivers_that_run_nothing)
{
    static const struct row rows[] = {
        {"net_af_packet0,iface=veth0", "", {NULL}, NULL},
        {"net_af_xdp1,iface=veth0", "", {NULL}, NULL},
        {"net_tap_a", "", {NULL}, NULL},
        {"net_null", "", {NULL}, "device.vdev: \"net_null\" is no virtual device"},
        {"net_af_xdp0,iface=eth0,xdp_prog=/tmp/x.o", "", {NULL}, "xdp_prog loads a program into the kernel"},
        {"", "", {"--vdev=net_af_xdp0,iface=eth0,xdp_prog=/tmp/x.o"}, "device.eal[0]: expected a virtual device"},
        {"net_failsafe0,exec(id)", "", {NULL}, "device.vdev: \"net_failsafe0,exec(id)\" is no"},
        {"net_bonding0,slave=0000:01:00.0", "", {NULL}, "device.vdev"},
        {"0000:01:00.0", "", {NULL}, "device.vdev"},
        {"net_null0 ,x", "", {NULL}, "device.vdev"},
        {"", "", {"--vdev=net_failsafe0,dev(0000:01:00.0)"}, "device.eal[0]: expected a virtual device"},
        {"", "", {"--vdev", "crypto_null0"}, "device.eal[1]: expected a virtual device"},
        {"", "", {"--vdev"}, "device.eal[0]: expected a virtual device"},
    };
    rows_check(rows, sizeof(rows) / sizeof(rows[0]));
}

Test(device, of_eals_options_only_harmless_ones_are_taken)
{
    static const struct row rows[] = {
        {"", "0000:01:00.0", {"-a", "0000:01:00.0"}, NULL},
        {"", "", {"-a0000:01:00.0,mprq_en=1"}, NULL},
        {"", "", {"--allow", "01:00.0", "--allow=01:00.1"}, NULL},
        {"net_null0", "", {"--no-huge", "-m", "512", "--no-pci"}, NULL},
        {"net_null0", "", {"-m512", "-n", "4", "-r2"}, NULL},
        {"net_null0", "", {"--iova-mode=va", "--log-level", "lib.eal:debug", "--socket-mem=512,512"}, NULL},
        {"net_null0", "", {"-d", "/tmp/code.so"}, "device.eal[0]: \"-d\" is none"},
        {"net_null0", "", {"-d/tmp/code.so"}, "device.eal[0]: \"-d/tmp/code.so\" is none"},
        {"net_null0", "", {"--no-huge", "--trace-dir=/etc"}, "device.eal[1]: \"--trace-dir=/etc\" is none"},
        {"net_null0", "", {"--proc-type=secondary"}, "device.eal[0]"},
        {"net_null0", "", {"--file-prefix", "other"}, "device.eal[0]"},
        {"net_null0", "", {"--block=0000:01:00.0"}, "device.eal[0]"},
        {"net_null0", "", {"--vde=net_null1"}, "device.eal[0]: \"--vde=net_null1\" is none"},
        {"net_null0", "", {"--"}, "device.eal[0]"},
        {"net_null0", "", {"-"}, "device.eal[0]"},
        {"net_null0", "", {""}, "device.eal[0]"},
        {"net_null0", "", {"/tmp/code.so"}, "device.eal[0]"},
        {"net_null0", "", {"--log-level", "-d"}, "device.eal[1]: expected one word after --log-level"},
        {"net_null0", "", {"-m", "-d"}, "device.eal[1]: expected a number after -m"},
        {"net_null0", "", {"-m"}, "device.eal[0]: expected a number after -m"},
        {"net_null0", "", {"-m="}, "device.eal[0]: expected a number"},
        {"net_null0", "", {"--iova-mode="}, "device.eal[0]: expected pa or va after --iova-mode"},
        {"net_null0", "", {"--no-huge=1"}, "device.eal[0]: expected nothing after --no-huge"},
        {"", "", {"-a", "0000:01:00"}, "device.eal[1]: expected a PCI address"},
        {"", "", {"-a", "virtio_user0"}, "device.eal[1]: expected a PCI address"},
    };
    rows_check(rows, sizeof(rows) / sizeof(rows[0]));
}

Test(device, what_it_names_is_found_wherever_it_stands)
{
    char *with_card[] = {"-m", "512", "-a", "01:00.0,x=y"};
    char *with_vdev[] = {"--no-huge", "--vdev=net_null0"};
    struct pci_address card;
    struct plan_device device = {.vdev = "", .port = "", .eal = {with_card, 4}};
    cr_assert(device_has_card(&device) && !device_has_vdev(&device) && !device_avoids_hugepages(&device));
    cr_assert(pci_address_parse("0000:01:00.0", &card) && device_allows(&device, card));
    cr_assert(pci_address_parse("0000:01:00.1", &card) && !device_allows(&device, card));
    device.eal = (struct key_strings){with_vdev, 2};
    cr_assert(!device_has_card(&device) && device_has_vdev(&device) && device_avoids_hugepages(&device));
    device = (struct plan_device){.vdev = "", .port = "01:00.0"};
    cr_assert(device_has_card(&device) && !device_allows(&device, card));
    device = (struct plan_device){.vdev = "", .port = ""};
    cr_assert(!device_has_card(&device) && !device_has_vdev(&device));
}
