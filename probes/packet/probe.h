// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The TCP SYN probe: a constant template written once into every buffer of a pool, and the handful of bytes that differ
// from probe to probe. Ethernet II, an optional 802.1Q tag, IPv4 (RFC 791), TCP (RFC 9293) with one of four option
// profiles.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "config/image/image.h"
#include "probes/packet/kernels.h"

enum { PROBE_FRAME_MAX = 96 };

struct probe_link {
    uint8_t source_mac[6];
    uint8_t gateway_mac[6];
    uint16_t vlan; // meaningful when vlan_given
    bool vlan_given;
};

// A template frame; the varying fields hold zero. ip_offset is 14, or 18 behind a VLAN tag.
struct probe_template {
    uint8_t frame[PROBE_FRAME_MAX];
    uint32_t frame_bytes; // at least 60
    uint32_t ip_offset;
    bool each_addressed; // the destination MAC varies from frame to frame
    bool each_sourced;   // the source address does (probes/packet/sources.h)
};

// Builds the template of a profile. TTL 64 and window 1,024 for mss and none, else what that system sends.
void probe_template_init(struct probe_template *ret_template, const struct probe_link *link, uint32_t source_address,
                         enum probe_profile profile);

// Fills everything that probe kernels read. targets, ports and port_index must outlive the plan. Returns 0, or -EINVAL
// (*ret_plan untouched) for no ports, more than 65,536, no targets, more than 2^31 - 1 pieces, more than 2^48
// positions, or a template whose source address is not the cookie's.
int probe_plan_init(struct probe_plan *ret_plan, const struct targets *targets, const uint16_t *ports,
                    const int32_t *port_index, uint32_t port_count, uint64_t seed, const struct cookie_key *cookie,
                    const struct probe_template *probe);

// Writes the varying fields of burst entry i into a frame that holds the template: IP identification, IP checksum,
// destination, ports, sequence number, TCP checksum. Four stores; what lies between the fields is rewritten as it was.
static inline void probe_write(uint8_t *frame, uint32_t ip_offset, const struct probe_burst *burst, size_t i)
{
    uint8_t *ip = frame + ip_offset;
    memcpy(ip + 4, &burst->ip_word[i], 8);
    memcpy(ip + 16, &burst->flow_word[i], 8);
    memcpy(ip + 24, &burst->seq_word[i], 4);
    memcpy(ip + 36, &burst->check_word[i], 2);
}

// Whether everything that probe_write leaves alone is still the template's.
static inline bool probe_constant(const uint8_t *frame, const struct probe_template *probe)
{
    uint8_t wanted[PROBE_FRAME_MAX];
    uint8_t *ip = wanted + probe->ip_offset;
    const uint8_t *at = frame + probe->ip_offset;
    memcpy(wanted, probe->frame, sizeof(wanted));
    if (probe->each_addressed)
        memcpy(wanted, frame, 6);
    if (probe->each_sourced)
        memcpy(ip + 12, at + 12, 4);
    memcpy(ip + 4, at + 4, 8);
    memcpy(ip + 16, at + 16, 8);
    memcpy(ip + 24, at + 24, 4);
    memcpy(ip + 36, at + 36, 2);
    return memcmp(wanted, frame, probe->frame_bytes) == 0;
}
