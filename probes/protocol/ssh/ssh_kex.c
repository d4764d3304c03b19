// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/ssh/ssh_kex.h"

#include <errno.h>
#include <openssl/sha.h>
#include <string.h>

struct ssh_kex_method {
    const char *name;
    const char *digest;
    const char *type;            // of the elliptic curve key, NULL for a finite field
    const char *group;           // of an "EC" key
    BIGNUM *(*prime)(BIGNUM *p); // of a finite field, with generator 2
};

static const struct ssh_kex_method methods[] = {
    {"curve25519-sha256", "SHA256", "X25519", NULL, NULL},
    {"curve25519-sha256@libssh.org", "SHA256", "X25519", NULL, NULL},
    {"ecdh-sha2-nistp256", "SHA256", "EC", "P-256", NULL},
    {"ecdh-sha2-nistp384", "SHA384", "EC", "P-384", NULL},
    {"ecdh-sha2-nistp521", "SHA512", "EC", "P-521", NULL},
    {"diffie-hellman-group14-sha256", "SHA256", NULL, NULL, BN_get_rfc3526_prime_2048},
    {"diffie-hellman-group14-sha1", "SHA1", NULL, NULL, BN_get_rfc3526_prime_2048},
    {"diffie-hellman-group1-sha1", "SHA1", NULL, NULL, BN_get_rfc2409_prime_1024},
    // The dear ones are for those that have nothing else.
    {"diffie-hellman-group16-sha512", "SHA512", NULL, NULL, BN_get_rfc3526_prime_4096},
    {"diffie-hellman-group18-sha512", "SHA512", NULL, NULL, BN_get_rfc3526_prime_8192},
};

// Nothing that goes over the connection is a secret of anybody's, and 256 bits are the strength of the smaller groups
// anyhow (RFC 3526 section 8). Each of the two powers takes 0.9 ms in group 16 and 3.4 ms in group 18; with 512 bits it
// was twice that.
enum { METHODS = sizeof(methods) / sizeof(methods[0]), EXPONENT_BITS = 256, LISTS = 10 };

static const char strict_ours[] = "kex-strict-c-v00@openssh.com";
static const char strict_theirs[] = "kex-strict-s-v00@openssh.com";

static const char host_keys[] = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-256,"
                                "rsa-sha2-512,ssh-rsa,ssh-dss";

// Appends a name to a name-list whose length field stands at `field`.
static void list_add(struct buffer *payload, size_t *length, const char *name)
{
    if (*length > 0)
        buffer_put_u8(payload, ',');
    buffer_put(payload, name, strlen(name));
    *length += strlen(name) + (*length > 0 ? 1 : 0);
}

// The length of a list is known only behind it.
static void list_close(struct buffer *payload, size_t field, size_t length)
{
    if (!payload->failed) {
        uint8_t *at = payload->data + payload->start + field;
        at[2] = (uint8_t)(length >> 8);
        at[3] = (uint8_t)length;
    }
}

void ssh_kex_offer(const uint8_t cookie[SSH_COOKIE_BYTES], struct buffer *ret_payload)
{
    buffer_put_u8(ret_payload, SSH_MSG_KEXINIT);
    buffer_put(ret_payload, cookie, SSH_COOKIE_BYTES);
    size_t length = 0;
    size_t field = ret_payload->length;
    buffer_put_u32(ret_payload, 0);
    for (size_t at = 0; at < METHODS; at++)
        list_add(ret_payload, &length, methods[at].name);
    list_add(ret_payload, &length, strict_ours);
    list_close(ret_payload, field, length);
    buffer_put_text(ret_payload, host_keys);
    for (int direction = 0; direction < 2; direction++) {
        length = 0;
        field = ret_payload->length;
        buffer_put_u32(ret_payload, 0);
        for (const struct ssh_cipher *cipher = ssh_ciphers; cipher->name != NULL; cipher++)
            list_add(ret_payload, &length, cipher->name);
        list_close(ret_payload, field, length);
    }
    for (int direction = 0; direction < 2; direction++) {
        length = 0;
        field = ret_payload->length;
        buffer_put_u32(ret_payload, 0);
        for (const struct ssh_mac *mac = ssh_macs; mac->name != NULL; mac++)
            list_add(ret_payload, &length, mac->name);
        list_close(ret_payload, field, length);
    }
    for (int direction = 0; direction < 2; direction++)
        buffer_put_text(ret_payload, "none");
    buffer_put_text(ret_payload, "");
    buffer_put_text(ret_payload, "");
    buffer_put_u8(ret_payload, 0);
    buffer_put_u32(ret_payload, 0);
}

// The next name of a list; false at its end.
static bool list_next(struct bytes *list, struct bytes *ret_name)
{
    if (list->length == 0)
        return false;
    const uint8_t *comma = memchr(list->data, ',', list->length);
    size_t length = comma == NULL ? list->length : (size_t)(comma - list->data);
    *ret_name = bytes_slice(list, length);
    if (comma != NULL)
        (void)bytes_u8(list);
    return true;
}

static bool bytes_equal(struct bytes bytes, const char *text)
{
    return bytes.length == strlen(text) && memcmp(bytes.data, text, bytes.length) == 0;
}

static bool name_list_has(struct bytes list, const char *name)
{
    struct bytes each;
    while (list_next(&list, &each))
        if (bytes_equal(each, name))
            return true;
    return false;
}

static const struct ssh_kex_method *method_choose(struct bytes offered)
{
    for (size_t at = 0; at < METHODS; at++)
        if (name_list_has(offered, methods[at].name))
            return &methods[at];
    return NULL;
}

static const struct ssh_cipher *cipher_choose(struct bytes offered)
{
    const struct ssh_cipher *cipher = ssh_ciphers;
    while (cipher->name != NULL && !name_list_has(offered, cipher->name))
        cipher++;
    return cipher->name == NULL ? NULL : cipher;
}

static const struct ssh_mac *mac_choose(struct bytes offered)
{
    const struct ssh_mac *mac = ssh_macs;
    while (mac->name != NULL && !name_list_has(offered, mac->name))
        mac++;
    return mac->name == NULL ? NULL : mac;
}

static bool host_key_common(struct bytes offered)
{
    struct bytes ours = bytes_of(host_keys, strlen(host_keys));
    struct bytes each;
    while (list_next(&ours, &each)) {
        struct bytes theirs = offered;
        struct bytes one;
        while (list_next(&theirs, &one))
            if (one.length == each.length && memcmp(one.data, each.data, each.length) == 0)
                return true;
    }
    return false;
}

// RFC 4253 section 7: a guess is wrong unless both sides put the same exchange and host key first.
static bool guess_wrong(struct bytes kex, struct bytes host_key)
{
    struct bytes first;
    struct bytes ours = bytes_of(host_keys, strcspn(host_keys, ","));
    bool kex_right = list_next(&kex, &first) && bytes_equal(first, methods[0].name);
    bool key_right =
        list_next(&host_key, &first) && first.length == ours.length && memcmp(first.data, ours.data, ours.length) == 0;
    return !kex_right || !key_right;
}

int ssh_kex_choose(struct ssh_kex *kex, const struct buffer *payload, struct observation *observation)
{
    struct bytes reader = bytes_of(buffer_bytes(payload), payload->length);
    (void)bytes_take(&reader, 1 + SSH_COOKIE_BYTES);
    struct bytes lists[LISTS];
    for (size_t at = 0; at < LISTS; at++)
        lists[at] = bytes_slice(&reader, bytes_u32(&reader));
    bool follows = bytes_u8(&reader) != 0;
    (void)bytes_u32(&reader);
    if (reader.failed)
        return -EBADMSG;
    learn_names(observation, FIELD(ssh, kex_algorithms), lists[0].data, lists[0].length, ',');
    learn_names(observation, FIELD(ssh, host_key_algorithms), lists[1].data, lists[1].length, ',');
    learn_names(observation, FIELD(ssh, ciphers), lists[3].data, lists[3].length, ',');
    learn_names(observation, FIELD(ssh, macs), lists[5].data, lists[5].length, ',');
    kex->method = method_choose(lists[0]);
    kex->strict = name_list_has(lists[0], strict_theirs);
    kex->skip_packet = follows && guess_wrong(lists[0], lists[1]);
    kex->cipher_out = cipher_choose(lists[2]);
    kex->cipher_in = cipher_choose(lists[3]);
    kex->mac_out = mac_choose(lists[4]);
    kex->mac_in = mac_choose(lists[5]);
    bool compression = name_list_has(lists[6], "none") && name_list_has(lists[7], "none");
    bool ciphers = kex->cipher_out != NULL && kex->cipher_in != NULL &&
                   (kex->mac_out != NULL || kex->cipher_out->aead) && (kex->mac_in != NULL || kex->cipher_in->aead);
    if (!compression || !ciphers || !host_key_common(lists[1]))
        kex->method = NULL;
    if (kex->method != NULL)
        learn_word(observation, FIELD(ssh, kex_chosen), kex->method->name);
    return 0;
}

static int field_begin(struct ssh_kex *kex)
{
    int status = -ENOMEM;
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *prime = kex->method->prime(NULL);
    BIGNUM *generator = BN_new();
    BIGNUM *value = BN_new();
    kex->exponent = BN_new();
    if (ctx != NULL && prime != NULL && generator != NULL && value != NULL && kex->exponent != NULL &&
        BN_set_word(generator, 2) == 1 &&
        BN_rand(kex->exponent, EXPONENT_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
        BN_mod_exp(value, generator, kex->exponent, prime, ctx) == 1) {
        size_t length = (size_t)BN_num_bytes(value);
        uint8_t *room = buffer_extend(&kex->public, length);
        status = room == NULL || BN_bn2bin(value, room) != (int)length ? -ENOMEM : 0;
    }
    BN_free(value);
    BN_free(generator);
    BN_free(prime);
    BN_CTX_free(ctx);
    return status;
}

static int curve_begin(struct ssh_kex *kex)
{
    kex->key = kex->method->group == NULL ? EVP_PKEY_Q_keygen(NULL, NULL, kex->method->type)
                                          : EVP_PKEY_Q_keygen(NULL, NULL, kex->method->type, kex->method->group);
    uint8_t *encoded = NULL;
    size_t length = kex->key == NULL ? 0 : EVP_PKEY_get1_encoded_public_key(kex->key, &encoded);
    if (length == 0)
        return -ENOTSUP;
    buffer_put(&kex->public, encoded, length);
    OPENSSL_free(encoded);
    return kex->public.failed ? -ENOMEM : 0;
}

static void public_put(const struct ssh_kex *kex, struct bytes value, struct buffer *to)
{
    if (kex->method->type == NULL)
        buffer_put_mpint(to, value.data, value.length);
    else
        buffer_put_string(to, value.data, value.length);
}

// Moves what waits into the running hash: while the server computes, a flow does not keep both KEXINITs.
static int hash_run(struct ssh_kex *kex)
{
    const EVP_MD *md = EVP_get_digestbyname(kex->method->digest);
    if (kex->hash.failed)
        return -ENOMEM;
    if (kex->running == NULL) {
        kex->running = EVP_MD_CTX_new();
        if (kex->running == NULL || md == NULL || EVP_DigestInit_ex(kex->running, md, NULL) != 1)
            return kex->running == NULL ? -ENOMEM : -ENOTSUP;
    }
    bool right = EVP_DigestUpdate(kex->running, buffer_bytes(&kex->hash), kex->hash.length) == 1;
    buffer_fini(&kex->hash);
    return right ? 0 : -ENOTSUP;
}

int ssh_kex_begin(struct ssh_kex *kex, struct buffer *ret_payload)
{
    int status = hash_run(kex);
    if (status == 0)
        status = kex->method->type == NULL ? field_begin(kex) : curve_begin(kex);
    if (status != 0)
        return status;
    buffer_put_u8(ret_payload, SSH_MSG_KEX_INIT);
    public_put(kex, bytes_of(buffer_bytes(&kex->public), kex->public.length), ret_payload);
    return ret_payload->failed ? -ENOMEM : 0;
}

static int field_secret(struct ssh_kex *kex, struct bytes theirs, uint8_t *room, size_t size, size_t *ret_length)
{
    int status = -EBADMSG;
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *prime = kex->method->prime(NULL);
    BIGNUM *value = theirs.length > size ? NULL : BN_bin2bn(theirs.data, (int)theirs.length, NULL);
    // RFC 4253 section 8: f in [1, p-1]; neither end of the range is a secret.
    if (ctx != NULL && prime != NULL && value != NULL && !BN_is_zero(value) && !BN_is_one(value) &&
        BN_cmp(value, prime) < 0 && BN_mod_exp(value, value, kex->exponent, prime, ctx) == 1 &&
        (size_t)BN_num_bytes(value) <= size) {
        *ret_length = (size_t)BN_bn2bin(value, room);
        status = 0;
    }
    BN_free(value);
    BN_free(prime);
    BN_CTX_free(ctx);
    return status;
}

static int curve_secret(struct ssh_kex *kex, struct bytes theirs, uint8_t *room, size_t size, size_t *ret_length)
{
    int status = -EBADMSG;
    size_t length = size;
    EVP_PKEY *peer = EVP_PKEY_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(kex->key, NULL);
    if (peer != NULL && ctx != NULL && EVP_PKEY_copy_parameters(peer, kex->key) == 1 &&
        EVP_PKEY_set1_encoded_public_key(peer, theirs.data, theirs.length) == 1 && EVP_PKEY_derive_init(ctx) == 1 &&
        EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, room, &length) == 1) {
        *ret_length = length;
        status = 0;
    }
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    return status;
}

static void host_key_record(struct bytes blob, struct observation *observation)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    if (EVP_Digest(blob.data, blob.length, digest, NULL, EVP_sha256(), NULL) == 1) {
        unsigned char base64[48];
        int length = EVP_EncodeBlock(base64, digest, sizeof(digest));
        while (length > 0 && base64[length - 1] == '=')
            length--;
        learn_text(observation, FIELD(ssh, host_key_sha256), base64, (size_t)length);
    }
    struct bytes type = bytes_slice(&blob, bytes_u32(&blob));
    if (!blob.failed)
        learn_text(observation, FIELD(ssh, host_key_type), type.data, type.length);
}

int ssh_kex_finish(struct ssh_kex *kex, const struct buffer *payload, struct observation *observation)
{
    struct bytes reader = bytes_of(buffer_bytes(payload), payload->length);
    (void)bytes_u8(&reader);
    struct bytes blob = bytes_slice(&reader, bytes_u32(&reader));
    struct bytes theirs = bytes_slice(&reader, bytes_u32(&reader));
    struct bytes signature = bytes_slice(&reader, bytes_u32(&reader));
    if (reader.failed || theirs.length == 0)
        return -EBADMSG;
    host_key_record(blob, observation);
    uint8_t secret[1024 + 1];
    size_t secret_length = 0;
    int status = kex->method->type == NULL ? field_secret(kex, theirs, secret, sizeof(secret), &secret_length)
                                           : curve_secret(kex, theirs, secret, sizeof(secret), &secret_length);
    if (status != 0)
        return status;
    buffer_put_string(&kex->hash, blob.data, blob.length);
    public_put(kex, bytes_of(buffer_bytes(&kex->public), kex->public.length), &kex->hash);
    public_put(kex, theirs, &kex->hash);
    buffer_put_mpint(&kex->secret, secret, secret_length);
    OPENSSL_cleanse(secret, sizeof(secret));
    buffer_put(&kex->hash, buffer_bytes(&kex->secret), kex->secret.length);
    if (kex->secret.failed)
        return -ENOMEM;
    status = hash_run(kex);
    if (status != 0)
        return status;
    if (EVP_DigestFinal_ex(kex->running, kex->digest, &kex->digest_length) != 1)
        return -ENOTSUP;
    int bits = 0;
    enum ssh_proof proof = ssh_key_verify(blob, signature, kex->digest, kex->digest_length, &bits);
    if (bits > 0)
        learn_number(observation, FIELD(ssh, host_key_bits), bits);
    if (proof != SSH_PROOF_DEAR)
        learn_flag(observation, FIELD(ssh, host_key_verified), proof == SSH_PROOF_RIGHT);
    return 0;
}

// RFC 4253 section 7.2: HASH(K || H || letter || session_id), then HASH(K || H || key so far) for as long as needed.
// There is no second exchange, so H is the session id.
static int key_derive(const struct ssh_kex *kex, char letter, size_t length, uint8_t ret_key[SSH_KEY_MAX])
{
    const EVP_MD *md = EVP_get_digestbyname(kex->method->digest);
    struct buffer key = {0};
    struct buffer from = {0};
    bool right = md != NULL;
    while (right && key.length < length) {
        uint8_t block[EVP_MAX_MD_SIZE];
        unsigned int block_length = 0;
        buffer_drop(&from, from.length);
        buffer_put(&from, buffer_bytes(&kex->secret), kex->secret.length);
        buffer_put(&from, kex->digest, kex->digest_length);
        if (key.length == 0) {
            buffer_put_u8(&from, (uint8_t)letter);
            buffer_put(&from, kex->digest, kex->digest_length);
        } else {
            buffer_put(&from, buffer_bytes(&key), key.length);
        }
        right = !from.failed && EVP_Digest(buffer_bytes(&from), from.length, block, &block_length, md, NULL) == 1;
        buffer_put(&key, block, right ? block_length : 0);
        right = right && !key.failed;
    }
    if (right && length > 0)
        memcpy(ret_key, buffer_bytes(&key), length);
    buffer_fini(&from);
    buffer_fini(&key);
    return right ? 0 : -ENOMEM;
}

static int direction_keys(const struct ssh_kex *kex, struct ssh_direction *direction, bool out)
{
    const struct ssh_cipher *cipher = out ? kex->cipher_out : kex->cipher_in;
    const struct ssh_mac *mac = out ? kex->mac_out : kex->mac_in;
    uint8_t keys[3][SSH_KEY_MAX] = {{0}};
    int status = key_derive(kex, out ? 'A' : 'B', cipher->iv, keys[0]);
    status = status == 0 ? key_derive(kex, out ? 'C' : 'D', cipher->key, keys[1]) : status;
    status = status == 0 ? key_derive(kex, out ? 'E' : 'F', cipher->aead ? 0 : mac->length, keys[2]) : status;
    status = status == 0 ? ssh_direction_start(direction, out, cipher, mac, keys) : status;
    if (kex->strict)
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
    EVP_PKEY_free(kex->key);
    EVP_MD_CTX_free(kex->running);
    BN_clear_free(kex->exponent);
    buffer_fini(&kex->hash);
    buffer_fini(&kex->public);
    buffer_fini(&kex->secret);
    OPENSSL_cleanse(kex, sizeof(*kex));
}
