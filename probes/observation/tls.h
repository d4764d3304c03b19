// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a TLS handshake teaches (RFC 8446, RFC 5246), certificate included (RFC 5280).

#include "probes/observation/field.h"

#define TLS_FIELDS(X, P)                                                                                               \
    X(P, TEXT, version, 15, "negotiated protocol version")                                                             \
    X(P, TEXT, cipher, 63, "negotiated cipher suite, the IANA name where there is one")                                \
    X(P, FLAG, handshake_complete, 0, "the handshake was completed")                                                   \
    X(P, TEXT, alert, 63, "alert that ended a handshake (RFC 8446, 6)")                                                \
    X(P, TEXT, subject, 255, "the certificate's subject (RFC 2253)")                                                   \
    X(P, TEXT, issuer, 255, "the certificate's issuer (RFC 2253)")                                                     \
    X(P, LIST, sans, 4096, "the certificate's alternative names: DNS names and addresses")                             \
    X(P, TEXT, serial, 63, "the certificate's serial number, hexadecimal")                                             \
    X(P, TIME, not_before, 0, "start of the certificate's validity")                                                   \
    X(P, TIME, not_after, 0, "end of the certificate's validity")                                                      \
    X(P, TEXT, key_type, 15, "type of the certificate's key")                                                          \
    X(P, NUMBER, key_bits, 0, "size of the certificate's key in bits")                                                 \
    X(P, TEXT, signature_algorithm, 63, "how the certificate is signed")                                               \
    X(P, TEXT, sha256, 64, "SHA-256 of the certificate, hexadecimal")                                                  \
    X(P, NUMBER, chain_length, 0, "number of certificates sent")                                                       \
    X(P, FLAG, self_signed, 0, "the certificate is signed with its own key")                                           \
    X(P, FLAG, key_proved, 0, "the server has proved in the handshake that it has the certificate's key")              \
    X(P, NUMBER, dh_bits, 0, "size of the group that a server below TLS 1.3 chose for DHE, in bits")                   \
    X(P, TEXT, refused, 15, "what we refused to compute with: dh-group, key, own-curve, chain, message-size")

PART_STRUCT(tls, TLS_FIELDS)
