// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to ssh: host keys (RFC 4253 section 6.6, RFC 5656, RFC 8332, RFC 8709).

#include <openssl/evp.h>

#include "probes/bytes.h"

enum ssh_proof {
    SSH_PROOF_WRONG = 0,
    SSH_PROOF_RIGHT,
    SSH_PROOF_NONE, // not looked at: of a kind we do not know, or too dear to check (session/dear.h)
};

// Whether `signature` over `data` is by the host key `blob`. ctx is used and reset. *ret_bits is the key's size, and
// stays as it was when there is no key in the blob that we can read.
enum ssh_proof ssh_key_verify(EVP_MD_CTX *ctx, struct bytes blob, struct bytes signature, struct bytes data,
                              int *ret_bits);
