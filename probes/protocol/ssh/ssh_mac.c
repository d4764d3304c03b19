// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/ssh/ssh_mac.h"

#include <errno.h>
#include <nettle/umac.h>
#include <openssl/rand.h>
#include <string.h>

#include "probes/memory.h"

static void umac64_key(void *context, const uint8_t *key)
{
    umac64_set_key(context, key);
}

static void umac128_key(void *context, const uint8_t *key)
{
    umac128_set_key(context, key);
}

static void umac64_run(void *context, size_t length, const uint8_t *data)
{
    umac64_update(context, length, data);
}

static void umac128_run(void *context, size_t length, const uint8_t *data)
{
    umac128_update(context, length, data);
}

static void umac64_end(void *context, size_t length, uint8_t *digest)
{
    umac64_digest(context, length, digest);
}

static void umac128_end(void *context, size_t length, uint8_t *digest)
{
    umac128_digest(context, length, digest);
}

static const struct nettle_mac umac64 = {
    "umac64", sizeof(struct umac64_ctx), UMAC64_DIGEST_SIZE, UMAC_KEY_SIZE, umac64_key, umac64_run, umac64_end};
static const struct nettle_mac umac128 = {
    "umac128", sizeof(struct umac128_ctx), UMAC128_DIGEST_SIZE, UMAC_KEY_SIZE, umac128_key, umac128_run, umac128_end};

const struct ssh_mac ssh_macs[] = {
    {"hmac-sha2-256-etm@openssh.com", &nettle_hmac_sha256, 32, 32, true},
    {"hmac-sha2-256", &nettle_hmac_sha256, 32, 32, false},
    {"hmac-sha2-512-etm@openssh.com", &nettle_hmac_sha512, 64, 64, true},
    {"hmac-sha2-512", &nettle_hmac_sha512, 64, 64, false},
    {"hmac-sha1-etm@openssh.com", &nettle_hmac_sha1, 20, 20, true},
    {"hmac-sha1", &nettle_hmac_sha1, 20, 20, false},
    {"umac-128-etm@openssh.com", &umac128, 16, 16, true},
    {"umac-128@openssh.com", &umac128, 16, 16, false},
    {"umac-64-etm@openssh.com", &umac64, 16, 8, true},
    {"umac-64@openssh.com", &umac64, 16, 8, false},
    {"hmac-sha2-256-96", &nettle_hmac_sha256, 32, 12, false},
    {"hmac-sha2-512-96", &nettle_hmac_sha512, 64, 12, false},
    {"hmac-sha1-96-etm@openssh.com", &nettle_hmac_sha1, 20, 12, true},
    {"hmac-sha1-96", &nettle_hmac_sha1, 20, 12, false},
    {"hmac-ripemd160-etm@openssh.com", &nettle_hmac_ripemd160, 20, 20, true},
    {"hmac-ripemd160@openssh.com", &nettle_hmac_ripemd160, 20, 20, false},
    {"hmac-ripemd160", &nettle_hmac_ripemd160, 20, 20, false},
    {"hmac-md5-etm@openssh.com", &nettle_hmac_md5, 16, 16, true},
    {"hmac-md5", &nettle_hmac_md5, 16, 16, false},
    {"hmac-md5-96-etm@openssh.com", &nettle_hmac_md5, 16, 12, true},
    {"hmac-md5-96", &nettle_hmac_md5, 16, 12, false},
    {"none", NULL, 0, 0, false},
    {NULL, NULL, 0, 0, false},
};

// What authenticates a packet of ChaCha20: over length and body as they are on the wire.
static const struct ssh_mac poly1305_row = {"", NULL, 0, 16, true};

int ssh_check_start(struct ssh_check *check, const struct ssh_mac *mac, const uint8_t key[SSH_KEY_MAX])
{
    ssh_check_fini(check);
    void *context = mac->primitive == NULL ? NULL : memory_change(NULL, mac->primitive->context_size);
    if (context == NULL && mac->primitive != NULL)
        return -ENOMEM;
    *check = (struct ssh_check){.mac = mac, .context = context};
    if (context != NULL) {
        memset(context, 0, mac->primitive->context_size);
        mac->primitive->set_key(context, key);
    }
    return 0;
}

int ssh_check_start_poly1305(struct ssh_check *check, EVP_MAC *poly1305)
{
    ssh_check_fini(check);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(poly1305);
    if (context == NULL)
        return -ENOMEM;
    *check = (struct ssh_check){.mac = &poly1305_row, .poly1305 = context};
    return 0;
}

void ssh_check_fini(struct ssh_check *check)
{
    memory_give(check->context);
    EVP_MAC_CTX_free(check->poly1305);
    *check = (struct ssh_check){0};
}

void ssh_check_begin(struct ssh_check *check, uint32_t sequence, const uint8_t poly_key[SSH_POLY_KEY])
{
    const uint8_t number[8] = {
        0, 0, 0, 0, (uint8_t)(sequence >> 24), (uint8_t)(sequence >> 16), (uint8_t)(sequence >> 8), (uint8_t)sequence};
    if (check->poly1305 != NULL)
        (void)EVP_MAC_init(check->poly1305, poly_key, SSH_POLY_KEY, NULL); // what fails here fails in the tag
    else if (check->mac->primitive == &umac64)
        umac64_set_nonce(check->context, sizeof(number), number);
    else if (check->mac->primitive == &umac128)
        umac128_set_nonce(check->context, sizeof(number), number);
    else if (check->mac->primitive != NULL)
        check->mac->primitive->update(check->context, 4, number + 4);
}

void ssh_check_run(struct ssh_check *check, const uint8_t *data, size_t length)
{
    if (check->poly1305 != NULL)
        (void)EVP_MAC_update(check->poly1305, data, length);
    else if (check->mac->primitive != NULL)
        check->mac->primitive->update(check->context, length, data);
}

void ssh_check_tag(struct ssh_check *check, uint8_t ret_tag[SSH_TAG_MAX])
{
    size_t length = 0;
    if (check->mac->primitive != NULL)
        check->mac->primitive->digest(check->context, check->mac->length, ret_tag);
    else if (check->poly1305 != NULL && EVP_MAC_final(check->poly1305, ret_tag, &length, SSH_TAG_MAX) != 1)
        (void)RAND_bytes(ret_tag, check->mac->length);
}
