// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the AVX-512 kernels share: sixteen 32-bit lanes, and sets of lanes.

#include <stdint.h>

#include <immintrin.h>

enum { LANES = 16 };

static inline __m512i set32(uint32_t value)
{
    return _mm512_set1_epi32((int)value);
}

static inline __m512i swap_bytes32(__m512i words)
{
    const __m128i reversed = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    return _mm512_shuffle_epi8(words, _mm512_broadcast_i32x4(reversed));
}

// The lanes that are not in a set.
static inline __mmask16 lanes_not(__mmask16 lanes)
{
    return (__mmask16)~lanes;
}
