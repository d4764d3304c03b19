// SPDX-License-Identifier: BSD-3-Clause
#include "probes/packet/probe.h"

#include <errno.h>

#include "probes/packet/headers.h"

// What a system's first SYN looks like.
struct profile {
    uint8_t options[20];
    uint8_t option_bytes; // a multiple of 4
    uint8_t ttl;
    uint16_t window;
    uint16_t fragment; // IPv4 flags: Linux and Windows set don't-fragment
};

static const struct profile profiles[] = {
    // Maximum segment size 1,460. It still fits the smallest Ethernet frame.
    [PROBE_PROFILE_MSS] = {{2, 4, 0x05, 0xb4}, 4, 64, 1024, 0},
    [PROBE_PROFILE_NONE] = {{0}, 0, 64, 1024, 0},
    // MSS, SACK permitted, timestamps, no-operation, window scale 7.
    [PROBE_PROFILE_LINUX] =
        {{2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0x5e, 0x1f, 0x0a, 0x33, 0, 0, 0, 0, 1, 3, 3, 7}, 20, 64, 64240, 0x4000},
    // MSS, no-operation, window scale 8, no-operation twice, SACK permitted.
    [PROBE_PROFILE_WINDOWS] = {{2, 4, 0x05, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2}, 12, 128, 64240, 0x4000},
};

enum { TCP_FLAG_SYN = 2 };

void probe_template_init(struct probe_template *ret_template, const struct probe_link *link, uint32_t source_address,
                         enum probe_profile profile)
{
    const struct profile *shape = &profiles[profile];
    struct probe_template built = {.frame_bytes = 0};
    built.ip_offset = header_ethernet(built.frame, link, link->gateway_mac, ETHERTYPE_IPV4);
    uint8_t *ip = built.frame + built.ip_offset;
    uint16_t total = (uint16_t)(IPV4_BYTES + TCP_BYTES + shape->option_bytes);
    header_ipv4_put(ip, &(struct header_ipv4){.total_bytes = total,
                                              .fragment = shape->fragment,
                                              .ttl = shape->ttl,
                                              .protocol = IPV4_PROTOCOL_TCP,
                                              .source = source_address});
    uint8_t *tcp = ip + IPV4_BYTES;
    tcp[12] = (uint8_t)((TCP_BYTES + shape->option_bytes) / 4 << 4);
    tcp[13] = TCP_FLAG_SYN;
    header_put16(tcp + 14, shape->window);
    memcpy(tcp + TCP_BYTES, shape->options, shape->option_bytes);
    built.frame_bytes = built.ip_offset + total;
    if (built.frame_bytes < ETHER_FRAME_MIN)
        built.frame_bytes = ETHER_FRAME_MIN;
    *ret_template = built;
}

// The sum of big-endian words as numbers; even lengths.
static uint32_t sum_words(const uint8_t *at, size_t length)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < length; i += 2)
        sum += (uint32_t)at[i] << 8 | at[i + 1];
    return sum;
}

int probe_plan_init(struct probe_plan *ret_plan, const struct targets *targets, const uint16_t *ports,
                    const int32_t *port_index, uint32_t port_count, uint64_t seed, const struct cookie_key *cookie,
                    const struct probe_template *probe)
{
    if (port_count == 0 || port_count > IMAGE_PORTS_MAX || targets->count == 0)
        return -EINVAL;
    if (targets->count > UINT64_C(1) << 32 || targets->base_count > INT32_MAX)
        return -EINVAL;
    const uint8_t *ip = probe->frame + probe->ip_offset;
    const uint8_t *tcp = ip + IPV4_BYTES;
    uint32_t tcp_bytes = (uint32_t)(tcp[12] >> 4) * 4;
    uint32_t source_be;
    memcpy(&source_be, ip + 12, 4);
    if (source_be != __builtin_bswap32(cookie->source_address))
        return -EINVAL;
    struct order order;
    int error = order_init(&order, targets->count * port_count, seed);
    if (error != 0)
        return error;
    *ret_plan = (struct probe_plan){
        .order = order,
        .cookie = *cookie,
        .targets = targets,
        .ports = ports,
        .port_index = port_index,
        .port_count = port_count,
        .port_reciprocal = reciprocal_of(port_count),
        .ip_checksum = sum_words(ip, IPV4_BYTES),
        .tcp_checksum = sum_words(tcp, tcp_bytes) + sum_words(ip + 12, 4) + IPV4_PROTOCOL_TCP + tcp_bytes,
        .ip_offset = probe->ip_offset,
    };
    memcpy(&ret_plan->ip_word, ip + 4, 8);
    return 0;
}
