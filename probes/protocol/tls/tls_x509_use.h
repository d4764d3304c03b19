// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: what a certificate may be used for and whose it is (RFC 5280 section 4.2), as far as ordinary ones
// say it: basic constraints, key usage, extended key usage, key identifiers, distribution points that are addresses,
// and what a verification has no use for. With anything else, written in another way, critical where it should not be,
// or twice, only OpenSSL knows what comes of it.

#include "probes/protocol/tls/tls_x509.h"

// Views into the certificate.
struct tls_x509_use {
    bool serves; // neither usage forbids a TLS server
    struct bytes key_id;
    struct bytes authority_key_id;
    bool named;      // key_id is there
    bool attributed; // authority_key_id is there
};

// Reads the extensions of an ordinary certificate. False when they are not all ordinary.
bool tls_x509_use_read(const struct tls_x509 *x509, struct tls_x509_use *ret_use);

// Whether a certificate with that authority's key identifier can be one of an authority with that key identifier: where
// either has none, it can.
bool tls_x509_use_fits(const struct tls_x509_use *use, bool named, struct bytes key_id);
