// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls13_hello.h"

#include <errno.h>

static const uint16_t versions[] = {TLS_1_3, TLS_1_2, TLS_1_1, TLS_1_0};

// RFC 8446 section 4.2.3; behind those of TLS 1.3 what older servers need.
static const uint16_t signature_algorithms[] = {0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b,
                                                0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0303, 0x0301,
                                                0x0203, 0x0201, 0x0302, 0x0402, 0x0502, 0x0602, 0x0202};

int tls13_hello_write(struct tls_kit *kit, const struct tls13_hello *hello, struct tls_share_use *ret_use,
                      struct buffer *ret_record)
{
    struct tls_key_share share = {.group = hello->group, .share = tls_share_take(kit->shares, hello->group, ret_use)};
    if (share.share.failed)
        return -EINVAL;
    const struct tls_hello written = {
        .record_version = TLS_1_0,
        .legacy_version = TLS_1_2,
        .random = hello->random,
        .session_id = bytes_of(hello->session_id, sizeof(hello->session_id)),
        .ciphers = {kit->ciphers, kit->cipher_count},
        .server_name = hello->server_name,
        .renegotiation_info = true,
        .extended_master_secret = true,
        .groups = {tls_share_groups, TLS_SHARE_GROUPS},
        .point_formats = true,
        .alpn = hello->applications,
        .alpn_count = hello->application_count,
        .versions = TLS_NUMBERS(versions),
        .signature_algorithms = TLS_NUMBERS(signature_algorithms),
        .key_shares = &share,
        .key_share_count = 1,
        .cookie = hello->cookie,
    };
    return tls_hello_write(&written, ret_record);
}
