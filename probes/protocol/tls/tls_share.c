// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_share.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum { SHARE_BYTES_MAX = 97 };

struct share {
    EVP_PKEY *own;
    EVP_PKEY *peer; // a key of the group, into which each peer's share is put
    EVP_PKEY_CTX *derive;
    uint8_t text[SHARE_BYTES_MAX]; // our share as it is sent
    size_t length;
    uint32_t uses;
};

// Of each group the share in use, and the one before it, which handshakes under way still need.
struct tls_shares {
    struct share shares[TLS_SHARE_GROUPS][2];
    uint8_t generations[TLS_SHARE_GROUPS];
};

const uint16_t tls_share_groups[TLS_SHARE_GROUPS] = {TLS_GROUP_X25519, TLS_GROUP_P256, TLS_GROUP_P384};

static EVP_PKEY *key_make(uint16_t group)
{
    switch (group) {
    case TLS_GROUP_X25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    case TLS_GROUP_P256:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    default:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    }
}

static void share_fini(struct share *share)
{
    EVP_PKEY_CTX_free(share->derive);
    EVP_PKEY_free(share->peer);
    EVP_PKEY_free(share->own);
    *share = (struct share){.length = 0};
}

static bool share_init(struct share *share, uint16_t group)
{
    *share = (struct share){.own = key_make(group)};
    unsigned char *text = NULL;
    size_t length = share->own == NULL ? 0 : EVP_PKEY_get1_encoded_public_key(share->own, &text);
    if (length > 0 && length <= sizeof(share->text)) {
        memcpy(share->text, text, length);
        share->length = length;
        share->peer = EVP_PKEY_dup(share->own);
        share->derive = EVP_PKEY_CTX_new_from_pkey(NULL, share->own, NULL);
    }
    OPENSSL_free(text);
    if (share->peer != NULL && share->derive != NULL && EVP_PKEY_derive_init(share->derive) == 1)
        return true;
    share_fini(share);
    return false;
}

struct tls_shares *tls_shares_new(void)
{
    struct tls_shares *shares = calloc(1, sizeof(*shares));
    for (size_t at = 0; shares != NULL && at < TLS_SHARE_GROUPS; at++) {
        if (!share_init(&shares->shares[at][0], tls_share_groups[at])) {
            tls_shares_free(shares);
            return NULL;
        }
    }
    return shares;
}

void tls_shares_free(struct tls_shares *shares)
{
    for (size_t at = 0; shares != NULL && at < TLS_SHARE_GROUPS; at++) {
        share_fini(&shares->shares[at][0]);
        share_fini(&shares->shares[at][1]);
    }
    free(shares);
}

// The group's place; TLS_SHARE_GROUPS when it is not ours.
static size_t group_find(uint16_t group)
{
    size_t at = 0;
    while (at < TLS_SHARE_GROUPS && tls_share_groups[at] != group)
        at++;
    return at;
}

struct bytes tls_share_take(struct tls_shares *shares, uint16_t group, struct tls_share_use *ret_use)
{
    size_t at = group_find(group);
    if (at == TLS_SHARE_GROUPS)
        return (struct bytes){.failed = true};
    struct share *share = &shares->shares[at][shares->generations[at] & 1];
    struct share *other = &shares->shares[at][(shares->generations[at] + 1) & 1];
    struct share fresh;
    // Without memory for a new one the old one goes on.
    if (++share->uses > TLS_SHARE_USES && share_init(&fresh, group)) {
        share_fini(other);
        *other = fresh;
        share = other;
        share->uses = 1;
        shares->generations[at]++;
    }
    *ret_use = (struct tls_share_use){.group = group, .generation = shares->generations[at]};
    return bytes_of(share->text, share->length);
}

int tls_share_derive(struct tls_shares *shares, struct tls_share_use use, struct bytes peer,
                     uint8_t ret_shared[static TLS_SHARED_BYTES_MAX], size_t *ret_length)
{
    size_t at = group_find(use.group);
    struct share *share = at == TLS_SHARE_GROUPS ? NULL : &shares->shares[at][use.generation & 1];
    size_t length = TLS_SHARED_BYTES_MAX;
    if (share == NULL || peer.length != share->length)
        return -EINVAL;
    ERR_clear_error();
    if (EVP_PKEY_set1_encoded_public_key(share->peer, peer.data, peer.length) == 1 &&
        EVP_PKEY_derive_set_peer_ex(share->derive, share->peer, 0) == 1 &&
        EVP_PKEY_derive(share->derive, ret_shared, &length) == 1) {
        *ret_length = length;
        return 0;
    }
    int error = -EINVAL;
    for (unsigned long code; (code = ERR_get_error()) != 0;)
        error = ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE ? -ENOMEM : error;
    return error;
}
