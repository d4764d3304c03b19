// SPDX-License-Identifier: BSD-3-Clause
// Reading a burst of frames with AVX-512, sixteen frames at a time. The first 64 bytes from each IPv4 header on are
// turned round, so that a register holds the same 32 bits of sixteen headers; then every check is made for all sixteen,
// and a frame that fails one leaves the set of those that are left. No branch depends on what a frame holds, but for
// the few that reply_burst_read_one gets: other link layers, IP options, TCP options that do not begin with the MSS,
// checksums that a kernel may have deferred, lengths that are no multiple of four.
#include "probes/packet/avx512.h"
#include "probes/packet/kernels_variants.h"
#include "probes/packet/headers.h"
#include "probes/packet/replies.h"

enum { VECTOR_BYTES = 64 };

// The 32-bit words of sixteen packets as they lie in the frames, from the IPv4 header on, and whatever lies behind a
// short packet. Words of the TCP header or of the ICMP message, and of the packet that this one quotes, are named from
// there on.
enum word {
    WORD_LENGTH = 0, // version, header length, type of service, total length
    WORD_FRAGMENT = 1,
    WORD_PROTOCOL = 2, // time to live, protocol, checksum
    WORD_SOURCE = 3,
    WORD_DESTINATION = 4,
    WORD_L4 = 5,
    WORD_TCP_PORTS = 5,
    WORD_TCP_SEQ = 6,
    WORD_TCP_ACK = 7,
    WORD_TCP_FLAGS = 8, // data offset, flags, window
    WORD_TCP_OPTION = 10,
    WORD_ICMP_TYPE = 5,
    WORD_QUOTED = 7,
    WORDS = 16,
};

struct packets {
    __m512i words[WORDS];
    __m512i available; // bytes captured from the IPv4 header on
    __m512i total;     // the total length that the header claims
    __mmask16 live;    // lanes with a whole IPv4 header behind the link layer that is expected
};

// The first 64 bytes from the IPv4 header on. What lies behind the frame's end is read with them and never used. A
// short frame lies within one cache line, and the next one is not touched for it.
static inline __m512i packet_load(const uint8_t *ip, uint32_t length)
{
    const uint8_t *last = length > VECTOR_BYTES ? ip + 48 : ip;
    __m512i row = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)ip));
    row = _mm512_inserti32x4(row, _mm_loadu_si128((const __m128i *)(ip + 32)), 2);
    return _mm512_inserti32x4(row, _mm_loadu_si128((const __m128i *)last), 3);
}

static inline void packets_load(const struct reply_burst *burst, uint32_t ip_offset, size_t at,
                                struct packets *ret_packets)
{
    _Alignas(64) uint64_t links[LANES];
    for (size_t i = 0; i < LANES; i++) {
        const uint8_t *ip = burst->frame[at + i] + ip_offset;
        memcpy(&links[i], ip - sizeof(links[i]), sizeof(links[i]));
        ret_packets->words[i] = packet_load(ip, burst->length[at + i]);
    }
    lanes_turn(ret_packets->words);
    // The EtherType, and behind a tag the tag's, as the last eight bytes of the link layer hold them.
    const uint64_t type = (uint64_t)__builtin_bswap16(ETHERTYPE_IPV4) << 48;
    const uint64_t tag = ip_offset == ETHER_BYTES ? 0 : (uint64_t)__builtin_bswap16(ETHERTYPE_VLAN) << 16;
    const __m512i mask =
        _mm512_set1_epi64((long long)(tag == 0 ? UINT64_C(0xffff000000000000) : UINT64_C(0xffff0000ffff0000)));
    const __m512i expected = _mm512_set1_epi64((long long)(type | tag));
    __m512i low = _mm512_and_si512(_mm512_load_si512(links), mask);
    __m512i high = _mm512_and_si512(_mm512_load_si512(links + 8), mask);
    uint32_t live = _mm512_cmpeq_epi64_mask(low, expected);
    live |= (uint32_t)_mm512_cmpeq_epi64_mask(high, expected) << 8;
    const __m512i length = _mm512_load_si512(burst->length + at);
    live &= _mm512_cmpge_epu32_mask(length, set32(ip_offset + IPV4_BYTES));
    ret_packets->live = (__mmask16)live;
    ret_packets->available = _mm512_sub_epi32(length, set32(ip_offset));
    ret_packets->total = _mm512_and_si512(swap_bytes32(ret_packets->words[WORD_LENGTH]), set32(UINT16_MAX));
}

// Sums of the 16-bit words in the given 32-bit words, in the frame's byte order (RFC 1071 section 2B).
static inline __m512i sum_words(const struct packets *packets, size_t first, size_t end)
{
    __m512i low = _mm512_setzero_si512();
    __m512i high = _mm512_setzero_si512();
    for (size_t i = first; i < end; i++) {
        low = _mm512_add_epi32(low, _mm512_and_si512(packets->words[i], set32(UINT16_MAX)));
        high = _mm512_add_epi32(high, _mm512_srli_epi32(packets->words[i], 16));
    }
    return _mm512_add_epi32(low, high);
}

// The same of all behind the IPv4 header that belongs to the packet, whose length is a multiple of four.
static inline __m512i sum_rest(const struct packets *packets)
{
    __m512i low = _mm512_setzero_si512();
    __m512i high = _mm512_setzero_si512();
    for (uint32_t i = WORD_L4; i < WORDS; i++) {
        __mmask16 within = _mm512_cmpgt_epu32_mask(packets->total, set32(4 * i));
        low = _mm512_mask_add_epi32(low, within, low, _mm512_and_si512(packets->words[i], set32(UINT16_MAX)));
        high = _mm512_mask_add_epi32(high, within, high, _mm512_srli_epi32(packets->words[i], 16));
    }
    return _mm512_add_epi32(low, high);
}

// Whether a sum folds to 0xffff: added to itself with its halves exchanged, the folded sum is in the high half.
static inline __mmask16 sum_good(__m512i sum)
{
    return _mm512_cmpge_epu32_mask(_mm512_add_epi32(sum, _mm512_rol_epi32(sum, 16)), set32(UINT32_C(0xffff0000)));
}

// The sums of what long packets hold behind their first 64 bytes.
static __attribute__((noinline)) __m512i sums_beyond(const struct reply_burst *burst, uint32_t ip_offset, size_t at,
                                                     uint32_t lanes)
{
    _Alignas(64) uint32_t sums[LANES] = {0};
    for (; lanes != 0; lanes &= lanes - 1) {
        size_t i = (size_t)__builtin_ctz(lanes);
        const uint8_t *ip = burst->frame[at + i] + ip_offset;
        size_t total = (size_t)ip[2] << 8 | ip[3];
        sums[i] = checksum_fold(checksum_add(0, ip + VECTOR_BYTES, total - VECTOR_BYTES));
    }
    return _mm512_load_si512(sums);
}

// The lanes of one group, sorted.
struct sorted {
    __mmask16 rest; // not decided yet
    __mmask16 scalar;
    __mmask16 kinds[REPLY_KINDS];
};

// Moves lanes from the rest to a kind.
static inline void sort(struct sorted *sorted, enum reply_kind kind, __mmask16 lanes)
{
    __mmask16 moved = sorted->rest & lanes;
    sorted->kinds[kind] |= moved;
    sorted->rest = (__mmask16)(sorted->rest & ~moved);
}

static inline void sort_scalar(struct sorted *sorted, __mmask16 lanes)
{
    __mmask16 moved = sorted->rest & lanes;
    sorted->scalar |= moved;
    sorted->rest = (__mmask16)(sorted->rest & ~moved);
}

// Version 4 and a header length of at least 20 bytes; `plain`: of exactly 20.
static inline __mmask16 version_good(__m512i word, __mmask16 *ret_plain)
{
    __m512i version = _mm512_and_si512(word, set32(0xff));
    *ret_plain = _mm512_cmpeq_epi32_mask(version, set32(0x45));
    return _mm512_cmple_epu32_mask(_mm512_sub_epi32(version, set32(0x45)), set32(0x4f - 0x45));
}

static inline __m512i protocol_of(__m512i word)
{
    return _mm512_and_si512(_mm512_srli_epi32(word, 8), set32(0xff));
}

// The IPv4 header (RFC 791). Leaves in the rest what is a whole packet to us with a plain header.
static inline void sort_ipv4(const struct packets *packets, uint32_t our_address_be, __mmask16 sum_known,
                             struct sorted *sorted)
{
    const __m512i *words = packets->words;
    __mmask16 plain;
    __mmask16 good = version_good(words[WORD_LENGTH], &plain);
    __m512i header_bytes = _mm512_slli_epi32(_mm512_and_si512(words[WORD_LENGTH], set32(15)), 2);
    good &= _mm512_cmpge_epu32_mask(packets->total, header_bytes);
    sort(sorted, REPLY_MALFORMED, lanes_not(good));
    sort(sorted, REPLY_TRUNCATED, _mm512_cmpgt_epu32_mask(packets->total, packets->available));
    sort(sorted, REPLY_NOT_OURS, _mm512_cmpneq_epi32_mask(words[WORD_DESTINATION], set32(our_address_be)));
    sort_scalar(sorted, lanes_not(plain) | _mm512_test_epi32_mask(packets->total, set32(3)));
    sort(sorted, REPLY_CHECKSUM, lanes_not(sum_known | sum_good(sum_words(packets, 0, WORD_L4))));
    // The more-fragments flag and the offset, as they lie in the frame.
    sort(sorted, REPLY_FRAGMENT, _mm512_test_epi32_mask(words[WORD_FRAGMENT], set32(UINT32_C(0xff3f0000))));
}

// TCP (RFC 9293 section 3.1). sum: of the segment.
static inline void sort_tcp(const struct packets *packets, __mmask16 tcp, __m512i sum, __mmask16 sum_known,
                            bool accept_deferred, struct sorted *sorted)
{
    const __m512i *words = packets->words;
    __m512i tcp_bytes = _mm512_sub_epi32(packets->total, set32(IPV4_BYTES));
    __m512i header_bytes =
        _mm512_slli_epi32(_mm512_and_si512(_mm512_srli_epi32(words[WORD_TCP_FLAGS], 4), set32(15)), 2);
    sort(sorted, REPLY_TRUNCATED, tcp & _mm512_cmplt_epu32_mask(tcp_bytes, set32(TCP_BYTES)));
    sort(sorted, REPLY_MALFORMED, tcp & _mm512_cmplt_epu32_mask(header_bytes, set32(TCP_BYTES)));
    sort(sorted, REPLY_TRUNCATED, tcp & _mm512_cmpgt_epu32_mask(header_bytes, tcp_bytes));
    __m512i pseudo = _mm512_add_epi32(sum_words(packets, WORD_SOURCE, WORD_L4), set32(IPV4_PROTOCOL_TCP << 8));
    pseudo = _mm512_add_epi32(pseudo, _mm512_srli_epi32(swap_bytes32(tcp_bytes), 16));
    __mmask16 bad = tcp & lanes_not(sum_known | sum_good(_mm512_add_epi32(sum, pseudo)));
    if (accept_deferred)
        sort_scalar(sorted, bad);
    else
        sort(sorted, REPLY_CHECKSUM, bad);
    // An MSS option in front is the one that counts; one that says zero may be followed by another.
    __mmask16 options = tcp & _mm512_cmpgt_epu32_mask(header_bytes, set32(TCP_BYTES));
    __m512i kind_length = _mm512_and_si512(words[WORD_TCP_OPTION], set32(UINT16_MAX));
    __mmask16 mss_first = _mm512_cmpeq_epi32_mask(kind_length, set32(0x0402));
    mss_first &= _mm512_test_epi32_mask(words[WORD_TCP_OPTION], set32(UINT32_C(0xffff0000)));
    sort_scalar(sorted, options & lanes_not(mss_first));
    sort(sorted, REPLY_TCP, tcp);
}

// ICMP (RFC 792), and the segment of ours that an error quotes.
static inline void sort_icmp(const struct packets *packets, __mmask16 icmp, __m512i sum, uint32_t our_address_be,
                             struct sorted *sorted)
{
    const __m512i *words = packets->words;
    const __m512i *quoted = words + WORD_QUOTED;
    __m512i quoted_bytes = _mm512_sub_epi32(packets->total, set32(IPV4_BYTES + ICMP_BYTES)); // may be negative
    sort(sorted, REPLY_TRUNCATED, icmp & _mm512_cmplt_epi32_mask(quoted_bytes, _mm512_setzero_si512()));
    sort(sorted, REPLY_CHECKSUM, icmp & lanes_not(sum_good(sum)));
    __m512i type_code = _mm512_and_si512(words[WORD_ICMP_TYPE], set32(UINT16_MAX));
    __m512i type = _mm512_and_si512(type_code, set32(0xff));
    sort(sorted, REPLY_ECHO_REQUEST, icmp & _mm512_cmpeq_epi32_mask(type_code, set32(8)));
    __mmask16 error = _mm512_cmpeq_epi32_mask(type, set32(3)) | _mm512_cmpeq_epi32_mask(type, set32(11));
    sort(sorted, REPLY_NOT_OURS, icmp & lanes_not(error));
    sort(sorted, REPLY_TRUNCATED, icmp & _mm512_cmplt_epi32_mask(quoted_bytes, set32(IPV4_BYTES)));
    __mmask16 plain;
    sort(sorted, REPLY_MALFORMED, icmp & lanes_not(version_good(quoted[WORD_LENGTH], &plain)));
    __mmask16 ours = _mm512_cmpeq_epi32_mask(quoted[WORD_SOURCE], set32(our_address_be)) &
                     _mm512_cmpeq_epi32_mask(protocol_of(quoted[WORD_PROTOCOL]), set32(IPV4_PROTOCOL_TCP)) &
                     _mm512_testn_epi32_mask(quoted[WORD_FRAGMENT], set32(UINT32_C(0xff1f0000)));
    sort(sorted, REPLY_NOT_OURS, icmp & lanes_not(ours));
    sort_scalar(sorted, icmp & lanes_not(plain));
    sort(sorted, REPLY_TRUNCATED, icmp & _mm512_cmplt_epi32_mask(quoted_bytes, set32(IPV4_BYTES + ICMP_BYTES)));
    sort(sorted, REPLY_ICMP_ERROR, icmp);
}

// The fields of the lanes that are TCP or an ICMP error; zero in all other lanes.
static inline void fields_store(const struct packets *packets, __mmask16 tcp, __mmask16 icmp, struct reply_burst *burst,
                                size_t at)
{
    const __m512i *words = packets->words;
    const __m512i *quoted = words + WORD_QUOTED;
    const __mmask16 ours = tcp | icmp;
    const __m512i half = set32(UINT16_MAX);
    __m512i address = _mm512_mask_mov_epi32(words[WORD_SOURCE], icmp, quoted[WORD_DESTINATION]);
    __m512i seq = _mm512_mask_mov_epi32(words[WORD_TCP_SEQ], icmp, quoted[WORD_TCP_SEQ]);
    // A reply comes from the remote port, what is quoted went to it.
    __m512i ports = _mm512_rol_epi32(swap_bytes32(quoted[WORD_TCP_PORTS]), 16);
    ports = _mm512_mask_mov_epi32(ports, tcp, swap_bytes32(words[WORD_TCP_PORTS]));
    __m512i flags = swap_bytes32(words[WORD_TCP_FLAGS]);
    __m512i type = _mm512_and_si512(words[WORD_ICMP_TYPE], set32(0xff));
    __mmask16 options = tcp & _mm512_cmpge_epu32_mask(flags, set32(UINT32_C(0x60000000)));
    __m512i low_flags = _mm512_and_si512(_mm512_srli_epi32(flags, 16), set32(0xff));
    _mm512_store_si512(burst->probe.address + at, _mm512_maskz_mov_epi32(ours, swap_bytes32(address)));
    _mm512_store_si512(burst->probe.port + at, _mm512_maskz_srli_epi32(ours, ports, 16));
    _mm512_store_si512(burst->local_port + at, _mm512_maskz_and_epi32(ours, ports, half));
    _mm512_store_si512(burst->seq + at, _mm512_maskz_mov_epi32(ours, swap_bytes32(seq)));
    _mm512_store_si512(burst->ack + at, _mm512_maskz_mov_epi32(tcp, swap_bytes32(words[WORD_TCP_ACK])));
    _mm512_store_si512(burst->flags + at, _mm512_maskz_mov_epi32(ours, _mm512_mask_mov_epi32(type, tcp, low_flags)));
    _mm512_store_si512(burst->window + at, _mm512_maskz_and_epi32(tcp, flags, half));
    _mm512_store_si512(burst->mss + at, _mm512_maskz_and_epi32(options, swap_bytes32(words[WORD_TCP_OPTION]), half));
    _mm512_store_si512(burst->ttl + at, _mm512_maskz_and_epi32(ours, words[WORD_PROTOCOL], set32(0xff)));
    burst->options |= (uint64_t)options << at;
}

static inline __attribute__((always_inline)) void group_read(const struct probe_plan *plan, struct reply_burst *burst,
                                                             size_t at, size_t count)
{
    const uint32_t our_address_be = __builtin_bswap32(plan->cookie.source_address);
    const uint32_t present = count - at < LANES ? (1u << (count - at)) - 1 : UINT16_MAX;
    const __mmask16 l4_known = (__mmask16)(burst->l4_good >> at);
    struct packets packets;
    struct sorted sorted = {0};
    packets_load(burst, plan->ip_offset, at, &packets);
    packets.live &= (__mmask16)present;
    sorted.rest = packets.live;
    sorted.scalar = (__mmask16)(present & ~(uint32_t)packets.live);
    sort_ipv4(&packets, our_address_be, (__mmask16)(burst->ip_good >> at), &sorted);
    __m512i protocol = protocol_of(packets.words[WORD_PROTOCOL]);
    __mmask16 tcp = sorted.rest & _mm512_cmpeq_epi32_mask(protocol, set32(IPV4_PROTOCOL_TCP));
    __mmask16 icmp = sorted.rest & _mm512_cmpeq_epi32_mask(protocol, set32(IPV4_PROTOCOL_ICMP));
    sort(&sorted, REPLY_NOT_OURS, lanes_not(tcp | icmp));
    __m512i sum = sum_rest(&packets);
    __mmask16 longer =
        _mm512_cmpgt_epu32_mask(packets.total, set32(VECTOR_BYTES)) & ((tcp & lanes_not(l4_known)) | icmp);
    if (longer != 0)
        sum = _mm512_add_epi32(sum, sums_beyond(burst, plan->ip_offset, at, longer));
    sort_tcp(&packets, tcp, sum, l4_known, burst->accept_deferred, &sorted);
    sort_icmp(&packets, icmp, sum, our_address_be, &sorted);
    fields_store(&packets, sorted.kinds[REPLY_TCP], sorted.kinds[REPLY_ICMP_ERROR], burst, at);
    for (size_t kind = 0; kind < REPLY_KINDS; kind++)
        burst->kinds[kind] |= (uint64_t)sorted.kinds[kind] << at;
    for (uint32_t lanes = sorted.scalar; lanes != 0; lanes &= lanes - 1)
        reply_burst_read_one(plan, burst, at + (size_t)__builtin_ctz(lanes));
}

void avx512_read(const struct probe_plan *plan, struct reply_burst *burst, size_t count)
{
    memset(burst->kinds, 0, sizeof(burst->kinds));
    burst->deferred = 0;
    burst->options = 0;
    // A group is read whole.
    for (size_t i = count; i % LANES != 0; i++)
        burst->frame[i] = burst->frame[0];
    for (size_t at = 0; at < count; at += LANES)
        group_read(plan, burst, at, count);
}
