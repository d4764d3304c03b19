// SPDX-License-Identifier: BSD-3-Clause
// AVX-512 with VAES, sixteen lanes at a time. By hand, because compilers vectorise neither the gathers nor the cipher.
// Two passes over the burst: the first ends in the gather from the table of bases, which outgrows the second-level
// cache, so that its misses overlap the arithmetic of the groups behind; the second makes cookies, checksums and words.
#include "probes/packet/avx512.h"
#include "probes/packet/kernels_variants.h"

enum { GROUPS = 4, STEP = GROUPS * LANES, PORTS_IN_REGISTER = 32 };
_Static_assert(BURST_MAX % STEP == 0, "the arrays of a burst hold whole steps");

// Sixteen 64-bit numbers, the first eight in low.
struct wide {
    __m512i low;
    __m512i high;
};

// The low 32 bits of each.
static inline __m512i wide_narrow(struct wide values)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(values.low)),
                              _mm512_cvtepi64_epi32(values.high), 1);
}

// Quotients by reciprocal_divide, below 2^32.
static inline __m512i wide_divide(struct wide values, double reciprocal)
{
    __m512d factor = _mm512_set1_pd(reciprocal);
    __m256i low = _mm512_cvttpd_epu32(_mm512_mul_pd(_mm512_cvtepu64_pd(values.low), factor));
    __m256i high = _mm512_cvttpd_epu32(_mm512_mul_pd(_mm512_cvtepu64_pd(values.high), factor));
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

// a * factor + b.
static inline struct wide wide_join(__m512i a, uint32_t factor, __m512i b)
{
    __m512i by = _mm512_set1_epi64((long long)factor);
    __m512i a_low = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(a));
    __m512i a_high = _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(a, 1));
    __m512i b_low = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(b));
    __m512i b_high = _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(b, 1));
    return (struct wide){.low = _mm512_add_epi64(_mm512_mul_epu32(a_low, by), b_low),
                         .high = _mm512_add_epi64(_mm512_mul_epu32(a_high, by), b_high)};
}

// Lanes past the end read as zero, which is a valid position, index and address everywhere below.
static inline struct wide wide_load(const uint64_t *from, __mmask16 live)
{
    return (struct wide){.low = _mm512_maskz_load_epi64((__mmask8)live, from),
                         .high = _mm512_maskz_load_epi64((__mmask8)(live >> 8), from + 8)};
}

static inline void wide_store(uint64_t *to, struct wide values)
{
    _mm512_store_si512(to, values.low);
    _mm512_store_si512(to + 8, values.high);
}

// Which of the lanes from `at` on lie below count.
static inline __mmask16 lanes_live(size_t at, size_t count)
{
    if (at >= count)
        return 0;
    return (__mmask16)(count - at >= LANES ? UINT16_MAX : (1u << (count - at)) - 1);
}

static inline void step_load(const uint64_t *from, size_t at, size_t count, struct wide ret_values[static GROUPS])
{
    for (size_t g = 0; g < GROUPS; g++)
        ret_values[g] = wide_load(from + at + g * LANES, lanes_live(at + g * LANES, count));
}

// order_mix.
static inline __m512i mix(__m512i half, uint32_t mask, uint32_t factor, __m512i radix)
{
    __m512i mixed = _mm512_mullo_epi32(_mm512_xor_si512(half, set32(mask)), set32(factor));
    mixed = _mm512_xor_si512(mixed, _mm512_slli_epi32(mixed, 16));
    __m512i even = _mm512_mul_epu32(mixed, radix);
    __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(mixed, 32), radix);
    // The high half of each product: an even lane's has to move down, an odd lane's is in place.
    return _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
}

static inline __m512i add_modulo(__m512i a, __m512i b, __m512i radix)
{
    __m512i sum = _mm512_add_epi32(a, b);
    return _mm512_min_epu32(sum, _mm512_sub_epi32(sum, radix));
}

static inline __m512i subtract_modulo(__m512i a, __m512i b, __m512i radix)
{
    __m512i difference = _mm512_sub_epi32(a, b);
    return _mm512_min_epu32(difference, _mm512_add_epi32(difference, radix));
}

// The halves of several groups. They take every step together: a round is a chain of dependent instructions, and one
// group alone would leave the execution units waiting for it.
struct halves {
    __m512i row[GROUPS];
    __m512i column[GROUPS];
};

static inline struct halves split(const struct order *order, const struct wide values[static GROUPS])
{
    struct halves halves;
    for (size_t g = 0; g < GROUPS; g++) {
        halves.row[g] = wide_divide(values[g], order->column_reciprocal);
        __m512i whole = _mm512_mullo_epi32(halves.row[g], set32(order->columns));
        halves.column[g] = _mm512_sub_epi32(wide_narrow(values[g]), whole);
    }
    return halves;
}

static inline void join(const struct order *order, const struct halves *halves, struct wide ret_values[static GROUPS])
{
    for (size_t g = 0; g < GROUPS; g++)
        ret_values[g] = wide_join(halves->row[g], order->columns, halves->column[g]);
}

static inline void permute_forward(const struct order *order, struct wide values[static GROUPS])
{
    __m512i rows = set32(order->rows);
    __m512i columns = set32(order->columns);
    struct halves at = split(order, values);
    for (size_t i = 0; i < ORDER_ROUNDS; i += 2) {
        for (size_t g = 0; g < GROUPS; g++)
            at.row[g] = add_modulo(at.row[g], mix(at.column[g], order->masks[i], order->factors[i], rows), rows);
        for (size_t g = 0; g < GROUPS; g++)
            at.column[g] =
                add_modulo(at.column[g], mix(at.row[g], order->masks[i + 1], order->factors[i + 1], columns), columns);
    }
    join(order, &at, values);
}

static inline void permute_backward(const struct order *order, struct wide values[static GROUPS])
{
    __m512i rows = set32(order->rows);
    __m512i columns = set32(order->columns);
    struct halves at = split(order, values);
    for (size_t i = ORDER_ROUNDS; i > 0; i -= 2) {
        for (size_t g = 0; g < GROUPS; g++)
            at.column[g] = subtract_modulo(
                at.column[g], mix(at.row[g], order->masks[i - 1], order->factors[i - 1], columns), columns);
        for (size_t g = 0; g < GROUPS; g++)
            at.row[g] =
                subtract_modulo(at.row[g], mix(at.column[g], order->masks[i - 2], order->factors[i - 2], rows), rows);
    }
    join(order, &at, values);
}

// The lanes that are past the end and have to walk on: about one in `columns`.
static inline __mmask16 lanes_past(struct wide values, uint64_t count)
{
    __m512i end = _mm512_set1_epi64((long long)count);
    __mmask16 low = _mm512_cmpge_epu64_mask(values.low, end);
    __mmask16 high = _mm512_cmpge_epu64_mask(values.high, end);
    return (__mmask16)(low | high << 8);
}

static __attribute__((noinline, cold)) void
walk(const struct order *order, uint64_t (*step)(const struct order *, uint64_t), uint64_t *values, unsigned past)
{
    for (; past != 0; past &= past - 1) {
        uint64_t *value = &values[__builtin_ctz(past)];
        *value = step(order, *value);
    }
}

// targets_address, sixteen at a time: which class, which piece, and what is left within it.
static inline __m512i addresses_of(const struct targets *targets, __m512i ordinal)
{
    uint32_t whole_pieces = (uint32_t)(targets->whole_addresses >> 8);
    uint32_t sixteen_pieces = (uint32_t)(targets->sixteen_addresses >> 4);
    __m512i piece = _mm512_srli_epi32(ordinal, 8);
    __m512i within = _mm512_and_si512(ordinal, set32(255));
    __mmask16 rest = _mm512_cmpge_epu32_mask(piece, set32(whole_pieces));
    if (rest != 0) {
        __m512i beyond = _mm512_sub_epi32(ordinal, set32((uint32_t)targets->whole_addresses));
        __m512i sixteenth = _mm512_srli_epi32(beyond, 4);
        __mmask16 single = _mm512_mask_cmpge_epu32_mask(rest, sixteenth, set32(sixteen_pieces));
        uint32_t singles_start = whole_pieces + sixteen_pieces - (uint32_t)targets->sixteen_addresses;
        piece = _mm512_mask_add_epi32(piece, rest, sixteenth, set32(whole_pieces));
        piece = _mm512_mask_add_epi32(piece, single, beyond, set32(singles_start));
        within = _mm512_mask_and_epi32(within, rest, beyond, set32(15));
        within = _mm512_mask_mov_epi32(within, single, _mm512_setzero_si512());
    }
    return _mm512_or_si512(_mm512_i32gather_epi32(piece, targets->bases, 4), within);
}

// The ports of a group whose port indexes are given. A short list stays in one register.
static inline void ports_store(const struct probe_plan *plan, __m512i table, __m512i port_index, uint32_t *to)
{
    _mm512_store_si512(to, port_index);
    if (plan->port_count <= PORTS_IN_REGISTER) {
        _mm512_store_si512(to, _mm512_maskz_permutexvar_epi16(0x55555555, port_index, table));
        return;
    }
    for (size_t i = 0; i < LANES; i++)
        to[i] = plan->ports[to[i]];
}

static inline __m512i ports_table(const struct probe_plan *plan)
{
    if (plan->port_count > PORTS_IN_REGISTER)
        return _mm512_setzero_si512();
    return _mm512_maskz_loadu_epi16((__mmask32)((UINT64_C(1) << plan->port_count) - 1), plan->ports);
}

// The permuted values, stored; those past the end walk on by scalar steps.
static inline void step_store(const struct order *order, struct wide values[static GROUPS], uint64_t *to,
                              uint64_t (*step)(const struct order *, uint64_t))
{
    for (size_t g = 0; g < GROUPS; g++, to += LANES) {
        wide_store(to, values[g]);
        __mmask16 past = lanes_past(values[g], order->count);
        if (__builtin_expect(past != 0, 0)) {
            walk(order, step, to, past);
            values[g] = wide_load(to, UINT16_MAX);
        }
    }
}

// position -> index, address, port.
static inline void locate(const struct probe_plan *plan, struct probe_burst *burst, size_t count)
{
    __m512i table = ports_table(plan);
    for (size_t at = 0; at < count; at += STEP) {
        struct wide index[GROUPS];
        step_load(burst->position, at, count, index);
        permute_forward(&plan->order, index);
        step_store(&plan->order, index, burst->index + at, order_index);
        for (size_t g = 0; g < GROUPS; g++) {
            size_t first = at + g * LANES;
            __m512i ordinal = wide_divide(index[g], plan->port_reciprocal);
            __m512i whole = _mm512_mullo_epi32(ordinal, set32(plan->port_count));
            ports_store(plan, table, _mm512_sub_epi32(wide_narrow(index[g]), whole), burst->port + first);
            _mm512_store_si512(burst->address + first, addresses_of(plan->targets, ordinal));
        }
    }
}

// Each 16-bit half swapped by itself.
static inline __m512i swap_bytes16(__m512i words)
{
    const __m128i swapped = _mm_set_epi8(14, 15, 12, 13, 10, 11, 8, 9, 6, 7, 4, 5, 2, 3, 0, 1);
    return _mm512_shuffle_epi8(words, _mm512_broadcast_i32x4(swapped));
}

// Words 0 and 1 of sixteen cookies. Four cipher blocks a register: register i holds those of lanes i, 4 + i, 8 + i, 12
// + i, which is how the unpack instructions lay them out and take them back.
static inline void encrypt(const struct cookie_key *key, __m512i address, __m512i port, __m512i *ret_word0,
                           __m512i *ret_word1)
{
    int source_be = (int)__builtin_bswap32(key->source_address);
    __m512i constant = _mm512_broadcast_i32x4(_mm_set_epi32(4, source_be, 4, source_be));
    __m512i a = swap_bytes32(address);
    __m512i p = swap_bytes16(port);
    __m512i low = _mm512_unpacklo_epi32(a, p);
    __m512i high = _mm512_unpackhi_epi32(a, p);
    __m512i block[4] = {_mm512_unpacklo_epi64(low, constant), _mm512_unpackhi_epi64(low, constant),
                        _mm512_unpacklo_epi64(high, constant), _mm512_unpackhi_epi64(high, constant)};
    __m512i round = _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)key->rounds[0]));
    for (size_t i = 0; i < 4; i++)
        block[i] = _mm512_xor_si512(block[i], round);
    for (size_t r = 1; r < 10; r++) {
        round = _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)key->rounds[r]));
        for (size_t i = 0; i < 4; i++)
            block[i] = _mm512_aesenc_epi128(block[i], round);
    }
    round = _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)key->rounds[10]));
    for (size_t i = 0; i < 4; i++)
        block[i] = _mm512_aesenclast_epi128(block[i], round);
    __m512 first = _mm512_castsi512_ps(_mm512_unpacklo_epi64(block[0], block[1]));
    __m512 second = _mm512_castsi512_ps(_mm512_unpacklo_epi64(block[2], block[3]));
    *ret_word0 = _mm512_castps_si512(_mm512_shuffle_ps(first, second, _MM_SHUFFLE(2, 0, 2, 0)));
    *ret_word1 = _mm512_castps_si512(_mm512_shuffle_ps(first, second, _MM_SHUFFLE(3, 1, 3, 1)));
}

// What a group's cookies say, stored; kept in registers for what follows.
struct group {
    __m512i address;
    __m512i port;
    __m512i isn;
    __m512i local_port;
    __m512i ip_id;
};

static inline struct group cookies_of(const struct probe_plan *plan, struct probe_burst *burst, size_t at)
{
    const struct cookie_key *key = &plan->cookie;
    struct group group = {.address = _mm512_load_si512(burst->address + at),
                          .port = _mm512_load_si512(burst->port + at)};
    __m512i word1;
    encrypt(key, group.address, group.port, &group.isn, &word1);
    group.local_port = _mm512_add_epi32(_mm512_and_si512(word1, set32(key->port_mask)), set32(key->port_first));
    group.ip_id = _mm512_srli_epi32(word1, 16);
    _mm512_store_si512(burst->isn + at, group.isn);
    _mm512_store_si512(burst->local_port + at, group.local_port);
    _mm512_store_si512(burst->ip_id + at, group.ip_id);
    return group;
}

static inline __m512i halves_added(__m512i words)
{
    return _mm512_add_epi32(_mm512_srli_epi32(words, 16), _mm512_and_si512(words, set32(UINT16_MAX)));
}

// The checksum in the high half of each lane: adding a sum to itself with its halves exchanged leaves the folded sum
// there, carry included.
static inline __m512i checksum_high(__m512i sum)
{
    __m512i folded = _mm512_add_epi32(sum, _mm512_rol_epi32(sum, 16));
    return _mm512_xor_si512(folded, set32(UINT32_MAX));
}

static inline void pairs_store(uint64_t *to, __m512i even, __m512i odd)
{
    const __m512i first = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const __m512i second = _mm512_set_epi32(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8);
    _mm512_store_si512(to, _mm512_permutex2var_epi32(even, first, odd));
    _mm512_store_si512(to + 8, _mm512_permutex2var_epi32(even, second, odd));
}

// The words as they lie in the frame.
static inline void words_store(const struct probe_plan *plan, struct probe_burst *burst, size_t at, struct group group)
{
    __m512i destination = halves_added(group.address);
    __m512i ip = _mm512_add_epi32(_mm512_add_epi32(destination, group.ip_id), set32(plan->ip_checksum));
    __m512i ports = _mm512_add_epi32(group.port, group.local_port);
    __m512i tcp = _mm512_add_epi32(_mm512_add_epi32(destination, halves_added(group.isn)),
                                   _mm512_add_epi32(ports, set32(plan->tcp_checksum)));
    const __m512i upper = set32(UINT32_C(0xffff0000));
    __m512i ip_first = _mm512_or_si512(swap_bytes16(group.ip_id), set32((uint32_t)plan->ip_word));
    __m512i ip_second = _mm512_and_si512(swap_bytes16(checksum_high(ip)), upper);
    ip_second = _mm512_or_si512(ip_second, set32((uint32_t)(plan->ip_word >> 32)));
    pairs_store(burst->ip_word + at, ip_first, ip_second);
    __m512i both = swap_bytes16(_mm512_or_si512(group.local_port, _mm512_slli_epi32(group.port, 16)));
    pairs_store(burst->flow_word + at, swap_bytes32(group.address), both);
    _mm512_store_si512(burst->seq_word + at, swap_bytes32(group.isn));
    _mm512_store_si512(burst->check_word + at, _mm512_srli_epi32(swap_bytes16(checksum_high(tcp)), 16));
}

void avx512_generate(const struct probe_plan *plan, struct probe_burst *burst, size_t count)
{
    locate(plan, burst, count);
    for (size_t at = 0; at < count; at += LANES)
        words_store(plan, burst, at, cookies_of(plan, burst, at));
}

void avx512_cookies(const struct probe_plan *plan, struct probe_burst *burst, size_t count)
{
    for (size_t at = 0; at < count; at += LANES)
        cookies_of(plan, burst, at);
}

void avx512_positions(const struct probe_plan *plan, struct probe_burst *burst, size_t count)
{
    for (size_t at = 0; at < count; at += STEP) {
        struct wide position[GROUPS];
        step_load(burst->index, at, count, position);
        permute_backward(&plan->order, position);
        step_store(&plan->order, position, burst->position + at, order_position);
    }
}
