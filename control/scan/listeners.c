// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

enum { LINE_MAX_BYTES = 512, NAMES_MAX = 5, LEAST_SHARE = 8 };

static bool is_ours(uint32_t word, struct interval addresses)
{
    uint32_t address = ntohl(word);
    return address >= addresses.first && address <= addresses.last;
}

// An address of the table, 8 hexadecimal digits for each 32 bits as they lie in memory. True when connections to ours
// reach who is bound to it. Whether an IPv6 socket takes IPv4 too is not said there, so it is believed to.
static bool address_takes(const char *digits, struct interval addresses)
{
    uint32_t words[4] = {0};
    size_t length = strlen(digits);
    if (length != 8 && length != 32)
        return false;
    for (size_t i = 0; i < length / 8; i++)
        if (sscanf(digits + 8 * i, "%8x", &words[i]) != 1)
            return false;
    if (length == 8)
        return words[0] == 0 || is_ours(words[0], addresses);
    if (words[0] != 0 || words[1] != 0)
        return false;
    return (words[2] == 0 && words[3] == 0) || (words[2] == htonl(0xffff) && is_ours(words[3], addresses));
}

void listeners_add(struct listeners *listeners, FILE *table, struct interval addresses)
{
    char line[LINE_MAX_BYTES];
    while (fgets(line, sizeof(line), table) != NULL) {
        char digits[40];
        unsigned int port = 0;
        unsigned int state = 0;
        if (sscanf(line, " %*u: %39[0-9A-Fa-f]:%4x %*39[0-9A-Fa-f]:%*4x %2x", digits, &port, &state) != 3)
            continue;
        if (state == TCP_LISTEN && address_takes(digits, addresses))
            listeners->ports[port / 64] |= UINT64_C(1) << port % 64;
    }
}

int listeners_read(struct listeners *ret_listeners, struct interval addresses)
{
    static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    struct listeners listeners = {{0}};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        FILE *table = fopen(tables[i], "re");
        if (table == NULL && errno == ENOENT && i > 0)
            continue; // a kernel without IPv6
        if (table == NULL)
            return -errno;
        listeners_add(&listeners, table, addresses);
        bool failed = ferror(table) != 0;
        fclose(table);
        if (failed)
            return -EIO;
    }
    *ret_listeners = listeners;
    return 0;
}

bool listeners_spare(const struct listeners *listeners, const struct kernel_guard_ports *range, bool power_of_two,
                     struct kernel_guard_ports *ret_ports)
{
    struct kernel_guard_ports best = {0};
    uint32_t end = (uint32_t)range->first + range->count;
    uint32_t first = range->first;
    for (uint32_t port = first; port <= end; port++) {
        if (port < end && !listeners_have(listeners, port))
            continue;
        if (port - first > best.count)
            best = (struct kernel_guard_ports){.first = (uint16_t)first, .count = (uint16_t)(port - first)};
        first = port + 1;
    }
    while (power_of_two && (best.count & (best.count - 1)) != 0)
        best.count = (uint16_t)(best.count & (best.count - 1));
    if (best.count == 0 || (uint32_t)best.count * LEAST_SHARE < range->count)
        return false;
    *ret_ports = best;
    return true;
}

size_t listeners_name(const struct listeners *listeners, const struct kernel_guard_ports *range, char text[static 64])
{
    size_t count = 0;
    size_t length = 0;
    uint32_t end = (uint32_t)range->first + range->count;
    text[0] = '\0';
    for (uint32_t port = range->first; port < end; port++) {
        if (!listeners_have(listeners, port))
            continue;
        if (count++ < NAMES_MAX)
            length += (size_t)snprintf(text + length, 64 - length, "%s%u", count > 1 ? ", " : "", port);
    }
    if (count > NAMES_MAX)
        snprintf(text + length, 64 - length, " and %zu more", count - NAMES_MAX);
    return count;
}
