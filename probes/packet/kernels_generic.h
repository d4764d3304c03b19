// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The burst kernels in plain C, for variants to build on: one loop a step over the burst's arrays. Each translation
// unit that includes this compiles its own copy for its own instruction set.

#include "probes/packet/kernels.h"

// A burst's values as rows and columns of the order.
struct burst_halves {
    _Alignas(64) uint32_t row[BURST_MAX];
    _Alignas(64) uint32_t column[BURST_MAX];
};

static inline void burst_split(const struct order *order, const uint64_t *values, struct burst_halves *halves,
                               size_t count)
{
    for (size_t i = 0; i < count; i++) {
        halves->row[i] = (uint32_t)reciprocal_divide(values[i], order->column_reciprocal);
        halves->column[i] = (uint32_t)values[i] - halves->row[i] * order->columns;
    }
}

static inline void burst_join(const struct order *order, const struct burst_halves *halves, uint64_t *values,
                              size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (uint64_t)halves->row[i] * order->columns + halves->column[i];
}

// position -> index.
static inline void burst_indexes(const struct probe_plan *plan, struct probe_burst *burst, size_t count)
{
    const struct order *order = &plan->order;
    struct burst_halves halves;
    burst_split(order, burst->position, &halves, count);
    for (size_t r = 0; r < ORDER_ROUNDS; r += 2) {
        for (size_t i = 0; i < count; i++)
            halves.row[i] =
                order_add(halves.row[i], order_mix(halves.column[i], order->masks[r], order->factors[r], order->rows),
                          order->rows);
        for (size_t i = 0; i < count; i++)
            halves.column[i] = order_add(
                halves.column[i], order_mix(halves.row[i], order->masks[r + 1], order->factors[r + 1], order->columns),
                order->columns);
    }
    burst_join(order, &halves, burst->index, count);
    for (size_t i = 0; i < count; i++)
        if (__builtin_expect(burst->index[i] >= order->count, 0))
            burst->index[i] = order_index(order, burst->index[i]);
}

// index -> position.
static inline void burst_positions(const struct probe_plan *plan, struct probe_burst *burst, size_t count)
{
    const struct order *order = &plan->order;
    struct burst_halves halves;
    burst_split(order, burst->index, &halves, count);
    for (size_t r = ORDER_ROUNDS; r > 0; r -= 2) {
        for (size_t i = 0; i < count; i++)
            halves.column[i] = order_subtract(
                halves.column[i], order_mix(halves.row[i], order->masks[r - 1], order->factors[r - 1], order->columns),
                order->columns);
        for (size_t i = 0; i < count; i++)
            halves.row[i] = order_subtract(
                halves.row[i], order_mix(halves.column[i], order->masks[r - 2], order->factors[r - 2], order->rows),
                order->rows);
    }
    burst_join(order, &halves, burst->position, count);
    for (size_t i = 0; i < count; i++)
        if (__builtin_expect(burst->position[i] >= order->count, 0))
            burst->position[i] = order_position(order, burst->position[i]);
}

// index -> address and port.
static inline void burst_locate(const struct probe_plan *plan, struct probe_burst *burst, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t ordinal = reciprocal_divide(burst->index[i], plan->port_reciprocal);
        burst->address[i] = targets_address(plan->targets, ordinal);
        burst->port[i] = plan->ports[burst->index[i] - ordinal * plan->port_count];
    }
}

// The 16-bit one's complement sum of two sums below 2^31 each, complemented: a checksum in host order.
static inline uint32_t burst_checksum(uint32_t sum)
{
    sum = (sum & UINT16_MAX) + (sum >> 16);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    return ~sum & UINT16_MAX;
}

static inline uint64_t swap16(uint32_t value)
{
    return (value & 0xff) << 8 | (value >> 8 & 0xff);
}

// Everything else -> the words as they lie in the frame, checksums included.
static inline void burst_words(const struct probe_plan *plan, struct probe_burst *burst, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t halves = (burst->address[i] >> 16) + (burst->address[i] & UINT16_MAX);
        uint32_t ip = burst_checksum(plan->ip_checksum + halves + burst->ip_id[i]);
        uint32_t tcp = burst_checksum(plan->tcp_checksum + halves + burst->port[i] + burst->local_port[i] +
                                      (burst->isn[i] >> 16) + (burst->isn[i] & UINT16_MAX));
        burst->ip_word[i] = plan->ip_word | swap16(burst->ip_id[i]) | swap16(ip) << 48;
        burst->flow_word[i] = (uint64_t)__builtin_bswap32(burst->address[i]) | swap16(burst->local_port[i]) << 32 |
                              swap16(burst->port[i]) << 48;
        burst->seq_word[i] = __builtin_bswap32(burst->isn[i]);
        burst->check_word[i] = (uint32_t)swap16(tcp);
    }
}
