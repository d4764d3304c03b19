// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to ssh: what all conversations of one environment share, so that none of it is made or fetched twice. Made by
// ssh_env_new (probes/session/env.h).

#include <openssl/evp.h>

#include "probes/buffer.h"
#include "probes/protocol/ssh/ssh_share.h"

struct ssh_env {
    EVP_MAC *poly1305;
    EVP_MD_CTX *verify;                   // of host keys' signatures
    struct ssh_share shares[SSH_METHODS]; // our half of each method whose group is known
    bool usable[SSH_METHODS];             // what OpenSSL has got: nothing else is offered
    struct buffer offer;                  // our KEXINIT, with a cookie of zeros
};
