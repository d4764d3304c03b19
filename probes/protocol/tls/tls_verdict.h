// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: whether a chain verifies, on the short way where its outcome is OpenSSL's for certain
// (X509_verify_cert): a certificate that signed itself, one of an issuer whom nobody knows, one before issuers on whom
// OpenSSL has pronounced already. The rules are RFC 5280's section 6 as OpenSSL applies them; whatever may come out
// another way, for a name that an authority of ours has too, an extension that is not plain, a signature that is wrong,
// is not decided here.

#include "probes/protocol/tls/tls_leaf.h"
#include "probes/protocol/tls/tls_trust.h"

// A list of certificates behind the server's own, as it was sent (tls_chain.h).
struct tls_rest {
    struct bytes list;
    bool since_13;
    uint8_t digest[TLS_DIGEST_BYTES]; // of the list, and its framing
};

// Takes a whole list apart, whose lengths fit. False without memory.
bool tls_rest_open(struct tls_kit *kit, struct bytes list, bool since_13, struct bytes *ret_first,
                   struct tls_rest *ret_rest);

// The next certificate of such a list. A failed reader when the lengths do not fit.
struct bytes tls_rest_next(struct tls_rest *rest);

// Decides, with the kit's memory of issuers. False when OpenSSL has to. All keys of the rest were found to be sound
// when it was remembered; that of an empty one is nobody's.
bool tls_verdict_decide(struct tls_kit *kit, const struct tls_trust *trust, const struct tls_leaf *leaf,
                        const struct tls_rest *rest, struct trust_verdict *ret_verdict);

// Remembers what OpenSSL has decided of a chain with that rest. certificate: the server's own.
void tls_verdict_remember(struct tls_kit *kit, struct bytes certificate, const struct tls_rest *rest,
                          const struct trust_verdict *verdict);
