// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/kernel_guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nftables/libnftables.h>

struct kernel_guard {
    struct nft_ctx *nft; // its netlink socket owns the table
};

int kernel_guard_rules(int pid, uint32_t address, const struct kernel_guard_ports *ranges, size_t range_count,
                       char *text, size_t capacity)
{
    int length = snprintf(text, capacity,
                          "table inet sonde_%d {\n"
                          "  flags owner\n"
                          "  chain answers {\n"
                          "    type filter hook prerouting priority raw; policy accept;\n"
                          "    ip daddr %u.%u.%u.%u tcp dport {",
                          pid, address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
    for (size_t i = 0; i < range_count && length > 0 && (size_t)length < capacity; i++)
        length += snprintf(text + length, capacity - (size_t)length, "%s %u-%u", i > 0 ? "," : "", ranges[i].first,
                           ranges[i].first + ranges[i].count - 1U);
    if (length > 0 && (size_t)length < capacity)
        length += snprintf(text + length, capacity - (size_t)length, " } drop\n  }\n}\n");
    return length > 0 && (size_t)length < capacity ? length : -ENOSPC;
}

int kernel_guard_new(uint32_t address, const struct kernel_guard_ports *ranges, size_t range_count,
                     struct kernel_guard **ret_guard, char message[static 256])
{
    char rules[512];
    snprintf(message, 256, "%s", "the rules do not fit");
    int length = kernel_guard_rules(getpid(), address, ranges, range_count, rules, sizeof rules);
    if (length < 0)
        return length;
    struct kernel_guard *guard = calloc(1, sizeof *guard);
    if (guard == NULL)
        return -ENOMEM;
    int result = -EIO;
    snprintf(message, 256, "%s", "libnftables could not be started");
    guard->nft = nft_ctx_new(NFT_CTX_DEFAULT);
    if (guard->nft == NULL)
        goto out;
    nft_ctx_buffer_error(guard->nft);
    nft_ctx_buffer_output(guard->nft);
    errno = 0;
    if (nft_run_cmd_from_buffer(guard->nft, rules) != 0) {
        result = geteuid() != 0 || errno == EPERM ? -EPERM : -EIO;
        const char *complaint = nft_ctx_get_error_buffer(guard->nft);
        snprintf(message, 256, "%.*s", (int)strcspn(complaint, "\n"), complaint);
        goto out;
    }
    *ret_guard = guard;
    return 0;
out:
    kernel_guard_free(guard);
    return result;
}

void kernel_guard_free(struct kernel_guard *guard)
{
    if (guard == NULL)
        return;
    if (guard->nft != NULL)
        nft_ctx_free(guard->nft);
    free(guard);
}
