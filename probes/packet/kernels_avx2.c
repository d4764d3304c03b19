// SPDX-License-Identifier: BSD-3-Clause
// AVX2 with AES-NI: the generic steps, which the compiler vectorises eight lanes at a time, around the cipher by hand.
#include <immintrin.h>

#include "probes/packet/kernels_generic.h"
#include "probes/packet/kernels_variants.h"
#include "probes/packet/replies_generic.h"

enum { BLOCKS = 8 }; // in flight at once, to fill the cipher's pipeline

// Both halves, each in its place.
static inline uint32_t swap16s(uint32_t value)
{
    return (value & 0x00ff00ff) << 8 | (value >> 8 & 0x00ff00ff);
}

static inline void encrypt(const struct cookie_key *key, struct probe_burst *burst, size_t at)
{
    __m128i block[BLOCKS];
    __m128i round = _mm_load_si128((const __m128i *)key->rounds[0]);
    int source_be = (int)__builtin_bswap32(key->source_address);
    for (size_t i = 0; i < BLOCKS; i++) {
        int address_be = (int)__builtin_bswap32(burst->address[at + i]);
        int port_be = (int)swap16s(burst->port[at + i]);
        block[i] = _mm_xor_si128(_mm_set_epi32(4, source_be, port_be, address_be), round);
    }
    for (size_t r = 1; r < 10; r++) {
        round = _mm_load_si128((const __m128i *)key->rounds[r]);
        for (size_t i = 0; i < BLOCKS; i++)
            block[i] = _mm_aesenc_si128(block[i], round);
    }
    round = _mm_load_si128((const __m128i *)key->rounds[10]);
    for (size_t i = 0; i < BLOCKS; i++) {
        uint64_t words = (uint64_t)_mm_cvtsi128_si64(_mm_aesenclast_si128(block[i], round));
        burst->isn[at + i] = (uint32_t)words;
        burst->local_port[at + i] = key->port_first + ((uint32_t)(words >> 32) & key->port_mask);
        burst->ip_id[at + i] = (uint32_t)(words >> 48);
    }
}

static void avx2_cookies(const struct probe_plan *plan, struct probe_burst *burst, size_t count)
{
    // Entries past count are scratch, so the last group is whole too.
    for (size_t at = 0; at < count; at += BLOCKS)
        encrypt(&plan->cookie, burst, at);
}

static void avx2_generate(const struct probe_plan *plan, struct probe_burst *burst, size_t count)
{
    burst_indexes(plan, burst, count);
    burst_locate(plan, burst, count);
    avx2_cookies(plan, burst, count);
    burst_words(plan, burst, count);
}

static void avx2_positions(const struct probe_plan *plan, struct probe_burst *burst, size_t count)
{
    burst_positions(plan, burst, count);
}

static void avx2_judge(const struct probe_plan *plan, struct reply_burst *burst, size_t count)
{
    burst->probed = burst_probed(plan, burst);
    if (burst->probed != 0)
        avx2_cookies(plan, &burst->probe, count);
    burst_sort(burst);
    burst_place(plan, burst);
    if (burst->answers != 0)
        burst_positions(plan, &burst->probe, count);
}

const struct kernels kernels_avx2 = {
    .name = "avx2-aes",
    .generate = avx2_generate,
    .cookies = avx2_cookies,
    .positions = avx2_positions,
    .read = burst_read,
    .judge = avx2_judge,
};
