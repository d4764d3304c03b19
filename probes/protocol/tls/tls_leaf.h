// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: what a server's own certificate teaches, on the shorter of two ways with the same outcome: our reader
// (tls_x509.h) for ordinary certificates, OpenSSL's for all others.

#include "probes/observation/observation.h"
#include "probes/protocol/tls/tls_key.h"

// An ordinary certificate, read.
struct tls_leaf {
    struct tls_x509 x509;
    uint8_t digest[TLS_DIGEST_BYTES];
    const struct tls_key *key; // valid until the next one is read
};

// Reads one whole certificate. False when it has to take the long way, or without memory.
bool tls_leaf_open(struct tls_kit *kit, struct bytes certificate, struct tls_leaf *ret_leaf);

// Writes down what it says, as the server's own certificate.
void tls_leaf_write(const struct tls_leaf *leaf, struct observation *observation);

// The same as a row of the chain, of any ordinary certificate.
void tls_leaf_write_row(const struct tls_x509 *x509, const uint8_t digest[static TLS_DIGEST_BYTES],
                        struct observation *observation);

// Reads one whole certificate and writes down what it says. NULL when it is none, or without memory. The key is valid
// until the next call.
const struct tls_key *tls_leaf_learn(struct tls_kit *kit, struct bytes certificate, struct observation *observation);

// Reads a list of certificates, the body of a Certificate message: of TLS 1.3 (RFC 8446 section 4.4.2) behind its
// context and with extensions, or an older one (RFC 5246 section 7.4.2). Looks for what is too dear (tls_bounds.h), and
// writes down how many there are; of a list that is refused for its length also what the first one says. All else is
// written down by tls_chain.h, which remembers whole chains.
enum tls_leaf_state {
    TLS_LEAF_BAD = 0, // lengths do not fit, or the certificate is none
    TLS_LEAF_REFUSED, // tls.refused says why; what could be learnt was
    TLS_LEAF_EMPTY,   // no certificate
    TLS_LEAF_LEARNT,  // *ret_key is the certificate's, valid until the next call
};

enum tls_leaf_state tls_leaf_read(struct tls_kit *kit, struct bytes body, bool since_13,
                                  struct observation *observation, const struct tls_key **ret_key);
