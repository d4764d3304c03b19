// SPDX-License-Identifier: BSD-3-Clause
// Sixteen questions at a time: their headers are turned round, so that a register holds the same 32 bits of each; the
// answers are computed in columns and turned back.
#include "tools/simnet/batch_avx512.h"

#include <string.h>

#include "probes/packet/avx512.h"

enum { IP_OFFSET = 14, WORDS = 16, ANSWER_WORDS = 12, PROTOCOL_TCP = 6, IP_BYTES = 20, TCP_BYTES = 20 };

static inline __m512i load32x16(const uint32_t *from)
{
    return _mm512_load_si512(from);
}

// world_mix.
static inline __m512i mix(struct world_key key, __m512i x)
{
    x = _mm512_xor_si512(x, set32(key.whiten));
    x = _mm512_xor_si512(x, _mm512_srli_epi32(x, 16));
    x = _mm512_mullo_epi32(x, set32(UINT32_C(0x7feb352d)));
    x = _mm512_xor_si512(x, set32(key.middle));
    x = _mm512_xor_si512(x, _mm512_srli_epi32(x, 15));
    x = _mm512_mullo_epi32(x, set32(UINT32_C(0x846ca68b)));
    return _mm512_xor_si512(x, _mm512_srli_epi32(x, 16));
}

static inline __m512i halves(__m512i words)
{
    return _mm512_add_epi32(_mm512_srli_epi32(words, 16), _mm512_and_si512(words, set32(UINT16_MAX)));
}

// A sum added to itself with its halves exchanged has the folded sum in the upper half.
static inline __m512i folded_high(__m512i sum)
{
    return _mm512_add_epi32(sum, _mm512_rol_epi32(sum, 16));
}

static inline __mmask16 sum_good(__m512i sum)
{
    return _mm512_cmpge_epu32_mask(folded_high(sum), set32(UINT32_C(0xffff0000)));
}

static inline void group_load(const struct batch *batch, size_t at, __m512i ret_words[static WORDS])
{
    for (size_t i = 0; i < LANES; i++) {
        const uint8_t *ip = batch->question[at + i] + IP_OFFSET;
        // A short question lies within one cache line, and the next one is not touched for it.
        const uint8_t *last = batch->length[at + i] > 64 ? ip + 48 : ip;
        __m512i row = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)ip));
        row = _mm512_inserti32x4(row, _mm_loadu_si128((const __m128i *)(ip + 32)), 2);
        ret_words[i] = _mm512_inserti32x4(row, _mm_loadu_si128((const __m128i *)last), 3);
    }
    lanes_turn(ret_words);
    for (size_t i = 0; i < WORDS; i++)
        ret_words[i] = swap_bytes32(ret_words[i]);
}

static inline __mmask16 group_good(const struct batch *batch, size_t at, const __m512i words[static WORDS])
{
    __m512i total = _mm512_and_si512(words[0], set32(UINT16_MAX));
    __m512i captured = _mm512_sub_epi32(load32x16(batch->length + at), set32(IP_OFFSET));
    __m512i header = _mm512_add_epi32(_mm512_slli_epi32(_mm512_srli_epi32(words[8], 28), 2), set32(IP_BYTES));
    __m512i sum = _mm512_add_epi32(set32(PROTOCOL_TCP), _mm512_sub_epi32(total, set32(IP_BYTES)));
    sum = _mm512_add_epi32(sum, _mm512_add_epi32(halves(words[3]), halves(words[4])));
    for (uint32_t i = 5; i < WORDS; i++) {
        __mmask16 within = _mm512_cmpgt_epu32_mask(total, set32(4 * i));
        sum = _mm512_mask_add_epi32(sum, within, sum, halves(words[i]));
    }
    __m512i ip_sum = _mm512_add_epi32(halves(words[0]), _mm512_add_epi32(halves(words[1]), halves(words[2])));
    ip_sum = _mm512_add_epi32(ip_sum, _mm512_add_epi32(halves(words[3]), halves(words[4])));
    // Version 4, a plain header; no fragment; TCP; SYN and nothing else.
    __mmask16 good = _mm512_cmpeq_epi32_mask(_mm512_srli_epi32(words[0], 24), set32(0x45));
    good &= _mm512_testn_epi32_mask(words[1], set32(0xbfff));
    good &=
        _mm512_cmpeq_epi32_mask(_mm512_and_si512(_mm512_srli_epi32(words[2], 16), set32(0xff)), set32(PROTOCOL_TCP));
    good &= _mm512_cmpeq_epi32_mask(_mm512_and_si512(_mm512_srli_epi32(words[8], 16), set32(0x3f)), set32(2));
    good &= _mm512_cmple_epu32_mask(total, captured) & _mm512_cmple_epu32_mask(total, set32(4 * WORDS));
    good &= _mm512_testn_epi32_mask(total, set32(3));
    good &= _mm512_cmpge_epu32_mask(header, set32(IP_BYTES + TCP_BYTES)) & _mm512_cmple_epu32_mask(header, total);
    return good & sum_good(ip_sum) & sum_good(sum);
}

static void avx512_read(const struct world *world, struct batch *batch, size_t count)
{
    batch->good = 0;
    for (size_t i = count; i % LANES != 0; i++)
        batch->question[i] = batch->question[0];
    for (size_t at = 0; at < count; at += LANES) {
        __m512i words[WORDS];
        group_load(batch, at, words);
        uint64_t good = group_good(batch, at, words);
        batch->good |= good << at;
        __m512i host = load32x16(batch->host + at);
        __m512i port = _mm512_and_si512(words[5], set32(UINT16_MAX));
        __m512i spread = _mm512_mullo_epi32(port, set32(UINT32_C(0x9e3779b1)));
        _mm512_store_si512(batch->asker + at, words[3]);
        _mm512_store_si512(batch->address + at, words[4]);
        _mm512_store_si512(batch->ports + at, words[5]);
        _mm512_store_si512(batch->seq + at, words[6]);
        _mm512_store_si512(batch->trait + at, mix(world->keys[KEY_TRAIT], host));
        _mm512_store_si512(batch->chance + at, mix(world->keys[KEY_PORT], _mm512_add_epi32(host, spread)));
    }
    batch->good &= count < BATCH_MAX ? (UINT64_C(1) << count) - 1 : UINT64_MAX;
}

// Eight small numbers in the order of three bits of each lane.
static inline __m512i look_up(const uint16_t table[static 8], __m512i index)
{
    __m512i entries = _mm512_cvtepu16_epi32(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)table)));
    return _mm512_permutexvar_epi32(_mm512_and_si512(index, set32(7)), entries);
}

// write_syn_ack and write_refusal of answer.c, as words of the answer from the IPv4 header on.
static inline void group_answer(const struct batch *batch, size_t at, __m512i ret_words[static WORDS])
{
    const __mmask16 closed = (__mmask16)(batch->closed >> at);
    const __m512i trait = load32x16(batch->trait + at);
    const __m512i zero = _mm512_setzero_si512();
    __m512i ttl = look_up(host_ttls, _mm512_srli_epi32(trait, 9));
    ttl = _mm512_sub_epi32(_mm512_sub_epi32(ttl, set32(5)), _mm512_and_si512(_mm512_srli_epi32(trait, 12), set32(15)));
    __m512i window = _mm512_mask_mov_epi32(look_up(host_windows, _mm512_srli_epi32(trait, 16)), closed, zero);
    __m512i mss = _mm512_mask_mov_epi32(look_up(host_segment_sizes, _mm512_srli_epi32(trait, 19)), closed, zero);
    __m512i seq = load32x16(batch->seq + at);
    __m512i own = _mm512_mullo_epi32(load32x16(batch->host + at), set32(UINT32_C(0x9e3779b1)));
    // One host in sixteen refuses the SYN's own number.
    __mmask16 odd = closed & _mm512_testn_epi32_mask(trait, set32(UINT32_C(15) << 22));
    __m512i ack = _mm512_mask_add_epi32(seq, lanes_not(odd), seq, set32(1));
    __m512i total = _mm512_mask_mov_epi32(set32(44), closed, set32(40));
    __m512i flags = _mm512_mask_mov_epi32(set32(UINT32_C(0x60120000)), closed, set32(UINT32_C(0x50140000)));
    ret_words[0] = _mm512_or_si512(set32(UINT32_C(0x45000000)), total);
    ret_words[1] = set32(0x4000);
    ret_words[2] = _mm512_or_si512(_mm512_slli_epi32(ttl, 24), set32(PROTOCOL_TCP << 16));
    ret_words[3] = load32x16(batch->address + at);
    ret_words[4] = load32x16(batch->asker + at);
    ret_words[5] = _mm512_rol_epi32(load32x16(batch->ports + at), 16);
    ret_words[6] = _mm512_mask_mov_epi32(_mm512_add_epi32(own, seq), closed, zero);
    ret_words[7] = ack;
    ret_words[8] = _mm512_or_si512(flags, window);
    ret_words[10] = _mm512_mask_or_epi32(zero, lanes_not(closed), mss, set32(UINT32_C(0x02040000)));
    ret_words[11] = zero;
    __m512i addresses = _mm512_add_epi32(halves(ret_words[3]), halves(ret_words[4]));
    __m512i ip_sum = _mm512_add_epi32(_mm512_add_epi32(halves(ret_words[0]), ret_words[1]), halves(ret_words[2]));
    ip_sum = _mm512_add_epi32(ip_sum, addresses);
    __m512i sum = _mm512_add_epi32(addresses, _mm512_sub_epi32(total, set32(IP_BYTES - PROTOCOL_TCP)));
    for (size_t i = 5; i < 9; i++)
        sum = _mm512_add_epi32(sum, halves(ret_words[i]));
    sum = _mm512_add_epi32(sum, halves(ret_words[10]));
    const __m512i all = set32(UINT32_MAX);
    ret_words[2] = _mm512_or_si512(ret_words[2], _mm512_srli_epi32(_mm512_xor_si512(folded_high(ip_sum), all), 16));
    ret_words[9] = _mm512_and_si512(_mm512_xor_si512(folded_high(sum), all), set32(UINT32_C(0xffff0000)));
}

static void avx512_write(struct batch *batch, size_t count)
{
    // Ethernet addresses exchanged, the type as it came; the two bytes behind it begin the IPv4 header, which follows.
    const __m128i exchanged = _mm_setr_epi8(6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15);
    for (size_t at = 0; at < count; at += LANES) {
        __m512i words[WORDS];
        group_answer(batch, at, words);
        for (size_t i = 0; i < ANSWER_WORDS; i++)
            words[i] = swap_bytes32(words[i]);
        for (size_t i = ANSWER_WORDS; i < WORDS; i++)
            words[i] = _mm512_setzero_si512();
        lanes_turn(words);
        for (size_t i = 0; i < LANES && at + i < count; i++) {
            uint8_t *answer = batch->answer[at + i];
            __m128i link = _mm_loadu_si128((const __m128i *)batch->question[at + i]);
            _mm_storeu_si128((__m128i *)answer, _mm_shuffle_epi8(link, exchanged));
            _mm256_storeu_si256((__m256i *)(answer + IP_OFFSET), _mm512_castsi512_si256(words[i]));
            _mm_storeu_si128((__m128i *)(answer + IP_OFFSET + 32), _mm512_extracti32x4_epi32(words[i], 2));
        }
    }
}

const struct batch_variant batch_avx512 = {avx512_read, avx512_write};
