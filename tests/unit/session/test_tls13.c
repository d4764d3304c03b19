// SPDX-License-Identifier: BSD-3-Clause
// Our own client of TLS 1.3: its parts by the vectors of RFC 8448, the whole against OpenSSL's client and OpenSSL's
// server, and against that server as it would be if it broke the rules.

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probes/session/env.h"
#include "tests/unit/session/proxy_tls.h"

static const char page[] = "HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Length: 20\r\n\r\n<title>inside</title>";

static struct bytes hex(const char *text)
{
    static uint8_t pool[8][64];
    static size_t next;
    uint8_t *data = pool[next++ % 8];
    size_t length = strlen(text) / 2;
    for (size_t at = 0; at < length; at++)
        sscanf(text + 2 * at, "%2hhx", &data[at]);
    return bytes_of(data, length);
}

static void expect_hex(const uint8_t *data, const char *text)
{
    cr_expect_arr_eq(data, hex(text).data, strlen(text) / 2, "%s", text);
}

static struct tls_kit *kit_make(void)
{
    SSL_CTX *context = tls_context_new();
    struct tls_kit *kit = tls_kit_new(context, true);
    SSL_CTX_free(context);
    cr_assert_not_null(kit);
    return kit;
}

// RFC 8448 section 3.
Test(tls13, the_key_schedule_is_that_of_rfc_8448)
{
    struct tls_kit *kit = kit_make();
    const struct tls_suite *suite = tls_suite_find(0x1301);
    struct tls_secrets secrets;
    struct tls_protection protection;
    uint8_t verify[TLS_HASH_BYTES_MAX];
    struct bytes shared = hex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
    struct bytes to_hello = hex("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8");
    struct bytes to_finished = hex("9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13");
    cr_assert(tls_secrets_handshake(kit, suite, shared, to_hello.data, &secrets));
    expect_hex(secrets.stage, "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac");
    expect_hex(secrets.client, "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21");
    expect_hex(secrets.server, "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
    cr_assert(tls_protection_begin(kit, suite, secrets.server, &protection));
    expect_hex(protection.key, "3fce516009c21727d0f2e4e86ee403bc");
    expect_hex(protection.nonce, "5d313eb2671276ee13000b30");
    cr_assert(tls_finished(kit, suite, secrets.client, to_finished.data, verify));
    expect_hex(verify, "a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61");
    cr_assert(tls_secrets_application(kit, suite, to_finished.data, &secrets));
    expect_hex(secrets.stage, "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919");
    expect_hex(secrets.client, "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
    expect_hex(secrets.server, "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");
    cr_assert(tls_protection_begin(kit, suite, secrets.server, &protection));
    expect_hex(protection.key, "9f02283b6c9c07efc26bb9f2ac92e356");
    expect_hex(protection.nonce, "cf782b88dd83549aadf1e984");
    tls_kit_free(kit);
}

Test(tls13, a_sealed_record_opens_once_and_only_as_it_was)
{
    static const uint16_t suites[] = {0x1301, 0x1302, 0x1303};
    struct tls_kit *kit = kit_make();
    for (size_t at = 0; at < 3; at++) {
        const struct tls_suite *suite = tls_suite_find(suites[at]);
        struct tls_protection seal = {.key = {1}, .nonce = {2}};
        struct tls_protection open = seal;
        struct buffer sealed = {0};
        struct tls_record record;
        struct tls_record plain = {.type = TLS_CONTENT_ALERT, .body = bytes_of("hello", 5)};
        cr_assert_eq(tls_record_seal(kit, suite, &seal, &plain, &sealed), 0);
        cr_assert_eq(sealed.length, 5 + 5 + 1 + 16);
        for (size_t byte = 0; byte <= sealed.length; byte++) {
            struct tls_protection fresh = open;
            if (byte < sealed.length)
                sealed.data[byte] ^= 1;
            struct bytes input = bytes_of(sealed.data, sealed.length);
            bool opened = tls_record_take(&input, TLS_CIPHERTEXT_BYTES_MAX, &record) == TLS_RECORD_WHOLE &&
                          tls_record_open(kit, suite, &fresh, &record, &plain) == 0;
            cr_assert_eq(opened, byte == sealed.length, "%zu", byte);
            if (byte < sealed.length)
                sealed.data[byte] ^= 1;
        }
        cr_assert_eq(plain.type, TLS_CONTENT_ALERT);
        cr_assert_eq(plain.body.length, 5);
        cr_assert_arr_eq(plain.body.data, "hello", 5);
        open.sequence = 1;
        cr_assert_eq(tls_record_open(kit, suite, &open, &record, &plain), -EBADMSG, "it has come before");
        buffer_fini(&sealed);
    }
    tls_kit_free(kit);
}

Test(tls13, a_record_holds_no_more_than_it_may_and_never_nothing_but_padding)
{
    struct tls_kit *kit = kit_make();
    const struct tls_suite *suite = tls_suite_find(0x1301);
    static uint8_t zeros[TLS_RECORD_BYTES_MAX + 1];
    struct tls_protection seal = {.key = {1}};
    struct tls_protection open = seal;
    struct buffer sealed = {0};
    struct tls_record record;
    struct tls_record plain = {.type = 0, .body = bytes_of(zeros, 100)};
    cr_assert_eq(tls_record_seal(kit, suite, &seal, &plain, &sealed), 0);
    plain = (struct tls_record){.type = 23, .body = bytes_of(zeros, sizeof(zeros))};
    cr_assert_eq(tls_record_seal(kit, suite, &seal, &plain, &sealed), 0);
    struct bytes input = bytes_of(buffer_bytes(&sealed), sealed.length);
    cr_assert_eq(tls_record_take(&input, TLS_CIPHERTEXT_BYTES_MAX, &record), TLS_RECORD_WHOLE);
    cr_assert_eq(tls_record_open(kit, suite, &open, &record, &plain), -EBADMSG);
    for (size_t at = 0; at < 2; at++) {
        cr_assert_eq(tls_record_take(&input, TLS_CIPHERTEXT_BYTES_MAX, &record), TLS_RECORD_WHOLE);
        cr_assert_eq(tls_record_open(kit, suite, &open, &record, &plain), 0);
        cr_assert_eq(plain.body.length, at == 0 ? TLS_RECORD_BYTES_MAX : 1);
    }
    cr_assert_eq(tls_record_take(&input, TLS_CIPHERTEXT_BYTES_MAX, &record), TLS_RECORD_PARTIAL);
    input = bytes_of("\x17\x03\x03\x41\x01", 5);
    cr_assert_eq(tls_record_take(&input, TLS_CIPHERTEXT_BYTES_MAX, &record), TLS_RECORD_BAD);
    buffer_fini(&sealed);
    tls_kit_free(kit);
}

Test(tls13, messages_are_the_same_however_records_cut_them)
{
    static const uint8_t stream[] = {8, 0, 0, 2, 0, 0, 14, 0, 0, 0, 11, 0, 0, 3, 1, 2, 3};
    for (size_t piece = 1; piece <= sizeof(stream); piece++) {
        static const uint8_t types[] = {8, 14, 11};
        struct tls_assembly assembly = {0};
        struct tls_handshake message;
        size_t count = 0;
        for (size_t at = 0; at < sizeof(stream); at += piece) {
            struct bytes input = bytes_of(stream + at, piece < sizeof(stream) - at ? piece : sizeof(stream) - at);
            while (tls_handshake_take(&assembly, &input, &message) == TLS_HANDSHAKE_WHOLE) {
                cr_assert_eq(message.type, types[count]);
                cr_assert_eq(message.body.length, (count * 2 + 2) % 4 + count / 2);
                count++;
            }
            cr_assert_eq(input.length, 0);
        }
        cr_assert_eq(count, 3, "%zu", piece);
        cr_assert_not(tls_handshake_begun(&assembly));
        buffer_fini(&assembly.kept);
    }
    struct tls_assembly assembly = {0};
    struct tls_handshake message;
    struct bytes input = bytes_of("\x18\x00\x00\x02", 4);
    cr_assert_eq(tls_handshake_take(&assembly, &input, &message), TLS_HANDSHAKE_TOO_LONG);
}

struct setting {
    const char *key;
    const char *suites;
    const char *groups;
    bool foreign;
    bool asks;
    unsigned chain;
};

static char *talk(const struct setting *setting, const char *first, size_t piece, struct observation *seen)
{
    struct session_env *env = env_for_tests();
    struct fake_tls fake = {.version = TLS1_3_VERSION,
                            .key = setting->key,
                            .suites = setting->suites,
                            .groups = setting->groups,
                            .foreign = setting->foreign,
                            .asks_certificate = setting->asks,
                            .chain = setting->chain,
                            .reply = page};
    const struct dialogue dialogue = {.env = env, .first = first, .port = 443, .piece = piece};
    fake_tls_init(&fake);
    cr_assert_eq(dialogue_run(&dialogue, &fake.peer, seen), 1, "%s", setting->key);
    cr_assert(fake.goodbye);
    fake_tls_fini(&fake);
    session_env_free(env);
    char *text = told_all(seen);
    // Each run has a certificate of its own.
    cr_assert_not_null(strstr(text, "tls.sha256 "));
    for (char *digest = text; (digest = strstr(digest, "sha256 ")) != NULL;) {
        digest += strlen("sha256 ");
        memset(digest, 'x', 64);
    }
    return text;
}

Test(tls13, our_client_learns_what_openssls_client_learns)
{
    static const struct setting settings[] = {
        {.key = "EC"},
        {.key = "EC P-384"},
        {.key = "EC P-521"},
        {.key = "RSA"},
        {.key = "RSA-PSS"},
        {.key = "ED25519"},
        {.key = "ED448"},
        {.key = "RSA", .foreign = true},
        {.key = "EC", .suites = "TLS_AES_128_GCM_SHA256"},
        {.key = "EC", .suites = "TLS_AES_256_GCM_SHA384"},
        {.key = "EC", .suites = "TLS_CHACHA20_POLY1305_SHA256"},
        {.key = "EC", .groups = "P-256"},
        {.key = "EC", .groups = "P-384", .suites = "TLS_AES_128_GCM_SHA256"},
        {.key = "RSA", .groups = "P-384", .asks = true},
        {.key = "EC", .asks = true},
        {.key = "RSA", .chain = 5, .foreign = true},
    };
    for (size_t at = 0; at < sizeof(settings) / sizeof(settings[0]); at++) {
        struct observation seen[3];
        char *texts[] = {talk(&settings[at], "tls-openssl", 0, &seen[0]), talk(&settings[at], "tls", 0, &seen[1]),
                         talk(&settings[at], "tls", 1, &seen[2])};
        cr_assert_not_null(strstr(texts[0], "http.title inside"));
        cr_assert_not_null(strstr(texts[0], "tls.key_proved true"));
        cr_expect_str_eq(texts[1], texts[0], "%zu: %s\n%s", at, texts[1], texts[0]);
        cr_expect_str_eq(texts[2], texts[0], "byte by byte: %s", texts[2]);
        for (size_t run = 0; run < 3; run++) {
            cr_expect(seen[run].finished);
            observation_fini(&seen[run]);
            free(texts[run]);
        }
    }
}

Test(tls13, a_server_of_groups_or_suites_that_are_not_ours_is_openssls)
{
    static const struct {
        int version;
        const char *groups;
        const char *suites;
    } rows[] = {
        {TLS1_3_VERSION, "X448", NULL},
        {TLS1_3_VERSION, "P-521", NULL},
        {TLS1_3_VERSION, NULL, "TLS_AES_128_CCM_SHA256"},
        {TLS1_3_VERSION, NULL, "TLS_AES_128_CCM_8_SHA256"},
        {TLS1_2_VERSION, "secp256k1", NULL},
        {TLS1_2_VERSION, "brainpoolP384r1", NULL},
        {TLS1_2_VERSION, "sect283r1", NULL},
        {TLS1_2_VERSION, "secp224r1", NULL},
    };
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct observation seen;
        struct session_env *env = env_for_tests();
        struct fake_tls fake = {.version = rows[at].version,
                                .key = rows[at].version == TLS1_2_VERSION ? "RSA" : "EC",
                                .ciphers = "ECDHE:@SECLEVEL=0",
                                .groups = rows[at].groups,
                                .suites = rows[at].suites,
                                .reply = page};
        const struct dialogue dialogue = {.env = env, .first = "tls", .port = 443};
        fake_tls_init(&fake);
        cr_assert_eq(dialogue_run(&dialogue, &fake.peer, &seen), 2);
        cr_assert_str_eq(told(&seen, "http.title"), "inside", "%zu", at);
        cr_assert_str_eq(told(&seen, "tls.alert"), "", "ours was refused, OpenSSL's was not");
        cr_assert(seen.tls->handshake_complete);
        observation_fini(&seen);
        fake_tls_fini(&fake);
        session_env_free(env);
    }
}

// What the proxy's tests look at.
struct outcome {
    struct observation seen;
    size_t connections;
    bool goodbye;
};

static struct outcome play(proxy_pass *pass, void *context, const char *key, size_t piece)
{
    const struct session_env_settings settings = {.user_agent = "sonde", .no_key_proof = key == NULL};
    struct session_env *env = session_env_new(&settings);
    struct proxy_tls proxy = {
        .fake = {.key = key == NULL ? "EC" : key, .reply = page}, .pass = pass, .context = context};
    const struct dialogue dialogue = {.env = env, .first = "tls", .port = 443, .piece = piece};
    struct outcome outcome;
    proxy_tls_init(&proxy);
    outcome.connections = dialogue_run(&dialogue, &proxy.fake.peer, &outcome.seen);
    outcome.goodbye = proxy.fake.goodbye;
    proxy_tls_fini(&proxy);
    session_env_free(env);
    return outcome;
}

// A fault of a server: what it does to which message.
struct fault {
    uint8_t message;     // the first byte of what it is done to; of application data 'H'
    const char *instead; // NULL: of `times`
    size_t length;
    unsigned times; // the message itself, or what stands instead, so often
    uint8_t type;   // of the record; 0 = as it was
    bool goes_on;   // and the page is read
};

static void fault_pass(struct proxy_tls *self, uint8_t type, struct bytes content)
{
    const struct fault *fault = self->context;
    if (content.length == 0 || content.data[0] != fault->message || type == TLS_CONTENT_ALERT) {
        proxy_put(self, type, content.data, content.length);
        return;
    }
    for (unsigned at = 0; at < fault->times; at++)
        proxy_put(self, fault->type != 0 ? fault->type : type,
                  fault->instead != NULL ? fault->instead : (const char *)content.data,
                  fault->instead != NULL ? fault->length : content.length);
    if (fault->instead != NULL && fault->goes_on)
        proxy_put(self, type, content.data, content.length);
}

#define INSTEAD(text) .instead = (text), .length = sizeof(text) - 1

Test(tls13, a_server_that_breaks_the_rules_is_left_and_one_that_stretches_them_is_not)
{
    static const struct fault faults[] = {
        {.message = 'H', .times = 1, .goes_on = true},
        {.message = TLS_ENCRYPTED_EXTENSIONS, .times = 2},
        {.message = TLS_ENCRYPTED_EXTENSIONS, .times = 0},
        {.message = TLS_CERTIFICATE, .times = 2},
        {.message = TLS_CERTIFICATE, .times = 0},
        {.message = TLS_CERTIFICATE_VERIFY, .times = 2},
        {.message = TLS_CERTIFICATE_VERIFY, .times = 0},
        {.message = TLS_FINISHED, .times = 0},
        {.message = TLS_CERTIFICATE_VERIFY, .times = 1, INSTEAD("\x0f\x00\x00\x08\x04\x03\x00\x04sign")},
        {.message = TLS_FINISHED,
         .times = 1,
         INSTEAD("\x14\x00\x00\x04"
                 "done")},
        {.message = TLS_CERTIFICATE, .times = 1, INSTEAD("\x0b\x00\x00\x04\x00\x00\x00\x00")},
        {.message = TLS_ENCRYPTED_EXTENSIONS, .times = 1, INSTEAD("\x08\x00\x00\x03\x00\x02\x00")},
        // Records that say nothing, and KeyUpdates, until there are too many.
        {.message = 'H', .times = 30, INSTEAD(""), .goes_on = true},
        {.message = 'H', .times = 33, INSTEAD("")},
        {.message = 'H', .times = 20, INSTEAD("\x04\x00\x00\x01x"), .type = 22, .goes_on = true},
        {.message = 'H', .times = 40, INSTEAD("\x04\x00\x00\x01x"), .type = 22},
        {.message = 'H', .times = 1, INSTEAD("\x01\x00\x00\x00"), .type = 22},
        {.message = 'H', .times = 1, INSTEAD("\x02\x00\x00\x00"), .type = 22},
        {.message = 'H', .times = 1, INSTEAD("\x01"), .type = 20},
        {.message = 'H', .times = 1, INSTEAD("?"), .type = 99},
    };
    for (size_t at = 0; at < sizeof(faults) / sizeof(faults[0]); at++) {
        for (size_t piece = 0; piece < 2; piece++) {
            struct fault fault = faults[at];
            struct outcome outcome = play(fault_pass, &fault, "EC", piece);
            cr_assert_eq(outcome.connections, 1);
            cr_expect_eq(strcmp(told(&outcome.seen, "http.title"), "inside") == 0, fault.goes_on, "%zu", at);
            bool open = fault.message == 'H';
            cr_expect_eq(outcome.seen.tls->handshake_complete, open, "%zu", at);
            observation_fini(&outcome.seen);
        }
    }
}

static void update_pass(struct proxy_tls *self, uint8_t type, struct bytes content)
{
    const uint8_t update[] = {TLS_KEY_UPDATE, 0, 0, 1, 0};
    unsigned *updates = self->context;
    for (; type == TLS_CONTENT_APPLICATION_DATA && *updates > 0; --*updates) {
        proxy_put(self, TLS_CONTENT_HANDSHAKE, update, sizeof(update));
        cr_assert(tls_secret_update(self->kit, self->suite, self->secrets[1]));
        cr_assert(tls_protection_begin(self->kit, self->suite, self->secrets[1], &self->to_client));
    }
    proxy_put(self, type, content.data, content.length);
}

Test(tls13, keys_are_updated_and_not_for_ever)
{
    static const unsigned counts[] = {1, 20, 40};
    for (size_t at = 0; at < 3; at++) {
        unsigned updates = counts[at];
        struct outcome outcome = play(update_pass, &updates, "EC", 0);
        cr_expect_eq(strcmp(told(&outcome.seen, "http.title"), "inside") == 0, at < 2, "%u", counts[at]);
        observation_fini(&outcome.seen);
    }
}

// One byte a record, of each message of the handshake.
static void shred_pass(struct proxy_tls *self, uint8_t type, struct bytes content)
{
    if (self->epoch == PROXY_APPLICATION || type != TLS_CONTENT_HANDSHAKE) {
        proxy_put(self, type, content.data, content.length);
        return;
    }
    for (size_t at = 0; at < content.length; at++)
        proxy_put(self, type, content.data + at, 1);
}

Test(tls13, a_handshake_of_a_byte_a_record_is_one)
{
    struct outcome outcome = play(shred_pass, NULL, "EC", 0);
    cr_assert_str_eq(told(&outcome.seen, "http.title"), "inside");
    cr_assert(outcome.goodbye);
    observation_fini(&outcome.seen);
}

// A certificate of another key than the one that signs: the handshake's own hash, changed, does the same.
static void impostor_pass(struct proxy_tls *self, uint8_t type, struct bytes content)
{
    uint8_t copy[1024];
    cr_assert_leq(content.length, sizeof(copy));
    memcpy(copy, content.data, content.length);
    if (type == TLS_CONTENT_HANDSHAKE && copy[0] == TLS_CERTIFICATE_VERIFY)
        copy[content.length - 1] ^= 1;
    proxy_put(self, type, copy, content.length);
}

Test(tls13, a_server_without_the_key_of_its_certificate_is_told_from_one_that_has_it)
{
    static const char *const keys[] = {"EC", "RSA", "ED25519", "ED448", "RSA-PSS", "EC P-521"};
    for (size_t at = 0; at < 6; at++) {
        struct outcome outcome = play(impostor_pass, NULL, keys[at], 0);
        cr_expect(outcome.seen.tls->known.key_proved, "%s", keys[at]);
        cr_expect_not(outcome.seen.tls->key_proved, "%s", keys[at]);
        cr_expect_not(outcome.seen.tls->handshake_complete);
        cr_expect(outcome.seen.tls->known.subject);
        cr_expect_not(outcome.seen.finished);
        observation_fini(&outcome.seen);
    }
    // Who does not ask for proof is told nothing, and goes on. (The server, which has signed something else, does not.)
    struct outcome outcome = play(impostor_pass, NULL, NULL, 0);
    cr_expect_not(outcome.seen.tls->known.key_proved);
    cr_expect(outcome.seen.tls->handshake_complete);
    observation_fini(&outcome.seen);
}
