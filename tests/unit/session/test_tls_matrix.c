// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probes/protocol/tls/tls_certificate.h"
#include "probes/protocol/tls/tls_flight.h"
#include "probes/protocol/tls/tls_hello.h"
#include "probes/protocol/tls/tls_matrix.h"
#include "probes/protocol/tls/tls_names.h"
#include "probes/protocol/tls/tls_offer.h"
#include "probes/protocol/tls/tls_server_hello.h"
#include "probes/protocol/tls/tls_trust.h"
#include "probes/session/env.h"
#include "tests/unit/config/clouds.h"
#include "tests/unit/session/fake_tls.h"

static size_t ask(struct fake_tls *fake, const char *trust_file, struct observation *ret_observation)
{
    const struct session_env_settings settings = {
        .user_agent = "sonde/test", .tls_matrix = true, .trust_file = trust_file};
    struct session_env *env = session_env_new(&settings);
    const struct dialogue dialogue = {.env = env, .first = "tls", .port = 443};
    size_t connections = dialogue_run(&dialogue, &fake->peer, ret_observation);
    session_env_free(env);
    return connections;
}

static const struct tls_version_observation *row_of(const struct observation *observation, const char *version)
{
    const struct tls_version_observation *rows = observation->tls->matrix.items;
    for (uint32_t at = 0; at < observation->tls->matrix.count; at++)
        if (text_is(&rows[at].version, version))
            return &rows[at];
    return NULL;
}

// What JA3S is of a text.
static char *ja3s_of(const char *text)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    char *hex = malloc(33);
    cr_assert_eq(EVP_Digest(text, strlen(text), digest, NULL, EVP_md5(), NULL), 1);
    for (size_t at = 0; at < 16; at++)
        (void)snprintf(hex + 2 * at, 3, "%02x", digest[at]);
    return hex;
}

// OpenSSL knows most of them by the names of the same registry.
Test(tls_names, a_cipher_is_called_as_openssl_calls_it)
{
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    SSL *ssl = SSL_new(context);
    size_t compared = 0;
    for (unsigned number = 0; number <= UINT16_MAX; number++) {
        const unsigned char wire[] = {(unsigned char)(number >> 8), (unsigned char)number};
        const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, wire);
        const char *name = tls_cipher_name((uint16_t)number);
        const char *known = cipher == NULL ? NULL : SSL_CIPHER_standard_name(cipher);
        if (name == NULL || known == NULL)
            continue;
        cr_expect_str_eq(name, known, "0x%04x", number);
        cr_expect_eq(tls_cipher_number(name), number);
        compared++;
    }
    cr_expect_geq(compared, 90);
    SSL_free(ssl);
    SSL_CTX_free(context);
}

Test(tls_names, how_a_cipher_exchanges_keys_stands_in_its_name)
{
    cr_expect_eq(tls_cipher_exchange(0xc02f), TLS_EXCHANGE_ECDHE);
    cr_expect_eq(tls_cipher_exchange(0xc018), TLS_EXCHANGE_ECDH_ANON);
    cr_expect_eq(tls_cipher_exchange(0xc004), TLS_EXCHANGE_STATIC);
    cr_expect_eq(tls_cipher_exchange(0x0033), TLS_EXCHANGE_DHE);
    cr_expect_eq(tls_cipher_exchange(0x0018), TLS_EXCHANGE_DH_ANON);
    cr_expect_eq(tls_cipher_exchange(0x0003), TLS_EXCHANGE_RSA_EXPORT);
    cr_expect_eq(tls_cipher_exchange(0x0005), TLS_EXCHANGE_RSA);
    cr_expect_eq(tls_cipher_exchange(0x1303), TLS_EXCHANGE_13);
    cr_expect_eq(tls_cipher_exchange(0xabcd), TLS_EXCHANGE_UNKNOWN);
    cr_expect_null(tls_cipher_name(0xabcd));
    cr_expect_eq(tls_cipher_number("TLS_NOTHING"), 0);
    cr_expect(tls_group_hybrid(0x11ec));
    cr_expect(tls_group_hybrid(0x6399));
    cr_expect_not(tls_group_hybrid(0x001d));
}

// The ciphers of a hello that was written.
static size_t offered(const struct buffer *record, uint16_t *ret_version, uint16_t ret_ciphers[static 200])
{
    struct bytes hello = bytes_of(buffer_bytes(record), record->length);
    (void)bytes_take(&hello, TLS_RECORD_HEADER_BYTES + TLS_MESSAGE_HEADER_BYTES);
    *ret_version = bytes_u16(&hello);
    (void)bytes_take(&hello, TLS_RANDOM_BYTES);
    (void)bytes_slice(&hello, bytes_u8(&hello));
    struct bytes ciphers = bytes_slice(&hello, bytes_u16(&hello));
    size_t count = 0;
    while (ciphers.length > 0 && count < 200)
        ret_ciphers[count++] = bytes_u16(&ciphers);
    cr_assert_not(ciphers.failed || hello.failed);
    return count;
}

Test(tls_flight, what_is_no_record_of_tls_is_strange_at_its_first_wrong_byte)
{
    static const struct {
        const char *bytes;
        size_t length;
        size_t right; // bytes that could be a record's
    } cases[] = {
        {"HTTP/1.1", 8, 0},
        {"\x18\x03\x03", 3, 0},                         // heartbeat
        {"\x16\x02\x00\x00\x10", 5, 1},                 // SSL 2 has no such records
        {"\x15\x03\x05\x00\x02", 5, 2},                 // nor is there a version 3.5
        {"\x16\x03\x03\x40\x01", 5, 4},                 // longer than a record may be
        {"\x16\x03\x03\x00\x04\x0b\x01\x00\x00", 9, 8}, // a message of 65,536 bytes
    };
    for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
        for (size_t length = 1; length <= cases[at].length; length++) {
            struct tls_flight flight = {.left = 0};
            struct bytes input = bytes_of(cases[at].bytes, length);
            enum tls_flight_kind kind = tls_flight_take(&flight, &input).kind;
            cr_expect_eq(kind, length <= cases[at].right ? TLS_FLIGHT_MORE : TLS_FLIGHT_STRANGE, "case %zu at %zu", at,
                         length);
            tls_flight_fini(&flight);
        }
    }
}

Test(tls_flight, messages_and_alerts_come_out_whole_whatever_records_cut_them)
{
    static const uint8_t said[] = {21, 3, 1, 0, 1, 1,                   // the first half of a warning
                                   21, 3, 1, 0, 1, 112,                 // its second
                                   22, 3, 1, 0, 3, 14,  0,  0,          // a message without a body, and
                                   22, 3, 1, 0, 3, 0,   11, 0,          // another behind it, over three
                                   22, 3, 1, 0, 4, 0,   2,  0xaa, 0xbb, // records
                                   20, 3, 1, 0, 1, 1};
    for (size_t most = 1; most <= sizeof(said); most++) {
        struct tls_flight flight = {.left = 0};
        struct buffer waiting = {0};
        struct tls_flight_piece pieces[4];
        size_t count = 0;
        for (size_t fed = 0; fed < sizeof(said); fed += most) {
            buffer_put(&waiting, said + fed, sizeof(said) - fed < most ? sizeof(said) - fed : most);
            struct bytes input = bytes_of(buffer_bytes(&waiting), waiting.length);
            while (count < 4 && (pieces[count] = tls_flight_take(&flight, &input)).kind != TLS_FLIGHT_MORE) {
                if (count == 2)
                    cr_expect_arr_eq(pieces[count].body.data, "\xaa\xbb", 2);
                count++;
            }
            buffer_drop(&waiting, waiting.length - input.length);
        }
        cr_assert_eq(count, 4, "%zu with %zu at a time", count, most);
        cr_expect_eq(pieces[0].kind, TLS_FLIGHT_ALERT);
        cr_expect_eq(pieces[0].level, 1);
        cr_expect_eq(pieces[0].alert, 112);
        cr_expect_eq(pieces[1].type, TLS_FLIGHT_SERVER_HELLO_DONE);
        cr_expect_eq(pieces[1].body.length, 0);
        cr_expect_eq(pieces[2].type, TLS_FLIGHT_CERTIFICATE);
        cr_expect_eq(pieces[2].body.length, 2);
        cr_expect_eq(pieces[3].kind, TLS_FLIGHT_SECRET);
        buffer_fini(&waiting);
        tls_flight_fini(&flight);
    }
}

Test(tls_offer, a_hello_goes_up_to_its_version_and_offers_no_cipher_twice)
{
    static const uint16_t versions[] = {TLS_SSL3, TLS_1_0, TLS_1_1, TLS_1_2};
    for (size_t at = 0; at < 4; at++) {
        struct buffer record = {0};
        uint16_t ciphers[200];
        uint16_t version = 0;
        cr_assert_eq(tls_offer_version(versions[at], true, NULL, &record), 0);
        size_t length = record.length - TLS_RECORD_HEADER_BYTES;
        cr_expect(length < 256 || length >= 512, "%zu bytes", length);
        size_t count = offered(&record, &version, ciphers);
        cr_expect_eq(version, versions[at]);
        cr_expect_geq(count, 50);
        for (size_t one = 0; one < count; one++) {
            cr_expect(tls_cipher_name(ciphers[one]) != NULL || ciphers[one] == 0x00ff, "0x%04x", ciphers[one]);
            for (size_t other = 0; other < one; other++)
                cr_expect_neq(ciphers[one], ciphers[other], "0x%04x twice", ciphers[one]);
        }
        buffer_fini(&record);
    }
}

Test(tls_offer, reversed_the_chosen_cipher_stands_last)
{
    struct buffer record = {0};
    uint16_t ciphers[200];
    uint16_t version = 0;
    cr_assert_eq(tls_offer_reversed(TLS_1_2, 0xc02f, true, NULL, &record), 0);
    size_t count = offered(&record, &version, ciphers);
    cr_expect_eq(ciphers[count - 1], 0xc02f);
    cr_expect_eq(ciphers[count - 2], 0xc02b, "which was the first");
    for (size_t at = 0; at < count; at++)
        cr_expect(tls_cipher_common(ciphers[at]), "%s is not one that every hello offers",
                  tls_cipher_name(ciphers[at]));
    buffer_fini(&record);
    cr_assert_eq(tls_offer_reversed(TLS_1_0, 0x0005, true, NULL, &record), 0);
    count = offered(&record, &version, ciphers);
    cr_expect_eq(version, TLS_1_0);
    cr_expect_not_null(strstr(tls_cipher_name(ciphers[0]), "_NULL_"), "the weakest is the first");
    cr_expect_eq(ciphers[count - 1], 0x0005);
    buffer_fini(&record);
}

Test(tls_matrix, a_server_of_one_version_offers_that_and_refuses_the_others)
{
    static const struct {
        int version;
        const char *offered, *refused;
        bool forward_secrecy;
        const char *group;
    } rows[] = {
        {TLS1_3_VERSION, "TLSv1.3", "SSLv2,SSLv3,TLSv1,TLSv1.1,TLSv1.2", true, "x25519"},
        {TLS1_2_VERSION, "TLSv1.2", "SSLv2,SSLv3,TLSv1,TLSv1.1,TLSv1.3", true, "x25519"},
        {TLS1_1_VERSION, "TLSv1.1", "SSLv2,SSLv3,TLSv1,TLSv1.2,TLSv1.3", true, "x25519"},
        {TLS1_VERSION, "TLSv1", "SSLv2,SSLv3,TLSv1.1,TLSv1.2,TLSv1.3", true, "x25519"},
    };
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct observation seen;
        struct fake_tls fake = {
            .version = rows[at].version, .key = "EC", .reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
        fake_tls_init(&fake);
        size_t connections = ask(&fake, NULL, &seen);
        cr_expect_leq(connections, 7);
        cr_expect_str_eq(told(&seen, "tls.versions"), rows[at].offered);
        cr_expect_str_eq(told(&seen, "tls.versions_refused"), rows[at].refused);
        cr_expect_str_eq(told(&seen, "tls.versions_unknown"), "");
        cr_expect_str_eq(told(&seen, "tls.preference"), "client");
        cr_expect_str_eq(told(&seen, "tls.post_quantum"), "false", "%s", rows[at].offered);
        cr_expect_str_eq(told(&seen, "tls.name_fits"), "true");
        cr_expect_not(seen.tls->known.trusted, "there were no authorities to ask");
        cr_expect_eq(seen.tls->chain.count, 1);
        cr_expect_eq(seen.tls->ja3s.length, 32);
        char *digest = ja3s_of(told(&seen, "tls.ja3s_text"));
        cr_expect_str_eq(told(&seen, "tls.ja3s"), digest);
        free(digest);
        const struct tls_version_observation *row = row_of(&seen, rows[at].offered);
        cr_assert_not_null(row);
        cr_expect_eq(row->forward_secrecy, rows[at].forward_secrecy);
        cr_expect_str_eq(text_of(&row->group), rows[at].group);
        cr_expect(seen.finished);
        cr_expect_str_eq(told(&seen, "service"), "http");
        observation_fini(&seen);
        fake_tls_fini(&fake);
    }
}

Test(tls_matrix, a_server_that_has_an_order_keeps_to_it)
{
    static const int versions[] = {TLS1_3_VERSION, TLS1_2_VERSION, TLS1_1_VERSION};
    for (size_t at = 0; at < 3; at++) {
        struct observation seen;
        struct fake_tls fake = {.version = versions[at], .key = "EC"};
        fake_tls_init(&fake);
        SSL_CTX_set_options(fake.context, SSL_OP_CIPHER_SERVER_PREFERENCE);
        (void)ask(&fake, NULL, &seen);
        cr_expect_str_eq(told(&seen, "tls.preference"), "server", "version 0x%04x", (unsigned)versions[at]);
        observation_fini(&seen);
        fake_tls_fini(&fake);
    }
}

Test(tls_matrix, rsa_is_no_forward_secrecy_and_dhe_is_measured)
{
    struct observation seen;
    struct fake_tls rsa = {.version = TLS1_2_VERSION, .key = "RSA", .ciphers = "AES256-SHA:@SECLEVEL=0"};
    fake_tls_init(&rsa);
    (void)ask(&rsa, NULL, &seen);
    const struct tls_version_observation *row = row_of(&seen, "TLSv1.2");
    cr_assert_not_null(row);
    cr_expect(row->known.forward_secrecy && !row->forward_secrecy);
    cr_expect_eq(row->key_exchange_bits, 2048, "of the certificate's key");
    observation_fini(&seen);
    fake_tls_fini(&rsa);
    struct fake_tls dhe = {
        .version = TLS1_2_VERSION, .key = "RSA", .ciphers = "DHE-RSA-AES128-SHA:@SECLEVEL=0", .dh_bits = 1024};
    fake_tls_init(&dhe);
    (void)ask(&dhe, NULL, &seen);
    row = row_of(&seen, "TLSv1.2");
    cr_assert_not_null(row);
    cr_expect(row->forward_secrecy);
    cr_expect_eq(row->key_exchange_bits, 1024);
    cr_expect_eq(seen.tls->dh_bits, 1024);
    observation_fini(&seen);
    fake_tls_fini(&dhe);
}

Test(tls_matrix, an_anonymous_server_is_seen_though_openssl_would_not_talk_to_it)
{
    struct observation seen;
    struct fake_tls fake = {.version = TLS1_2_VERSION, .key = "RSA", .ciphers = "AECDH-AES128-SHA:@SECLEVEL=0"};
    fake_tls_init(&fake);
    (void)ask(&fake, NULL, &seen);
    cr_expect_str_eq(told(&seen, "tls.versions"), "TLSv1.2");
    cr_expect_str_eq(told(&seen, "tls.cipher"), "TLS_ECDH_anon_WITH_AES_128_CBC_SHA");
    cr_expect_not(seen.tls->handshake_complete);
    cr_expect_not(seen.tls->known.sha256);
    observation_fini(&seen);
    fake_tls_fini(&fake);
}

Test(tls_matrix, without_the_matrix_only_the_first_hello_is_asked)
{
    struct observation seen;
    struct session_env *env = env_for_tests();
    struct fake_tls fake = {.version = TLS1_3_VERSION, .key = "EC"};
    const struct dialogue dialogue = {.env = env, .first = "tls", .port = 443};
    fake_tls_init(&fake);
    cr_expect_eq(dialogue_run(&dialogue, &fake.peer, &seen), 1);
    cr_expect_str_eq(told(&seen, "tls.versions"), "TLSv1.3");
    cr_expect_str_eq(told(&seen, "tls.versions_unknown"), "");
    observation_fini(&seen);
    fake_tls_fini(&fake);
    session_env_free(env);
}

// A server's own certificate as an authority, in a file.
static void authority_write(const X509 *certificate, char path[static 32])
{
    (void)snprintf(path, 32, "/tmp/sonde-trust-XXXXXX");
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    cr_assert_not_null(file);
    cr_assert_eq(PEM_write_X509(file, certificate), 1);
    fclose(file);
}

Test(tls_trust, a_chain_is_trusted_where_its_authority_is_in_the_store)
{
    char path[32];
    struct observation seen;
    struct fake_tls fake = {.version = TLS1_2_VERSION, .key = "EC", .chain = 2};
    fake_tls_init(&fake);
    authority_write(fake.certificate, path);
    (void)ask(&fake, path, &seen);
    cr_expect_str_eq(told(&seen, "tls.trusted"), "true", "%s", told(&seen, "tls.trust_error"));
    cr_expect_not(seen.tls->known.trust_error);
    cr_assert_eq(seen.tls->chain.count, 3);
    const struct tls_certificate_observation *rows = seen.tls->chain.items;
    for (size_t at = 0; at < 3; at++) {
        cr_expect_str_eq(text_of(&rows[at].subject), "CN=host.example,O=Lab\\, Inc.");
        cr_expect_str_eq(text_of(&rows[at].sha256), told(&seen, "tls.sha256"));
        cr_expect_str_eq(text_of(&rows[at].key_type), "EC");
        cr_expect_eq(rows[at].key_bits, 256);
        cr_expect_eq(rows[at].not_before, 1577836800);
        cr_expect(rows[at].self_issued);
    }
    observation_fini(&seen);
    fake_tls_fini(&fake);
    struct fake_tls stranger = {.version = TLS1_3_VERSION, .key = "EC", .foreign = true};
    fake_tls_init(&stranger);
    (void)ask(&stranger, path, &seen);
    cr_expect_str_eq(told(&seen, "tls.trusted"), "false");
    cr_expect_str_eq(told(&seen, "tls.trust_error"), "unable to get local issuer certificate");
    observation_fini(&seen);
    fake_tls_fini(&stranger);
    unlink(path);
}

Test(tls_trust, an_expired_certificate_is_not_trusted_whoever_signed_it)
{
    char path[32];
    struct observation seen;
    struct fake_tls fake = {.version = TLS1_2_VERSION, .key = "RSA", .expired = true};
    fake_tls_init(&fake);
    authority_write(fake.certificate, path);
    (void)ask(&fake, path, &seen);
    cr_expect_str_eq(told(&seen, "tls.trusted"), "false");
    cr_expect_str_eq(told(&seen, "tls.trust_error"), "certificate has expired");
    observation_fini(&seen);
    fake_tls_fini(&fake);
    unlink(path);
}

Test(tls_trust, a_file_that_is_not_there_says_nothing_of_chains)
{
    struct observation seen;
    struct fake_tls fake = {.version = TLS1_2_VERSION, .key = "EC"};
    fake_tls_init(&fake);
    (void)ask(&fake, "/nonexistent/authorities.crt", &seen);
    cr_expect_not(seen.tls->known.trusted);
    cr_expect_not(seen.tls->known.trust_error);
    cr_expect(seen.tls->known.chain);
    observation_fini(&seen);
    fake_tls_fini(&fake);
}

Test(tls_trust, the_chains_of_late_are_remembered_and_the_oldest_is_forgotten)
{
    uint8_t digest[TRUST_DIGEST_BYTES] = {0};
    struct tls_trust *trust = trust_new(NULL);
    cr_assert_not_null(trust);
    for (uint8_t at = 0; at < 100; at++) {
        digest[0] = at;
        cr_expect_null(trust_recall(trust, digest));
        struct observation *place = trust_remember(trust, digest);
        learn_number(place, FIELD(tls, key_bits), at);
        digest[0] = 0;
        const struct tls_observation *first = trust_recall(trust, digest);
        cr_assert_not_null(first, "asked for again and again, and forgotten");
        cr_expect_eq(first->key_bits, 0);
    }
    digest[0] = 1;
    cr_expect_null(trust_recall(trust, digest));
    digest[0] = 99;
    cr_assert_not_null(trust_recall(trust, digest));
    cr_expect_eq(trust_recall(trust, digest)->key_bits, 99);
    struct observation *place = trust_remember(trust, digest);
    trust_forget(trust, place);
    trust_free(trust);
}

// A second server with the same certificate teaches the same, though nothing is decoded.
Test(tls_trust, what_is_remembered_of_a_chain_is_all_that_was_learnt)
{
    struct session_env *env = env_for_tests();
    struct fake_tls fake = {.version = TLS1_2_VERSION, .key = "RSA", .chain = 3};
    const struct dialogue dialogue = {.env = env, .first = "tls", .port = 443};
    struct observation seen[2];
    fake_tls_init(&fake);
    for (size_t at = 0; at < 2; at++)
        (void)dialogue_run(&dialogue, &fake.peer, &seen[at]);
    cr_expect(observation_equal(&seen[0], &seen[1]));
    cr_expect_eq(seen[1].tls->chain.count, 4);
    for (size_t at = 0; at < 2; at++)
        observation_fini(&seen[at]);
    fake_tls_fini(&fake);
    session_env_free(env);
}

Test(tls_certificate, the_sign_of_a_serial_number_is_kept)
{
    struct observation seen;
    struct fake_tls fake = {.version = TLS1_2_VERSION, .key = "EC"};
    observation_init(&seen);
    fake_tls_init(&fake);
    ASN1_INTEGER_set_int64(X509_get_serialNumber(fake.certificate), -0x1234);
    certificate_observe(fake.certificate, &seen);
    cr_expect_str_eq(told(&seen, "tls.serial"), "-1234");
    observation_fini(&seen);
    fake_tls_fini(&fake);
}

struct replayed {
    struct peer peer;
    const uint8_t *answer;
    size_t length;
};

static void replay_answer(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer)
{
    struct replayed *replayed = (struct replayed *)peer;
    (void)data;
    if (length == 0)
        return;
    buffer_put(ret_answer, replayed->answer, replayed->length);
    replayed->length = 0;
    peer->closed = true;
}

static void replay(const uint8_t *answer, size_t length, uint32_t step, struct observation *ret_observation)
{
    struct session_env *env = env_for_tests();
    struct replayed replayed = {.peer = {.answer = replay_answer}, .answer = answer, .length = length};
    const struct dialogue dialogue = {.env = env, .first = "tls_version", .port = 443, .argument = step};
    (void)dialogue_run(&dialogue, &replayed.peer, ret_observation);
    session_env_free(env);
}

static size_t unhex(const char *text, uint8_t *ret_bytes)
{
    size_t length = 0;
    for (unsigned octet = 0; sscanf(text + 2 * length, "%2x", &octet) == 1; length++)
        ret_bytes[length] = (uint8_t)octet;
    return length;
}

// What OpenSSL 3.0.22 answered to a recorded hello: the answer, through our readers, means what was noted beside it.
static void vector_check(const json_t *vector)
{
    static const struct {
        const char *hello;
        uint32_t step;
        const char *version;
    } steps[] = {{"ssl2", TLS_STEP_SSL2, "SSLv2"},  {"0300", TLS_STEP_SSL3, "SSLv3"},  {"0301", TLS_STEP_1_0, "TLSv1"},
                 {"0302", TLS_STEP_1_1, "TLSv1.1"}, {"0303", TLS_STEP_1_2, "TLSv1.2"}, {"0304", TLS_STEP_HYBRID, NULL}};
    static uint8_t answer[65536];
    const char *decoded = json_string_value(json_object_get(vector, "decoded"));
    const char *hello = json_string_value(json_object_get(vector, "client_hello_version"));
    size_t length = unhex(json_string_value(json_object_get(vector, "response_first_bytes_hex")), answer);
    size_t at = 0;
    while (at < 5 && strcmp(steps[at].hello, hello) != 0)
        at++;
    unsigned legacy = 0;
    unsigned suite = 0;
    unsigned alert = 0;
    struct observation seen;
    replay(answer, length, steps[at].step, &seen);
    if (sscanf(decoded, "alert level=2 desc=%u", &alert) == 1 && steps[at].version != NULL) {
        const struct tls_version_observation *row = row_of(&seen, steps[at].version);
        cr_assert_not_null(row, "%s", decoded);
        cr_expect_str_eq(text_of(&row->status), "refused", "%s", decoded);
        cr_expect_str_eq(text_of(&row->reason), alert == 70 ? "protocol_version" : "handshake_failure");
    } else if (steps[at].version != NULL) {
        cr_assert_eq(sscanf(strstr(decoded, "legacy="), "legacy=%x", &legacy), 1);
        cr_assert_eq(sscanf(strstr(decoded, "suite="), "suite=%x", &suite), 1);
        const struct tls_version_observation *row = row_of(&seen, tls_version_name((uint16_t)legacy));
        cr_assert_not_null(row, "%s", decoded);
        cr_expect_str_eq(text_of(&row->status), "offered", "%s", decoded);
        cr_expect_str_eq(text_of(&row->cipher), tls_cipher_name((uint16_t)suite));
        cr_expect(legacy == TLS_1_0 + at - 2 || text_is(&row_of(&seen, steps[at].version)->status, "refused"));
    } else if (alert == 0) {
        struct tls_server_hello read;
        struct bytes record = bytes_of(answer, length);
        (void)bytes_take(&record, TLS_RECORD_HEADER_BYTES + 1);
        cr_assert_eq(tls_server_hello_read(bytes_slice(&record, bytes_u24(&record)), &read), 0);
        cr_expect_eq(read.version, TLS_1_3);
        cr_expect_eq(read.cipher, 0x1301);
    }
    observation_fini(&seen);
}

Test(tls_matrix, every_recorded_answer_of_openssl_means_what_was_noted)
{
    char path[512];
    if (!shared_data("tls/openssl3-loopback-vectors.json", path, sizeof(path)))
        cr_skip_test("no recorded answers beside this checkout");
    json_t *file = json_load_file(path, 0, NULL);
    cr_assert_not_null(file);
    size_t at;
    json_t *vector;
    json_array_foreach(json_object_get(file, "vectors"), at, vector) vector_check(vector);
    cr_expect_geq(at, 24);
    json_decref(file);
}
