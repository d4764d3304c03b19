// SPDX-License-Identifier: BSD-3-Clause
#include "config/reserved.h"

#define NETWORK(a, b, c, d, length)                                                                                    \
    {                                                                                                                  \
        (uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d),                                                              \
            ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d)) | (uint32_t)(UINT64_C(0xffffffff) >> (length))          \
    }

// The registry's rows inside 192.0.0.0/24 (RFC 7335, 7600, 7723, 8155, ...) go with that network.
const struct reserved_network reserved_networks[] = {
    {NETWORK(0, 0, 0, 0, 8), "this-network", "\"This network\" (RFC 791)"},
    {NETWORK(10, 0, 0, 0, 8), "private-use", "Private-Use 10.0.0.0/8 (RFC 1918)"},
    {NETWORK(100, 64, 0, 0, 10), "shared-address-space", "Shared Address Space (RFC 6598)"},
    {NETWORK(127, 0, 0, 0, 8), "loopback", "Loopback (RFC 1122)"},
    {NETWORK(169, 254, 0, 0, 16), "link-local", "Link Local (RFC 3927)"},
    {NETWORK(172, 16, 0, 0, 12), "private-use", "Private-Use 172.16.0.0/12 (RFC 1918)"},
    {NETWORK(192, 0, 0, 0, 24), "ietf-protocol", "IETF Protocol Assignments (RFC 6890)"},
    {NETWORK(192, 0, 2, 0, 24), "documentation", "Documentation TEST-NET-1 (RFC 5737)"},
    {NETWORK(192, 31, 196, 0, 24), "as112", "AS112-v4 (RFC 7535)"},
    {NETWORK(192, 52, 193, 0, 24), "amt", "AMT (RFC 7450)"},
    {NETWORK(192, 88, 99, 0, 24), "6to4-relay", "Deprecated 6to4 Relay Anycast (RFC 7526)"},
    {NETWORK(192, 168, 0, 0, 16), "private-use", "Private-Use 192.168.0.0/16 (RFC 1918)"},
    {NETWORK(192, 175, 48, 0, 24), "as112", "Direct Delegation AS112 Service (RFC 7534)"},
    {NETWORK(198, 18, 0, 0, 15), "benchmarking", "Benchmarking (RFC 2544)"},
    {NETWORK(198, 51, 100, 0, 24), "documentation", "Documentation TEST-NET-2 (RFC 5737)"},
    {NETWORK(203, 0, 113, 0, 24), "documentation", "Documentation TEST-NET-3 (RFC 5737)"},
    {NETWORK(224, 0, 0, 0, 4), "multicast", "Multicast (RFC 5771)"},
    {NETWORK(255, 255, 255, 255, 32), "limited-broadcast", "Limited Broadcast (RFC 8190)"},
    {NETWORK(240, 0, 0, 0, 4), "reserved", "Reserved (RFC 1112)"},
};

const size_t reserved_network_count = sizeof(reserved_networks) / sizeof(reserved_networks[0]);
