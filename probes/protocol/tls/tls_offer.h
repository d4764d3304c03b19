// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The hellos that ask for one version, and what stands in them: from the strongest to the weakest, down to what nobody
// should speak, so that a server that has nothing better is seen as well.

#include <stdbool.h>
#include <stdint.h>

#include "probes/buffer.h"

// A hello that goes up to this version, TLS_SSL3 to TLS_1_2, as such clients wrote them: SSL 3.0 without extensions.
// `names`: it may be any application's (RFC 7301), of which 1.2 names many. Who knows what is spoken names none: a
// server of mail may refuse who names more than one. `server`: the host's name, NULL: none. 0 or -errno as
// tls_hello_write; -EIO without random bytes.
int tls_offer_version(uint16_t version, bool names, const char *server, struct buffer *ret_record);

// The same ciphers in the opposite order, the one that the server has chosen last of all. When that is one of today's,
// only those are offered: every earlier hello has offered these. Of TLS 1.3: all its groups, hybrid ones first, without
// a key share, so that a HelloRetryRequest has to name the cipher and the group.
int tls_offer_reversed(uint16_t version, uint16_t chosen, bool names, const char *server, struct buffer *ret_record);

// TLS 1.3 with nothing but hybrid groups, without a key share.
int tls_offer_hybrid(const char *server, struct buffer *ret_record);

// SSL 2.0.
int tls_offer_ssl2(struct buffer *ret_record);
