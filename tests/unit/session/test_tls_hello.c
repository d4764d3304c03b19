// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probes/protocol/tls/tls_hello.h"
#include "probes/protocol/tls/tls_server_hello.h"

// Bytes of hexadecimal text; the caller's array has room.
static size_t unhex(const char *text, uint8_t *ret_bytes)
{
    size_t length = 0;
    for (; text[0] != '\0'; text += 2) {
        char pair[3] = {text[0], text[1], '\0'};
        ret_bytes[length++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return length;
}

// The figures of RFC 8448 section 3.
static const char random_text[] = "cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7";
static const char share_text[] = "99381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c";
static const char server_hello_text[] =
    "0303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e00330024001d0020c9828876112095fe66"
    "762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304";

static const uint16_t few_ciphers[] = {0x1301, 0x1303, 0x1302};
static const uint16_t few_groups[] = {0x001d, 0x0017, 0x0018, 0x0019};
static const uint16_t newest[] = {TLS_1_3};
static const uint8_t random_of_tests[TLS_RANDOM_BYTES] = {1, 2, 3};

static void record_expect(const struct tls_hello *hello, const char *expected_text)
{
    uint8_t expected[2048];
    size_t length = unhex(expected_text, expected);
    struct buffer record = {0};
    cr_assert_eq(tls_hello_write(hello, &record), 0);
    cr_expect_eq(record.length, length);
    cr_expect_arr_eq(buffer_bytes(&record), expected, length);
    buffer_fini(&record);
}

// Without the extensions about sessions and record sizes that sonde never asks for, which are the figure's 35, 45 and
// 28; and with lengths that follow from it.
Test(tls_hello, the_hello_of_rfc_8448_comes_out_byte_for_byte)
{
    static const uint16_t signatures[] = {0x0403, 0x0503, 0x0603, 0x0203, 0x0804, 0x0805, 0x0806, 0x0401,
                                          0x0501, 0x0601, 0x0201, 0x0402, 0x0502, 0x0602, 0x0202};
    static const uint16_t groups[] = {0x001d, 0x0017, 0x0018, 0x0019, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104};
    uint8_t random[TLS_RANDOM_BYTES];
    uint8_t share[32];
    unhex(random_text, random);
    const struct tls_key_share shares[] = {{0x001d, bytes_of(share, unhex(share_text, share))}};
    const struct tls_hello hello = {
        .record_version = TLS_1_0,
        .legacy_version = TLS_1_2,
        .random = random,
        .ciphers = TLS_NUMBERS(few_ciphers),
        .server_name = "server",
        .renegotiation_info = true,
        .groups = TLS_NUMBERS(groups),
        .key_shares = shares,
        .key_share_count = 1,
        .versions = TLS_NUMBERS(newest),
        .signature_algorithms = TLS_NUMBERS(signatures),
    };
    record_expect(&hello, "16030100b4010000b00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7"
                          "0000061301130313020100"
                          "00810000000b0009000006736572766572ff01000100"
                          "000a00140012001d00170018001901000101010201030104"
                          "003300260024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c"
                          "002b0003020304"
                          "000d0020001e040305030603020308040805080604010501060102010402050206020202");
}

Test(tls_hello, a_hello_of_ssl_3_has_no_extensions_and_no_length_of_them)
{
    static const uint16_t ciphers[] = {0x0005, 0x00ff};
    const struct tls_hello hello = {.record_version = TLS_SSL3,
                                    .legacy_version = TLS_SSL3,
                                    .random = random_of_tests,
                                    .ciphers = TLS_NUMBERS(ciphers)};
    record_expect(&hello, "160300002f0100002b0300"
                          "0102030000000000000000000000000000000000000000000000000000000000"
                          "000004000500ff0100");
}

Test(tls_hello, every_optional_extension_is_written_as_its_rfc_says)
{
    static const char *const alpn[] = {"h2", "http/1.1"};
    static const uint8_t cookie[] = {0xab, 0xcd};
    static const uint8_t session_id[] = {7, 8, 9};
    static const uint8_t extra[] = {0x00, 0x17, 0x00, 0x00};
    const struct tls_hello hello = {
        .record_version = TLS_1_0,
        .legacy_version = TLS_1_2,
        .random = random_of_tests,
        .session_id = bytes_of(session_id, sizeof(session_id)),
        .ciphers = TLS_NUMBERS(few_ciphers),
        .groups = TLS_NUMBERS(few_groups),
        .point_formats = true,
        .alpn = alpn,
        .alpn_count = 2,
        .key_share_empty = true,
        .versions = TLS_NUMBERS(newest),
        .cookie = bytes_of(cookie, sizeof(cookie)),
        .extra = bytes_of(extra, sizeof(extra)),
    };
    record_expect(&hello, "1603010075010000710303"
                          "0102030000000000000000000000000000000000000000000000000000000000"
                          "030708090006130113031302"
                          "0100"
                          "003f"
                          "000a000a0008001d001700180019"
                          "000b00020100"
                          "0010000e000c02683208687474702f312e31"
                          "003300020000"
                          "002b0003020304"
                          "002c00040002abcd"
                          "00170000");
}

// RFC 7685: whatever the server's name brings the length to.
Test(tls_hello, no_message_is_256_to_511_bytes_long)
{
    char name[600];
    for (size_t length = 1; length < sizeof(name); length++) {
        memset(name, 'a', length);
        name[length] = '\0';
        const struct tls_hello hello = {.record_version = TLS_1_0,
                                        .legacy_version = TLS_1_2,
                                        .random = random_of_tests,
                                        .ciphers = TLS_NUMBERS(few_ciphers),
                                        .server_name = name};
        struct buffer record = {0};
        cr_assert_eq(tls_hello_write(&hello, &record), 0);
        struct bytes message = bytes_of(buffer_bytes(&record) + 5, record.length - 5);
        cr_assert_eq(bytes_u8(&message), 1);
        cr_assert_eq(bytes_u24(&message), message.length);
        size_t plain = 60 + length;
        size_t expected = plain < 256 || plain >= 512 ? plain : plain < 508 ? 512 : plain + 5;
        cr_assert_eq(record.length - 5, expected, "%zu bytes, without padding %zu", record.length - 5, plain);
        buffer_fini(&record);
    }
}

Test(tls_hello, what_no_length_can_tell_is_refused_and_nothing_is_written)
{
    static uint8_t long_extra[70000];
    struct tls_hello hello = {.record_version = TLS_1_0,
                              .legacy_version = TLS_1_2,
                              .random = random_of_tests,
                              .ciphers = TLS_NUMBERS(few_ciphers)};
    struct buffer record = {0};
    buffer_put_u8(&record, 42);
    hello.session_id = bytes_of(long_extra, 33);
    cr_expect_eq(tls_hello_write(&hello, &record), -EMSGSIZE);
    hello.session_id.length = 0;
    hello.extra = bytes_of(long_extra, sizeof(long_extra));
    cr_expect_eq(tls_hello_write(&hello, &record), -EMSGSIZE);
    hello.extra = bytes_of(long_extra, TLS_RECORD_BYTES_MAX);
    cr_expect_eq(tls_hello_write(&hello, &record), -EMSGSIZE);
    hello.extra.length = 0;
    static char longest[257];
    memset(longest, 'b', 256);
    const char *const too_long[] = {longest};
    hello.alpn = too_long;
    hello.alpn_count = 1;
    cr_expect_eq(tls_hello_write(&hello, &record), -EMSGSIZE);
    cr_expect_eq(record.length, 1);
    buffer_fini(&record);
}

Test(tls_hello, the_hello_of_ssl_2_offers_its_seven_ciphers)
{
    static const uint8_t challenge[16] = {0xc0};
    uint8_t expected[64];
    size_t length = unhex("802e0100020015000000100100800200800300800400800500800600400700c0"
                          "c0000000000000000000000000000000",
                          expected);
    struct buffer record = {0};
    cr_assert_eq(tls_hello_write_ssl2(challenge, &record), 0);
    cr_assert_eq(record.length, length);
    cr_expect_arr_eq(buffer_bytes(&record), expected, length);
    buffer_fini(&record);
}

static int hello_read(const char *text, struct tls_server_hello *ret_hello)
{
    static uint8_t body[1024];
    return tls_server_hello_read(bytes_of(body, unhex(text, body)), ret_hello);
}

Test(tls_server_hello, the_answer_of_rfc_8448_is_read)
{
    struct tls_server_hello hello;
    cr_assert_eq(hello_read(server_hello_text, &hello), 0);
    cr_expect_eq(hello.legacy_version, TLS_1_2);
    cr_expect_eq(hello.version, TLS_1_3);
    cr_expect_eq(hello.cipher, 0x1301);
    cr_expect_eq(hello.group, 0x001d);
    cr_expect_eq(hello.key_share.length, 32);
    cr_expect_eq(hello.key_share.data[0], 0xc9);
    cr_expect_eq(hello.key_share.data[31], 0x0f);
    cr_expect_eq(hello.random[0], 0xa6);
    cr_expect_eq(hello.session_id.length, 0);
    cr_expect_not(hello.retry);
    cr_expect_not(hello.downgrade);
    cr_assert_eq(hello.extension_count, 2);
    cr_expect_eq(hello.extensions[0], TLS_EXTENSION_KEY_SHARE);
    cr_expect_eq(hello.extensions[1], TLS_EXTENSION_SUPPORTED_VERSIONS);
}

#define RETRY_RANDOM "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"
#define ANY_RANDOM   "00000000000000000000000000000000000000000000000000000000000000ff"

Test(tls_server_hello, a_retry_names_a_group_and_may_have_a_cookie)
{
    struct tls_server_hello hello;
    cr_assert_eq(hello_read("0303" RETRY_RANDOM "00130200"
                            "0016002b000203040033000200170"
                            "02c000600040a0b0c0d",
                            &hello),
                 0);
    cr_expect(hello.retry);
    cr_expect_eq(hello.version, TLS_1_3);
    cr_expect_eq(hello.cipher, 0x1302);
    cr_expect_eq(hello.group, 0x0017);
    cr_expect_eq(hello.key_share.length, 0);
    cr_assert_eq(hello.cookie.length, 4);
    cr_expect_eq(hello.cookie.data[3], 0x0d);
}

Test(tls_server_hello, a_message_without_extensions_is_whole)
{
    struct tls_server_hello hello;
    cr_assert_eq(hello_read("0300" ANY_RANDOM "01aa000500", &hello), 0);
    cr_expect_eq(hello.version, TLS_SSL3);
    cr_expect_eq(hello.cipher, 0x0005);
    cr_expect_eq(hello.session_id.length, 1);
    cr_expect_eq(hello.extension_count, 0);
}

Test(tls_server_hello, the_name_of_the_protocol_inside_and_a_downgrade_are_seen)
{
    struct tls_server_hello hello;
    cr_assert_eq(hello_read("0303000000000000000000000000000000000000000000000000444f574e47524401"
                            "00c02f00"
                            "0009001000050003026832",
                            &hello),
                 0);
    cr_expect(hello.downgrade);
    cr_expect_eq(hello.alpn.length, 2);
    cr_expect_arr_eq(hello.alpn.data, "h2", 2);
}

Test(tls_server_hello, no_truncation_of_a_message_and_nothing_behind_it_is_accepted)
{
    uint8_t body[256];
    size_t length = unhex(server_hello_text, body);
    struct tls_server_hello hello;
    const size_t fixed = 2 + TLS_RANDOM_BYTES + 1 + 2 + 1;
    for (size_t at = 0; at < length; at++)
        cr_expect_eq(tls_server_hello_read(bytes_of(body, at), &hello), at == fixed ? 0 : -EBADMSG, "at %zu", at);
    body[length] = 0;
    cr_expect_eq(tls_server_hello_read(bytes_of(body, length + 1), &hello), -EBADMSG);
}

Test(tls_server_hello, what_cannot_be_meant_is_refused)
{
    static const char *const bodies[] = {
        "0303" ANY_RANDOM "00130100"
        "000c002b00020304002b00020304", // an extension twice
        "0303" ANY_RANDOM "00130100"
        "0007002b0003030400", // a version of three bytes
        "0303" ANY_RANDOM "00130100"
        "00060033000200"
        "17", // a share without its key
        "0303" ANY_RANDOM "00130100"
        "000c00100008000602683202"
        "6834", // two names
        "0303" ANY_RANDOM "21"
        "000000000000000000000000000000000000000000000000000000000000000000130100", // a session id of 33 bytes
    };
    struct tls_server_hello hello;
    for (size_t at = 0; at < sizeof(bodies) / sizeof(bodies[0]); at++)
        cr_expect_eq(hello_read(bodies[at], &hello), -EBADMSG, "%zu", at);
}

static int ssl2_read(const char *text, struct tls_ssl2_server_hello *ret_hello)
{
    static uint8_t content[1024];
    return tls_ssl2_server_hello_read(bytes_of(content, unhex(text, content)), ret_hello);
}

Test(tls_server_hello, ssl_2_tells_its_ciphers)
{
    struct tls_ssl2_server_hello hello;
    cr_assert_eq(ssl2_read("0400010002000300060002aabbcc0100800700c0dddd", &hello), 0);
    cr_expect_eq(hello.version, TLS_SSL2);
    cr_expect_eq(hello.certificate.length, 3);
    cr_assert_eq(hello.cipher_specs.length, 6);
    cr_expect_eq(hello.cipher_specs.data[3], 0x07);
    cr_assert_eq(ssl2_read("0400010002000300000002aabbccdddd", &hello), 0);
    cr_expect_eq(hello.cipher_specs.length, 0);
    cr_expect_eq(ssl2_read("0400010002000300060002aabbcc0100800700c0dd", &hello), -EBADMSG);
    cr_expect_eq(ssl2_read("0400010301000300000002aabbccdddd", &hello), -EBADMSG);
    cr_expect_eq(ssl2_read("0100010002000300000002aabbccdddd", &hello), -EBADMSG);
    cr_expect_eq(ssl2_read("0400010002000000040000aabbccdd", &hello), -EBADMSG);
    cr_expect_eq(ssl2_read("", &hello), -EBADMSG);
}
