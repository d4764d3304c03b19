// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The keyed order: a bijection position <-> index on [0, count), count = addresses * ports, at most 2^48. A generalised
// Feistel network over rows x columns >= count (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002, the
// mixed-radix form), cycle-walked for the few values past the end. Computed from the position alone: O(1) seek, so
// shards, workers and resume are arithmetic. No state, any thread.
//
// A value is (row, column) = (value / columns, value % columns). Round r adds F to the row when r is even, of the
// column, and to the column when r is odd, of the row; modulo that half's radix. F multiplies, folds the low half of
// the product into the high one, and takes the high bits by a second multiplication with the radix.

#include <stdint.h>

#define ORDER_COUNT_MAX (UINT64_C(1) << 48)

enum { ORDER_ROUNDS = 6 };

struct order {
    uint64_t count;
    uint32_t rows;    // at most 2^24
    uint32_t columns; // rows * columns >= count, and less than count + rows
    uint32_t masks[ORDER_ROUNDS];
    uint32_t factors[ORDER_ROUNDS]; // odd
    double column_reciprocal;       // reciprocal_of(columns)
};

// The order of [0, count) under a seed. Returns 0, or -EINVAL when count is 0 or above ORDER_COUNT_MAX; *ret_order is
// untouched then.
int order_init(struct order *ret_order, uint64_t count, uint64_t seed);

// position, index < count. order_position(order_index(p)) == p.
uint64_t order_index(const struct order *order, uint64_t position);
uint64_t order_position(const struct order *order, uint64_t index);

// Division by multiplication, exact for dividends up to 2^48: a reciprocal a little too large can only be wrong
// upwards, and its error, dividend / divisor * 2^-51, stays below the 1 / divisor that is left to the next whole
// number.
static inline double reciprocal_of(uint32_t divisor)
{
    return 1.0 / (double)divisor * (1.0 + 0x1p-52);
}

static inline uint64_t reciprocal_divide(uint64_t dividend, double reciprocal)
{
    return (uint64_t)(int64_t)((double)(int64_t)dividend * reciprocal);
}

// F of one round: the other half, mixed, reduced to [0, radix).
static inline uint32_t order_mix(uint32_t half, uint32_t mask, uint32_t factor, uint32_t radix)
{
    uint32_t mixed = (half ^ mask) * factor;
    mixed ^= mixed << 16;
    return (uint32_t)((uint64_t)mixed * radix >> 32);
}

// a + b modulo radix, for a, b < radix <= 2^31.
static inline uint32_t order_add(uint32_t a, uint32_t b, uint32_t radix)
{
    uint32_t sum = a + b;
    return sum < sum - radix ? sum : sum - radix;
}

// a - b modulo radix.
static inline uint32_t order_subtract(uint32_t a, uint32_t b, uint32_t radix)
{
    uint32_t difference = a - b;
    return difference < difference + radix ? difference : difference + radix;
}
