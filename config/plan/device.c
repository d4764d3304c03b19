// SPDX-License-Identifier: BSD-3-Clause
#include "config/plan/device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DIGITS     "0123456789"
#define HEX_DIGITS DIGITS "abcdefABCDEF"
#define NAME_CHARS DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

// What an option is followed by.
enum value_kind { VALUE_NONE = 0, VALUE_CARD, VALUE_VDEV, VALUE_NUMBER, VALUE_LIST, VALUE_WORD };

enum option_use { USE_OTHER = 0, USE_CARD, USE_VDEV, USE_NO_HUGE };

struct option_rule {
    const char *name;
    enum value_kind value;
    enum option_use use;
    const char *words;    // with blanks between, of which the value is one; NULL = any
    const char *expected; // what a message calls them
};

// Whatever loads code (-d), writes files (--trace-dir, --huge-dir), shares memory with other programs (--proc-type,
// --file-prefix), or says what this program decides (lcores, --in-memory) is not here.
static const struct option_rule rules[] = {
    {"-a", VALUE_CARD, USE_CARD},
    {"--allow", VALUE_CARD, USE_CARD},
    {"--vdev", VALUE_VDEV, USE_VDEV},
    {"-m", VALUE_NUMBER, USE_OTHER},
    {"-n", VALUE_NUMBER, USE_OTHER, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "memory channels from 1 to 16"},
    {"-r", VALUE_NUMBER, USE_OTHER, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "ranks from 1 to 16"},
    {"--socket-mem", VALUE_LIST, USE_OTHER},
    {"--socket-limit", VALUE_LIST, USE_OTHER},
    {"--iova-mode", VALUE_WORD, USE_OTHER, "pa va", "pa or va"},
    {"--log-level", VALUE_WORD, USE_OTHER},
    {"--vfio-intr", VALUE_WORD, USE_OTHER, "legacy msi msix", "legacy, msi or msix"},
    {"--vfio-vf-token", VALUE_WORD, USE_OTHER},
    {"--force-max-simd-bitwidth", VALUE_NUMBER, USE_OTHER, "0 64 128 256 512", "0, 64, 128, 256 or 512"},
    {"--no-huge", VALUE_NONE, USE_NO_HUGE},
    {"--no-pci", VALUE_NONE, USE_OTHER},
};
#define ALLOWED                                                                                                        \
    "-a, --allow, --vdev, -m, -n, -r, --socket-mem, --socket-limit, --iova-mode, --log-level, --vfio-intr, "           \
    "--vfio-vf-token, --force-max-simd-bitwidth, --no-huge and --no-pci"

// Others have arguments that run commands and probe cards (net_failsafe), or belong to no network.
static const char *const drivers[] = {"net_af_packet", "net_af_xdp", "net_memif", "net_null",
                                      "net_pcap",      "net_ring",   "net_tap"};
#define DRIVERS "net_af_packet, net_af_xdp, net_memif, net_null, net_pcap, net_ring or net_tap"

// One option of device.eal.
struct eal_option {
    const struct option_rule *rule; // NULL: none that is allowed
    const char *value;              // NULL: it is missing, or there is one and should not be
    size_t item;                    // where the option stands; the next one follows at `next`
    size_t value_item;
    size_t next;
};

// As many hexadecimal digits as asked for. Returns what follows them and `end`, or NULL.
static const char *hex_read(const char *text, size_t digits, char end, unsigned int *ret_value)
{
    if (strspn(text, HEX_DIGITS) != digits || text[digits] != end || sscanf(text, "%x", ret_value) != 1)
        return NULL;
    return text + digits + (end != '\0');
}

bool pci_address_parse(const char *text, struct pci_address *ret_address)
{
    unsigned int domain = 0;
    unsigned int bus;
    unsigned int device;
    unsigned int function;
    if (strcspn(text, ":") == 4)
        text = hex_read(text, 4, ':', &domain);
    if (text != NULL)
        text = hex_read(text, 2, ':', &bus);
    if (text != NULL)
        text = hex_read(text, 2, '.', &device);
    if (text != NULL)
        text = hex_read(text, 1, '\0', &function);
    if (text == NULL || device > 0x1f || function > 7)
        return false;
    *ret_address = (struct pci_address){
        .domain = (uint16_t)domain, .bus = (uint8_t)bus, .device = (uint8_t)device, .function = (uint8_t)function};
    return true;
}

// An address, and after a comma whatever its driver takes.
static bool card_parse(const char *text, struct pci_address *ret_address)
{
    char address[16];
    size_t length = strcspn(text, ",");
    if (length >= sizeof(address))
        return false;
    memcpy(address, text, length);
    address[length] = '\0';
    return pci_address_parse(address, ret_address);
}

// net_af_xdp loads the BPF program of this argument into the kernel, as root.
static bool vdev_loads(const char *text)
{
    static const char key[] = "xdp_prog";
    for (const char *item = strchr(text, ','); item != NULL; item = strchr(item, ',')) {
        item += 1 + strspn(item + 1, " ");
        if (strncmp(item, key, sizeof(key) - 1) == 0)
            return true;
    }
    return false;
}

// DPDK finds the driver by the start of the name.
static bool vdev_valid(const char *text)
{
    size_t length = strcspn(text, ",");
    if (vdev_loads(text))
        return false;
    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        size_t driver = strlen(drivers[i]);
        if (strncmp(text, drivers[i], driver) == 0)
            return length > driver && strspn(text, NAME_CHARS) == length;
    }
    return false;
}

static bool value_valid(enum value_kind kind, const char *value)
{
    struct pci_address address;
    size_t length = strlen(value);
    switch (kind) {
    case VALUE_CARD:
        return card_parse(value, &address);
    case VALUE_VDEV:
        return vdev_valid(value);
    case VALUE_NUMBER:
        return length > 0 && length < 10 && strspn(value, DIGITS) == length;
    case VALUE_LIST:
        return length > 0 && strspn(value, DIGITS ",") == length;
    case VALUE_WORD:
        return length > 0 && value[0] != '-' && strspn(value, NAME_CHARS ".:,*+-") == length;
    default:
        return true;
    }
}

// Reads as getopt_long does: "--name=value", "--name" "value", "-nvalue", "-n" "value". Names are never cut short.
static struct eal_option option_read(const struct key_strings *eal, size_t item)
{
    const char *text = eal->items[item];
    bool is_long = strncmp(text, "--", 2) == 0;
    size_t length = is_long ? strcspn(text, "=") : 2;
    struct eal_option option = {.item = item, .value_item = item, .next = item + 1};
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (strlen(rules[i].name) == length && strncmp(rules[i].name, text, length) == 0)
            option.rule = &rules[i];
    if (option.rule == NULL)
        return option;
    const char *rest = text + length;
    if (option.rule->value == VALUE_NONE) {
        option.value = rest[0] == '\0' ? "" : NULL;
    } else if (rest[0] != '\0') {
        option.value = rest + (is_long ? 1 : 0);
    } else if (option.next < eal->count) {
        option.value_item = option.next++;
        option.value = eal->items[option.value_item];
    }
    return option;
}

// What DPDK would refuse, with a page about all its options.
static bool word_allowed(const struct option_rule *rule, const char *value)
{
    size_t length = strlen(value);
    for (const char *word = rule->words; word != NULL && *word != '\0'; word += strspn(word, " ")) {
        size_t word_length = strcspn(word, " ");
        if (word_length == length && strncmp(word, value, length) == 0)
            return true;
        word += word_length;
    }
    return rule->words == NULL;
}

static int option_check(const struct key_strings *eal, const struct eal_option *option, const char *file,
                        struct complaint *complaint)
{
    static const char *const expected[] = {
        [VALUE_NONE] = "nothing",
        [VALUE_CARD] = "a PCI address like \"0000:01:00.0\"",
        [VALUE_VDEV] = ("a virtual device of " DRIVERS),
        [VALUE_NUMBER] = "a number",
        [VALUE_LIST] = "numbers with commas between them",
        [VALUE_WORD] = "one word",
    };
    char path[48];
    snprintf(path, sizeof(path), "device.eal[%zu]", option->item);
    if (option->rule == NULL)
        return complain(complaint, file, path, "\"%s\" is none of the EAL options that a plan may give: " ALLOWED,
                        eal->items[option->item]);
    if (option->value != NULL && value_valid(option->rule->value, option->value) &&
        word_allowed(option->rule, option->value))
        return 0;
    snprintf(path, sizeof(path), "device.eal[%zu]", option->value_item);
    return complain(complaint, file, path, "expected %s after %s",
                    option->rule->expected != NULL ? option->rule->expected : expected[option->rule->value],
                    option->rule->name);
}

// The item where the first option of this use stands; their count when there is none.
static size_t eal_find(const struct plan_device *device, enum option_use use)
{
    for (size_t i = 0; i < device->eal.count;) {
        struct eal_option option = option_read(&device->eal, i);
        if (option.rule != NULL && option.rule->use == use)
            return i;
        i = option.next;
    }
    return device->eal.count;
}

static bool eal_uses(const struct plan_device *device, enum option_use use)
{
    return eal_find(device, use) < device->eal.count;
}

bool device_allows(const struct plan_device *device, struct pci_address address)
{
    for (size_t i = 0; i < device->eal.count;) {
        struct eal_option option = option_read(&device->eal, i);
        struct pci_address allowed;
        if (option.rule != NULL && option.rule->use == USE_CARD && option.value != NULL &&
            card_parse(option.value, &allowed) && allowed.domain == address.domain && allowed.bus == address.bus &&
            allowed.device == address.device && allowed.function == address.function)
            return true;
        i = option.next;
    }
    return false;
}

bool device_has_card(const struct plan_device *device)
{
    struct pci_address address;
    return pci_address_parse(device->port, &address) || eal_uses(device, USE_CARD);
}

bool device_has_vdev(const struct plan_device *device)
{
    return device->vdev[0] != '\0' || eal_uses(device, USE_VDEV);
}

bool device_avoids_hugepages(const struct plan_device *device)
{
    return eal_uses(device, USE_NO_HUGE);
}

// The name of a virtual device is what stands before the first comma.
static bool vdev_is(const char *vdev, const char *name)
{
    size_t length = strcspn(vdev, ",");
    return length == strlen(name) && strncmp(vdev, name, length) == 0;
}

// A virtual device of the plan is called so.
static bool vdev_named(const struct plan_device *device, const char *name)
{
    for (size_t i = 0; i < device->eal.count;) {
        struct eal_option option = option_read(&device->eal, i);
        if (option.rule != NULL && option.rule->use == USE_VDEV && option.value != NULL && vdev_is(option.value, name))
            return true;
        i = option.next;
    }
    return vdev_is(device->vdev, name);
}

int device_check(const struct plan_device *device, const char *file, struct complaint *ret_complaint)
{
    struct pci_address address;
    if (vdev_loads(device->vdev))
        return complain(ret_complaint, file, "device.vdev",
                        "\"%s\": xdp_prog loads a program into the kernel, which a plan may not", device->vdev);
    if (device->vdev[0] != '\0' && !vdev_valid(device->vdev))
        return complain(ret_complaint, file, "device.vdev",
                        "\"%s\" is no virtual device that a plan may name: expected " DRIVERS
                        ", a number behind it, and its arguments after a comma",
                        device->vdev);
    for (size_t i = 0; i < device->eal.count;) {
        struct eal_option option = option_read(&device->eal, i);
        int error = option_check(&device->eal, &option, file, ret_complaint);
        if (error != 0)
            return error;
        i = option.next;
    }
    if (device->port[0] != '\0' && !pci_address_parse(device->port, &address) && !vdev_named(device, device->port))
        return complain(ret_complaint, file, "device.port",
                        "\"%s\" is neither a PCI address like \"0000:01:00.0\" (dpdk-devbind.py -s lists them) nor the "
                        "name of the device in device.vdev; give one of these, or leave it out with a virtual device",
                        device->port);
    if (!device_has_card(device) || !device_has_vdev(device))
        return 0;
    char path[48] = "device.port";
    if (!pci_address_parse(device->port, &address))
        snprintf(path, sizeof(path), "device.eal[%zu]", eal_find(device, USE_CARD));
    return complain(ret_complaint, file, path,
                    "names a network card although there is a virtual device; give one of the two");
}
