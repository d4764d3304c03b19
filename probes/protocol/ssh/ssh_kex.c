// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/ssh/ssh_kex.h"

#include <errno.h>
#include <nettle/base64.h>
#include <nettle/sha1.h>
#include <openssl/crypto.h>
#include <string.h>

#include "probes/protocol/ssh/ssh_key.h"

// What a group of the server's is asked to have (RFC 4419 section 3). Old servers give 1,024 bits, those of today what
// is preferred.
enum { GROUP_BITS_MIN = 1024, GROUP_BITS_PREFERRED = 2048, GROUP_BITS_MAX = 8192 };

_Static_assert(sizeof(struct sha512_ctx) >= sizeof(struct sha256_ctx), "room for every exchange hash");
_Static_assert(sizeof(struct sha512_ctx) >= sizeof(struct sha1_ctx), "room for every exchange hash");

static size_t digest_length(const struct ssh_kex *kex)
{
    return kex->choice.method->hash->digest_size;
}

static void public_put(const struct ssh_kex *kex, struct bytes value, struct buffer *to)
{
    if (ssh_kex_asks(kex) || kex->choice.method->family->numbers)
        buffer_put_mpint(to, value.data, value.length);
    else
        buffer_put_string(to, value.data, value.length);
}

// Moves what waits into the running hash: while the server computes, a flow does not keep both KEXINITs.
static int hash_run(struct ssh_kex *kex)
{
    const struct nettle_hash *hash = kex->choice.method->hash;
    if (kex->hash.failed)
        return -ENOMEM;
    if (!kex->runs)
        hash->init(kex->running);
    kex->runs = true;
    hash->update(kex->running, kex->hash.length, buffer_bytes(&kex->hash));
    buffer_fini(&kex->hash);
    return 0;
}

static struct bytes share_public(const struct ssh_kex *kex)
{
    return bytes_of(buffer_bytes(&kex->share->public), kex->share->public.length);
}

int ssh_kex_begin(struct ssh_kex *kex, struct buffer *ret_payload)
{
    int status = hash_run(kex);
    if (status != 0)
        return status;
    if (ssh_kex_asks(kex)) {
        buffer_put_u32(&kex->group, GROUP_BITS_MIN);
        buffer_put_u32(&kex->group, GROUP_BITS_PREFERRED);
        buffer_put_u32(&kex->group, GROUP_BITS_MAX);
        buffer_put_u8(ret_payload, SSH_MSG_GEX_REQUEST);
        buffer_put(ret_payload, buffer_bytes(&kex->group), kex->group.length);
    } else {
        kex->share = &kex->env->shares[kex->choice.method - ssh_methods];
        buffer_put_u8(ret_payload, SSH_MSG_KEX_INIT);
        public_put(kex, share_public(kex), ret_payload);
    }
    return ret_payload->failed || kex->group.failed ? -ENOMEM : 0;
}

int ssh_kex_group(struct ssh_kex *kex, const struct buffer *payload, struct observation *observation,
                  struct buffer *ret_payload)
{
    struct bytes reader = bytes_of(buffer_bytes(payload), payload->length);
    int bits = 0;
    (void)bytes_u8(&reader);
    struct bytes prime = bytes_slice(&reader, bytes_u32(&reader));
    struct bytes generator = bytes_slice(&reader, bytes_u32(&reader));
    if (reader.failed)
        return -EBADMSG;
    buffer_put_string(&kex->group, prime.data, prime.length);
    buffer_put_string(&kex->group, generator.data, generator.length);
    ssh_share_fini(&kex->own);
    int status = ssh_share_make_group(prime, generator, &kex->own, &bits);
    if (bits > 0)
        learn_number(observation, FIELD(ssh, group_bits), bits);
    if (status != 0)
        return status;
    kex->share = &kex->own;
    buffer_put_u8(ret_payload, SSH_MSG_GEX_INIT);
    public_put(kex, share_public(kex), ret_payload);
    return ret_payload->failed || kex->group.failed ? -ENOMEM : 0;
}

static void host_key_record(struct bytes blob, struct observation *observation)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    char text[BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE)];
    struct sha256_ctx sha256;
    sha256_init(&sha256);
    sha256_update(&sha256, blob.length, blob.data);
    sha256_digest(&sha256, sizeof(digest), digest);
    base64_encode_raw(text, sizeof(digest), digest);
    learn_text(observation, FIELD(ssh, host_key_sha256), text, sizeof(text) - 1); // without the padding
    struct bytes type = bytes_slice(&blob, bytes_u32(&blob));
    if (!blob.failed)
        learn_text(observation, FIELD(ssh, host_key_type), type.data, type.length);
}

// The exchange hash's end: host key, group, both halves and the secret.
static int hash_finish(struct ssh_kex *kex, struct bytes blob, struct bytes theirs)
{
    buffer_put_string(&kex->hash, blob.data, blob.length);
    buffer_put(&kex->hash, buffer_bytes(&kex->group), kex->group.length);
    public_put(kex, share_public(kex), &kex->hash);
    public_put(kex, theirs, &kex->hash);
    buffer_put(&kex->hash, buffer_bytes(&kex->secret), kex->secret.length);
    int status = hash_run(kex);
    if (status == 0)
        kex->choice.method->hash->digest(kex->running, digest_length(kex), kex->digest);
    return status;
}

int ssh_kex_finish(struct ssh_kex *kex, const struct buffer *payload, struct observation *observation)
{
    const struct ssh_family *family = ssh_kex_asks(kex) ? &ssh_family_field : kex->choice.method->family;
    struct bytes reader = bytes_of(buffer_bytes(payload), payload->length);
    (void)bytes_u8(&reader);
    struct bytes blob = bytes_slice(&reader, bytes_u32(&reader));
    struct bytes theirs = bytes_slice(&reader, bytes_u32(&reader));
    struct bytes signature = bytes_slice(&reader, bytes_u32(&reader));
    if (reader.failed || theirs.length == 0)
        return -EBADMSG;
    host_key_record(blob, observation);
    int status = family->secret(kex->choice.method, kex->share, theirs, &kex->secret);
    status = status == 0 ? hash_finish(kex, blob, theirs) : status;
    if (status != 0)
        return status;
    int bits = 0;
    struct bytes digest = bytes_of(kex->digest, digest_length(kex));
    enum ssh_proof proof = ssh_key_verify(kex->env->verify, blob, signature, digest, &bits);
    if (bits > 0)
        learn_number(observation, FIELD(ssh, host_key_bits), bits);
    if (proof != SSH_PROOF_NONE)
        learn_flag(observation, FIELD(ssh, host_key_verified), proof == SSH_PROOF_RIGHT);
    return 0;
}

// RFC 4253 section 7.2: HASH(K || H || letter || session_id), then HASH(K || H || key so far) for as long as needed.
// There is no second exchange, so H is the session id.
static void key_derive(const struct ssh_kex *kex, char letter, size_t length, uint8_t ret_key[SSH_KEY_MAX])
{
    const struct nettle_hash *hash = kex->choice.method->hash;
    _Alignas(max_align_t) uint8_t context[sizeof(kex->running)];
    for (size_t made = 0; made < length;) {
        size_t piece = length - made < hash->digest_size ? length - made : hash->digest_size;
        hash->init(context);
        hash->update(context, kex->secret.length, buffer_bytes(&kex->secret));
        hash->update(context, hash->digest_size, kex->digest);
        if (made == 0) {
            hash->update(context, 1, (const uint8_t *)&letter);
            hash->update(context, hash->digest_size, kex->digest);
        } else {
            hash->update(context, made, ret_key);
        }
        hash->digest(context, piece, ret_key + made);
        made += piece;
    }
}

static int direction_keys(const struct ssh_kex *kex, struct ssh_direction *direction, bool out)
{
    const struct ssh_suite *suite = out ? &kex->choice.out : &kex->choice.in;
    uint8_t keys[3][SSH_KEY_MAX] = {{0}};
    key_derive(kex, out ? 'A' : 'B', suite->cipher->iv, keys[0]);
    key_derive(kex, out ? 'C' : 'D', suite->cipher->key, keys[1]);
    key_derive(kex, out ? 'E' : 'F', ssh_cipher_is_aead(suite->cipher) ? 0 : suite->mac->key, keys[2]);
    int status = ssh_direction_start(direction, out, suite, keys, kex->env->poly1305);
    if (kex->choice.strict)
        direction->sequence = 0;
    OPENSSL_cleanse(keys, sizeof(keys));
    return status;
}

int ssh_kex_start_out(const struct ssh_kex *kex, struct ssh_transport *transport)
{
    return direction_keys(kex, &transport->out, true);
}

int ssh_kex_start_in(const struct ssh_kex *kex, struct ssh_transport *transport)
{
    return direction_keys(kex, &transport->in, false);
}

void ssh_kex_fini(struct ssh_kex *kex)
{
    ssh_share_fini(&kex->own);
    buffer_fini(&kex->hash);
    buffer_fini(&kex->group);
    buffer_fini(&kex->secret);
    OPENSSL_cleanse(kex, sizeof(*kex));
}
