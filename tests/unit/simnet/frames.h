// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Probes for simnet's tests, written without sonde's own templates, so that a mistake in either shows.

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tools/simnet/answer.h"

enum { PROBE_BYTES = 60, ASKER = 0x0afe0001 };

// A SYN with an MSS option; vlan 0 = no tag. Returns its length.
static inline size_t probe_make(uint32_t address, uint16_t port, uint16_t vlan, uint8_t frame[static 64])
{
    static const uint8_t LINK[12] = {2, 's', 'i', 'm', 0, 1, 2, 0, 0, 0, 0, 9};
    size_t link = vlan == 0 ? 14 : 18;
    memset(frame, 0, 64);
    memcpy(frame, LINK, sizeof(LINK));
    if (vlan != 0) {
        store16(frame + 12, 0x8100);
        store16(frame + 14, vlan);
    }
    store16(frame + link - 2, 0x0800);
    uint8_t *ip = frame + link;
    ip[0] = 0x45;
    store16(ip + 2, 44);
    store16(ip + 4, address * 31 + port);
    ip[8] = 64;
    ip[9] = 6;
    store32(ip + 12, ASKER);
    store32(ip + 16, address);
    store16(ip + 20, 40000 + (address & 255));
    store16(ip + 22, port);
    store32(ip + 24, address * UINT32_C(2654435761) + port);
    ip[32] = 0x60;
    ip[33] = 2;
    store16(ip + 34, 1024);
    store32(ip + 40, 0x020405b4);
    checksum_ip_write(ip);
    checksum_tcp_write(ip, 44);
    return link + 46;
}
