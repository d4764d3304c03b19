// SPDX-License-Identifier: BSD-3-Clause
// The burst kernels that read and judge received frames, against reply_read and a judge that takes one frame at a time.
// The frames are what hosts, routers and neighbours send, altered at random: most of them are wrong somewhere.
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "config/intervals.h"
#include "config/image/targets.h"
#include "config/targets_build.h"
#include "probes/packet/headers.h"
#include "probes/packet/replies.h"
#include "probes/packet/tcp.h"

enum { FRAME_MAX = 200, PORTS = 5, PORTS_ALL = 65536 };

static const uint32_t our_address = 0x0a090807;
static uint64_t random_state = 1;

static uint32_t random_next(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 32);
}

static bool chance(uint32_t per_cent)
{
    return random_next() % 100 < per_cent;
}

struct fixture {
    struct targets_storage storage;
    struct probe_plan plan;
    uint16_t ports[PORTS_ALL];
    uint32_t port_count;
    int32_t port_index[65536];
    bool tagged;
};

static void fixture_targets(struct fixture *fixture, const struct interval *networks, size_t count)
{
    struct interval_set set;
    interval_set_init(&set);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(interval_set_add(&set, networks[i]), 0);
    interval_set_seal(&set);
    cr_assert_eq(targets_build(&set, &fixture->storage), 0);
    interval_set_fini(&set);
}

// Behind the targets and the ports.
static void fixture_plan(struct fixture *fixture, bool tagged)
{
    memset(fixture->port_index, 0xff, sizeof(fixture->port_index));
    for (uint32_t i = 0; i < fixture->port_count; i++)
        fixture->port_index[fixture->ports[i]] = (int32_t)i;
    uint8_t secret[16];
    for (size_t i = 0; i < sizeof(secret); i++)
        secret[i] = (uint8_t)random_next();
    struct cookie_key key;
    cr_assert_eq(cookie_key_init(&key, secret, our_address, 16384, 64), 0);
    const struct probe_link link = {.gateway_mac = {2, 0, 0, 0, 0, 1}, .vlan = 7, .vlan_given = tagged};
    struct probe_template probe;
    probe_template_init(&probe, &link, our_address, PROBE_PROFILE_MSS);
    cr_assert_eq(probe_plan_init(&fixture->plan, &fixture->storage.targets, fixture->ports, fixture->port_index,
                                 fixture->port_count, random_next(), &key, &probe),
                 0);
    fixture->tagged = tagged;
}

// A plan whose networks have all three kinds of pieces.
static void fixture_init(struct fixture *fixture, bool tagged)
{
    static const struct interval NETWORKS[] = {
        {0x01020000, 0x010209ff}, {0x01030010, 0x0103002f}, {0x01030044, 0x01030047}, {0xffff0000, 0xffff02ff}};
    fixture_targets(fixture, NETWORKS, sizeof(NETWORKS) / sizeof(NETWORKS[0]));
    fixture->port_count = PORTS;
    for (int i = 0; i < PORTS; i++)
        fixture->ports[i] = (uint16_t)(1000 * i + 22);
    fixture_plan(fixture, tagged);
}

// The largest plan there can be: every address and every port, 2^48 positions. Indexes of blocks, ordinals and ports
// all need their topmost bit.
static void fixture_init_all(struct fixture *fixture)
{
    static const struct interval EVERYTHING = {0, UINT32_MAX};
    fixture_targets(fixture, &EVERYTHING, 1);
    fixture->port_count = PORTS_ALL;
    for (uint32_t i = 0; i < PORTS_ALL; i++)
        fixture->ports[i] = (uint16_t)(UINT16_MAX - i);
    fixture_plan(fixture, false);
    cr_assert_eq(fixture->plan.order.count, UINT64_C(1) << 48);
}

struct frame {
    uint8_t *bytes; // no more than may be read, so that a sanitizer sees one read too many
    size_t length;
};

// Somebody whom the plan asks, or once in a while somebody whom it does not.
static uint32_t address_next(const struct fixture *fixture)
{
    uint32_t address = targets_address(&fixture->storage.targets, random_next() % fixture->storage.targets.count);
    return chance(95) ? address : address ^ 1u << random_next() % 32;
}

static void seal(uint8_t *ip, size_t total)
{
    size_t header = (size_t)(ip[0] & 15) * 4;
    if (header < IPV4_BYTES || header > total)
        return;
    memset(ip + 10, 0, 2);
    uint16_t checksum = checksum_finish(checksum_add(0, ip, header));
    memcpy(ip + 10, &checksum, 2);
    size_t at = ip[9] == IPV4_PROTOCOL_TCP ? 16 : 2;
    if (total - header < at + 2)
        return;
    memset(ip + header + at, 0, 2);
    uint64_t pseudo = checksum_pseudo(ip + 12, ip + 16, ip[9], (uint16_t)(total - header));
    uint64_t sum = ip[9] == IPV4_PROTOCOL_TCP ? pseudo : 0;
    // Once in a while as a kernel leaves it for its hardware.
    checksum = chance(5) ? checksum_fold(pseudo) : checksum_finish(checksum_add(sum, ip + header, total - header));
    memcpy(ip + header + at, &checksum, 2);
}

// TCP options of a SYN-ACK: none, the MSS, the MSS and more, more and the MSS, one MSS that says zero and one that does
// not, garbage.
static size_t options_write(uint8_t *option)
{
    static const struct {
        uint8_t bytes[20];
        uint8_t length;
    } OPTIONS[] = {
        {{0}, 0},
        {{2, 4, 5, 0xb4}, 4},
        {{2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7}, 20},
        {{1, 1, 4, 2, 2, 4, 5, 0x14}, 8},
        {{2, 4, 0, 0, 2, 4, 5, 0x14}, 8},
        {{2, 4, 2, 0, 2, 4, 5, 0x14, 2, 0, 0, 0}, 12},
        {{8, 255, 2, 4, 5, 0x14, 0, 0}, 8},
        {{0, 0, 0, 0}, 4},
        {{1, 1, 1, 1}, 4},
    };
    uint32_t pick = chance(60) ? 1 : random_next() % (sizeof(OPTIONS) / sizeof(OPTIONS[0]));
    memcpy(option, OPTIONS[pick].bytes, OPTIONS[pick].length);
    return OPTIONS[pick].length;
}

// A segment from a host that we asked.
static size_t tcp_write(uint8_t *ip, uint32_t address, uint16_t port, const struct cookie *cookie)
{
    static const uint8_t FLAGS[] = {0x12, 0x12, 0x12, 0x14, 0x14, 0x04, 0x10, 0x18, 0x11, 0x02, 0x00, 0x16};
    static const uint32_t BEYOND[] = {0, 0, 0, 0, UINT32_MAX, 1, 65535, 65536, UINT32_MAX - 1, 0x80000000};
    uint8_t *tcp = ip + IPV4_BYTES;
    size_t header = TCP_BYTES + options_write(tcp + TCP_BYTES);
    size_t payload = chance(80) ? 0 : random_next() % 90;
    for (size_t i = 0; i < payload; i++)
        tcp[header + i] = (uint8_t)random_next();
    size_t total = IPV4_BYTES + header + payload;
    header_ipv4_put(ip, &(struct header_ipv4){.total_bytes = (uint16_t)total,
                                              .ttl = (uint8_t)random_next(),
                                              .protocol = IPV4_PROTOCOL_TCP,
                                              .source = address,
                                              .destination = our_address});
    header_put16(tcp, port);
    header_put16(tcp + 2, chance(90) ? cookie->local_port : (uint16_t)(16384 + random_next() % 128));
    header_put32(tcp + 4, random_next());
    header_put32(tcp + 8, cookie->isn + 1 + BEYOND[random_next() % (sizeof(BEYOND) / sizeof(BEYOND[0]))]);
    tcp[12] = (uint8_t)(header / 4 << 4);
    tcp[13] = FLAGS[random_next() % sizeof(FLAGS)];
    header_put16(tcp + 14, chance(90) ? 64240 : 0);
    return total;
}

// An ICMP message from a router: an error that quotes a probe, or an echo request.
static size_t icmp_write(uint8_t *ip, uint32_t address, uint16_t port, const struct cookie *cookie)
{
    static const uint8_t TYPES[] = {3, 3, 3, 11, 8, 0, 5};
    static const uint32_t LATER[] = {0, 0, 0, 1, 65536, 65537, UINT32_MAX};
    uint8_t *icmp = ip + IPV4_BYTES;
    uint8_t *quoted = icmp + ICMP_BYTES;
    size_t quoted_bytes = chance(50) ? 28 : random_next() % 60;
    size_t total = IPV4_BYTES + ICMP_BYTES + quoted_bytes;
    memset(icmp, 0, ICMP_BYTES);
    icmp[0] = TYPES[random_next() % sizeof(TYPES)];
    icmp[1] = chance(80) ? 0 : 13;
    memset(quoted, 0, 60);
    header_ipv4_put(quoted, &(struct header_ipv4){.total_bytes = 44,
                                                  .fragment = chance(95) ? 0x4000 : 0x0010,
                                                  .ttl = 3,
                                                  .protocol = chance(95) ? IPV4_PROTOCOL_TCP : 17,
                                                  .source = our_address,
                                                  .destination = address});
    quoted[0] = chance(90) ? 0x45 : (uint8_t)(0x40 + random_next() % 32);
    header_put16(quoted + 20, cookie->local_port);
    header_put16(quoted + 22, port);
    header_put32(quoted + 24, cookie->isn + LATER[random_next() % (sizeof(LATER) / sizeof(LATER[0]))]);
    header_ipv4_put(ip, &(struct header_ipv4){.total_bytes = (uint16_t)total,
                                              .ttl = 60,
                                              .protocol = IPV4_PROTOCOL_ICMP,
                                              .source = chance(50) ? address : random_next(),
                                              .destination = our_address});
    return total;
}

// Changes that make it wrong, here or there; with right checksums again, mostly.
static void alter(uint8_t *ip, size_t total)
{
    static const uint8_t FIELDS[] = {0, 2, 3, 6, 7, 9, 12, 16, 19, 32, 33, 40, 41, 42};
    for (uint32_t n = random_next() % 3; n > 0; n--) {
        size_t at = chance(70) ? FIELDS[random_next() % sizeof(FIELDS)] : random_next() % total;
        ip[at] ^= (uint8_t)(1u << random_next() % 8);
    }
    if (chance(85))
        seal(ip, total);
}

static struct frame frame_next(const struct fixture *fixture)
{
    uint8_t bytes[FRAME_MAX];
    uint8_t *ip = bytes + fixture->plan.ip_offset;
    memset(bytes, 0xee, sizeof(bytes)); // padding is not always zero
    uint32_t address = address_next(fixture);
    uint16_t port = chance(95) ? fixture->ports[random_next() % fixture->port_count] : (uint16_t)random_next();
    struct cookie cookie = cookie_make(&fixture->plan.cookie, address, port);
    size_t total = chance(65) ? tcp_write(ip, address, port, &cookie) : icmp_write(ip, address, port, &cookie);
    seal(ip, total);
    if (chance(40))
        alter(ip, total);
    bool tagged = fixture->tagged != chance(3);
    header_put16(bytes + 12, tagged ? ETHERTYPE_VLAN : ETHERTYPE_IPV4);
    if (fixture->tagged)
        header_put16(ip - 2, chance(98) ? ETHERTYPE_IPV4 : ETHERTYPE_ARP);
    else if (chance(2))
        header_put16(ip - 2, ETHERTYPE_ARP);
    struct frame frame = {.length = fixture->plan.ip_offset + total};
    if (frame.length < 60)
        frame.length = 60;
    if (chance(10))
        frame.length = random_next() % (frame.length + 1);
    // What lies behind a frame's end goes on as the frame would.
    size_t readable = frame.length < REPLY_READABLE_BYTES ? REPLY_READABLE_BYTES : frame.length;
    frame.bytes = malloc(readable);
    cr_assert_not_null(frame.bytes);
    memcpy(frame.bytes, bytes, readable);
    return frame;
}

enum fate { FATE_NOT_PROBED = 0, FATE_STRAY, FATE_ANSWER, FATE_SEGMENT, FATE_FORGED, FATE_OUTSIDE, FATES };

static bool port_is_ours(const struct probe_plan *plan, uint16_t port)
{
    return port >= plan->cookie.port_first && port <= plan->cookie.port_first + plan->cookie.port_mask;
}

// What has to come of a frame, one frame at a time: RFC 9293 section 3.10.7.3 for what a SYN-SENT takes.
static enum fate fate_of(const struct probe_plan *plan, const struct reply *reply, uint64_t *ret_position)
{
    if ((reply->kind != REPLY_TCP && reply->kind != REPLY_ICMP_ERROR) || !port_is_ours(plan, reply->local_port))
        return FATE_NOT_PROBED;
    const struct cookie cookie = cookie_make(&plan->cookie, reply->address, reply->remote_port);
    if (cookie.local_port != reply->local_port)
        return FATE_FORGED;
    uint32_t acknowledged = reply->ack - cookie.isn;
    if (reply->kind == REPLY_ICMP_ERROR) {
        if (reply->seq != cookie.isn)
            return reply->seq - cookie.isn > 65536 ? FATE_FORGED : FATE_STRAY;
    } else if ((reply->flags & TCP_ACK) == 0) {
        return (reply->flags & TCP_RST) != 0 ? FATE_SEGMENT : FATE_FORGED;
    } else if ((reply->flags & TCP_RST) == 0 || acknowledged > 1) {
        if ((reply->flags & TCP_SYN) == 0)
            return acknowledged >= 1 && acknowledged <= 65536 ? FATE_SEGMENT : FATE_FORGED;
        if (acknowledged != 1)
            return FATE_FORGED;
    }
    int64_t ordinal = targets_ordinal(plan->targets, reply->address);
    int32_t port = plan->port_index[reply->remote_port];
    if (ordinal == TARGETS_NONE || port < 0)
        return FATE_OUTSIDE;
    *ret_position = order_position(&plan->order, (uint64_t)ordinal * plan->port_count + (uint32_t)port);
    return FATE_ANSWER;
}

static void assert_fields(const struct reply_burst *burst, const struct reply *reply, size_t i, const char *name)
{
    cr_assert_eq(burst->probe.address[i], reply->address, "%s: address %zu", name, i);
    cr_assert_eq(burst->probe.port[i], reply->remote_port, "%s: remote port %zu", name, i);
    cr_assert_eq(burst->local_port[i], reply->local_port, "%s: local port %zu", name, i);
    cr_assert_eq(burst->seq[i], reply->seq, "%s: seq %zu", name, i);
    cr_assert_eq(burst->ack[i], reply->ack, "%s: ack %zu", name, i);
    cr_assert_eq(burst->flags[i], reply->flags, "%s: flags %zu", name, i);
    cr_assert_eq(burst->window[i], reply->window, "%s: window %zu", name, i);
    cr_assert_eq(burst->mss[i], reply->mss, "%s: mss %zu", name, i);
    cr_assert_eq(burst->ttl[i], reply->ttl, "%s: ttl %zu", name, i);
}

static void assert_frame(const struct fixture *fixture, const struct reply_burst *burst, size_t i, const char *name)
{
    const struct reply_offload offload = {.ip_checksum_good = burst->ip_good >> i & 1,
                                          .l4_checksum_good = burst->l4_good >> i & 1,
                                          .accept_deferred = burst->accept_deferred};
    struct reply reply;
    reply_read(burst->frame[i], burst->length[i], our_address, offload, &reply);
    for (size_t kind = 0; kind < REPLY_KINDS; kind++)
        cr_assert_eq(burst->kinds[kind] >> i & 1, kind == reply.kind, "%s: frame %zu is of kind %u, bit of kind %zu",
                     name, i, reply.kind, kind);
    if (reply.kind != REPLY_TCP && reply.kind != REPLY_ICMP_ERROR)
        memset(&reply, 0, sizeof(reply));
    assert_fields(burst, &reply, i, name);
    bool is_tcp = (burst->kinds[REPLY_TCP] >> i & 1) != 0;
    cr_assert_eq(burst->options >> i & 1, is_tcp && reply.options_present, "%s: options %zu", name, i);
    cr_assert_eq(burst->deferred >> i & 1, is_tcp && reply.checksum_deferred, "%s: deferred %zu", name, i);
    reply.kind = is_tcp ? REPLY_TCP : (burst->kinds[REPLY_ICMP_ERROR] >> i & 1) ? REPLY_ICMP_ERROR : REPLY_TRUNCATED;
    uint64_t position = 0;
    enum fate fate = fate_of(&fixture->plan, &reply, &position);
    cr_assert_eq(burst->probed >> i & 1, fate != FATE_NOT_PROBED, "%s: probed %zu", name, i);
    cr_assert_eq(burst->answers >> i & 1, fate == FATE_ANSWER, "%s: answer %zu", name, i);
    cr_assert_eq(burst->segments >> i & 1, fate == FATE_SEGMENT, "%s: segment %zu", name, i);
    cr_assert_eq(burst->forged >> i & 1, fate == FATE_FORGED, "%s: forged %zu", name, i);
    cr_assert_eq(burst->outside >> i & 1, fate == FATE_OUTSIDE, "%s: outside %zu", name, i);
    bool is_reset = fate == FATE_ANSWER && is_tcp && (reply.flags & TCP_RST) != 0;
    cr_assert_eq(burst->resets >> i & 1, is_reset, "%s: reset %zu", name, i);
    if (fate == FATE_ANSWER) {
        struct cookie cookie = cookie_make(&fixture->plan.cookie, reply.address, reply.remote_port);
        cr_assert_eq(burst->probe.position[i], position, "%s: position %zu", name, i);
        cr_assert_eq(burst->probe.isn[i], cookie.isn, "%s: isn %zu", name, i);
    }
}

static void assert_nothing_beyond(const struct reply_burst *burst, size_t count, const char *name)
{
    uint64_t sets = burst->answers | burst->resets | burst->segments | burst->forged | burst->outside | burst->probed |
                    burst->deferred | burst->options;
    for (size_t kind = 0; kind < REPLY_KINDS; kind++)
        sets |= burst->kinds[kind];
    cr_assert(count == BURST_MAX || sets >> count == 0, "%s: bits beyond %zu frames", name, count);
}

static uint64_t seen[FATES]; // frames that came to each fate, so that the test knows that it tested something
static uint64_t seen_kinds[REPLY_KINDS];
static uint64_t seen_deferred;

static void burst_compare(const struct fixture *fixture, size_t count)
{
    static struct reply_burst burst;
    struct frame frames[BURST_MAX];
    const struct kernels *all[4];
    size_t variants = kernels_all(all);
    for (size_t i = 0; i < count; i++)
        frames[i] = frame_next(fixture);
    uint64_t ip_good = chance(20) ? (uint64_t)random_next() << 32 | random_next() : 0;
    uint64_t l4_good = chance(20) ? (uint64_t)random_next() << 32 | random_next() : 0;
    bool accept_deferred = chance(50);
    for (size_t v = 0; v < variants; v++) {
        memset(&burst, 0xa5, sizeof(burst));
        for (size_t i = 0; i < count; i++) {
            burst.frame[i] = frames[i].bytes;
            burst.length[i] = (uint32_t)frames[i].length;
        }
        burst.ip_good = ip_good;
        burst.l4_good = l4_good;
        burst.accept_deferred = accept_deferred;
        all[v]->read(&fixture->plan, &burst, count);
        all[v]->judge(&fixture->plan, &burst, count);
        for (size_t i = 0; i < count; i++)
            assert_frame(fixture, &burst, i, all[v]->name);
        assert_nothing_beyond(&burst, count, all[v]->name);
    }
    const uint64_t judged = burst.answers | burst.segments | burst.forged | burst.outside;
    const uint64_t fates[FATES] = {
        0, burst.probed & ~judged, burst.answers, burst.segments, burst.forged, burst.outside};
    for (size_t i = 0; i < FATES; i++)
        seen[i] += (uint64_t)__builtin_popcountll(fates[i]);
    seen_deferred += (uint64_t)__builtin_popcountll(burst.deferred);
    for (size_t kind = 0; kind < REPLY_KINDS; kind++)
        seen_kinds[kind] += (uint64_t)__builtin_popcountll(burst.kinds[kind]);
    for (size_t i = 0; i < count; i++)
        free(frames[i].bytes);
}

Test(replies, every_variant_reads_and_judges_like_one_frame_at_a_time)
{
    static struct fixture fixture;
    for (int tagged = 0; tagged < 2; tagged++) {
        fixture_init(&fixture, tagged == 1);
        for (size_t n = 0; n < 3000; n++)
            burst_compare(&fixture, n % 4 == 0 ? BURST_MAX : random_next() % (BURST_MAX + 1));
        targets_storage_fini(&fixture.storage);
    }
    for (size_t i = FATE_STRAY; i < FATES; i++)
        cr_assert_geq(seen[i], 1000, "only %lu frames came to fate %zu", (unsigned long)seen[i], i);
    for (size_t kind = 0; kind <= REPLY_ECHO_REQUEST; kind++)
        cr_assert_geq(seen_kinds[kind], 1000, "only %lu frames were of kind %zu", (unsigned long)seen_kinds[kind],
                      kind);
    cr_assert_geq(seen_deferred, 1000, "only %lu checksums were deferred", (unsigned long)seen_deferred);
}

Test(replies, of_a_plan_of_every_address_and_port_too)
{
    static struct fixture fixture;
    fixture_init_all(&fixture);
    for (size_t n = 0; n < 1000; n++)
        burst_compare(&fixture, BURST_MAX);
    targets_storage_fini(&fixture.storage);
    cr_assert_geq(seen[FATE_ANSWER], 1000, "only %lu answers", (unsigned long)seen[FATE_ANSWER]);
    cr_assert_eq(seen[FATE_OUTSIDE], 0);
}
