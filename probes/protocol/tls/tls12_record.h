// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: protected records of TLS 1.2: AES-GCM (RFC 5288), ChaCha20-Poly1305 (RFC 7905), and AES-CBC with HMAC
// (RFC 5246 section 6.2.3.2).

#include "probes/protocol/tls/tls12_keys.h"
#include "probes/protocol/tls/tls_record.h"

// As tls_record_open.
int tls12_record_open(struct tls_kit *kit, const struct tls12_suite *suite, struct tls_protection *protection,
                      const struct tls_record *record, struct tls_record *ret_plain);

// As tls_record_seal; of CBC also -EIO without random bytes.
int tls12_record_seal(struct tls_kit *kit, const struct tls12_suite *suite, struct tls_protection *protection,
                      const struct tls_record *plain, struct buffer *ret_records);
