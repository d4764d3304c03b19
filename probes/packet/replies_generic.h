// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Reading and judging a burst of frames in plain C, one frame after the other, for variants to build on.

#include <string.h>

#include "probes/packet/headers.h"
#include "probes/packet/replies.h"
#include "probes/packet/tcp.h"

static inline void burst_read(const struct probe_plan *plan, struct reply_burst *burst, size_t count)
{
    memset(burst->kinds, 0, sizeof(burst->kinds));
    burst->deferred = 0;
    burst->options = 0;
    for (size_t i = 0; i < count; i++)
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

// What a frame to a probe port is, from the cookie of the host that it claims to come from. `beyond` is how many bytes
// of ours it acknowledges.
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
