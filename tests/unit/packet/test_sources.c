// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "probes/packet/checksum.h"
#include "probes/packet/frames.h"
#include "probes/packet/headers.h"
#include "probes/packet/reply.h"
#include "probes/packet/sources.h"

// Odd borders, so that low and high words of the address change.
static const struct sources SOURCES = {.first = 0xc0a8fffb, .count = 11};
static const uint32_t REMOTE = 0xc000024d;
static const struct reply_offload none;

static struct probe_link link_of(bool tagged)
{
    return (struct probe_link){
        .source_mac = {2, 0, 0, 0, 0, 9}, .gateway_mac = {2, 0, 0, 0, 0, 1}, .vlan = 7, .vlan_given = tagged};
}

static size_t segment_make(uint32_t to, bool tagged, const char *payload, uint8_t *frame)
{
    const struct probe_link link = link_of(tagged);
    const struct frame_segment segment = {.source_address = REMOTE,
                                          .address = to,
                                          .seq = 0x11223344,
                                          .ack = 0x55667788,
                                          .local_port = 22,
                                          .remote_port = 40001,
                                          .window = 65160,
                                          .flags = TCP_ACK,
                                          .payload = (const uint8_t *)payload,
                                          .payload_bytes = strlen(payload)};
    return frame_segment(&link, &segment, frame);
}

// Arrives as one to the first address, and is itself again afterwards.
static struct reply there_and_back(uint8_t *frame, size_t length, uint32_t local, struct reply_offload offload)
{
    uint8_t before[FRAME_MAX];
    struct reply reply;
    memcpy(before, frame, length);
    cr_assert_eq(sources_arrive(&SOURCES, frame, length), local);
    reply_read(frame, length, SOURCES.first, offload, &reply);
    sources_restore(&SOURCES, local, frame, length);
    cr_assert_eq(memcmp(before, frame, length), 0, "another frame than it was, to %08x", local);
    return reply;
}

Test(sources, hosts_are_spread_over_all_and_stay_with_one)
{
    uint32_t counts[11] = {0};
    for (uint32_t i = 0; i < 11000; i++) {
        uint32_t source = sources_of(&SOURCES, 0x0a000000 + i);
        cr_assert(source >= SOURCES.first && source - SOURCES.first < SOURCES.count);
        cr_assert_eq(source, sources_of(&SOURCES, 0x0a000000 + i));
        counts[source - SOURCES.first]++;
    }
    for (size_t i = 0; i < 11; i++)
        cr_expect(counts[i] > 800 && counts[i] < 1200, "address %zu has %u of 11,000", i, counts[i]);
    const struct sources one = {.first = 7, .count = 1};
    cr_assert_eq(sources_of(&one, 0xffffffff), 7);
}

Test(sources, segments_arrive_whole_and_damaged_ones_stay_damaged)
{
    uint8_t frame[FRAME_MAX];
    for (uint32_t i = 0; i < 2 * SOURCES.count; i++) {
        uint32_t local = SOURCES.first + i / 2;
        size_t length = segment_make(local, i % 2 == 1, "seven b", frame);
        struct reply reply = there_and_back(frame, length, local, none);
        cr_expect_eq(reply.kind, REPLY_TCP, "to %08x", local);
        cr_expect_eq(reply.address, REMOTE);
        frame[length - 1] ^= 0; // padding, perhaps
        frame[(i % 2 == 1 ? 18 : 14) + 24] ^= 1;
        cr_expect_eq(there_and_back(frame, length, local, none).kind, REPLY_CHECKSUM);
    }
    size_t length = segment_make(SOURCES.first + SOURCES.count, false, "", frame);
    cr_assert_eq(sources_arrive(&SOURCES, frame, length), 0, "somebody else's");
    length = segment_make(SOURCES.first - 1, false, "", frame);
    cr_assert_eq(sources_arrive(&SOURCES, frame, length), 0, "somebody else's");
}

Test(sources, checksums_that_a_kernel_deferred_stay_deferred)
{
    const struct reply_offload virtual = {.accept_deferred = true};
    uint8_t frame[FRAME_MAX];
    for (uint32_t i = 0; i < SOURCES.count; i++) {
        uint32_t local = SOURCES.first + i;
        size_t length = segment_make(local, false, "abc", frame);
        uint16_t pseudo = checksum_fold(checksum_pseudo(frame + 26, frame + 30, 6, 23));
        memcpy(frame + 14 + 36, &pseudo, 2);
        struct reply reply = there_and_back(frame, length, local, virtual);
        cr_expect_eq(reply.kind, REPLY_TCP);
        cr_expect(reply.checksum_deferred);
    }
}

// An error of a router that quotes 28 bytes of a probe of ours.
static size_t error_make(uint32_t local, uint8_t *frame)
{
    const struct probe_link link = link_of(false);
    size_t at = header_ethernet(frame, &link, link.gateway_mac, ETHERTYPE_IPV4);
    uint8_t *ip = frame + at;
    const struct header_ipv4 outer = {
        .total_bytes = 56, .ttl = 60, .protocol = IPV4_PROTOCOL_ICMP, .source = 0x0a0000fe, .destination = local};
    const struct header_ipv4 inner = {
        .total_bytes = 44, .ttl = 1, .protocol = IPV4_PROTOCOL_TCP, .source = local, .destination = REMOTE};
    memset(ip, 0, 56);
    header_ipv4_put(ip, &outer);
    header_ipv4_seal(ip);
    ip[20] = 3;
    ip[21] = 13;
    header_ipv4_put(ip + 28, &inner);
    header_ipv4_seal(ip + 28);
    header_put16(ip + 48, 20001);
    header_put16(ip + 50, 443);
    uint16_t checksum = checksum_finish(checksum_add(0, ip + 20, 36));
    memcpy(ip + 22, &checksum, 2);
    return at + 56;
}

Test(sources, errors_and_what_they_quote_arrive_whole)
{
    uint8_t frame[FRAME_MAX];
    for (uint32_t i = 0; i < SOURCES.count; i++) {
        uint32_t local = SOURCES.first + i;
        size_t length = error_make(local, frame);
        struct reply reply = there_and_back(frame, length, local, none);
        cr_expect_eq(reply.kind, REPLY_ICMP_ERROR, "%u", i);
        cr_expect_eq(reply.address, REMOTE);
        cr_expect_eq(reply.icmp_code, 13);
        // One that quotes another of ours than it came to is nobody's.
        uint8_t *icmp = frame + 14 + 20;
        header_put32(icmp + 8 + 12, SOURCES.first + (i + 1) % SOURCES.count);
        memset(icmp + 2, 0, 2);
        uint16_t checksum = checksum_finish(checksum_add(0, icmp, 36));
        memcpy(icmp + 2, &checksum, 2);
        (void)sources_arrive(&SOURCES, frame, length);
        reply_read(frame, length, SOURCES.first, none, &reply);
        cr_expect_neq(reply.kind, REPLY_ICMP_ERROR);
    }
}

Test(sources, arp_for_each_of_them_is_heard)
{
    const struct probe_link link = link_of(false);
    uint8_t frame[FRAME_MAX];
    for (uint32_t i = 0; i < SOURCES.count; i++) {
        size_t length = frame_arp_request(&link, REMOTE, SOURCES.first + i, frame);
        struct reply reply = there_and_back(frame, length, SOURCES.first + i, none);
        cr_expect_eq(reply.kind, REPLY_ARP_REQUEST);
        cr_expect_eq(reply.address, REMOTE);
    }
}

// The probe's frame as the template's kernels make it, from the first address, leaves with sums that hold.
Test(sources, probes_leave_whole_whatever_stood_in_the_buffer)
{
    uint8_t frame[FRAME_MAX];
    for (uint32_t i = 0; i < 200; i++) {
        const struct probe_link link = link_of(i % 2 == 1);
        const uint32_t ip = i % 2 == 1 ? 18 : 14;
        const struct frame_segment segment = {.source_address = SOURCES.first,
                                              .address = REMOTE + i * 77,
                                              .seq = 7,
                                              .local_port = 20000,
                                              .remote_port = 22,
                                              .mss = 1460,
                                              .flags = TCP_SYN};
        struct reply reply;
        size_t length = frame_segment(&link, &segment, frame);
        header_put32(frame + ip + 12, 0x01020304); // of the probe that it held before
        sources_leave(&SOURCES, frame, ip);
        uint32_t source = sources_of(&SOURCES, segment.address);
        cr_assert_eq(header_get32(frame + ip + 12), source);
        reply_read(frame, length, segment.address, none, &reply);
        cr_assert_eq(reply.kind, REPLY_TCP, "sums of %08x", source);
        cr_assert_eq(reply.address, source);
    }
}

// Nothing is read or written behind what was captured; what is not whole may be rewritten in part, and comes back.
Test(sources, every_truncation_and_flipped_byte_stays_within_the_frame)
{
    uint8_t whole[FRAME_MAX];
    for (int kind = 0; kind < 3; kind++) {
        const struct probe_link link = link_of(false);
        uint32_t local = SOURCES.first + 3;
        size_t length = kind == 0   ? segment_make(local, true, "abc", whole)
                        : kind == 1 ? error_make(local, whole)
                                    : frame_arp_request(&link, REMOTE, local, whole);
        for (size_t cut = 0; cut <= length; cut++) {
            for (size_t flip = 0; flip <= cut; flip++) {
                uint8_t *frame = malloc(cut + 1);
                memcpy(frame, whole, cut);
                frame[cut] = 0x5a;
                if (flip < cut)
                    frame[flip] ^= 0xff;
                uint32_t found = sources_arrive(&SOURCES, frame, cut);
                if (found != 0)
                    sources_restore(&SOURCES, found, frame, cut);
                cr_assert_eq(frame[cut], 0x5a);
                free(frame);
            }
        }
    }
}
