// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/session/fake_ssh.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/bytes.h"
#include "probes/protocol/ssh/ssh_kex.h"

// The digest of an exchange is in its name.
static const EVP_MD *kex_digest(const char *kex)
{
    if (strstr(kex, "512") != NULL || strstr(kex, "nistp521") != NULL)
        return EVP_sha512();
    if (strstr(kex, "nistp384") != NULL)
        return EVP_sha384();
    return strstr(kex, "sha1") != NULL ? EVP_sha1() : EVP_sha256();
}

static void payload_send(struct fake_ssh *fake, struct buffer *payload, struct buffer *to)
{
    bool methods = payload->length > 0 && buffer_bytes(payload)[0] == SSH_MSG_USERAUTH_FAILURE;
    if (ssh_packet_write(&fake->transport, payload, to) != 0)
        abort();
    if (fake->spoils && methods)
        to->data[to->start + to->length - 1] ^= 1;
    buffer_fini(payload);
}

// What OpenSSH 9.2 has as well; what is used comes first.
static const char *const full_lists[] = {
    ",sntrup761x25519-sha512@openssh.com,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
    "ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,"
    "diffie-hellman-group18-sha512,diffie-hellman-group14-sha256",
    ",rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256",
    ",chacha20-poly1305@openssh.com,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com",
    ",chacha20-poly1305@openssh.com,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com",
    ",umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,"
    "umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1",
    ",umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,"
    "umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1",
    ",zlib@openssh.com",
    ",zlib@openssh.com",
    "",
    ""};

static void kexinit_send(struct fake_ssh *fake, struct buffer *to)
{
    struct buffer payload = {0};
    char kex[256];
    snprintf(kex, sizeof(kex), "%s%s%s", fake->guesses ? "unknown-exchange," : "", fake->kex,
             fake->strict ? ",kex-strict-s-v00@openssh.com" : "");
    buffer_put_u8(&payload, SSH_MSG_KEXINIT);
    buffer_put(&payload, "0123456789abcdef", SSH_COOKIE_BYTES);
    char keys[128];
    snprintf(keys, sizeof(keys), "%s%s%s", fake->signature_type, fake->other_key_type != NULL ? "," : "",
             fake->other_key_type != NULL ? fake->other_key_type : "");
    const char *lists[] = {
        kex, keys, fake->cipher, fake->cipher, fake->mac, fake->mac, fake->compression, fake->compression, "", ""};
    for (size_t at = 0; at < sizeof(lists) / sizeof(lists[0]); at++) {
        char list[1024];
        snprintf(list, sizeof(list), "%s%s", lists[at], fake->full ? full_lists[at] : "");
        buffer_put_text(&payload, list);
    }
    buffer_put_u8(&payload, fake->guesses ? 1 : 0);
    buffer_put_u32(&payload, 0);
    buffer_put_string(&fake->hash, buffer_bytes(&fake->client_kexinit), fake->client_kexinit.length);
    buffer_put_string(&fake->hash, buffer_bytes(&payload), payload.length);
    payload_send(fake, &payload, to);
    if (fake->guesses) {
        buffer_put_u8(&payload, SSH_MSG_KEX_REPLY);
        payload_send(fake, &payload, to);
    }
}

static void number_put(const EVP_PKEY *key, const char *name, struct buffer *to)
{
    BIGNUM *number = NULL;
    uint8_t octets[1024];
    if (EVP_PKEY_get_bn_param(key, name, &number) != 1)
        abort();
    int length = BN_bn2bin(number, octets);
    buffer_put_mpint(to, octets, (size_t)length);
    BN_free(number);
}

static void host_key_put(const struct fake_ssh *fake, struct buffer *to)
{
    buffer_put_text(to, fake->host_key_type);
    if (strcmp(fake->host_key_type, "ssh-rsa") == 0) {
        number_put(fake->host_key, OSSL_PKEY_PARAM_RSA_E, to);
        number_put(fake->host_key, OSSL_PKEY_PARAM_RSA_N, to);
        return;
    }
    uint8_t *encoded = NULL;
    uint8_t raw[64];
    size_t length = sizeof(raw);
    if (strncmp(fake->host_key_type, "ssh-ed", 6) == 0) {
        EVP_PKEY_get_raw_public_key(fake->host_key, raw, &length);
        buffer_put_string(to, raw, length);
        return;
    }
    buffer_put_text(to, fake->host_key_type + strlen("ecdsa-sha2-"));
    length = EVP_PKEY_get1_encoded_public_key(fake->host_key, &encoded);
    buffer_put_string(to, encoded, length);
    OPENSSL_free(encoded);
}

static void signature_put(const struct fake_ssh *fake, const uint8_t *data, size_t length, struct buffer *to)
{
    const char *digest = strcmp(fake->signature_type, "rsa-sha2-512") == 0 ? "SHA512" : "SHA256";
    digest = strcmp(fake->signature_type, "ssh-rsa") == 0 ? "SHA1" : digest;
    digest = strncmp(fake->signature_type, "ssh-ed", 6) == 0 ? NULL : digest;
    uint8_t value[1024];
    size_t value_length = sizeof(value);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (EVP_DigestSignInit_ex(ctx, NULL, digest, NULL, NULL, fake->host_key, NULL) != 1 ||
        EVP_DigestSign(ctx, value, &value_length, data, length) != 1)
        abort();
    EVP_MD_CTX_free(ctx);
    struct buffer inner = {0};
    buffer_put_text(&inner, fake->signature_type);
    if (strncmp(fake->host_key_type, "ecdsa", 5) == 0) {
        const unsigned char *der = value;
        ECDSA_SIG *both = d2i_ECDSA_SIG(NULL, &der, (long)value_length);
        struct buffer numbers = {0};
        uint8_t octets[80];
        buffer_put_mpint(&numbers, octets, (size_t)BN_bn2bin(ECDSA_SIG_get0_r(both), octets));
        buffer_put_mpint(&numbers, octets, (size_t)BN_bn2bin(ECDSA_SIG_get0_s(both), octets));
        buffer_put_string(&inner, buffer_bytes(&numbers), numbers.length);
        buffer_fini(&numbers);
        ECDSA_SIG_free(both);
    } else {
        buffer_put_string(&inner, value, value_length);
    }
    buffer_put_string(to, buffer_bytes(&inner), inner.length);
    buffer_fini(&inner);
}

// Our half and the secret, over an elliptic curve or in a finite field.
static void exchange(const struct fake_ssh *fake, struct bytes theirs, struct buffer *ret_ours,
                     struct buffer *ret_secret)
{
    uint8_t secret[1024];
    size_t length = sizeof(secret);
    if (strncmp(fake->kex, "diffie", 6) == 0) {
        BN_CTX *ctx = BN_CTX_new();
        BIGNUM *prime = fake->prime != NULL                     ? BN_dup(fake->prime)
                        : strstr(fake->kex, "group1-") != NULL  ? BN_get_rfc2409_prime_1024(NULL)
                        : strstr(fake->kex, "group14-") != NULL ? BN_get_rfc3526_prime_2048(NULL)
                        : strstr(fake->kex, "group15-") != NULL ? BN_get_rfc3526_prime_3072(NULL)
                        : strstr(fake->kex, "group16-") != NULL ? BN_get_rfc3526_prime_4096(NULL)
                        : strstr(fake->kex, "group17-") != NULL ? BN_get_rfc3526_prime_6144(NULL)
                                                                : BN_get_rfc3526_prime_8192(NULL);
        BIGNUM *exponent = BN_new();
        BIGNUM *value = BN_new();
        BIGNUM *other = BN_bin2bn(theirs.data, (int)theirs.length, NULL);
        BN_set_word(value, 2);
        BN_rand(exponent, 256, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
        BN_mod_exp(value, value, exponent, prime, ctx);
        uint8_t octets[1024];
        buffer_put_mpint(ret_ours, octets, (size_t)BN_bn2bin(value, octets));
        BN_mod_exp(value, other, exponent, prime, ctx);
        length = (size_t)BN_bn2bin(value, secret);
        BN_free(other);
        BN_free(value);
        BN_free(exponent);
        BN_free(prime);
        BN_CTX_free(ctx);
    } else {
        const char *group = strstr(fake->kex, "nistp384") != NULL   ? "P-384"
                            : strstr(fake->kex, "nistp521") != NULL ? "P-521"
                                                                    : "P-256";
        EVP_PKEY *key = strstr(fake->kex, "25519") != NULL ? EVP_PKEY_Q_keygen(NULL, NULL, "X25519")
                        : strstr(fake->kex, "448") != NULL ? EVP_PKEY_Q_keygen(NULL, NULL, "X448")
                                                           : EVP_PKEY_Q_keygen(NULL, NULL, "EC", group);
        EVP_PKEY *peer = EVP_PKEY_new();
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
        uint8_t *encoded = NULL;
        if (EVP_PKEY_copy_parameters(peer, key) != 1 ||
            EVP_PKEY_set1_encoded_public_key(peer, theirs.data, theirs.length) != 1 || EVP_PKEY_derive_init(ctx) != 1 ||
            EVP_PKEY_derive_set_peer(ctx, peer) != 1 || EVP_PKEY_derive(ctx, secret, &length) != 1)
            abort();
        size_t encoded_length = EVP_PKEY_get1_encoded_public_key(key, &encoded);
        buffer_put_string(ret_ours, encoded, encoded_length);
        OPENSSL_free(encoded);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(peer);
        EVP_PKEY_free(key);
    }
    buffer_put_mpint(ret_secret, secret, length);
}

static void keys_derive(struct fake_ssh *fake, const struct buffer *secret, const uint8_t *digest, unsigned int length)
{
    const EVP_MD *md = kex_digest(fake->kex);
    for (size_t letter = 0; letter < 6; letter++) {
        uint8_t key[2 * EVP_MAX_MD_SIZE];
        size_t made = 0;
        while (made < SSH_KEY_MAX) {
            EVP_MD_CTX *ctx = EVP_MD_CTX_new();
            unsigned int block = 0;
            uint8_t name = (uint8_t)('A' + letter);
            EVP_DigestInit_ex(ctx, md, NULL);
            EVP_DigestUpdate(ctx, buffer_bytes(secret), secret->length);
            EVP_DigestUpdate(ctx, digest, length);
            if (made == 0) {
                EVP_DigestUpdate(ctx, &name, 1);
                EVP_DigestUpdate(ctx, digest, length);
            } else {
                EVP_DigestUpdate(ctx, key, made);
            }
            EVP_DigestFinal_ex(ctx, key + made, &block);
            EVP_MD_CTX_free(ctx);
            made += block;
        }
        // A, C, E are the client's to server, B, D, F ours; IV, key and MAC key of each.
        memcpy(fake->keys[letter % 2][letter / 2], key, SSH_KEY_MAX);
    }
}

static void direction_start(struct fake_ssh *fake, bool out)
{
    const struct ssh_cipher *cipher = ssh_ciphers;
    const struct ssh_mac *mac = ssh_macs;
    while (strcmp(cipher->name, fake->cipher) != 0)
        cipher++;
    while (strcmp(mac->name, fake->mac) != 0)
        mac++;
    struct ssh_direction *direction = out ? &fake->transport.out : &fake->transport.in;
    const uint8_t(*keys)[SSH_KEY_MAX] = (const uint8_t(*)[SSH_KEY_MAX])fake->keys[out ? 1 : 0];
    const struct ssh_suite suite = {.cipher = cipher, .mac = mac, .zlib = strcmp(fake->compression, "zlib") == 0};
    EVP_MAC *poly1305 = EVP_MAC_fetch(NULL, "POLY1305", NULL);
    if (ssh_direction_start(direction, out, &suite, keys, poly1305) != 0)
        abort();
    EVP_MAC_free(poly1305);
    direction->sequence = fake->strict ? 0 : direction->sequence;
}

static bool is_group_exchange(const struct fake_ssh *fake)
{
    return strstr(fake->kex, "group-exchange") != NULL;
}

// The answer to SSH_MSG_KEY_DH_GEX_REQUEST: what the client asked for is not looked at, as by the servers that have
// one.
static void group_send(struct fake_ssh *fake, struct bytes reader, struct buffer *to)
{
    struct buffer payload = {0};
    uint8_t octets[2048];
    buffer_put(&fake->group, reader.data, reader.length);
    BN_free(fake->prime);
    fake->prime = fake->group_bits == 0 ? BN_get_rfc3526_prime_2048(NULL) : BN_new();
    if (fake->group_bits != 0 && BN_rand(fake->prime, fake->group_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD) != 1)
        abort();
    if (fake->group_even)
        BN_sub_word(fake->prime, 1);
    size_t length = (size_t)BN_bn2bin(fake->prime, octets);
    buffer_put_mpint(&fake->group, octets, length);
    buffer_put_mpint(&fake->group, (const uint8_t *)"\x02", 1);
    buffer_put_u8(&payload, SSH_MSG_GEX_GROUP);
    buffer_put_mpint(&payload, octets, length);
    buffer_put_mpint(&payload, (const uint8_t *)"\x02", 1);
    payload_send(fake, &payload, to);
}

static void reply_send(struct fake_ssh *fake, struct bytes reader, struct buffer *to)
{
    struct bytes theirs = bytes_slice(&reader, bytes_u32(&reader));
    struct buffer blob = {0};
    struct buffer ours = {0};
    struct buffer secret = {0};
    struct buffer payload = {0};
    host_key_put(fake, &blob);
    exchange(fake, theirs, &ours, &secret);
    buffer_put_string(&fake->hash, buffer_bytes(&blob), blob.length);
    buffer_put(&fake->hash, buffer_bytes(&fake->group), fake->group.length);
    if (strncmp(fake->kex, "diffie", 6) == 0)
        buffer_put_mpint(&fake->hash, theirs.data, theirs.length);
    else
        buffer_put_string(&fake->hash, theirs.data, theirs.length);
    buffer_put(&fake->hash, buffer_bytes(&ours), ours.length);
    buffer_put(&fake->hash, buffer_bytes(&secret), secret.length);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    EVP_Digest(buffer_bytes(&fake->hash), fake->hash.length, digest, &length, kex_digest(fake->kex), NULL);
    keys_derive(fake, &secret, digest, length);
    digest[0] ^= fake->wrong_signature ? 1 : 0;
    buffer_put_u8(&payload, is_group_exchange(fake) ? SSH_MSG_GEX_REPLY : SSH_MSG_KEX_REPLY);
    buffer_put_string(&payload, buffer_bytes(&blob), blob.length);
    buffer_put(&payload, buffer_bytes(&ours), ours.length);
    signature_put(fake, digest, length, &payload);
    payload_send(fake, &payload, to);
    buffer_put_u8(&payload, SSH_MSG_NEWKEYS);
    payload_send(fake, &payload, to);
    direction_start(fake, true);
    // A server may send these at once, and as often as it likes.
    buffer_put_u8(&payload, SSH_MSG_EXT_INFO);
    buffer_put_u32(&payload, 2);
    buffer_put_text(&payload, "server-sig-algs");
    buffer_put_text(&payload, "ssh-ed25519,rsa-sha2-256");
    buffer_put_text(&payload, "publickey-hostbound@openssh.com");
    buffer_put_text(&payload, "0");
    payload_send(fake, &payload, to);
    buffer_fini(&blob);
    buffer_fini(&ours);
    buffer_fini(&secret);
}

static void auth_send(struct fake_ssh *fake, struct bytes reader, struct buffer *to)
{
    struct bytes user = bytes_slice(&reader, bytes_u32(&reader));
    struct buffer payload = {0};
    snprintf(fake->user, sizeof(fake->user), "%.*s", (int)user.length, (const char *)user.data);
    fake->requests++;
    buffer_put_u8(&payload, SSH_MSG_USERAUTH_BANNER);
    buffer_put_u32(&payload, (uint32_t)fake->banner);
    uint8_t *room = buffer_extend(&payload, fake->banner);
    for (size_t at = 0; at < fake->banner; at++)
        room[at] = (uint8_t)('a' + at % 26);
    buffer_put_text(&payload, "");
    payload_send(fake, &payload, to);
    buffer_put_u8(&payload, fake->admits ? SSH_MSG_USERAUTH_SUCCESS : SSH_MSG_USERAUTH_FAILURE);
    if (!fake->admits) {
        buffer_put_text(&payload, fake->methods);
        buffer_put_u8(&payload, 0);
    }
    payload_send(fake, &payload, to);
}

static void keys_swap(struct fake_ssh *fake)
{
    const char *type = fake->host_key_type;
    EVP_PKEY *key = fake->host_key;
    fake->host_key_type = fake->signature_type = fake->other_key_type;
    fake->host_key = fake->other_key;
    fake->other_key_type = type;
    fake->other_key = key;
    fake->other = !fake->other;
}

// Which of two keys the client wants, by the second of its lists.
static void key_choose(struct fake_ssh *fake, struct bytes kexinit)
{
    (void)bytes_take(&kexinit, SSH_COOKIE_BYTES);
    (void)bytes_slice(&kexinit, bytes_u32(&kexinit));
    struct bytes list = bytes_slice(&kexinit, bytes_u32(&kexinit));
    struct bytes name;
    bool wanted = false;
    while (ssh_list_next(&list, &name))
        wanted = wanted || ssh_bytes_are(name, fake->host_key_type);
    if (fake->other_key_type != NULL && !wanted)
        keys_swap(fake);
}

static void packet_answer(struct fake_ssh *fake, struct buffer *packet, struct buffer *to)
{
    struct bytes reader = bytes_of(buffer_bytes(packet), packet->length);
    struct buffer payload = {0};
    switch (bytes_u8(&reader)) {
    case SSH_MSG_KEXINIT:
        key_choose(fake, reader);
        buffer_put(&fake->client_kexinit, buffer_bytes(packet), packet->length);
        kexinit_send(fake, to);
        break;
    case SSH_MSG_GEX_REQUEST:
        group_send(fake, reader, to);
        break;
    case SSH_MSG_KEX_INIT:
    case SSH_MSG_GEX_INIT:
        reply_send(fake, reader, to);
        break;
    case SSH_MSG_NEWKEYS:
        direction_start(fake, false);
        break;
    case SSH_MSG_SERVICE_REQUEST:
        buffer_put_u8(&payload, SSH_MSG_SERVICE_ACCEPT);
        buffer_put_text(&payload, "ssh-userauth");
        payload_send(fake, &payload, to);
        break;
    case SSH_MSG_USERAUTH_REQUEST:
        auth_send(fake, reader, to);
        break;
    case SSH_MSG_DISCONNECT:
        fake->disconnected = true;
        fake->peer.closed = true;
        break;
    default:
        abort();
    }
}

static void fake_begin(struct peer *peer)
{
    struct fake_ssh *fake = (struct fake_ssh *)peer;
    if (fake->other)
        keys_swap(fake);
    ssh_transport_fini(&fake->transport);
    fake->transport = (struct ssh_transport){.head_length = 0};
    BN_free(fake->prime);
    fake->prime = NULL;
    buffer_fini(&fake->group);
    buffer_fini(&fake->input);
    buffer_fini(&fake->hash);
    buffer_fini(&fake->client_kexinit);
    fake->identified = false;
    fake->disconnected = false;
    fake->requests = 0;
}

static void fake_answer(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer)
{
    struct fake_ssh *fake = (struct fake_ssh *)peer;
    if (length == 0) {
        buffer_put(ret_answer, fake->identification, strlen(fake->identification));
        buffer_put(ret_answer, "\r\n", 2);
        return;
    }
    buffer_put(&fake->input, data, length);
    const uint8_t *end = fake->identified ? NULL : memchr(buffer_bytes(&fake->input), '\n', fake->input.length);
    if (!fake->identified && end != NULL) {
        size_t line = (size_t)(end - buffer_bytes(&fake->input)) + 1;
        const char *ours = strstr(fake->identification, "SSH-");
        if (line < 10 || memcmp(buffer_bytes(&fake->input), "SSH-2.0-", 8) != 0 || ours == NULL) {
            peer->closed = true;
            return;
        }
        buffer_put_string(&fake->hash, buffer_bytes(&fake->input), line - 2);
        buffer_put_text(&fake->hash, ours);
        buffer_drop(&fake->input, line);
        fake->identified = true;
    }
    while (fake->identified && !peer->closed) {
        struct bytes input = bytes_of(buffer_bytes(&fake->input), fake->input.length);
        struct buffer packet = {0};
        int status = ssh_packet_read(&fake->transport, &input, &packet);
        buffer_drop(&fake->input, fake->input.length - input.length);
        if (status > 0)
            packet_answer(fake, &packet, ret_answer);
        buffer_fini(&packet);
        if (status <= 0) {
            peer->closed = peer->closed || status < 0;
            break;
        }
    }
}

static const char *text_or(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

static EVP_PKEY *key_make_long(void)
{
    uint8_t exponent[9] = {3, 0, 0, 0, 0, 0, 0, 0, 64}; // OSSL_PARAM integers are in native order
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent, sizeof(exponent)),
                                 OSSL_PARAM_END};
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (EVP_PKEY_keygen_init(ctx) != 1 || EVP_PKEY_CTX_set_params(ctx, params) != 1 ||
        EVP_PKEY_generate(ctx, &key) != 1)
        abort();
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *key_make(const char *type)
{
    if (strcmp(type, "ssh-rsa") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    if (strncmp(type, "ssh-ed", 6) == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, strstr(type, "448") != NULL ? "ED448" : "ED25519");
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}

void fake_ssh_init(struct fake_ssh *fake)
{
    fake->peer.begin = fake_begin;
    fake->peer.answer = fake_answer;
    fake->identification = text_or(fake->identification, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3");
    fake->kex = text_or(fake->kex, "curve25519-sha256");
    fake->host_key_type = text_or(fake->host_key_type, "ssh-ed25519");
    fake->signature_type = text_or(fake->signature_type, fake->host_key_type);
    fake->cipher = text_or(fake->cipher, "aes128-ctr");
    fake->mac = text_or(fake->mac, "hmac-sha2-256");
    fake->compression = text_or(fake->compression, "none");
    fake->banner = fake->banner == 0 ? 21 : fake->banner;
    fake->methods = text_or(fake->methods, "publickey,password");
    fake->host_key = fake->long_exponent ? key_make_long() : key_make(fake->host_key_type);
    fake->other_key = fake->other_key_type == NULL ? NULL : key_make(fake->other_key_type);
}

void fake_ssh_fini(struct fake_ssh *fake)
{
    fake_begin(&fake->peer);
    EVP_PKEY_free(fake->host_key);
    EVP_PKEY_free(fake->other_key);
    fake->host_key = NULL;
    fake->other_key = NULL;
}
