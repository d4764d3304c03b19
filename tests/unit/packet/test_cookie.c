// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "probes/packet/aes.h"
#include "probes/packet/checksum.h"
#include "probes/packet/cookie.h"

static void unhex(const char *text, uint8_t ret_bytes[static 16])
{
    for (size_t i = 0; i < 16; i++) {
        unsigned byte;
        cr_assert_eq(sscanf(text + 2 * i, "%2x", &byte), 1);
        ret_bytes[i] = (uint8_t)byte;
    }
}

// FIPS 197 appendix B and C.1; SP 800-38A F.1.1 blocks 1 and 2.
Test(aes, equals_the_published_vectors)
{
    static const struct {
        const char *key, *plain, *cipher;
    } vectors[] = {
        {"2b7e151628aed2a6abf7158809cf4f3c", "3243f6a8885a308d313198a2e0370734", "3925841d02dc09fbdc118597196a0b32"},
        {"000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"},
        {"2b7e151628aed2a6abf7158809cf4f3c", "6bc1bee22e409f96e93d7e117393172a", "3ad77bb40d7a3660a89ecaf32466ef97"},
        {"2b7e151628aed2a6abf7158809cf4f3c", "ae2d8a571e03ac9c9eb76fac45af8e51", "f5d3d58503b9699de785895a96fdbaaf"},
    };
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        uint8_t key[16], plain[16], cipher[16], rounds[11][16];
        unhex(vectors[i].key, key);
        unhex(vectors[i].plain, plain);
        unhex(vectors[i].cipher, cipher);
        aes_expand(key, rounds);
        aes_encrypt(rounds, plain, plain);
        cr_assert_arr_eq(plain, cipher, 16);
    }
}

// FIPS 197 appendix A.1: the last round key.
Test(aes, expands_the_published_key)
{
    uint8_t key[16], last[16], rounds[11][16];
    unhex("2b7e151628aed2a6abf7158809cf4f3c", key);
    unhex("d014f9a8c9ee2589e13f0cc8b6630ca6", last);
    aes_expand(key, rounds);
    cr_assert_arr_eq(rounds[10], last, 16);
}

Test(cookie, is_taken_from_the_block_that_the_header_describes)
{
    uint8_t secret[16], rounds[11][16];
    unhex("000102030405060708090a0b0c0d0e0f", secret);
    struct cookie_key key;
    cr_assert_eq(cookie_key_init(&key, secret, 0x0a000001, 40960, 8192), 0);
    uint8_t block[16] = {192, 0, 2, 77, 0x0d, 0x3d, 0, 0, 10, 0, 0, 1, 4, 0, 0, 0};
    aes_expand(secret, rounds);
    aes_encrypt(rounds, block, block);
    struct cookie cookie = cookie_make(&key, 0xc000024d, 3389);
    cr_assert_eq(cookie.isn,
                 (uint32_t)block[0] | (uint32_t)block[1] << 8 | (uint32_t)block[2] << 16 | (uint32_t)block[3] << 24);
    cr_assert_eq(cookie.local_port, 40960 + ((block[4] | block[5] << 8) & 8191));
    cr_assert_eq(cookie.ip_id, block[6] | block[7] << 8);
    cr_assert_neq(cookie_make(&key, 0xc000024d, 3390).isn, cookie.isn);
    cr_assert_neq(cookie_make(&key, 0xc000024e, 3389).isn, cookie.isn);
}

Test(cookie, of_a_connection_of_our_own_has_our_port_in_the_block)
{
    uint8_t secret[16], rounds[11][16];
    unhex("000102030405060708090a0b0c0d0e0f", secret);
    struct cookie_key key;
    cr_assert_eq(cookie_key_init(&key, secret, 0x0a000001, 40960, 8192), 0);
    uint8_t block[16] = {192, 0, 2, 77, 0x0d, 0x3d, 0x60, 0x01, 10, 0, 0, 1, 4, 0, 0, 0};
    aes_expand(secret, rounds);
    aes_encrypt(rounds, block, block);
    cr_assert_eq(cookie_flow(&key, 0xc000024d, 3389, 0x6001),
                 (uint32_t)block[0] | (uint32_t)block[1] << 8 | (uint32_t)block[2] << 16 | (uint32_t)block[3] << 24);
    cr_assert_neq(cookie_flow(&key, 0xc000024d, 3389, 0x6002), cookie_flow(&key, 0xc000024d, 3389, 0x6001));
}

Test(cookie, a_segment_belongs_to_a_connection_by_what_it_acknowledges)
{
    const uint32_t isn = 0xfffffff0; // all of it wraps
    cr_assert(cookie_acknowledged(isn, TCP_SYN | TCP_ACK, isn + 1));
    cr_assert_not(cookie_acknowledged(isn, TCP_SYN | TCP_ACK, isn));
    cr_assert_not(cookie_acknowledged(isn, TCP_SYN | TCP_ACK, isn + 2));
    cr_assert(cookie_acknowledged(isn, TCP_ACK, isn + 1));
    cr_assert(cookie_acknowledged(isn, TCP_ACK, isn + COOKIE_DATA_WINDOW));
    cr_assert_not(cookie_acknowledged(isn, TCP_ACK, isn + COOKIE_DATA_WINDOW + 1));
    cr_assert_not(cookie_acknowledged(isn, TCP_ACK, isn));
    cr_assert(cookie_acknowledged(isn, TCP_RST | TCP_ACK, isn));
    cr_assert_not(cookie_acknowledged(isn, TCP_RST | TCP_ACK, isn - 1));
}

Test(cookie, port_ranges_that_are_no_power_of_two_or_leave_the_space_are_refused)
{
    const uint8_t secret[16] = {0};
    struct cookie_key key = {.source_address = 42};
    cr_assert_eq(cookie_key_init(&key, secret, 1, 1024, 0), -EINVAL);
    cr_assert_eq(cookie_key_init(&key, secret, 1, 1024, 17), -EINVAL);
    cr_assert_eq(cookie_key_init(&key, secret, 1, 65535, 2), -EINVAL);
    cr_assert_eq(cookie_key_init(&key, secret, 1, 1, 65535), -EINVAL);
    cr_assert_eq(key.source_address, 42);
    cr_assert_eq(cookie_key_init(&key, secret, 1, 65535, 1), 0);
    cr_assert_eq(cookie_key_init(&key, secret, 1, 32768, 32768), 0);
}

static uint16_t be16(uint16_t value)
{
    return __builtin_bswap16(value);
}

// RFC 1071 section 3: 0001 f203 f4f5 f6f7 adds up to ddf2.
Test(checksum, equals_the_example_of_rfc_1071)
{
    const uint8_t words[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    cr_assert_eq(checksum_fold(checksum_add(0, words, sizeof(words))), be16(0xddf2));
    cr_assert_eq(checksum_finish(checksum_add(0, words, sizeof(words))), be16(0x220d));
}

Test(checksum, equals_the_plain_sum_at_every_length)
{
    uint8_t data[200];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 151 + 97);
    for (size_t length = 0; length <= sizeof(data); length++) {
        uint32_t sum = 0;
        for (size_t i = 0; i < length; i++)
            sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
        while (sum >> 16 != 0)
            sum = (sum & 0xffff) + (sum >> 16);
        cr_assert_eq(checksum_fold(checksum_add(0, data, length)), be16((uint16_t)sum), "length %zu", length);
    }
}

// RFC 1624 section 4: m = 5555 becomes 3285, checksum dd2f becomes 0000.
Test(checksum, updates_as_in_rfc_1624)
{
    cr_assert_eq(checksum_update(0xdd2f, 0x5555, 0x3285), 0x0000);
}
