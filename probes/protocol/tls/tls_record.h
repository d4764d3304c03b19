// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to tls: records (RFC 8446 section 5), cut from a stream, opened and sealed.

#include "probes/buffer.h"
#include "probes/protocol/tls/tls_keys.h"

enum tls_content {
    TLS_CONTENT_CHANGE_CIPHER_SPEC = 20,
    TLS_CONTENT_ALERT = 21,
    TLS_CONTENT_HANDSHAKE = 22,
    TLS_CONTENT_APPLICATION_DATA = 23,
};

struct tls_record {
    uint8_t type; // enum tls_content, if the other side keeps to it
    uint16_t version;
    struct bytes header; // five bytes, as they are authenticated
    struct bytes body;
};

enum tls_record_state { TLS_RECORD_BAD = 0, TLS_RECORD_PARTIAL, TLS_RECORD_WHOLE };

// Takes the next whole record. PARTIAL, and nothing taken, while it is not there; BAD when its first five bytes are
// none of TLS, or announce more than `most` bytes.
enum tls_record_state tls_record_take(struct bytes *input, size_t most, struct tls_record *ret_record);

// Most bytes of an encrypted record's body (RFC 8446 section 5.2).
enum { TLS_CIPHERTEXT_BYTES_MAX = TLS_RECORD_BYTES_MAX + 256 };

// Opens a record; its plain text is in the kit until the next one. 0; -EBADMSG when it was not sealed with this key, or
// holds nothing but padding; -EMSGSIZE when it holds more than it may; -ENOMEM.
int tls_record_open(struct tls_kit *kit, const struct tls_suite *suite, struct tls_protection *protection,
                    const struct tls_record *record, struct tls_record *ret_plain);

// Appends data of that type, sealed, in as many records as it takes. 0 or -ENOMEM.
int tls_record_seal(struct tls_kit *kit, const struct tls_suite *suite, struct tls_protection *protection,
                    const struct tls_record *plain, struct buffer *ret_records);
