// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/ssh/ssh_cipher.h"

#include <errno.h>
#include <nettle/arcfour.h>
#include <nettle/blowfish.h>
#include <nettle/cbc.h>
#include <nettle/chacha.h>
#include <nettle/ctr.h>
#include <nettle/des.h>
#include <nettle/gcm.h>
#include <string.h>

#include "probes/memory.h"

// Of these nettle's own tables have no row. A weak key of DES is the server's and nobody's loss.
static void des_key(void *context, const uint8_t *key)
{
    (void)des_set_key(context, key);
}

static void des3_key(void *context, const uint8_t *key)
{
    (void)des3_set_key(context, key);
}

static void blowfish_key(void *context, const uint8_t *key)
{
    (void)blowfish128_set_key(context, key);
}

static void des_forth(const void *context, size_t length, uint8_t *to, const uint8_t *from)
{
    des_encrypt(context, length, to, from);
}

static void des_back(const void *context, size_t length, uint8_t *to, const uint8_t *from)
{
    des_decrypt(context, length, to, from);
}

static void des3_forth(const void *context, size_t length, uint8_t *to, const uint8_t *from)
{
    des3_encrypt(context, length, to, from);
}

static void des3_back(const void *context, size_t length, uint8_t *to, const uint8_t *from)
{
    des3_decrypt(context, length, to, from);
}

static void blowfish_forth(const void *context, size_t length, uint8_t *to, const uint8_t *from)
{
    blowfish_encrypt(context, length, to, from);
}

static void blowfish_back(const void *context, size_t length, uint8_t *to, const uint8_t *from)
{
    blowfish_decrypt(context, length, to, from);
}

static const struct nettle_cipher des = {
    "des", sizeof(struct des_ctx), DES_BLOCK_SIZE, DES_KEY_SIZE, des_key, des_key, des_forth, des_back};
static const struct nettle_cipher des3 = {
    "des3", sizeof(struct des3_ctx), DES3_BLOCK_SIZE, DES3_KEY_SIZE, des3_key, des3_key, des3_forth, des3_back};
static const struct nettle_cipher blowfish = {"blowfish",          sizeof(struct blowfish_ctx),
                                              BLOWFISH_BLOCK_SIZE, BLOWFISH128_KEY_SIZE,
                                              blowfish_key,        blowfish_key,
                                              blowfish_forth,      blowfish_back};

const struct ssh_cipher ssh_ciphers[] = {
    {"aes128-ctr", &nettle_aes128, SSH_MODE_CTR, 16, 16, 16, 0},
    {"aes192-ctr", &nettle_aes192, SSH_MODE_CTR, 16, 24, 16, 0},
    {"aes256-ctr", &nettle_aes256, SSH_MODE_CTR, 16, 32, 16, 0},
    {"chacha20-poly1305@openssh.com", NULL, SSH_MODE_CHACHA, 8, 64, 0, 0},
    {"aes128-gcm@openssh.com", &nettle_aes128, SSH_MODE_GCM, 16, 16, 12, 0},
    {"aes256-gcm@openssh.com", &nettle_aes256, SSH_MODE_GCM, 16, 32, 12, 0},
    {"aes128-cbc", &nettle_aes128, SSH_MODE_CBC, 16, 16, 16, 0},
    {"aes192-cbc", &nettle_aes192, SSH_MODE_CBC, 16, 24, 16, 0},
    {"aes256-cbc", &nettle_aes256, SSH_MODE_CBC, 16, 32, 16, 0},
    {"rijndael-cbc@lysator.liu.se", &nettle_aes256, SSH_MODE_CBC, 16, 32, 16, 0},
    {"twofish128-ctr", &nettle_twofish128, SSH_MODE_CTR, 16, 16, 16, 0},
    {"twofish256-ctr", &nettle_twofish256, SSH_MODE_CTR, 16, 32, 16, 0},
    {"twofish128-cbc", &nettle_twofish128, SSH_MODE_CBC, 16, 16, 16, 0},
    {"twofish256-cbc", &nettle_twofish256, SSH_MODE_CBC, 16, 32, 16, 0},
    {"twofish-cbc", &nettle_twofish256, SSH_MODE_CBC, 16, 32, 16, 0},
    {"serpent128-cbc", &nettle_serpent128, SSH_MODE_CBC, 16, 16, 16, 0},
    {"serpent256-cbc", &nettle_serpent256, SSH_MODE_CBC, 16, 32, 16, 0},
    {"3des-ctr", &des3, SSH_MODE_CTR, 8, 24, 8, 0},
    {"3des-cbc", &des3, SSH_MODE_CBC, 8, 24, 8, 0},
    {"blowfish-cbc", &blowfish, SSH_MODE_CBC, 8, 16, 8, 0},
    {"cast128-cbc", &nettle_cast128, SSH_MODE_CBC, 8, 16, 8, 0},
    {"arcfour256", NULL, SSH_MODE_ARCFOUR, 8, 32, 0, 1536},
    {"arcfour128", NULL, SSH_MODE_ARCFOUR, 8, 16, 0, 1536},
    {"arcfour", NULL, SSH_MODE_ARCFOUR, 8, 16, 0, 0},
    {"des-cbc", &des, SSH_MODE_CBC, 8, 8, 8, 0},
    {"none", NULL, SSH_MODE_NONE, 8, 0, 0, 0},
    {NULL, NULL, SSH_MODE_NONE, 0, 0, 0, 0},
};

// What a cipher of two keys keeps: the lengths are encrypted with one of their own.
struct chacha_pair {
    struct chacha_ctx body;
    struct chacha_ctx head;
};

// What a cipher in Galois/Counter mode keeps before its primitive's own context.
struct gcm_pair {
    struct gcm_key key;
    struct gcm_ctx gcm;
    _Alignas(max_align_t) uint8_t primitive[];
};

static size_t context_size(const struct ssh_cipher *cipher)
{
    switch (cipher->mode) {
    case SSH_MODE_CBC:
    case SSH_MODE_CTR:
        return cipher->primitive->context_size;
    case SSH_MODE_GCM:
        return sizeof(struct gcm_pair) + cipher->primitive->context_size;
    case SSH_MODE_CHACHA:
        return sizeof(struct chacha_pair);
    case SSH_MODE_ARCFOUR:
        return sizeof(struct arcfour_ctx);
    case SSH_MODE_NONE:
        break;
    }
    return 1;
}

static void arcfour_start(struct arcfour_ctx *context, const struct ssh_cipher *cipher, const uint8_t *key)
{
    uint8_t unused[64];
    arcfour_set_key(context, cipher->key, key);
    for (size_t at = 0; at < cipher->discard; at += sizeof(unused)) {
        memset(unused, 0, sizeof(unused));
        arcfour_crypt(context, sizeof(unused), unused, unused);
    }
}

int ssh_crypt_start(struct ssh_crypt *crypt, const struct ssh_cipher *cipher, bool encrypt,
                    const uint8_t key[SSH_KEY_MAX], const uint8_t iv[SSH_KEY_MAX])
{
    ssh_crypt_fini(crypt);
    void *context = memory_change(NULL, context_size(cipher));
    if (context == NULL)
        return -ENOMEM;
    memset(context, 0, context_size(cipher));
    *crypt = (struct ssh_crypt){.cipher = cipher, .context = context, .encrypt = encrypt};
    memcpy(crypt->iv, iv, cipher->iv);
    if (cipher->mode == SSH_MODE_CBC && !encrypt)
        cipher->primitive->set_decrypt_key(context, key);
    else if (cipher->mode == SSH_MODE_CBC || cipher->mode == SSH_MODE_CTR)
        cipher->primitive->set_encrypt_key(context, key);
    if (cipher->mode == SSH_MODE_ARCFOUR)
        arcfour_start(context, cipher, key);
    if (cipher->mode == SSH_MODE_CHACHA) {
        struct chacha_pair *pair = context;
        chacha_set_key(&pair->body, key);
        chacha_set_key(&pair->head, key + CHACHA_KEY_SIZE);
    }
    if (cipher->mode == SSH_MODE_GCM) {
        struct gcm_pair *pair = context;
        cipher->primitive->set_encrypt_key(pair->primitive, key);
        gcm_set_key(&pair->key, pair->primitive, cipher->primitive->encrypt);
    }
    return 0;
}

void ssh_crypt_fini(struct ssh_crypt *crypt)
{
    memory_give(crypt->context);
    *crypt = (struct ssh_crypt){0};
}

// The packet's number is the nonce, the first block of the stream the key of the authenticator.
static void chacha_begin(struct chacha_pair *pair, uint32_t sequence, uint8_t head[SSH_LENGTH_BYTES],
                         uint8_t ret_poly_key[SSH_POLY_KEY])
{
    uint8_t block[CHACHA_BLOCK_SIZE] = {0};
    const uint8_t nonce[CHACHA_NONCE_SIZE] = {
        0, 0, 0, 0, (uint8_t)(sequence >> 24), (uint8_t)(sequence >> 16), (uint8_t)(sequence >> 8), (uint8_t)sequence};
    chacha_set_nonce(&pair->head, nonce);
    chacha_crypt(&pair->head, SSH_LENGTH_BYTES, head, head);
    chacha_set_nonce(&pair->body, nonce);
    chacha_crypt(&pair->body, sizeof(block), block, block);
    memcpy(ret_poly_key, block, SSH_POLY_KEY);
}

// RFC 5647 section 7.1: the last eight bytes of the nonce count the packets.
static void gcm_begin(struct ssh_crypt *crypt, const uint8_t head[SSH_LENGTH_BYTES])
{
    struct gcm_pair *pair = crypt->context;
    gcm_set_iv(&pair->gcm, &pair->key, crypt->cipher->iv, crypt->iv);
    gcm_update(&pair->gcm, &pair->key, SSH_LENGTH_BYTES, head);
    for (size_t at = 12; at-- > 4 && ++crypt->iv[at] == 0;) {
    }
}

void ssh_crypt_begin(struct ssh_crypt *crypt, uint32_t sequence, uint8_t head[SSH_LENGTH_BYTES],
                     uint8_t ret_poly_key[SSH_POLY_KEY])
{
    if (crypt->cipher->mode == SSH_MODE_CHACHA)
        chacha_begin(crypt->context, sequence, head, ret_poly_key);
    else if (crypt->cipher->mode == SSH_MODE_GCM)
        gcm_begin(crypt, head);
}

void ssh_crypt_run(struct ssh_crypt *crypt, const uint8_t *from, size_t length, uint8_t *to)
{
    const struct nettle_cipher *primitive = crypt->cipher->primitive;
    struct gcm_pair *pair = crypt->context;
    switch (crypt->cipher->mode) {
    case SSH_MODE_NONE:
        memmove(to, from, length);
        break;
    case SSH_MODE_CBC:
        if (crypt->encrypt)
            cbc_encrypt(crypt->context, primitive->encrypt, primitive->block_size, crypt->iv, length, to, from);
        else
            cbc_decrypt(crypt->context, primitive->decrypt, primitive->block_size, crypt->iv, length, to, from);
        break;
    case SSH_MODE_CTR:
        ctr_crypt(crypt->context, primitive->encrypt, primitive->block_size, crypt->iv, length, to, from);
        break;
    case SSH_MODE_ARCFOUR:
        arcfour_crypt(crypt->context, length, to, from);
        break;
    case SSH_MODE_CHACHA:
        chacha_crypt(&((struct chacha_pair *)crypt->context)->body, length, to, from);
        break;
    case SSH_MODE_GCM:
        if (crypt->encrypt)
            gcm_encrypt(&pair->gcm, &pair->key, pair->primitive, primitive->encrypt, length, to, from);
        else
            gcm_decrypt(&pair->gcm, &pair->key, pair->primitive, primitive->encrypt, length, to, from);
        break;
    }
}

void ssh_crypt_tag(struct ssh_crypt *crypt, uint8_t ret_tag[SSH_GCM_TAG])
{
    struct gcm_pair *pair = crypt->context;
    gcm_digest(&pair->gcm, &pair->key, pair->primitive, crypt->cipher->primitive->encrypt, SSH_GCM_TAG, ret_tag);
}
