// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/personality/crypto.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

struct crypto *crypto_new(void)
{
    struct crypto *crypto = calloc(1, sizeof(*crypto));
    if (crypto == NULL)
        return NULL;
    size_t length = CRYPTO_SHARE_BYTES;
    crypto->aes_128_gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    crypto->chacha20_poly1305 = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    crypto->share = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    if (crypto->aes_128_gcm == NULL || crypto->chacha20_poly1305 == NULL || crypto->share == NULL ||
        EVP_PKEY_get_raw_public_key(crypto->share, crypto->share_public, &length) != 1) {
        crypto_free(crypto);
        return NULL;
    }
    return crypto;
}

void crypto_free(struct crypto *crypto)
{
    if (crypto == NULL)
        return;
    EVP_CIPHER_free(crypto->aes_128_gcm);
    EVP_CIPHER_free(crypto->chacha20_poly1305);
    EVP_PKEY_free(crypto->share);
    free(crypto);
}

bool crypto_agree(struct crypto *crypto, const uint8_t theirs[static CRYPTO_SHARE_BYTES],
                  uint8_t ret_secret[static CRYPTO_SHARE_BYTES])
{
    size_t place = theirs[0] % CRYPTO_REMEMBERED;
    bool known =
        crypto->remembered[place].known && memcmp(crypto->remembered[place].theirs, theirs, CRYPTO_SHARE_BYTES) == 0;
    if (!known) {
        size_t length = CRYPTO_SHARE_BYTES;
        EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, theirs, CRYPTO_SHARE_BYTES);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(crypto->share, NULL);
        known = peer != NULL && ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
                EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1 &&
                EVP_PKEY_derive(ctx, crypto->remembered[place].secret, &length) == 1;
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(peer);
        crypto->remembered[place].known = known;
        memcpy(crypto->remembered[place].theirs, theirs, CRYPTO_SHARE_BYTES);
    }
    if (known)
        memcpy(ret_secret, crypto->remembered[place].secret, CRYPTO_SHARE_BYTES);
    return known;
}

size_t crypto_sign(EVP_PKEY *key, const uint8_t *data, size_t length, uint8_t *ret_signature, size_t room)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const char *digest = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : "SHA256";
    bool made = ctx != NULL && EVP_DigestSignInit_ex(ctx, NULL, digest, NULL, NULL, key, NULL) == 1 &&
                EVP_DigestSign(ctx, ret_signature, &room, data, length) == 1;
    EVP_MD_CTX_free(ctx);
    return made ? room : 0;
}

void crypto_hash(const uint8_t *data, size_t length, uint8_t ret_hash[static CRYPTO_HASH_BYTES])
{
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, data, length);
    SHA256_Final(ret_hash, &ctx);
}

// Not EVP's: building one of its objects costs more than the four blocks that are summed here.
void crypto_hmac(const uint8_t *key, size_t key_length, const uint8_t *data, size_t length,
                 uint8_t ret_mac[static CRYPTO_HASH_BYTES])
{
    SHA256_CTX ctx;
    uint8_t block[SHA256_CBLOCK] = {0};
    if (key_length > sizeof(block))
        crypto_hash(key, key_length, block);
    else if (key_length > 0)
        memcpy(block, key, key_length);
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36;
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, block, sizeof(block));
    SHA256_Update(&ctx, data, length);
    SHA256_Final(ret_mac, &ctx);
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36 ^ 0x5c;
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, block, sizeof(block));
    SHA256_Update(&ctx, ret_mac, CRYPTO_HASH_BYTES);
    SHA256_Final(ret_mac, &ctx);
}
