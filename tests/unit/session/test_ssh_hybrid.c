// SPDX-License-Identifier: BSD-3-Clause
// The encapsulations of two key exchanges, from within: what is static there is what has vectors. tests/e2e/ssh_audit
// holds the whole to a real server.

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "probes/protocol/ssh/ssh_hybrid.c"

static size_t unhex(const char *text, uint8_t *ret_bytes)
{
    size_t length = strlen(text) / 2;
    for (size_t at = 0; at < length; at++)
        cr_assert_eq(sscanf(text + 2 * at, "%2hhx", &ret_bytes[at]), 1);
    return length;
}

// The second part of the ciphertext and the secret, as another implementation (noble-post-quantum 0.7.1) has made them
// for a key of zeros.
Test(ssh_hybrid, what_mlkem_encapsulates_for_us_is_what_others_say)
{
    static const struct {
        const char *second;
        const char *secret;
    } rows[] = {{"880000000008000008080000800800008808000000800000088000008080000088800000008800000888000080880000"
                 "888800000000080008000800800008008800080000080800080808008008080088080800008008000880080080800800"
                 "8880080000880800088808008088080088880800000080000800800080008000",
                 "765da148cee452b6b6367a827eea140d7011863c6eca7827faf87d5ecc4a614b"},
                {"888880880008088008808800808808888800008000808000088800888000880888080800008888800800800880080000"
                 "888080800000080808088888808008808888880000088088088000808088800088000888008088080888080080000088"
                 "8808800800880000080088808008080888808888000080800808000880808088",
                 "92cf5a168cea729eca7021d3d62eeb263f58abbb3c0f759fa472ebf51c52899a"}};
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        uint8_t ciphertext[MLKEM_CIPHERTEXT] = {0};
        uint8_t expected[SECRET_BYTES];
        uint8_t secret[SECRET_BYTES];
        cr_assert_eq(unhex(rows[at].second, ciphertext + MLKEM_SECOND), MLKEM_CIPHERTEXT - MLKEM_SECOND);
        cr_assert_eq(unhex(rows[at].secret, expected), sizeof(expected));
        mlkem_open(bytes_of(ciphertext, sizeof(ciphertext)), secret);
        cr_assert_arr_eq(secret, expected, sizeof(secret));
    }
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

Test(ssh_hybrid, what_is_packed_comes_back)
{
    static const uint32_t most[] = {NTRU_Q, (NTRU_Q + 2) / 3};
    static const size_t lengths[] = {NTRU_KEY, NTRU_CIPHERTEXT - SECRET_BYTES};
    uint32_t random = 1;
    for (int turn = 0; turn < 200; turn++) {
        uint32_t values[NTRU_LEVELS_SUM];
        uint32_t bounds[NTRU_LEVELS_SUM];
        uint32_t before[NTRU_P];
        struct buffer packed = {0};
        for (size_t at = 0; at < NTRU_P; at++) {
            bounds[at] = most[turn % 2];
            // The first turns have the least and the most.
            values[at] = turn < 2 ? 0 : turn < 4 ? bounds[at] - 1 : next_random(&random) % bounds[at];
            before[at] = values[at];
        }
        ntru_encode(values, bounds, &packed);
        cr_assert_eq(packed.length, lengths[turn % 2]);
        struct bytes reader = bytes_of(buffer_bytes(&packed), packed.length);
        memset(values, 0xff, sizeof(values));
        ntru_decode(&reader, bounds, values);
        cr_assert(!reader.failed && reader.length == 0);
        cr_assert_arr_eq(values, before, sizeof(before));
        buffer_fini(&packed);
    }
}

// The server's side for our key, by its definition: c = Round(h r), which is a multiplication by a constant.
Test(ssh_hybrid, what_ntru_prime_encapsulates_for_us_is_read_off)
{
    uint32_t values[NTRU_LEVELS_SUM];
    uint32_t bounds[NTRU_LEVELS_SUM];
    uint8_t inner[1 + NTRU_SMALL] = {3};
    uint8_t outer[1 + SECRET_BYTES + NTRU_CIPHERTEXT] = {1};
    uint8_t digest[SHA512_DIGEST_LENGTH];
    uint8_t secret[SECRET_BYTES];
    struct buffer ciphertext = {0};
    for (size_t at = 0; at < NTRU_P; at++) {
        int small = (int)(at * at % 3) - 1 + (at % 7 == 0);
        bounds[at] = 1531;
        values[at] = (uint32_t)((1002 * small + 2295) / 3);
        inner[1 + at / 4] |= (uint8_t)((unsigned)(small + 1) << (2 * (at % 4)));
    }
    ntru_encode(values, bounds, &ciphertext);
    for (size_t at = 0; at < 32; at++)
        buffer_put_u8(&ciphertext, (uint8_t)at); // the confirmation, which is hashed and not looked at
    SHA512(inner, sizeof(inner), digest);
    memcpy(outer + 1, digest, SECRET_BYTES);
    memcpy(outer + 1 + SECRET_BYTES, buffer_bytes(&ciphertext), ciphertext.length);
    SHA512(outer, sizeof(outer), digest);
    ntru_open(bytes_of(buffer_bytes(&ciphertext), ciphertext.length), secret);
    cr_assert_arr_eq(secret, digest, sizeof(secret));
    buffer_fini(&ciphertext);
}

Test(ssh_hybrid, a_half_of_another_length_is_refused)
{
    const struct ssh_method *method = &ssh_methods[0];
    uint8_t half[MLKEM_CIPHERTEXT + X25519_BYTES + 1] = {9};
    struct ssh_share share = {0};
    struct buffer secret = {0};
    cr_assert_eq(ssh_family_mlkem768.make(method, &share), 0);
    cr_assert_eq(share.public.length, MLKEM_KEY + X25519_BYTES);
    memset(half + MLKEM_CIPHERTEXT, 9, X25519_BYTES);
    for (size_t length = 0; length <= sizeof(half); length++) {
        int expected = length == sizeof(half) - 1 ? 0 : -EBADMSG;
        cr_assert_eq(ssh_family_mlkem768.secret(method, &share, bytes_of(half, length), &secret), expected, "%zu",
                     length);
    }
    buffer_fini(&secret);
    ssh_share_fini(&share);
    cr_assert_eq(ssh_family_sntrup761.make(method, &share), 0);
    cr_assert_eq(share.public.length, NTRU_KEY + X25519_BYTES);
    cr_assert_eq(ssh_family_sntrup761.secret(method, &share, bytes_of(half, sizeof(half)), &secret), -EBADMSG);
    ssh_share_fini(&share);
}
