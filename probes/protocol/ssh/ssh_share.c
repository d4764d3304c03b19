// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/ssh/ssh_share.h"

#include <errno.h>

#include "probes/session/dear.h"

// 256 bits are the strength of the smaller groups (RFC 3526 section 8). Each of the two powers takes 0.9 ms in group 16
// and 3.4 ms in group 18; with 512 bits it was twice that.
enum { EXPONENT_BITS = 256 };

static int curve_make(const struct ssh_method *method, struct ssh_share *share)
{
    share->key = method->group == NULL ? EVP_PKEY_Q_keygen(NULL, NULL, method->type)
                                       : EVP_PKEY_Q_keygen(NULL, NULL, method->type, method->group);
    uint8_t *encoded = NULL;
    size_t length = share->key == NULL ? 0 : EVP_PKEY_get1_encoded_public_key(share->key, &encoded);
    if (length == 0)
        return -ENOTSUP;
    buffer_put(&share->public, encoded, length);
    OPENSSL_free(encoded);
    share->derive = EVP_PKEY_CTX_new(share->key, NULL);
    if (share->derive == NULL || EVP_PKEY_derive_init(share->derive) != 1)
        return -ENOTSUP;
    return share->public.failed ? -ENOMEM : 0;
}

// A point is looked at when it is read (it has to be on the curve). OpenSSL's further check multiplies it by the
// group's order, as dear as the exchange itself, to protect a secret that nothing depends on.
static EVP_PKEY *point_read(const struct ssh_method *method, const struct ssh_share *share, struct bytes theirs)
{
    if (method->group == NULL)
        return EVP_PKEY_new_raw_public_key_ex(NULL, method->type, NULL, theirs.data, theirs.length);
    EVP_PKEY *peer = EVP_PKEY_new();
    if (peer != NULL && EVP_PKEY_copy_parameters(peer, share->key) == 1 &&
        EVP_PKEY_set1_encoded_public_key(peer, theirs.data, theirs.length) == 1)
        return peer;
    EVP_PKEY_free(peer);
    return NULL;
}

static int curve_derive(const struct ssh_method *method, const struct ssh_share *share, struct bytes theirs,
                        uint8_t *room, size_t *length)
{
    EVP_PKEY *peer = point_read(method, share, theirs);
    bool right = peer != NULL && EVP_PKEY_derive_set_peer_ex(share->derive, peer, 0) == 1 &&
                 EVP_PKEY_derive(share->derive, room, length) == 1;
    EVP_PKEY_free(peer);
    return right ? 0 : -EBADMSG;
}

static int curve_secret(const struct ssh_method *method, const struct ssh_share *share, struct bytes theirs,
                        struct buffer *ret_secret)
{
    uint8_t secret[SSH_SECRET_MAX];
    size_t length = sizeof(secret);
    int status = curve_derive(method, share, theirs, secret, &length);
    if (status == 0)
        buffer_put_mpint(ret_secret, secret, length);
    return ret_secret->failed ? -ENOMEM : status;
}

static const struct ssh_method x25519 = {.type = "X25519"};

int ssh_x25519_make(struct ssh_share *share)
{
    return curve_make(&x25519, share);
}

int ssh_x25519(const struct ssh_share *share, struct bytes theirs, uint8_t ret_secret[32])
{
    size_t length = 32;
    int status = theirs.length == 32 ? curve_derive(&x25519, share, theirs, ret_secret, &length) : -EBADMSG;
    return status == 0 && length != 32 ? -EBADMSG : status;
}

// prime and generator are taken over, whatever happens.
static int field_start(struct ssh_share *share, BIGNUM *prime, BIGNUM *generator)
{
    int status = -ENOMEM;
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *value = BN_new();
    share->prime = prime;
    share->exponent = BN_new();
    if (ctx != NULL && prime != NULL && generator != NULL && value != NULL && share->exponent != NULL &&
        BN_rand(share->exponent, EXPONENT_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
        BN_mod_exp(value, generator, share->exponent, prime, ctx) == 1) {
        size_t length = (size_t)BN_num_bytes(value);
        uint8_t *room = buffer_extend(&share->public, length);
        status = room == NULL || BN_bn2bin(value, room) != (int)length ? -ENOMEM : 0;
    }
    BN_free(value);
    BN_free(generator);
    BN_CTX_free(ctx);
    return status;
}

static int field_make(const struct ssh_method *method, struct ssh_share *share)
{
    BIGNUM *generator = BN_new();
    if (generator != NULL)
        BN_set_word(generator, 2);
    return field_start(share, method->prime(NULL), generator);
}

static int field_secret(const struct ssh_method *method, const struct ssh_share *share, struct bytes theirs,
                        struct buffer *ret_secret)
{
    uint8_t secret[SSH_SECRET_MAX];
    int status = -EBADMSG;
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *value = theirs.length > sizeof(secret) ? NULL : BN_bin2bn(theirs.data, (int)theirs.length, NULL);
    (void)method;
    // RFC 4253 section 8: f in [1, p-1]; neither end of the range is a secret.
    if (ctx != NULL && value != NULL && !BN_is_zero(value) && !BN_is_one(value) && BN_cmp(value, share->prime) < 0 &&
        BN_mod_exp(value, value, share->exponent, share->prime, ctx) == 1 &&
        BN_num_bytes(value) <= (int)sizeof(secret)) {
        buffer_put_mpint(ret_secret, secret, (size_t)BN_bn2bin(value, secret));
        status = ret_secret->failed ? -ENOMEM : 0;
    }
    BN_free(value);
    BN_CTX_free(ctx);
    return status;
}

const struct ssh_family ssh_family_curve = {curve_make, curve_secret, false};
const struct ssh_family ssh_family_field = {field_make, field_secret, true};

int ssh_share_make(const struct ssh_method *method, struct ssh_share *ret_share)
{
    return method->family->make(method, ret_share);
}

int ssh_share_make_group(struct bytes prime, struct bytes generator, struct ssh_share *ret_share, int *ret_bits)
{
    if (prime.length > DEAR_GROUP_BITS || generator.length > prime.length)
        return -EBADMSG;
    BIGNUM *p = BN_bin2bn(prime.data, (int)prime.length, NULL);
    BIGNUM *g = BN_bin2bn(generator.data, (int)generator.length, NULL);
    int status = p == NULL || g == NULL ? -ENOMEM : 0;
    *ret_bits = status == 0 ? BN_num_bits(p) : 0;
    // RFC 4253 section 8. Whether it is a prime is not asked: to know it costs more than all else.
    if (status == 0 && (!BN_is_odd(p) || BN_is_zero(g) || BN_is_one(g) || BN_cmp(g, p) >= 0))
        status = -EBADMSG;
    if (status == 0 && *ret_bits > DEAR_GROUP_BITS)
        status = -E2BIG;
    if (status == 0)
        return field_start(ret_share, p, g);
    BN_free(p);
    BN_free(g);
    return status;
}

void ssh_share_fini(struct ssh_share *share)
{
    EVP_PKEY_CTX_free(share->derive);
    EVP_PKEY_free(share->key);
    BN_free(share->prime);
    BN_clear_free(share->exponent);
    buffer_fini(&share->public);
    *share = (struct ssh_share){0};
}
