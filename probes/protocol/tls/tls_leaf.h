// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: what a server's own certificate teaches, on the shorter of two ways with the same outcome: our reader
// (tls_x509.h) for ordinary certificates, OpenSSL's for all others.

#include "probes/observation/observation.h"
#include "probes/protocol/tls/tls_key.h"

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
