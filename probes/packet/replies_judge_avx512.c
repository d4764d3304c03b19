// SPDX-License-Identifier: BSD-3-Clause
// Judging a burst of frames with AVX-512, sixteen at a time: what replies_generic.h does one at a time, with sets of
// lanes instead of branches.
#include "probes/packet/avx512.h"
#include "probes/packet/kernels_variants.h"
#include "probes/packet/replies_generic.h"

// reply_judge of sixteen frames to probe ports; the masks of one group.
static inline void group_sort(struct reply_burst *burst, size_t at)
{
    const __m512i isn = _mm512_load_si512(burst->probe.isn + at);
    const __m512i flags = _mm512_load_si512(burst->flags + at);
    const __m512i behind = _mm512_sub_epi32(_mm512_load_si512(burst->ack + at), isn); // beyond + 1
    const __m512i beyond = _mm512_sub_epi32(behind, set32(1));
    const __m512i quoted = _mm512_sub_epi32(_mm512_load_si512(burst->seq + at), isn);
    const __mmask16 icmp = (__mmask16)(burst->kinds[REPLY_ICMP_ERROR] >> at);
    const __mmask16 cookie = _mm512_cmpeq_epi32_mask(_mm512_load_si512(burst->local_port + at),
                                                     _mm512_load_si512(burst->probe.local_port + at));
    const __mmask16 acks = _mm512_test_epi32_mask(flags, set32(TCP_ACK));
    const __mmask16 reset = _mm512_test_epi32_mask(flags, set32(TCP_RST));
    const __mmask16 syn = _mm512_test_epi32_mask(flags, set32(TCP_SYN));
    const __mmask16 exact = _mm512_testn_epi32_mask(beyond, beyond);
    const __mmask16 refusal = reset & _mm512_cmple_epu32_mask(behind, set32(1));
    const __mmask16 later = _mm512_cmplt_epu32_mask(beyond, set32(REPLY_DATA_WINDOW));
    const __mmask16 stray = icmp & _mm512_cmple_epu32_mask(quoted, set32(REPLY_DATA_WINDOW));
    const __mmask16 own = icmp & _mm512_testn_epi32_mask(quoted, quoted);
    const __mmask16 probed = (__mmask16)(burst->probed >> at);
    __mmask16 answers = probed & cookie & (own | (lanes_not(icmp) & acks & (refusal | (syn & exact))));
    __mmask16 segments = probed & cookie & lanes_not(icmp) &
                         ((lanes_not(acks) & reset) | (acks & lanes_not(refusal) & lanes_not(syn) & later));
    __mmask16 forged = probed & lanes_not(answers | segments | (stray & cookie));
    burst->answers |= (uint64_t)answers << at;
    burst->resets |= (uint64_t)(answers & reset & lanes_not(icmp)) << at;
    burst->segments |= (uint64_t)segments << at;
    burst->forged |= (uint64_t)forged << at;
}

// targets_ordinal of the lanes in whole /24s, the others left to the caller. Sixteen directory entries lie in no one's
// way: they are read as pairs, so that the last one has no bytes behind it.
static inline __m512i ordinals_of(const struct targets *targets, __m512i address, __mmask16 lanes, __mmask16 *ret_whole)
{
    const __m512i zero = _mm512_setzero_si512();
    const __m512i one = set32(1);
    __m512i sixteen = _mm512_srli_epi32(address, 16);
    __m512i pair = _mm512_mask_i32gather_epi32(zero, lanes, _mm512_srli_epi32(sixteen, 1), targets->directory, 4);
    __m512i block = _mm512_srlv_epi32(pair, _mm512_slli_epi32(_mm512_and_si512(sixteen, one), 4));
    block = _mm512_and_si512(block, set32(UINT16_MAX));
    __m512i word = _mm512_and_si512(_mm512_srli_epi32(address, 13), set32(7));
    __m512i slot = _mm512_add_epi32(_mm512_slli_epi32(block, 4), word); // in units of struct targets_word
    __m512i low = _mm512_mask_i32gather_epi64(zero, (__mmask8)lanes, _mm512_castsi512_si256(slot), targets->blocks, 8);
    __m512i high = _mm512_mask_i32gather_epi64(zero, (__mmask8)(lanes >> 8), _mm512_extracti64x4_epi64(slot, 1),
                                               targets->blocks, 8);
    const __m512i evens = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    __m512i rank = _mm512_permutex2var_epi32(low, evens, high);
    __m512i bits = _mm512_permutex2var_epi32(low, _mm512_or_si512(evens, one), high);
    __m512i bit = _mm512_sllv_epi32(one, _mm512_and_si512(_mm512_srli_epi32(address, 8), set32(31)));
    *ret_whole = _mm512_mask_test_epi32_mask(lanes, bits, bit);
    __m512i before = _mm512_popcnt_epi32(_mm512_and_si512(bits, _mm512_sub_epi32(bit, one)));
    __m512i ordinal = _mm512_slli_epi32(_mm512_add_epi32(rank, before), 8);
    return _mm512_or_si512(ordinal, _mm512_and_si512(address, set32(0xff)));
}

// burst_place of sixteen frames.
static inline void group_place(const struct probe_plan *plan, struct reply_burst *burst, size_t at)
{
    const __mmask16 answers = (__mmask16)(burst->answers >> at);
    __mmask16 whole;
    __m512i ordinal = ordinals_of(plan->targets, _mm512_load_si512(burst->probe.address + at), answers, &whole);
    __m512i port = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), answers,
                                               _mm512_load_si512(burst->probe.port + at), plan->port_index, 4);
    __mmask16 outside = whole & _mm512_movepi32_mask(port);
    __mmask16 placed = whole & lanes_not(outside);
    __m512i by = _mm512_set1_epi64((long long)plan->port_count);
    __m512i low = _mm512_mul_epu32(_mm512_cvtepu32_epi64(_mm512_castsi512_si256(ordinal)), by);
    __m512i high = _mm512_mul_epu32(_mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(ordinal, 1)), by);
    low = _mm512_add_epi64(low, _mm512_cvtepu32_epi64(_mm512_castsi512_si256(port)));
    high = _mm512_add_epi64(high, _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(port, 1)));
    _mm512_store_si512(burst->probe.index + at, _mm512_maskz_mov_epi64((__mmask8)placed, low));
    _mm512_store_si512(burst->probe.index + at + 8, _mm512_maskz_mov_epi64((__mmask8)(placed >> 8), high));
    for (uint32_t others = answers & lanes_not(whole); others != 0; others &= others - 1) {
        uint32_t lane = (uint32_t)__builtin_ctz(others);
        uint64_t index = reply_index(plan, burst, at + lane);
        outside |= (__mmask16)((uint32_t)(index == UINT64_MAX) << lane);
        burst->probe.index[at + lane] = index == UINT64_MAX ? 0 : index;
    }
    burst->outside |= (uint64_t)outside << at;
}

static inline uint64_t probed_avx512(const struct probe_plan *plan, const struct reply_burst *burst, size_t count)
{
    uint64_t probed = 0;
    for (size_t at = 0; at < count; at += LANES) {
        __m512i within = _mm512_sub_epi32(_mm512_load_si512(burst->local_port + at), set32(plan->cookie.port_first));
        probed |= (uint64_t)_mm512_cmple_epu32_mask(within, set32(plan->cookie.port_mask)) << at;
    }
    return probed & (burst->kinds[REPLY_TCP] | burst->kinds[REPLY_ICMP_ERROR]);
}

void avx512_judge(const struct probe_plan *plan, struct reply_burst *burst, size_t count)
{
    burst->probed = probed_avx512(plan, burst, count);
    burst->answers = 0;
    burst->resets = 0;
    burst->segments = 0;
    burst->forged = 0;
    burst->outside = 0;
    if (burst->probed == 0)
        return;
    avx512_cookies(plan, &burst->probe, count);
    for (size_t at = 0; at < count; at += LANES)
        group_sort(burst, at);
    if (burst->answers == 0)
        return;
    for (size_t at = 0; at < count; at += LANES)
        group_place(plan, burst, at);
    burst->answers &= ~burst->outside;
    burst->resets &= burst->answers;
    avx512_positions(plan, &burst->probe, count);
}
