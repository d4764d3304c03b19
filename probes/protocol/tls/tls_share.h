// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: our key shares (RFC 8446 section 4.2.8), one a group for the handshakes of a thread. A share is used
// again for SHARE_USES handshakes: what a scanner reads anyone may read, so that nothing has to stay secret afterwards
// (RFC 8446 section 2.3 calls it forward secrecy), and to make one costs as much as the other half of the exchange. It
// is used with peers that choose their halves as they like, which X25519 stands by design and OpenSSL stands by
// checking that a point is on its curve.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/bytes.h"

enum { TLS_GROUP_P256 = 0x0017, TLS_GROUP_P384 = 0x0018, TLS_GROUP_X25519 = 0x001d };
enum { TLS_SHARE_GROUPS = 3, TLS_SHARED_BYTES_MAX = 48, TLS_SHARE_USES = 1 << 20 };

struct tls_shares;

// Groups of ours, the first preferred.
extern const uint16_t tls_share_groups[TLS_SHARE_GROUPS];

// Makes all of them. NULL without memory; free(NULL) legal.
struct tls_shares *tls_shares_new(void);
void tls_shares_free(struct tls_shares *shares);

// Which share a handshake uses.
struct tls_share_use {
    uint16_t group;
    uint8_t generation;
};

// Our share of a group; a failed reader when the group is not ours. It holds until the next call.
struct bytes tls_share_take(struct tls_shares *shares, uint16_t group, struct tls_share_use *ret_use);

// What is shared with a peer whose half this is. The share we used must be no older than the one before today's. 0;
// -EINVAL when that is no half of the group's; -ENOMEM.
int tls_share_derive(struct tls_shares *shares, struct tls_share_use use, struct bytes peer,
                     uint8_t ret_shared[static TLS_SHARED_BYTES_MAX], size_t *ret_length);
