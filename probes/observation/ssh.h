// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What an SSH server teaches before anybody logs in (RFC 4253, RFC 4252, RFC 8308).

#include "probes/observation/field.h"

// A host key. Rows of other_host_keys.
#define SSH_KEY_FIELDS(X, P)                                                                                           \
    X(P, TEXT, type, 63, "type of the key")                                                                            \
    X(P, TEXT, sha256, 47, "fingerprint, unpadded base64 as ssh-keygen -l prints it")                                  \
    X(P, NUMBER, bits, 0, "size in bits")                                                                              \
    X(P, FLAG, verified, 0, "the server proved that the key is its own")

// "Offered" is by the server, for what goes from it to the client; what it takes from the client has a list of its own.
#define SSH_FIELDS(X, P)                                                                                               \
    X(P, TEXT, preamble, 1024, "lines before the identification (RFC 4253, 4.2)")                                      \
    X(P, TEXT, identification, 255, "the whole identification line (RFC 4253, 4.2)")                                   \
    X(P, TEXT, protocol, 255, "protocol version it names")                                                             \
    X(P, TEXT, software, 255, "software version it names")                                                             \
    X(P, TEXT, comment, 255, "comment behind the software version")                                                    \
    X(P, LIST, kex_algorithms, 4096, "key exchange methods offered (RFC 4253, 7.1)")                                   \
    X(P, LIST, host_key_algorithms, 2048, "host key algorithms offered")                                               \
    X(P, LIST, ciphers, 2048, "ciphers offered, server to client")                                                     \
    X(P, LIST, ciphers_to_server, 2048, "ciphers offered, client to server")                                           \
    X(P, LIST, macs, 2048, "message authentication codes offered, server to client")                                   \
    X(P, LIST, macs_to_server, 2048, "message authentication codes offered, client to server")                         \
    X(P, LIST, compression, 256, "compression methods offered, server to client")                                      \
    X(P, LIST, compression_to_server, 256, "compression methods offered, client to server")                            \
    X(P, LIST, languages, 256, "languages offered, server to client")                                                  \
    X(P, LIST, languages_to_server, 256, "languages offered, client to server")                                        \
    X(P, TEXT, hassh, 32, "HASSH of the server: MD5 over what it offers, a fingerprint of its software")               \
    X(P, FLAG, strict_kex, 0, "the server resets its sequence numbers at NEWKEYS when the client does (OpenSSH)")      \
    X(P, FLAG, terrapin, 0, "the beginning of an encrypted stream can be cut off (CVE-2023-48795)")                    \
    X(P, TEXT, kex_chosen, 63, "key exchange method that was used")                                                    \
    X(P, NUMBER, group_bits, 0, "size of the prime the server chose in a group exchange for 2,048 bits")               \
    X(P, LIST, extensions, 512, "extensions the server has told of (RFC 8308)")                                        \
    X(P, LIST, server_sig_algs, 1024, "signature algorithms it takes for users' keys (RFC 8308, 3.1)")                 \
    X(P, TEXT, host_key_type, 63, "type of the host key")                                                              \
    X(P, TEXT, host_key_sha256, 47, "fingerprint of the host key, unpadded base64 as ssh-keygen -l prints it")         \
    X(P, NUMBER, host_key_bits, 0, "size of the host key in bits")                                                     \
    X(P, FLAG, host_key_verified, 0, "the server proved that the key is its own")                                      \
    X(P, ROWS(ssh_key), other_host_keys, 6, "host keys of other types, where the plan asks for them")                  \
    X(P, TEXT, auth_banner, 1024, "what the server shows before a login (RFC 4252, 5.4)")                              \
    X(P, LIST, methods, 1024, "authentication methods that can continue (RFC 4252, 5.1)")                              \
    X(P, FLAG, no_authentication, 0, "the server let an unknown user in")

PART_STRUCT(ssh_key, SSH_KEY_FIELDS)
PART_STRUCT(ssh, SSH_FIELDS)
