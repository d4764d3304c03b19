// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/screen.h"

static uint64_t screen_portable(const struct world *world, struct screen *screen, size_t count, uint64_t sequence)
{
    struct world_key weather_key = world_weather_key(world, sequence);
    uint32_t eventful = world->events[EVENT_NONE - 1];
    uint64_t mask = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t block = world_mix(world->keys[KEY_BLOCK], screen->address[i] >> 8);
        screen->host[i] = world_mix(world->keys[KEY_HOST], screen->address[i]);
        screen->weather[i] = world_mix(weather_key, (uint32_t)sequence + (uint32_t)i);
        uint64_t somebody = world_share(screen->host[i]) < world->reach[screen->network[i]];
        uint64_t middlebox = world_share(block) < world->middleboxes[screen->network[i]];
        uint64_t event = world_share(screen->weather[i]) < eventful;
        mask |= (somebody | middlebox | event) << i;
    }
    return mask;
}

static const struct screen_variant PORTABLE = {"portable", screen_portable};

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx2"))) static inline __m256i mix_avx2(struct world_key key, __m256i x)
{
    x = _mm256_xor_si256(x, _mm256_set1_epi32((int)key.whiten));
    x = _mm256_xor_si256(x, _mm256_srli_epi32(x, 16));
    x = _mm256_mullo_epi32(x, _mm256_set1_epi32(0x7feb352d));
    x = _mm256_xor_si256(x, _mm256_set1_epi32((int)key.middle));
    x = _mm256_xor_si256(x, _mm256_srli_epi32(x, 15));
    x = _mm256_mullo_epi32(x, _mm256_set1_epi32((int)UINT32_C(0x846ca68b)));
    return _mm256_xor_si256(x, _mm256_srli_epi32(x, 16));
}

__attribute__((target("avx2"))) static inline __m256i share_below_avx2(__m256i hash, __m256i threshold)
{
    return _mm256_cmpgt_epi32(threshold, _mm256_srli_epi32(hash, 2));
}

__attribute__((target("avx2"))) static uint64_t screen_avx2(const struct world *world, struct screen *screen,
                                                            size_t count, uint64_t sequence)
{
    struct world_key weather_key = world_weather_key(world, sequence);
    const __m256i eventful = _mm256_set1_epi32((int)world->events[EVENT_NONE - 1]);
    __m256i numbers =
        _mm256_add_epi32(_mm256_set1_epi32((int)(uint32_t)sequence), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    uint64_t mask = 0;
    for (size_t i = 0; i < count; i += 8) {
        __m256i address = _mm256_load_si256((const __m256i *)&screen->address[i]);
        __m256i network = _mm256_load_si256((const __m256i *)&screen->network[i]);
        __m256i host = mix_avx2(world->keys[KEY_HOST], address);
        __m256i block = mix_avx2(world->keys[KEY_BLOCK], _mm256_srli_epi32(address, 8));
        __m256i weather = mix_avx2(weather_key, numbers);
        __m256i reach = _mm256_i32gather_epi32((const int *)world->reach, network, 4);
        __m256i middleboxes = _mm256_i32gather_epi32((const int *)world->middleboxes, network, 4);
        _mm256_store_si256((__m256i *)&screen->host[i], host);
        _mm256_store_si256((__m256i *)&screen->weather[i], weather);
        __m256i hit = _mm256_or_si256(share_below_avx2(host, reach), share_below_avx2(block, middleboxes));
        hit = _mm256_or_si256(hit, share_below_avx2(weather, eventful));
        mask |= (uint64_t)(uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(hit)) << i;
        numbers = _mm256_add_epi32(numbers, _mm256_set1_epi32(8));
    }
    return count < SCREEN_MAX ? mask & ((UINT64_C(1) << count) - 1) : mask;
}

static const struct screen_variant AVX2 = {"avx2", screen_avx2};
#endif

size_t screen_variants(const struct screen_variant *ret_all[static 2])
{
    size_t count = 0;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        ret_all[count++] = &AVX2;
#endif
    ret_all[count++] = &PORTABLE;
    return count;
}
