// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Reading and judging a burst of frames in plain C, one frame after the other, for variants to build on.

#include <string.h>

#include "probes/packet/headers.h"
#include "probes/packet/replies.h"
#include "probes/packet/tcp.h"

// The fields of a segment behind a plain IPv4 header; mss 0: it has no options.
static inline void burst_take_plain(struct reply_burst *burst, size_t i, const uint8_t *ip, uint32_t mss)
{
    const uint8_t *tcp = ip + IPV4_BYTES;
    const uint32_t ports = header_get32(tcp);
    const uint32_t flags = header_get32(tcp + 12);
    burst->kinds[REPLY_TCP] |= UINT64_C(1) << i;
    burst->options |= (uint64_t)(mss != 0) << i;
    burst->probe.address[i] = header_get32(ip + 12);
    burst->probe.port[i] = ports >> 16;
    burst->local_port[i] = ports & UINT16_MAX;
    burst->seq[i] = header_get32(tcp + 4);
    burst->ack[i] = header_get32(tcp + 8);
    burst->flags[i] = flags >> 16 & 0xff;
    burst->window[i] = flags & UINT16_MAX;
    burst->mss[i] = mss;
    burst->ttl[i] = ip[8];
}

// A right segment to us behind plain headers, without TCP options or with the MSS in front of them, goes straight into
// its entry. False for anything else, which nothing was done with.
static inline bool burst_read_plain(const struct probe_plan *plan, struct reply_burst *burst, size_t i)
{
    const uint8_t *ip = burst->frame[i] + plan->ip_offset;
    const uint8_t *tcp = ip + IPV4_BYTES;
    const uint32_t ours = plan->cookie.source_address;
    if (burst->length[i] < plan->ip_offset + IPV4_BYTES + TCP_BYTES || plan->ip_offset != ETHER_BYTES)
        return false;
    const uint32_t first = header_get32(ip - 2); // EtherType, version and header length, type of service
    const uint32_t total = header_get32(ip) & UINT16_MAX;
    const uint32_t available = burst->length[i] - ETHER_BYTES;
    const bool is_ours = ((first ^ (ETHERTYPE_IPV4 << 16 | 0x4500)) & 0xffffff00) == 0 && header_get32(ip + 16) == ours;
    if (!is_ours || (header_get32(ip + 4) & 0x3fff) != 0 || ip[9] != IPV4_PROTOCOL_TCP)
        return false;
    const uint32_t tcp_bytes = total - IPV4_BYTES;
    const uint32_t header_bytes = (uint32_t)(tcp[12] >> 4) * 4;
    if (total > available || total < IPV4_BYTES + TCP_BYTES || header_bytes < TCP_BYTES || header_bytes > tcp_bytes)
        return false;
    const bool options = header_bytes > TCP_BYTES;
    const uint32_t mss = options ? header_get32(tcp + TCP_BYTES) ^ 0x02040000 : 0;
    if (mss > UINT16_MAX || (options && mss == 0))
        return false;
    const uint64_t pseudo = checksum_pseudo(ip + 12, ip + 16, IPV4_PROTOCOL_TCP, (uint16_t)tcp_bytes);
    const bool ip_good = (burst->ip_good >> i & 1) != 0 || checksum_fold(checksum_add(0, ip, IPV4_BYTES)) == UINT16_MAX;
    if (!ip_good || ((burst->l4_good >> i & 1) == 0 && checksum_fold(header_sum(pseudo, tcp, tcp_bytes)) != UINT16_MAX))
        return false;
    burst_take_plain(burst, i, ip, mss);
    return true;
}

static inline void burst_read(const struct probe_plan *plan, struct reply_burst *burst, size_t count)
{
    memset(burst->kinds, 0, sizeof(burst->kinds));
    burst->deferred = 0;
    burst->options = 0;
    for (size_t i = 0; i < count; i++)
        if (!burst_read_plain(plan, burst, i))
            reply_burst_read_one(plan, burst, i);
}

// The frames to a probe port, as a set.
static inline uint64_t burst_probed(const struct probe_plan *plan, const struct reply_burst *burst)
{
    uint64_t probed = 0;
    for (uint64_t rest = burst->kinds[REPLY_TCP] | burst->kinds[REPLY_ICMP_ERROR]; rest != 0; rest &= rest - 1) {
        size_t i = (size_t)__builtin_ctzll(rest);
        uint32_t within = burst->local_port[i] - plan->cookie.port_first;
        probed |= (uint64_t)(within <= plan->cookie.port_mask) << i;
    }
    return probed;
}

enum judgement { JUDGED_STRAY = 0, JUDGED_ANSWER, JUDGED_SEGMENT, JUDGED_FORGED };

// What a frame to a probe port is, from the cookie of the host that it claims to come from.
static inline enum judgement reply_judge(const struct reply_burst *burst, size_t i)
{
    const uint32_t isn = burst->probe.isn[i];
    const uint32_t flags = burst->flags[i];
    const uint32_t beyond = burst->ack[i] - isn - 1;
    if (burst->local_port[i] != burst->probe.local_port[i])
        return JUDGED_FORGED;
    if (burst->kinds[REPLY_ICMP_ERROR] >> i & 1) {
        // The quoted sequence number is the SYN's, or a later one of the same connection: that is a flow's trouble, not
        // an answer.
        if (burst->seq[i] == isn)
            return JUDGED_ANSWER;
        return burst->seq[i] - isn > REPLY_DATA_WINDOW ? JUDGED_FORGED : JUDGED_STRAY;
    }
    // A RST without ACK cannot carry the cookie. It may end an open connection, whose sequence number control checks.
    if ((flags & TCP_ACK) == 0)
        return (flags & TCP_RST) != 0 ? JUDGED_SEGMENT : JUDGED_FORGED;
    // Some stacks acknowledge the SYN's own number in a RST, not the next one.
    if ((flags & TCP_RST) != 0 && beyond + 1 <= 1)
        return JUDGED_ANSWER;
    if ((flags & TCP_SYN) != 0)
        return beyond == 0 ? JUDGED_ANSWER : JUDGED_FORGED;
    return beyond < REPLY_DATA_WINDOW ? JUDGED_SEGMENT : JUDGED_FORGED;
}

// The sets but `outside`, from `probed` and the cookies.
static inline void burst_sort(struct reply_burst *burst)
{
    uint64_t sets[4] = {0};
    for (uint64_t rest = burst->probed; rest != 0; rest &= rest - 1) {
        size_t i = (size_t)__builtin_ctzll(rest);
        sets[reply_judge(burst, i)] |= UINT64_C(1) << i;
    }
    burst->answers = sets[JUDGED_ANSWER];
    burst->resets = 0;
    for (uint64_t rest = sets[JUDGED_ANSWER] & burst->kinds[REPLY_TCP]; rest != 0; rest &= rest - 1) {
        size_t i = (size_t)__builtin_ctzll(rest);
        burst->resets |= (uint64_t)((burst->flags[i] & TCP_RST) != 0) << i;
    }
    burst->segments = sets[JUDGED_SEGMENT];
    burst->forged = sets[JUDGED_FORGED];
}

// The index that a frame's address and port have in the plan, or UINT64_MAX outside it.
static inline uint64_t reply_index(const struct probe_plan *plan, const struct reply_burst *burst, size_t i)
{
    int64_t ordinal = targets_ordinal(plan->targets, burst->probe.address[i]);
    int32_t port = plan->port_index[burst->probe.port[i] & UINT16_MAX];
    if (ordinal == TARGETS_NONE || port < 0)
        return UINT64_MAX;
    return (uint64_t)ordinal * plan->port_count + (uint32_t)port;
}

// The indexes of the answers, zero for all other frames; answers from outside the plan become `outside`. Three passes,
// so that the lines which one look-up waits for are on their way during the others.
static inline void burst_place(const struct probe_plan *plan, struct reply_burst *burst)
{
    const struct targets *targets = plan->targets;
    for (uint64_t rest = burst->answers; rest != 0; rest &= rest - 1)
        __builtin_prefetch(&targets->directory[burst->probe.address[__builtin_ctzll(rest)] >> 16]);
    for (uint64_t rest = burst->answers; rest != 0; rest &= rest - 1)
        __builtin_prefetch(&targets->blocks[targets->directory[burst->probe.address[__builtin_ctzll(rest)] >> 16]]);
    memset(burst->probe.index, 0, sizeof(burst->probe.index));
    burst->outside = 0;
    for (uint64_t rest = burst->answers; rest != 0; rest &= rest - 1) {
        size_t i = (size_t)__builtin_ctzll(rest);
        uint64_t index = reply_index(plan, burst, i);
        if (index == UINT64_MAX)
            burst->outside |= UINT64_C(1) << i;
        else
            burst->probe.index[i] = index;
    }
    burst->answers &= ~burst->outside;
    burst->resets &= burst->answers;
}
