// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Several addresses of ours that lie beside each other. Each host is asked from one of them, which its own address
// decides, so that all of its connections come from there. Probes, cookies and connections know the first alone: frames
// are rewritten as they leave and as they arrive, address and checksums (basic NAT of RFC 3022 section 2.1, without
// state; RFC 1624). No state, any thread.

#include <stddef.h>
#include <stdint.h>

struct sources {
    uint32_t first; // host byte order
    uint32_t count; // 1 = there are no others, and nothing is rewritten; at most IMAGE_SOURCES_MAX
};

// The one that a host is asked from.
static inline uint32_t sources_of(const struct sources *sources, uint32_t remote)
{
    uint64_t mixed = (uint64_t)(remote ^ UINT32_C(0x85ebca6b)) * UINT64_C(0x9e3779b97f4a7c15);
    return sources->first + (uint32_t)((mixed >> 32) * sources->count >> 32);
}

// A probe that was written as from the first address, whatever stands in its source field: it leaves from the one of
// its destination.
void sources_leave(const struct sources *sources, uint8_t *frame, uint32_t ip_offset);

// A frame as captured that came to one of them, or asks for it (ARP), or quotes what left from it, becomes one that has
// to do with the first. Returns which it was, or 0 for a frame that is left as it is.
uint32_t sources_arrive(const struct sources *sources, uint8_t *frame, size_t length);

// The way back: the frame as it was.
void sources_restore(const struct sources *sources, uint32_t address, uint8_t *frame, size_t length);
