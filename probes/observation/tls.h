// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a TLS handshake teaches (RFC 8446, RFC 5246), certificate included (RFC 5280).

#include "probes/observation/field.h"

// One version of the protocol, as the server answered to a hello that went up to it.
#define TLS_VERSION_FIELDS(X, P)                                                                                       \
    X(P, TEXT, version, 7, "SSLv2, SSLv3, TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3")                                         \
    X(P, TEXT, status, 7, "offered, refused or unknown")                                                               \
    X(P, TEXT, reason, 31, "why not offered: an alert, closed, older-version, silence, not-asked ...")                 \
    X(P, TEXT, cipher, 63, "cipher suite it chose, the IANA name where there is one")                                  \
    X(P, TEXT, group, 31, "named group it chose for the key exchange")                                                 \
    X(P, NUMBER, key_exchange_bits, 0, "size of the key exchange: of the group, the DH prime, or the RSA key")         \
    X(P, FLAG, forward_secrecy, 0, "the key exchange is ephemeral")

PART_STRUCT(tls_version, TLS_VERSION_FIELDS)

// One certificate of the chain, in the order in which they were sent.
#define TLS_CERTIFICATE_FIELDS(X, P)                                                                                   \
    X(P, TEXT, subject, 255, "subject (RFC 2253)")                                                                     \
    X(P, TEXT, issuer, 255, "issuer (RFC 2253)")                                                                       \
    X(P, TIME, not_before, 0, "start of the validity")                                                                 \
    X(P, TIME, not_after, 0, "end of the validity")                                                                    \
    X(P, TEXT, key_type, 15, "type of the key")                                                                        \
    X(P, NUMBER, key_bits, 0, "size of the key in bits")                                                               \
    X(P, TEXT, signature_algorithm, 63, "how it is signed")                                                            \
    X(P, FLAG, self_issued, 0, "subject and issuer are the same: a root, whose signature nobody relies on")            \
    X(P, TEXT, sha256, 64, "SHA-256, hexadecimal")

PART_STRUCT(tls_certificate, TLS_CERTIFICATE_FIELDS)

#define TLS_FIELDS(X, P)                                                                                               \
    X(P, TEXT, version, 15, "negotiated protocol version")                                                             \
    X(P, TEXT, cipher, 63, "negotiated cipher suite, the IANA name where there is one")                                \
    X(P, FLAG, starttls, 0, "the service was asked for TLS on its own connection")                                     \
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
    X(P, TEXT, refused, 15, "what we refused to compute with: dh-group, key, own-curve, chain, message-size")          \
    X(P, LIST, versions, 63, "versions it accepts: SSLv2, SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3")                    \
    X(P, LIST, versions_refused, 63, "versions it refuses, by an alert, by hanging up or by choosing an older one")    \
    X(P, LIST, versions_unknown, 63, "versions of which neither is known: it said nothing, or was not asked")          \
    X(P, ROWS(tls_version), matrix, 6, "what it answered to a hello of each version")                                  \
    X(P, TEXT, preference, 7, "whose order decides on the cipher: server (its choice did not follow ours) or client")  \
    X(P, LIST, alpn, 127, "application protocols it agreed to (RFC 7301)")                                             \
    X(P, FLAG, post_quantum, 0, "a hybrid post-quantum key exchange is offered")                                       \
    X(P, TEXT, post_quantum_group, 31, "the hybrid group it chose")                                                    \
    X(P, TEXT, ja3s, 32, "JA3S of the answer to the first hello: MD5 over version, cipher and extensions")             \
    X(P, TEXT, ja3s_text, 223, "what JA3S is the MD5 of: version, cipher and the extensions in the server's order")    \
    X(P, ROWS(tls_certificate), chain, 10, "the certificates sent, in their order")                                    \
    X(P, FLAG, trusted, 0, "the chain verifies against the system's authorities at the time of the scan")              \
    X(P, TEXT, trust_error, 127, "why it does not")                                                                    \
    X(P, FLAG, name_fits, 0, "one of the certificate's names is the host name that was asked for, or else its address")

PART_STRUCT(tls, TLS_FIELDS)
