// SPDX-License-Identifier: BSD-3-Clause
// A received frame. The first byte chooses what the port has checked already; with everything "good" the fuzzer reaches
// every branch behind the checksums.
#include <stdlib.h>
#include <string.h>

#include "probes/packet/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
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
    return 0;
}
