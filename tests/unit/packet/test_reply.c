// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "probes/packet/checksum.h"
#include "probes/packet/frames.h"
#include "probes/packet/reply.h"

static const uint32_t our_address = 0xc0a80002;
static const uint32_t remote_address = 0xc000024d;
static const struct reply_offload none;

struct sample {
    uint8_t bytes[FRAME_MAX];
    size_t length; // of what the headers describe, without padding
    size_t ip;     // offset
};

static void seal16(uint8_t *at, uint64_t sum)
{
    uint16_t checksum = checksum_finish(sum);
    memcpy(at, &checksum, 2);
}

static void seal_ip(struct sample *sample)
{
    uint8_t *ip = sample->bytes + sample->ip;
    memset(ip + 10, 0, 2);
    seal16(ip + 10, checksum_add(0, ip, (size_t)(ip[0] & 15) * 4));
}

static void seal_tcp(struct sample *sample)
{
    uint8_t *ip = sample->bytes + sample->ip;
    size_t tcp_bytes = sample->length - sample->ip - 20;
    memset(ip + 36, 0, 2);
    seal16(ip + 36, checksum_add(checksum_pseudo(ip + 12, ip + 16, 6, (uint16_t)tcp_bytes), ip + 20, tcp_bytes));
}

// A segment from the remote host to us, as its own system would build it.
static struct sample tcp_sample(uint8_t flags, uint16_t mss, const char *payload, bool tagged)
{
    const struct probe_link link = {
        .source_mac = {2, 0, 0, 0, 0, 9}, .gateway_mac = {2, 0, 0, 0, 0, 1}, .vlan = 7, .vlan_given = tagged};
    const struct frame_segment segment = {.source_address = remote_address,
                                          .address = our_address,
                                          .seq = 0x11223344,
                                          .ack = 0x55667788,
                                          .local_port = 22,
                                          .remote_port = 40001,
                                          .window = 65160,
                                          .mss = mss,
                                          .flags = flags,
                                          .payload = (const uint8_t *)payload,
                                          .payload_bytes = strlen(payload)};
    struct sample sample = {.ip = tagged ? 18 : 14};
    cr_assert_geq(frame_segment(&link, &segment, sample.bytes), 60);
    sample.length = sample.ip + 40 + (mss != 0 ? 4 : 0) + strlen(payload);
    return sample;
}

// An ICMP error that quotes `quoted_bytes` of a probe of ours.
static struct sample icmp_sample(uint8_t type, uint8_t code, size_t quoted_bytes)
{
    struct sample sample = tcp_sample(2, 0, "", false);
    uint8_t *ip = sample.bytes + 14;
    uint8_t quoted[64] = {0x45, 0, 0,   44, 0, 0,  0,    0,    64, 6,  0,    0,    192,  168,
                          0,    2, 192, 0,  2, 77, 0x9c, 0x41, 0,  22, 0xde, 0xad, 0xbe, 0xef};
    ip[2] = 0;
    ip[3] = (uint8_t)(28 + quoted_bytes);
    ip[9] = 1;
    memcpy(ip + 12, (const uint8_t[]){10, 1, 1, 1}, 4); // a router on the way
    memset(ip + 20, 0, 8);
    ip[20] = type;
    ip[21] = code;
    memcpy(ip + 28, quoted, quoted_bytes);
    sample.length = 14 + 28 + quoted_bytes;
    seal16(ip + 22, checksum_add(0, ip + 20, 8 + quoted_bytes));
    seal_ip(&sample);
    return sample;
}

static struct reply read_sample(const struct sample *sample, size_t length, struct reply_offload offload)
{
    // A copy of exactly this length, so that a sanitizer sees a byte read too many.
    uint8_t *exact = malloc(length + (length == 0));
    memcpy(exact, sample->bytes, length);
    struct reply reply;
    memset(&reply, 0xa5, sizeof(reply));
    reply_read(exact, length, our_address, offload, &reply);
    free(exact);
    return reply;
}

Test(reply, a_syn_ack_is_read_whole)
{
    for (int tagged = 0; tagged < 2; tagged++) {
        struct sample sample = tcp_sample(0x12, 1412, "", tagged == 1);
        struct reply reply = read_sample(&sample, sample.length, none);
        cr_assert_eq(reply.kind, REPLY_TCP);
        cr_assert_eq(reply.flags, 0x12);
        cr_assert_eq(reply.address, remote_address);
        cr_assert_eq(reply.remote_port, 22);
        cr_assert_eq(reply.local_port, 40001);
        cr_assert_eq(reply.seq, 0x11223344);
        cr_assert_eq(reply.ack, 0x55667788);
        cr_assert_eq(reply.window, 65160);
        cr_assert_eq(reply.mss, 1412);
        cr_assert_eq(reply.ttl, 64);
        cr_assert(reply.options_present);
        cr_assert_not(reply.checksum_deferred);
        cr_assert_eq(reply.payload_bytes, 0);
        cr_assert_arr_eq(reply.mac, ((uint8_t[]){2, 0, 0, 0, 0, 9}), 6);
    }
}

Test(reply, padding_of_a_short_frame_is_no_payload)
{
    struct sample sample = tcp_sample(0x14, 0, "", false);
    struct reply reply = read_sample(&sample, 60, none);
    cr_assert_eq(reply.kind, REPLY_TCP);
    cr_assert_eq(reply.payload_bytes, 0);
    cr_assert_not(reply.options_present);
    sample = tcp_sample(0x18, 0, "xy", false);
    reply = read_sample(&sample, 60, none);
    cr_assert_eq(reply.payload_bytes, 2);
    cr_assert_eq(memcmp(sample.bytes + reply.payload_offset, "xy", 2), 0);
}

Test(reply, every_truncation_of_a_valid_frame_is_refused)
{
    struct sample samples[] = {tcp_sample(0x12, 1460, "", false),
                               tcp_sample(0x18, 0, "SSH-2.0-OpenSSH_9.2p1\r\n", true), icmp_sample(3, 13, 28),
                               icmp_sample(8, 0, 20)};
    for (size_t s = 0; s < 4; s++)
        for (size_t length = 0; length < samples[s].length; length++) {
            cr_assert_eq(read_sample(&samples[s], length, none).kind, REPLY_TRUNCATED, "sample %zu at %zu", s, length);
            cr_assert_eq(read_sample(&samples[s], length, (struct reply_offload){true, true, true}).kind,
                         REPLY_TRUNCATED);
        }
}

Test(reply, every_flipped_byte_of_a_checked_part_is_noticed)
{
    struct sample samples[] = {tcp_sample(0x12, 1460, "abc", false), icmp_sample(3, 1, 28)};
    for (size_t s = 0; s < 2; s++) {
        struct reply good = read_sample(&samples[s], samples[s].length, none);
        cr_assert(good.kind == REPLY_TCP || good.kind == REPLY_ICMP_ERROR);
        for (size_t at = 14; at < samples[s].length; at++)
            for (unsigned bit = 0; bit < 8; bit++) {
                struct sample flipped = samples[s];
                flipped.bytes[at] ^= (uint8_t)(1u << bit);
                struct reply reply = read_sample(&flipped, flipped.length, none);
                cr_assert_neq(reply.kind, good.kind, "sample %zu byte %zu bit %u", s, at, bit);
            }
    }
}

Test(reply, random_bytes_behind_good_headers_stay_inside_the_frame)
{
    uint64_t state = 11;
    for (size_t n = 0; n < 300000; n++) {
        struct sample sample = n % 2 == 0 ? tcp_sample(0x12, 1460, "0123456789", n % 4 == 0) : icmp_sample(11, 0, 36);
        for (size_t flips = n % 7; flips > 0; flips--) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
            sample.bytes[12 + (state >> 33) % (sample.length - 12)] = (uint8_t)(state >> 50);
        }
        struct reply reply =
            read_sample(&sample, (state >> 20) % 5 == 0 ? (state >> 40) % sample.length : sample.length,
                        (struct reply_offload){true, true, true});
        if (reply.kind == REPLY_TCP || reply.kind == REPLY_ECHO_REQUEST)
            cr_assert_leq((size_t)reply.payload_offset + reply.payload_bytes, sample.length);
    }
}

Test(reply, an_offset_of_sixty_with_twenty_captured_is_truncated)
{
    struct sample sample = tcp_sample(0x12, 0, "", false);
    sample.bytes[14 + 32] = 15 << 4;
    seal_tcp(&sample);
    cr_assert_eq(read_sample(&sample, 60, none).kind, REPLY_TRUNCATED);
    sample.bytes[14 + 32] = 4 << 4;
    seal_tcp(&sample);
    cr_assert_eq(read_sample(&sample, 60, none).kind, REPLY_MALFORMED);
}

Test(reply, a_deferred_checksum_passes_only_where_it_is_accepted)
{
    struct sample sample = tcp_sample(0x12, 1460, "", false);
    uint8_t *ip = sample.bytes + 14;
    uint16_t pseudo = checksum_fold(checksum_pseudo(ip + 12, ip + 16, 6, 24));
    memcpy(ip + 36, &pseudo, 2);
    cr_assert_eq(read_sample(&sample, sample.length, none).kind, REPLY_CHECKSUM);
    struct reply reply = read_sample(&sample, sample.length, (struct reply_offload){.accept_deferred = true});
    cr_assert_eq(reply.kind, REPLY_TCP);
    cr_assert(reply.checksum_deferred);
    ip[36] ^= 1;
    cr_assert_eq(read_sample(&sample, sample.length, (struct reply_offload){.accept_deferred = true}).kind,
                 REPLY_CHECKSUM);
    cr_assert_eq(read_sample(&sample, sample.length, (struct reply_offload){.l4_checksum_good = true}).kind, REPLY_TCP);
}

Test(reply, headers_that_cannot_be_are_malformed_and_fragments_are_told)
{
    struct sample sample = tcp_sample(0x12, 1460, "", false);
    struct sample other = sample;
    other.bytes[14] = 0x65;
    cr_assert_eq(read_sample(&other, other.length, none).kind, REPLY_MALFORMED);
    other.bytes[14] = 0x44;
    cr_assert_eq(read_sample(&other, other.length, none).kind, REPLY_MALFORMED);
    other = sample;
    other.bytes[17] = 19;
    cr_assert_eq(read_sample(&other, other.length, none).kind, REPLY_MALFORMED);
    other = sample;
    other.bytes[20] = 0x20; // more fragments
    seal_ip(&other);
    cr_assert_eq(read_sample(&other, other.length, none).kind, REPLY_FRAGMENT);
    other = sample;
    other.bytes[20] = 0x40; // don't fragment
    seal_ip(&other);
    cr_assert_eq(read_sample(&other, other.length, none).kind, REPLY_TCP);
    other.bytes[33]++;
    cr_assert_eq(read_sample(&other, other.length, none).kind, REPLY_NOT_OURS);
    other.bytes[12] = 0x86; // IPv6
    other.bytes[13] = 0xdd;
    cr_assert_eq(read_sample(&other, other.length, none).kind, REPLY_NOT_OURS);
}

Test(reply, hostile_option_lists_end_without_harm)
{
    static const uint8_t lists[][8] = {
        {2, 0}, {2, 1}, {2, 200}, {8, 8, 1}, {1, 1, 1, 1, 1, 1, 1, 2}, {2, 3, 5, 2, 4, 1, 2, 0}, {254, 255}};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct sample sample = tcp_sample(0x12, 1460, "1234", false);
        sample.bytes[14 + 32] = 7 << 4;
        memcpy(sample.bytes + 14 + 40, lists[i], 8);
        seal_tcp(&sample);
        struct reply reply = read_sample(&sample, sample.length, none);
        cr_assert_eq(reply.kind, REPLY_TCP);
        cr_assert_eq(reply.mss, i == 5 ? 0x0102 : 0, "list %zu", i);
        cr_assert(reply.options_present);
        cr_assert_eq(reply.payload_bytes, 0);
    }
}

Test(reply, icmp_errors_are_matched_through_what_they_quote)
{
    static const uint8_t types[] = {3, 11};
    for (size_t t = 0; t < 2; t++) {
        struct sample sample = icmp_sample(types[t], 2, 28);
        struct reply reply = read_sample(&sample, sample.length, none);
        cr_assert_eq(reply.kind, REPLY_ICMP_ERROR);
        cr_assert_eq(reply.flags, types[t]);
        cr_assert_eq(reply.icmp_code, 2);
        cr_assert_eq(reply.address, remote_address);
        cr_assert_eq(reply.reporter, 0x0a010101);
        cr_assert_eq(reply.local_port, 40001);
        cr_assert_eq(reply.remote_port, 22);
        cr_assert_eq(reply.seq, 0xdeadbeef);
    }
    struct sample redirect = icmp_sample(5, 0, 28);
    cr_assert_eq(read_sample(&redirect, redirect.length, none).kind, REPLY_NOT_OURS);
    struct sample shorter = icmp_sample(3, 1, 27);
    cr_assert_eq(read_sample(&shorter, shorter.length, none).kind, REPLY_TRUNCATED);
    struct sample strange = icmp_sample(3, 1, 28);
    strange.bytes[14 + 28 + 15]++; // quotes somebody else's packet
    strange.bytes[14 + 23]--;
    cr_assert_eq(read_sample(&strange, strange.length, none).kind, REPLY_NOT_OURS);
}

Test(reply, an_echo_request_is_answered_with_its_own_data)
{
    struct sample sample = icmp_sample(8, 0, 20);
    struct reply reply = read_sample(&sample, sample.length, none);
    cr_assert_eq(reply.kind, REPLY_ECHO_REQUEST);
    cr_assert_eq(reply.address, 0x0a010101);
    cr_assert_eq(reply.payload_bytes, 28);
    const struct probe_link link = {.source_mac = {2, 0, 0, 0, 0, 2}};
    struct sample answer = {.ip = 14};
    size_t length = frame_echo_reply(&link, our_address, reply.address, reply.mac, sample.bytes + reply.payload_offset,
                                     reply.payload_bytes, answer.bytes);
    cr_assert_eq(length, 14 + 20 + 28);
    cr_assert_eq(answer.bytes[34], 0);
    cr_assert_eq(checksum_fold(checksum_add(0, answer.bytes + 34, 28)), 0xffff);
    cr_assert_arr_eq(answer.bytes + 38, sample.bytes + 38, 24);
    cr_assert_eq(frame_echo_reply(&link, 1, 2, reply.mac, sample.bytes, 7, answer.bytes), 0);
    cr_assert_eq(frame_echo_reply(&link, 1, 2, reply.mac, sample.bytes, 1481, answer.bytes), 0);
    cr_assert_eq(frame_echo_reply(&link, 1, 2, reply.mac, sample.bytes, 1480, answer.bytes), 14 + 20 + 1480,
                 "as much as a ping of 1,472 bytes sends");
}

Test(reply, arp_is_read_as_it_is_written)
{
    const struct probe_link link = {.source_mac = {2, 0, 0, 0, 0, 9}};
    struct sample sample;
    cr_assert_eq(frame_arp_request(&link, remote_address, our_address, sample.bytes), 60);
    struct reply reply = read_sample(&sample, 42, none);
    cr_assert_eq(reply.kind, REPLY_ARP_REQUEST);
    cr_assert_eq(reply.address, remote_address);
    cr_assert_arr_eq(reply.mac, link.source_mac, 6);
    cr_assert_arr_eq(sample.bytes, ((uint8_t[]){255, 255, 255, 255, 255, 255}), 6);
    const uint8_t to[6] = {2, 0, 0, 0, 0, 1};
    cr_assert_eq(frame_arp_reply(&link, remote_address, our_address, to, sample.bytes), 60);
    reply = read_sample(&sample, 42, none);
    cr_assert_eq(reply.kind, REPLY_ARP_REPLY);
    cr_assert_arr_eq(sample.bytes, to, 6);
    cr_assert_eq(read_sample(&sample, 41, none).kind, REPLY_TRUNCATED);
    sample.bytes[41]++; // asks for a neighbour's address
    cr_assert_eq(read_sample(&sample, 60, none).kind, REPLY_NOT_OURS);
}

Test(frames, a_segment_too_long_is_refused_and_the_longest_fits)
{
    const struct probe_link link = {.vlan_given = true};
    uint8_t payload[1461] = {1};
    uint8_t frame[FRAME_MAX];
    struct frame_segment segment = {.payload = payload, .payload_bytes = 1461};
    cr_assert_eq(frame_segment(&link, &segment, frame), 0);
    segment.payload_bytes = 1460;
    cr_assert_eq(frame_segment(&link, &segment, frame), FRAME_MAX);
    segment.mss = 1460;
    cr_assert_eq(frame_segment(&link, &segment, frame), 0);
}

// Of every profile: the probe as its target receives it, field by field through reply_read, checksums verified there.
Test(probe, what_is_written_is_what_its_target_reads)
{
    const uint8_t secret[16] = {9};
    const uint16_t ports[3] = {22, 443, 65535};
    const uint32_t bases[2] = {0x0a000000, 0x0a010110};
    const struct targets targets = {
        .count = 272, .whole_addresses = 256, .sixteen_addresses = 16, .base_count = 2, .bases = bases};
    static const uint32_t lengths[] = {60, 60, 78, 66}; // of mss, none, linux (behind a tag) and windows
    for (int profile = 0; profile < 4; profile++) {
        const struct probe_link link = {
            .gateway_mac = {2, 0, 0, 0, 0, 1}, .vlan = 9, .vlan_given = profile == PROBE_PROFILE_LINUX};
        struct probe_template probe;
        probe_template_init(&probe, &link, our_address, (enum probe_profile)profile);
        cr_assert_eq(probe.frame_bytes, lengths[profile]);
        struct cookie_key key;
        struct probe_plan plan;
        cr_assert_eq(cookie_key_init(&key, secret, our_address, 40000, 1024), 0);
        cr_assert_eq(probe_plan_init(&plan, &targets, ports, NULL, 3, 5, &key, &probe), 0);
        struct probe_burst burst;
        for (uint64_t start = 0; start < plan.order.count; start += BURST_MAX) {
            size_t count = plan.order.count - start < BURST_MAX ? plan.order.count - start : BURST_MAX;
            for (size_t i = 0; i < count; i++)
                burst.position[i] = start + i;
            kernels_best()->generate(&plan, &burst, count);
            for (size_t i = 0; i < count; i++) {
                uint8_t frame[PROBE_FRAME_MAX];
                struct reply reply;
                memcpy(frame, probe.frame, sizeof(frame));
                probe_write(frame, probe.ip_offset, &burst, i);
                reply_read(frame, probe.frame_bytes, burst.address[i], none, &reply);
                cr_assert_eq(reply.kind, REPLY_TCP);
                cr_assert_eq(reply.flags, 2);
                cr_assert_eq(reply.address, our_address);
                cr_assert_eq(reply.remote_port, burst.local_port[i]);
                cr_assert_eq(reply.local_port, burst.port[i]);
                cr_assert_eq(reply.seq, burst.isn[i]);
                cr_assert_eq(reply.payload_bytes, 0);
                cr_assert_eq(reply.mss, profile == PROBE_PROFILE_NONE ? 0 : 1460);
                cr_assert_eq((uint32_t)frame[probe.ip_offset + 4] << 8 | frame[probe.ip_offset + 5], burst.ip_id[i]);
            }
        }
    }
}
