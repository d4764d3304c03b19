// SPDX-License-Identifier: BSD-3-Clause
#include "probes/packet/replies.h"

void reply_burst_read_one(const struct probe_plan *plan, struct reply_burst *burst, size_t i)
{
    const uint64_t bit = UINT64_C(1) << i;
    const struct reply_offload offload = {
        .ip_checksum_good = (burst->ip_good & bit) != 0,
        .l4_checksum_good = (burst->l4_good & bit) != 0,
        .accept_deferred = burst->accept_deferred,
    };
    struct reply reply;
    reply_read(burst->frame[i], burst->length[i], plan->cookie.source_address, offload, &reply);
    burst->kinds[reply.kind] |= bit;
    bool is_ours = reply.kind == REPLY_TCP || reply.kind == REPLY_ICMP_ERROR;
    if (!is_ours)
        reply = (struct reply){.kind = reply.kind};
    burst->deferred |= reply.checksum_deferred ? bit : 0;
    burst->options |= reply.options_present ? bit : 0;
    burst->probe.address[i] = reply.address;
    burst->probe.port[i] = reply.remote_port;
    burst->local_port[i] = reply.local_port;
    burst->seq[i] = reply.seq;
    burst->ack[i] = reply.ack;
    burst->flags[i] = reply.flags;
    burst->window[i] = reply.window;
    burst->mss[i] = reply.mss;
    burst->ttl[i] = reply.ttl;
}
