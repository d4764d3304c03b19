// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: what a certificate says, as plain texts and numbers.

#include <openssl/x509.h>

#include "probes/observation/observation.h"

// Fills the certificate's part of *tls. What cannot be read stays empty.
void certificate_observe(X509 *certificate, struct observation *observation);

// The same as a row of tls.chain.
void certificate_observe_row(X509 *certificate, struct observation *observation);

// Seconds since 1970; false when the time cannot be read.
bool certificate_seconds(const ASN1_TIME *time, int64_t *ret_seconds);
