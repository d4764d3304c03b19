// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What an SSH server teaches before anybody logs in (RFC 4253, RFC 4252).

#include "probes/observation/field.h"

#define SSH_FIELDS(X, P)                                                                                               \
    X(P, TEXT, identification, 255, "the whole identification line (RFC 4253, 4.2)")                                   \
    X(P, TEXT, protocol, 255, "protocol version it names")                                                             \
    X(P, TEXT, software, 255, "software version it names")                                                             \
    X(P, TEXT, comment, 255, "comment behind the software version")                                                    \
    X(P, LIST, kex_algorithms, 4096, "key exchange methods offered (RFC 4253, 7.1)")                                   \
    X(P, LIST, host_key_algorithms, 4096, "host key algorithms offered")                                               \
    X(P, LIST, ciphers, 4096, "ciphers offered, server to client")                                                     \
    X(P, LIST, macs, 4096, "message authentication codes offered, server to client")                                   \
    X(P, TEXT, kex_chosen, 63, "key exchange method that was used")                                                    \
    X(P, TEXT, host_key_type, 63, "type of the host key")                                                              \
    X(P, TEXT, host_key_sha256, 47, "fingerprint of the host key, unpadded base64 as ssh-keygen -l prints it")         \
    X(P, NUMBER, host_key_bits, 0, "size of the host key in bits")                                                     \
    X(P, FLAG, host_key_verified, 0, "the server proved that the key is its own")                                      \
    X(P, LIST, methods, 1024, "authentication methods that can continue (RFC 4252, 5.1)")                              \
    X(P, FLAG, no_authentication, 0, "the server let an unknown user in")

PART_STRUCT(ssh, SSH_FIELDS)
