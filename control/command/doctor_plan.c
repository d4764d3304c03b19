// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/doctor_plan.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "config/figures.h"
#include "config/plan/device.h"
#include "config/prefix.h"
#include "control/scan/claim.h"
#include "control/scan/eal.h"
#include "control/scan/interface.h"
#include "control/scan/kernel_guard.h"
#include "control/scan/listeners.h"
#include "control/scan/route.h"
#include "control/scan/source.h"
#include "probes/address.h"

// What a record and its line of the journal take, in bytes: generous, for records of TLS are the longest.
enum { RECORD_BYTES = 4096, DISK_LEAST = 16 << 20 };

static void targets_examine(struct examination *examination, const struct plan *plan)
{
    char number[FIGURE_MAX];
    const struct plan_exclusion *most = NULL;
    examination_add(examination, HEALTH_GOOD, "targets", NULL, "%s addresses, %u ports",
                    figure_count(plan->summary.addresses, number), plan->port_count);
    for (size_t i = 0; i < plan->exclusion_count; i++)
        if (most == NULL || plan->exclusions[i].addresses > most->addresses)
            most = &plan->exclusions[i];
    if (most != NULL && most->addresses / 9 >= plan->summary.addresses)
        examination_add(examination, HEALTH_LACK, "exclusions", "sonde check says what each takes",
                        "%s (%s) takes %s addresses, nine of ten or more", most->source, most->what,
                        figure_count(most->addresses, number));
    if (plan->exclusions_missing != NULL)
        examination_add(examination, HEALTH_LACK, "exclusions",
                        "whoever asks not to be scanned is to stand in it, a network a line", "there is no %s",
                        plan->exclusions_missing);
}

// The name behind the last slash of a symbolic link, "" for none.
static void link_name(const char *path, char ret_name[static 64])
{
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    target[length > 0 ? length : 0] = '\0';
    const char *slash = strrchr(target, '/');
    snprintf(ret_name, 64, "%.63s", slash != NULL ? slash + 1 : target);
}

static bool has_iommu(void)
{
    DIR *groups = opendir("/sys/kernel/iommu_groups");
    size_t count = 0;
    while (groups != NULL && readdir(groups) != NULL)
        count++;
    if (groups != NULL)
        (void)closedir(groups);
    return count > 2;
}

static void card_examine(struct examination *examination, const char *port)
{
    static const char *const drivers[] = {"vfio-pci", "igb_uio", "uio_pci_generic", "mlx4_core", "mlx5_core"};
    struct pci_address address;
    char path[128];
    char driver[64];
    char remedy[192];
    if (!pci_address_parse(port, &address))
        return; // allowed in `eal`, where its driver's arguments are
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%04x:%02x:%02x.%u", address.domain, address.bus, address.device,
             address.function);
    if (access(path, F_OK) != 0) {
        examination_add(examination, HEALTH_STOP, "card", "lspci -D lists those that there are",
                        "device.port: there is no card %s", port);
        return;
    }
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%04x:%02x:%02x.%u/driver", address.domain, address.bus,
             address.device, address.function);
    link_name(path, driver);
    bool bound = false;
    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
        bound |= strcmp(driver, drivers[i]) == 0;
    snprintf(remedy, sizeof(remedy), "modprobe vfio-pci; dpdk-devbind.py --bind=vfio-pci %.32s", port);
    examination_add(examination, bound ? HEALTH_GOOD : HEALTH_STOP, "card", remedy, "%s has the driver %s%s", port,
                    driver[0] != '\0' ? driver : "(none)", bound ? "" : ", which keeps it from DPDK");
    if (strcmp(driver, "vfio-pci") == 0 && !has_iommu())
        examination_add(examination, HEALTH_STOP, "IOMMU",
                        "intel_iommu=on or amd_iommu=on on the kernel's command line, or "
                        "echo 1 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
                        "there is none, which vfio-pci needs");
}

static void cores_examine(struct examination *examination, const struct plan *plan)
{
    char message[256];
    if (eal_check_lcores(&plan->device, message) != 0)
        examination_add(examination, HEALTH_STOP, "lcores", "name CPUs that lscpu lists", "%s", message);
}

static void link_examine(struct examination *examination, const char *interface)
{
    struct interface_state state;
    if (interface[0] == '\0')
        return;
    interface_examine(interface, &state);
    examination_add(examination, state.carrier ? HEALTH_GOOD : HEALTH_STOP, "link",
                    "plug in its cable, or ip link set its other end up", "%s %s", interface,
                    state.carrier ? "is up" : "has no link: nothing would be heard");
}

// The kernel's own among the targets: what is sent there never comes back.
struct own_addresses {
    const struct plan *plan;
    uint32_t first;
    uint64_t count;
};

static void own_count(void *context, uint32_t first, uint32_t last, const struct route *route)
{
    struct own_addresses *own = context;
    struct interval clipped;
    if (!route->is_local)
        return;
    while (hops_clip(&own->plan->addresses, first, last, &clipped)) {
        own->first = own->count == 0 ? clipped.first : own->first;
        own->count += (uint64_t)clipped.last - clipped.first + 1;
        if (clipped.last == last)
            break;
        first = clipped.last + 1;
    }
}

static void own_examine(struct examination *examination, const struct plan *plan)
{
    struct own_addresses own = {.plan = plan};
    char text[ADDRESS_TEXT_MAX];
    if (route_walk(own_count, &own) != 0 || own.count == 0)
        return;
    examination_add(examination, own.count >= plan->summary.addresses ? HEALTH_STOP : HEALTH_LACK, "own address",
                    "scan it from another machine", "%s is this machine itself, which no scan reaches%s",
                    address_text(own.first, text), own.count > 1 ? " (and others of the targets)" : "");
}

static void way_describe(struct examination *examination, const struct source *source)
{
    char gateway[ADDRESS_TEXT_MAX];
    char address[40];
    uint8_t mac[6];
    unsigned int ifindex = source->interface[0] != '\0' ? if_nametoindex(source->interface) : 0;
    uint32_t next = source->hops.count == 0 ? source->gateway : 0;
    prefix_print(source_addresses(source), address);
    examination_add(examination, HEALTH_GOOD, "source", NULL, "%s%s", address,
                    source->kernel_owns ? ", which is the kernel's own too" : "");
    if (next == 0) {
        examination_add(examination, HEALTH_GOOD, "gateway", NULL, "%s",
                        source->hops.count > 0 ? "each target goes its own way (several gateways, or on the link)"
                                               : "by its hardware address");
        return;
    }
    bool known = ifindex != 0 && route_neighbour(ifindex, next, mac) == 0;
    examination_add(examination, HEALTH_GOOD, "gateway", NULL, "%s%s", address_text(next, gateway),
                    known ? ", which the kernel has heard of" : ", which is asked for when the scan begins");
}

static void range_examine(struct examination *examination, const struct listeners *listeners, const char *key,
                          struct kernel_guard_ports range, bool power_of_two)
{
    struct kernel_guard_ports left;
    char names[64];
    if (listeners_name(listeners, &range, names) == 0)
        return;
    bool spared = listeners_spare(listeners, &range, power_of_two, &left);
    examination_add(examination, spared ? HEALTH_LACK : HEALTH_STOP, "listeners",
                    "give the plan a range that nothing listens on (ss -ltn)",
                    spared ? "this machine itself listens on %s of source.%s, which shrinks"
                           : "this machine itself listens on %s, and too little is left of source.%s",
                    names, key);
}

static void ports_examine(struct examination *examination, const struct plan *plan, const struct source *source)
{
    const struct kernel_guard_ports ranges[] = {
        {plan->source.probe_port_first, plan->source.probe_port_count},
        {plan->source.flow_port_first, plan->source.flow_port_count},
    };
    struct listeners listeners;
    struct claim *claim;
    char message[CLAIM_MESSAGE_MAX];
    char name[32];
    if (source->kernel_owns && !kernel_guard_usable())
        examination_add(examination, HEALTH_STOP, "nftables",
                        "run as root, or give source.address an address that is not the kernel's",
                        "the kernel owns the source address, and cannot be kept from resetting every connection");
    if (source->kernel_owns && listeners_read(&listeners, source_addresses(source)) == 0) {
        range_examine(examination, &listeners, "probe_ports", ranges[0], true);
        range_examine(examination, &listeners, "flow_ports", ranges[1], false);
    }
    if (source->interface[0] == '\0' && device_has_vdev(&plan->device))
        return;
    snprintf(name, sizeof(name), "doctor-%d", getpid());
    if (claim_new(source_addresses(source), ranges, 2, name, &claim, message) != 0)
        examination_add(examination, HEALTH_STOP, "other scans",
                        "wait for it, or choose other ports or another address", "%s", message);
    else
        claim_free(claim);
}

// The nearest folder of a path that is there; path is changed.
static void folder_present(char path[static PATH_MAX])
{
    while (access(path, F_OK) != 0) {
        char *slash = strrchr(path, '/');
        if (slash == NULL || slash == path) {
            snprintf(path, PATH_MAX, "%s", slash == NULL ? "." : "/");
            return;
        }
        *slash = '\0';
    }
}

static void disk_examine(struct examination *examination, const struct plan *plan, const char *folder)
{
    char path[PATH_MAX];
    char free_text[FIGURE_MAX];
    char needed_text[FIGURE_MAX];
    struct statvfs disk;
    if (strcmp(folder, "-") == 0)
        return;
    snprintf(path, sizeof(path), "%s", folder[0] != '\0' ? folder : ".");
    folder_present(path);
    if (access(path, W_OK) != 0 || statvfs(path, &disk) != 0) {
        examination_add(examination, HEALTH_STOP, "disk", "choose another output folder (-o)",
                        "%s: results cannot be written there: %s", path, strerror(errno));
        return;
    }
    double available = (double)disk.f_bavail * (double)disk.f_frsize;
    double needed = (double)plan->summary.swept * plan->summary.assumed_hit_rate * RECORD_BYTES;
    enum health health = available < DISK_LEAST ? HEALTH_STOP : available < needed ? HEALTH_LACK : HEALTH_GOOD;
    examination_add(examination, health, "disk", "make room, or choose another output folder (-o)",
                    "%s: %s free; records and journal of %.3g %% of the positions are %s", path,
                    figure_scaled(available, "B", free_text), plan->summary.assumed_hit_rate * 100,
                    figure_scaled(needed, "B", needed_text));
}

void doctor_plan(struct examination *examination, const struct plan *plan, const char *folder)
{
    char message[256];
    struct source source;
    targets_examine(examination, plan);
    cores_examine(examination, plan);
    if (device_has_card(&plan->device))
        card_examine(examination, plan->device.port);
    own_examine(examination, plan);
    if (source_resolve(plan, false, &source, message) != 0) {
        examination_add(examination, HEALTH_STOP, "way", "the plan's device and source say which way probes go", "%s",
                        message);
    } else {
        way_describe(examination, &source);
        link_examine(examination, source.interface);
        ports_examine(examination, plan, &source);
        source_fini(&source);
    }
    disk_examine(examination, plan, folder);
}
