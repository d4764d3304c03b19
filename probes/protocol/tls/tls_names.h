// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The numbers of TLS by name: cipher suites and groups (IANA, TLS Parameters), versions. Those of old servers
// are among them, which no library of today knows.

#include <stdbool.h>
#include <stdint.h>

// How the two sides come to a common secret, as the suite's name says.
enum tls_exchange {
    TLS_EXCHANGE_UNKNOWN = 0,
    TLS_EXCHANGE_RSA,        // encrypted to the certificate's key: whoever gets the key reads all that was recorded
    TLS_EXCHANGE_RSA_EXPORT, // or to a temporary one of at most 512 or 1,024 bits
    TLS_EXCHANGE_STATIC,     // Diffie-Hellman with the certificate's key
    TLS_EXCHANGE_PSK,        // a secret that both have from elsewhere
    TLS_EXCHANGE_DHE,
    TLS_EXCHANGE_ECDHE,
    TLS_EXCHANGE_DH_ANON,       // and nobody says who he is
    TLS_EXCHANGE_ECDH_ANON,     // likewise
    TLS_EXCHANGE_PSK_EPHEMERAL, // a secret from elsewhere, and Diffie-Hellman
    TLS_EXCHANGE_13,            // TLS 1.3: told by the key share
};

// The IANA name; NULL for a number that is not in the table.
const char *tls_cipher_name(uint16_t cipher);

// The number of a name; 0 when it is not in the table.
uint16_t tls_cipher_number(const char *name);

enum tls_exchange tls_cipher_exchange(uint16_t cipher);

// One of today's: AES or ChaCha20, with authentication, as every library of the last fifteen years has them.
bool tls_cipher_common(uint16_t cipher);

// A named group and its size in bits; NULL and an untouched *ret_bits for one that is not in the table.
const char *tls_group_name(uint16_t group, uint16_t *ret_bits);

// A hybrid of a post-quantum and a classical key exchange.
bool tls_group_hybrid(uint16_t group);

// "SSLv2" to "TLSv1.3"; NULL for any other.
const char *tls_version_name(uint16_t version);

// Of SSL 2.0, whose cipher kinds are three bytes long: "SSL_CK_RC4_128_WITH_MD5"; NULL likewise.
const char *tls_ssl2_cipher_name(uint32_t kind);
