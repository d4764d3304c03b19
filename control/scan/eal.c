// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/eal.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/plan/device.h"

#define EAL_HUGEPAGES "/sys/kernel/mm/hugepages"

// Buffers of one worker and what EAL itself takes.
enum { EAL_BASE_MIB = 64, EAL_WORKER_MIB = 64 };

uint64_t eal_free_hugepages(const char *folder)
{
    DIR *sizes = opendir(folder);
    if (sizes == NULL)
        return 0;
    uint64_t bytes = 0;
    const struct dirent *entry;
    while ((entry = readdir(sizes)) != NULL) {
        uint64_t kib = 0;
        uint64_t pages = 0;
        char path[512];
        if (sscanf(entry->d_name, "hugepages-%" SCNu64 "kB", &kib) != 1)
            continue;
        snprintf(path, sizeof(path), "%s/%.200s/free_hugepages", folder, entry->d_name);
        FILE *file = fopen(path, "re");
        if (file == NULL)
            continue;
        if (fscanf(file, "%" SCNu64, &pages) == 1)
            bytes += pages * kib * 1024;
        fclose(file);
    }
    closedir(sizes);
    return bytes;
}

bool eal_device_value(const char *vdev, const char *key, char *ret_value, size_t capacity)
{
    size_t key_length = strlen(key);
    for (const char *item = strchr(vdev, ','); item != NULL; item = strchr(item, ',')) {
        item++;
        if (strncmp(item, key, key_length) != 0 || item[key_length] != '=')
            continue;
        const char *value = item + key_length + 1;
        snprintf(ret_value, capacity, "%.*s", (int)strcspn(value, ","), value);
        return true;
    }
    return false;
}

static int __attribute__((format(printf, 2, 3))) argument_add(struct eal *eal, const char *format, ...)
{
    if (eal->argument_count >= EAL_ARGUMENTS_MAX)
        return -E2BIG;
    va_list values;
    va_start(values, format);
    int length = vasprintf(&eal->arguments[eal->argument_count], format, values);
    va_end(values);
    if (length < 0)
        return -ENOMEM;
    eal->argument_count++;
    return 0;
}

// "0-3,8" of a set. Returns text.
static const char *cpus_text(const cpu_set_t *cpus, char *text, size_t capacity)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t cpu = 0; cpu < CPU_SETSIZE && length + 16 < capacity; cpu++) {
        size_t last = cpu;
        if (!CPU_ISSET(cpu, cpus))
            continue;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, cpus))
            last++;
        length += (size_t)snprintf(text + length, capacity - length, "%s%zu", length > 0 ? "," : "", cpu);
        if (last > cpu)
            length += (size_t)snprintf(text + length, capacity - length, "-%zu", last);
        cpu = last;
    }
    return text;
}

int eal_check_lcores(const struct plan_device *device, char message[static 256])
{
    cpu_set_t allowed;
    char text[128];
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
        return 0; // a machine of more CPUs than the set has
    for (size_t i = 0; i < device->lcore_count; i++) {
        if (CPU_ISSET(device->lcores[i], &allowed))
            continue;
        snprintf(message, 256, "device.lcores: there is no CPU %u for this process; those that there are: %s",
                 device->lcores[i], cpus_text(&allowed, text, sizeof(text)));
        return -EINVAL;
    }
    return 0;
}

// The plan's lcores, else the last CPU that we may run on: the first ones take the kernel's interrupts.
static void lcores_choose(struct eal *eal, const struct plan_device *device, bool dry_run)
{
    if (device->lcore_count > 0) {
        eal->workers = dry_run ? 1 : (uint32_t)device->lcore_count;
        memcpy(eal->lcores, device->lcores, eal->workers * sizeof(eal->lcores[0]));
        return;
    }
    cpu_set_t allowed;
    eal->workers = 1;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
        return;
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &allowed))
            eal->lcores[0] = (uint16_t)cpu;
}

static int lcores_add(struct eal *eal)
{
    char list[IMAGE_LCORES_MAX * 6] = "";
    size_t length = 0;
    for (uint32_t i = 0; i < eal->workers; i++)
        length += (size_t)snprintf(list + length, sizeof(list) - length, "%s%u", i > 0 ? "," : "", eal->lcores[i]);
    return argument_add(eal, "--lcores=%s", list);
}

// A queue pair per worker, where the device string does not say it.
static int device_add(struct eal *eal, const char *vdev)
{
    struct {
        const char *driver;
        const char *key;
    } queues[] = {{"net_af_packet", "qpairs"}, {"net_af_xdp", "queue_count"}};
    char value[16];
    for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++)
        if (eal->workers > 1 && strncmp(vdev, queues[i].driver, strlen(queues[i].driver)) == 0 &&
            !eal_device_value(vdev, queues[i].key, value, sizeof(value)))
            return argument_add(eal, "--vdev=%s,%s=%u", vdev, queues[i].key, eal->workers);
    return argument_add(eal, "--vdev=%s", vdev);
}

// The card and the plan's own options, or the virtual device. EAL looks at every network card of the machine, whoever
// uses it, unless it is told which to allow or that there are none: one of the two is always said.
static int devices_add(struct eal *eal, const struct plan_device *device)
{
    struct pci_address card;
    struct complaint complaint;
    if (device_check(device, "", &complaint) != 0 || (!device_has_card(device) && !device_has_vdev(device)))
        return -EINVAL;
    int error = 0;
    if (device->vdev[0] != '\0')
        error = device_add(eal, device->vdev);
    if (error == 0 && !device_has_card(device))
        error = argument_add(eal, "--no-pci");
    // A card that the plan's options allow with arguments for its driver is not named twice.
    if (error == 0 && pci_address_parse(device->port, &card) && !device_allows(device, card))
        error = argument_add(eal, "--allow=%s", device->port);
    for (size_t i = 0; error == 0 && i < device->eal.count; i++)
        error = argument_add(eal, "%s", device->eal.items[i]);
    return error;
}

static int capture_add(struct eal *eal, const char *path)
{
    int error = argument_add(eal, "--vdev=net_pcap0,tx_pcap=%s", path);
    return error != 0 ? error : argument_add(eal, "--no-pci");
}

static int memory_add(struct eal *eal, bool avoid_hugepages)
{
    uint64_t needed = (uint64_t)(EAL_BASE_MIB + EAL_WORKER_MIB * eal->workers) << 20;
    uint64_t available = eal_free_hugepages(EAL_HUGEPAGES);
    if (available >= needed && !avoid_hugepages) {
        eal->hugepage_bytes = available;
        return argument_add(eal, "--in-memory");
    }
    int error = argument_add(eal, "--no-huge");
    if (error == 0)
        error = argument_add(eal, "--no-shconf");
    return error != 0 ? error : argument_add(eal, "-m%" PRIu64, needed >> 20);
}

int eal_init(struct eal *ret_eal, const struct plan_device *device, const char *dry_run_path)
{
    struct eal *eal = ret_eal;
    *eal = (struct eal){0};
    if (dry_run_path != NULL && strchr(dry_run_path, ',') != NULL)
        return -EINVAL;
    snprintf(eal->file_prefix, sizeof(eal->file_prefix), "sonde-%d", getpid());
    lcores_choose(eal, device, dry_run_path != NULL);
    int error = lcores_add(eal);
    if (error == 0)
        error = memory_add(eal, dry_run_path == NULL && device_avoids_hugepages(device));
    if (error == 0)
        error = argument_add(eal, "--file-prefix=%s", eal->file_prefix);
    if (error == 0)
        error = argument_add(eal, "--no-telemetry");
    if (error == 0)
        error = argument_add(eal, "--log-level=error");
    if (error == 0)
        error = dry_run_path != NULL ? capture_add(eal, dry_run_path) : devices_add(eal, device);
    return error;
}

void eal_fini(struct eal *eal)
{
    for (size_t i = 0; i < eal->argument_count; i++)
        free(eal->arguments[i]);
    eal->argument_count = 0;
}
