// SPDX-License-Identifier: BSD-3-Clause
#include "probes/packet/order.h"

#include <errno.h>
#include <stddef.h>

// splitmix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014): any seed, 0 too, gives
// unrelated words.
static uint64_t seed_next(uint64_t *state)
{
    uint64_t word = *state += UINT64_C(0x9e3779b97f4a7c15);
    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    return word ^ word >> 31;
}

// The smallest r with r * r >= count; count at most 2^48.
static uint64_t root_above(uint64_t count)
{
    uint64_t low = 1;
    uint64_t high = UINT64_C(1) << 24;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        if (middle * middle >= count)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

int order_init(struct order *ret_order, uint64_t count, uint64_t seed)
{
    if (count == 0 || count > ORDER_COUNT_MAX)
        return -EINVAL;
    uint64_t rows = root_above(count);
    struct order order = {
        .count = count,
        .rows = (uint32_t)rows,
        .columns = (uint32_t)((count + rows - 1) / rows),
    };
    for (size_t i = 0; i < ORDER_ROUNDS; i++) {
        uint64_t key = seed_next(&seed);
        order.masks[i] = (uint32_t)key;
        order.factors[i] = (uint32_t)(key >> 32) | 1;
    }
    order.column_reciprocal = reciprocal_of(order.columns);
    *ret_order = order;
    return 0;
}

static uint64_t order_forward(const struct order *order, uint64_t value)
{
    uint32_t row = (uint32_t)reciprocal_divide(value, order->column_reciprocal);
    uint32_t column = (uint32_t)(value - (uint64_t)row * order->columns);
    for (size_t i = 0; i < ORDER_ROUNDS; i += 2) {
        row = order_add(row, order_mix(column, order->masks[i], order->factors[i], order->rows), order->rows);
        column = order_add(column, order_mix(row, order->masks[i + 1], order->factors[i + 1], order->columns),
                           order->columns);
    }
    return (uint64_t)row * order->columns + column;
}

static uint64_t order_backward(const struct order *order, uint64_t value)
{
    uint32_t row = (uint32_t)reciprocal_divide(value, order->column_reciprocal);
    uint32_t column = (uint32_t)(value - (uint64_t)row * order->columns);
    for (size_t i = ORDER_ROUNDS; i > 0; i -= 2) {
        column = order_subtract(column, order_mix(row, order->masks[i - 1], order->factors[i - 1], order->columns),
                                order->columns);
        row = order_subtract(row, order_mix(column, order->masks[i - 2], order->factors[i - 2], order->rows),
                             order->rows);
    }
    return (uint64_t)row * order->columns + column;
}

// Cycle walking: a permutation of [0, rows * columns) that began below count comes back below count.
uint64_t order_index(const struct order *order, uint64_t position)
{
    uint64_t value = order_forward(order, position);
    while (value >= order->count)
        value = order_forward(order, value);
    return value;
}

uint64_t order_position(const struct order *order, uint64_t index)
{
    uint64_t value = order_backward(order, index);
    while (value >= order->count)
        value = order_backward(order, value);
    return value;
}
