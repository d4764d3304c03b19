// SPDX-License-Identifier: BSD-3-Clause
// A received frame. The first byte chooses what the port has checked already; with everything "good" the fuzzer reaches
// every branch behind the checksums. Every burst kernel has to read what reply_read reads, anywhere in a burst.
#include <stdlib.h>
#include <string.h>

#include "probes/packet/replies.h"
#include "tests/fuzz/entry.h"

enum { COPIES = 18 }; // a whole group of lanes and a part of one

static void entry_check(const struct reply_burst *burst, size_t i, const struct reply *reply)
{
    bool is_tcp = reply->kind == REPLY_TCP;
    bool is_ours = is_tcp || reply->kind == REPLY_ICMP_ERROR;
    for (size_t kind = 0; kind < REPLY_KINDS; kind++)
        if ((burst->kinds[kind] >> i & 1) != (kind == reply->kind))
            abort();
    if ((burst->options >> i & 1) != (is_tcp && reply->options_present) ||
        (burst->deferred >> i & 1) != (is_tcp && reply->checksum_deferred))
        abort();
    if (burst->probe.address[i] != (is_ours ? reply->address : 0) ||
        burst->probe.port[i] != (is_ours ? reply->remote_port : 0) ||
        burst->local_port[i] != (is_ours ? reply->local_port : 0) || burst->seq[i] != (is_ours ? reply->seq : 0) ||
        burst->ack[i] != (is_ours ? reply->ack : 0) || burst->flags[i] != (is_ours ? reply->flags : 0) ||
        burst->window[i] != (is_ours ? reply->window : 0) || burst->mss[i] != (is_ours ? reply->mss : 0) ||
        burst->ttl[i] != (is_ours ? reply->ttl : 0))
        abort();
}

// The same frame in every place of a burst, through every kernel of this CPU.
static void kernels_check(const uint8_t *frame, size_t length, uint32_t our_address, uint8_t choice,
                          const struct reply *reply)
{
    static struct reply_burst burst;
    static struct probe_plan plan;
    const struct kernels *all[4];
    size_t readable = length < REPLY_READABLE_BYTES ? REPLY_READABLE_BYTES : length;
    uint8_t *copy = malloc(readable);
    if (copy == NULL)
        return;
    memset(copy, 0xa5, readable);
    memcpy(copy, frame, length);
    plan.cookie.source_address = our_address;
    plan.ip_offset = (choice & 16) != 0 ? 18 : 14;
    for (size_t v = 0, count = kernels_all(all); v < count; v++) {
        memset(&burst, 0x5a, sizeof(burst));
        for (size_t i = 0; i < COPIES; i++) {
            burst.frame[i] = copy;
            burst.length[i] = (uint32_t)length;
        }
        burst.ip_good = (choice & 1) != 0 ? UINT64_MAX : 0;
        burst.l4_good = (choice & 2) != 0 ? UINT64_MAX : 0;
        burst.accept_deferred = (choice & 4) != 0;
        all[v]->read(&plan, &burst, COPIES);
        for (size_t i = 0; i < COPIES; i++)
            entry_check(&burst, i, reply);
    }
    free(copy);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    if (size == 0)
        return;
    const struct reply_offload offload = {
        .ip_checksum_good = (data[0] & 1) != 0,
        .l4_checksum_good = (data[0] & 2) != 0,
        .accept_deferred = (data[0] & 4) != 0,
    };
    const uint8_t *frame = data + 1;
    size_t length = size - 1;
    // Half of the inputs are addressed to us whatever they hold.
    uint32_t our_address = 0x0a000001;
    if ((data[0] & 8) != 0 && length >= 34) {
        uint32_t destination;
        memcpy(&destination, frame + 30, 4);
        our_address = __builtin_bswap32(destination);
    }
    struct reply reply;
    reply_read(frame, length, our_address, offload, &reply);
    if (reply.kind > REPLY_ARP_REPLY)
        abort();
    if ((reply.kind == REPLY_TCP || reply.kind == REPLY_ECHO_REQUEST) &&
        (size_t)reply.payload_offset + reply.payload_bytes > length)
        abort();
    if (length <= UINT16_MAX)
        kernels_check(frame, length, our_address, data[0], &reply);
}
