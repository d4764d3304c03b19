// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a conversation is measured against, in the same run: the arithmetic that it cannot do without, and OpenSSL's own
// client. By this thread's CPU clock.

#include "tools/simnet/personality/personality.h"

enum bare_operation {
    BARE_X25519_KEYGEN = 0,
    BARE_X25519_DERIVE,
    BARE_P256_VERIFY,
    BARE_ED25519_VERIFY,
    BARE_OPERATIONS
};

// "x25519_keygen", ...
const char *bare_name(enum bare_operation operation);

// Microseconds each, measured for so many seconds apiece. False when OpenSSL fails.
bool bare_measure(double seconds, double ret_us[static BARE_OPERATIONS]);

// Microseconds of OpenSSL's own client, over memory, with a TLS service that has a page inside: a new connection with
// the context's defaults, the handshake without verifying the chain, one request, the page, and goodbye. 0 on failure.
double bare_openssl(const struct service *service, int version, struct crypto *crypto, double seconds);
