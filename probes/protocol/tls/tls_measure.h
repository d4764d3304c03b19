// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: how much a server's messages ask of us, looked at before anything is decoded or computed.

#include <stdbool.h>
#include <stddef.h>

#include "probes/bytes.h"
#include "probes/observation/observation.h"

enum {
    // 102 KB of tiny certificates took 57 ms and 1.26 MB to decode; a chain that ends at a root has two to five.
    TLS_CERTIFICATES_MAX = 10,
    TLS_CERTIFICATE_BYTES_MAX = 32 << 10, // of a whole list
};

// What of a Certificate message is looked at before it is decoded.
struct certificates {
    size_t count;
    struct bytes first;
    bool own_curve; // one of its keys is on a curve that the server has made up
    bool failed;    // the lengths do not fit
};

// Reads the body of a Certificate message: RFC 5246 section 7.4.2; RFC 8446 section 4.4.2 has a context before the list
// and extensions behind each certificate.
struct certificates certificates_read(struct bytes body, bool since_13);

// Looks at the body of a ServerKeyExchange of DHE, which begins with the group (RFC 5246 section 7.4.3): records its
// size, and that it is refused when it is too large.
bool exchange_refused(struct bytes body, struct observation *observation);
