// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The authorities that chains are verified against, read before a sandbox closes, and what was learnt of the chains of
// late: a certificate that stands before sixty thousand hosts is decoded and verified once. Made by trust_new
// (session/env.h). One thread.

#include <stdint.h>

#include "probes/observation/observation.h"
#include "probes/session/env.h"

enum { TRUST_DIGEST_BYTES = 32 };

// What was learnt of the chain with this SHA-256 (over what was sent); NULL when it is not remembered.
const struct tls_observation *trust_recall(struct tls_trust *trust, const uint8_t digest[static TRUST_DIGEST_BYTES]);

// A place to write down what is learnt of a new chain, in place of the one that was not asked for the longest. Empty;
// the trust's own.
struct observation *trust_remember(struct tls_trust *trust, const uint8_t digest[static TRUST_DIGEST_BYTES]);

// Takes it back: what was written down is not to be believed.
void trust_forget(struct tls_trust *trust, const struct observation *place);

// Verifies certificates as a TLS client would, at this time, and writes down tls.trusted and why not. certificates: the
// server's own first, as STACK_OF(X509); none of their keys is too dear.
struct stack_st_X509;
void trust_verify(struct tls_trust *trust, struct stack_st_X509 *certificates, struct observation *observation);
