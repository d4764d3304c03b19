// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the AVX-512 kernels share: sixteen 32-bit lanes, and sets of lanes.

#include <stddef.h>
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

// Rows to columns: 32-bit word j of row i becomes word i of row j.
static inline void lanes_turn(__m512i rows[static LANES])
{
    __m512i pairs[LANES];
    __m512i quads[LANES];
    for (size_t i = 0; i < LANES; i += 2) {
        pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    for (size_t i = 0; i < LANES; i += 4) {
        quads[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
        quads[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
        quads[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
        quads[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
    for (size_t i = 0; i < 4; i++) {
        __m512i even_low = _mm512_shuffle_i32x4(quads[i], quads[i + 4], 0x88);
        __m512i odd_low = _mm512_shuffle_i32x4(quads[i], quads[i + 4], 0xdd);
        __m512i even_high = _mm512_shuffle_i32x4(quads[i + 8], quads[i + 12], 0x88);
        __m512i odd_high = _mm512_shuffle_i32x4(quads[i + 8], quads[i + 12], 0xdd);
        rows[i] = _mm512_shuffle_i32x4(even_low, even_high, 0x88);
        rows[i + 4] = _mm512_shuffle_i32x4(odd_low, odd_high, 0x88);
        rows[i + 8] = _mm512_shuffle_i32x4(even_low, even_high, 0xdd);
        rows[i + 12] = _mm512_shuffle_i32x4(odd_low, odd_high, 0xdd);
    }
}
