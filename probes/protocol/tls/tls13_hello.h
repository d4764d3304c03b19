// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: the hello of our own client: what OpenSSL's offers, in its order, so that a server's choice is the
// same for either, but of groups only those that our client computes with, and one key share.

#include "probes/protocol/tls/tls_application.h"
#include "probes/protocol/tls/tls_kit.h"
#include "probes/protocol/tls/tls_share.h"

enum { TLS13_SESSION_ID_BYTES = 32 };

struct tls13_hello {
    uint8_t random[TLS_RANDOM_BYTES];
    uint8_t session_id[TLS13_SESSION_ID_BYTES]; // for the sake of middleboxes (RFC 8446 appendix D.4)
    uint16_t group;                             // of the key share
    struct bytes cookie;                        // of a HelloRetryRequest; empty: none
    const char *server_name;                    // NULL: none
    const char *applications[TLS_APPLICATIONS_MAX];
    size_t application_count;
};

// Appends it as one record, and says which share it took. 0; -EINVAL when the group is not ours; -EMSGSIZE, -ENOMEM.
int tls13_hello_write(struct tls_kit *kit, const struct tls13_hello *hello, struct tls_share_use *ret_use,
                      struct buffer *ret_record);
