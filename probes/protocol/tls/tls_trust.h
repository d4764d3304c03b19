// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The authorities that chains are verified against, read before a sandbox closes, and what was learnt of the chains of
// late: a certificate that stands before sixty thousand hosts is decoded and verified once. Made by trust_new
// (session/env.h). One thread.

#include <stdbool.h>
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

// What came of a verification. All-zero: nothing is known.
struct trust_verdict {
    bool known;
    bool trusted;
    int error; // X509_V_OK, or OpenSSL's reason
    // Of the path that was built, what lies behind the server's own certificate. Not there when it ended with that one.
    struct x509_st *issuer; // who is said to have issued it; a reference that trust_verdict_fini gives back
    bool constrained;       // one of them constrains the names of those before it
    int64_t valid_from;     // when all of them are valid
    int64_t valid_until;
};

void trust_verdict_fini(struct trust_verdict *verdict);

// Writes down tls.trusted, and why not.
void trust_verdict_learn(const struct trust_verdict *verdict, struct observation *observation);

// Whether chains are verified at all: there are authorities.
bool trust_verifies(const struct tls_trust *trust);

// Whether one of the authorities may have the subject with that hash: the first four bytes of the SHA-1 of its
// canonical form, little-endian (tls_x509_name_canon), as X509_NAME_hash_ex has it.
bool trust_has_subject(const struct tls_trust *trust, uint32_t hash);

// Verifies certificates as a TLS client would, at this time, with OpenSSL. certificates: the server's own first, as
// STACK_OF(X509); none of their keys is too dear.
struct stack_st_X509;
struct trust_verdict trust_verify(const struct tls_trust *trust, struct stack_st_X509 *certificates);
