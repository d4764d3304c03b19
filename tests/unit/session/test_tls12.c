// SPDX-License-Identifier: BSD-3-Clause
// Our own client of TLS 1.2: its records, the whole against OpenSSL's client and OpenSSL's server, and against a server
// of our own that breaks the rules.

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probes/protocol/tls/tls_handshake.h"
#include "probes/session/env.h"
#include "tests/unit/session/fake_tls.h"
#include "tests/unit/session/fake_tls12.h"

static const char page[] = "HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Length: 20\r\n\r\n<title>inside</title>";

static const uint16_t suites[] = {0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009,
                                  0xc013, 0xc00a, 0xc014, 0xc023, 0xc027, 0xc024, 0xc028};
enum { SUITES = sizeof(suites) / sizeof(suites[0]) };

static struct tls_kit *kit_make(void)
{
    SSL_CTX *context = tls_context_new();
    struct tls_kit *kit = tls_kit_new(context, true);
    SSL_CTX_free(context);
    cr_assert_not_null(kit);
    return kit;
}

Test(tls12, a_sealed_record_opens_once_and_only_as_it_was)
{
    struct tls_kit *kit = kit_make();
    for (size_t at = 0; at < SUITES; at++) {
        const struct tls12_suite *suite = tls12_suite_find(suites[at]);
        struct tls_protection seal = {.key = {1}, .nonce = {2}, .mac = {3}};
        struct tls_protection open = seal;
        struct buffer sealed = {0};
        struct tls_record record;
        struct tls_record plain = {.type = TLS_CONTENT_ALERT, .body = bytes_of("hello", 5)};
        cr_assert_not_null(suite);
        cr_assert_eq(tls12_record_seal(kit, suite, &seal, &plain, &sealed), 0);
        for (size_t byte = 0; byte <= sealed.length; byte++) {
            struct tls_protection fresh = open;
            // Its version is authenticated as the one that was agreed on, whatever the header says (RFC 5246, 6.2.3.3).
            bool matters = byte < sealed.length && byte != 2;
            if (matters)
                sealed.data[byte] ^= 1;
            struct bytes input = bytes_of(sealed.data, sealed.length);
            bool opened = tls_record_take(&input, TLS_CIPHERTEXT_BYTES_MAX, &record) == TLS_RECORD_WHOLE &&
                          tls12_record_open(kit, suite, &fresh, &record, &plain) == 0;
            cr_assert_eq(opened, !matters, "%04x: %zu", suites[at], byte);
            if (matters)
                sealed.data[byte] ^= 1;
        }
        cr_assert_eq(plain.type, TLS_CONTENT_ALERT);
        cr_assert_eq(plain.body.length, 5);
        cr_assert_arr_eq(plain.body.data, "hello", 5);
        open.sequence = 1;
        cr_assert_eq(tls12_record_open(kit, suite, &open, &record, &plain), -EBADMSG, "it has come before");
        buffer_fini(&sealed);
    }
    tls_kit_free(kit);
}

// A record of AES-128-CBC with SHA-1 that holds "hello", and behind its MAC `padding` bytes, of which one may be wrong.
static bool padded_opens(struct tls_kit *kit, size_t padding, size_t wrong)
{
    static const uint8_t head[] = {0, 0, 0, 0, 0, 0, 0, 0, TLS_CONTENT_APPLICATION_DATA, 3, 3, 0, 5};
    const struct tls12_suite *suite = tls12_suite_find(0xc009);
    struct tls_protection open = {.key = {1}, .mac = {3}};
    uint8_t body[16 + 25 + 256] = {0};
    uint8_t *plain = body + 16;
    int written = 0;
    struct tls_record opened;
    memcpy(plain, "hello", 5);
    const struct tls_hmac mac = {.hash = TLS_SHA1,
                                 .key = bytes_of(open.mac, 20),
                                 .head = bytes_of(head, sizeof(head)),
                                 .message = bytes_of(plain, 5)};
    cr_assert(tls_hmac(kit, &mac, plain + 5));
    memset(plain + 25, (int)padding - 1, padding);
    if (wrong < padding)
        plain[25 + wrong] ^= 1;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    cr_assert(EVP_EncryptInit_ex(context, EVP_aes_128_cbc(), NULL, open.key, body) == 1 &&
              EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
              EVP_EncryptUpdate(context, plain, &written, plain, (int)(25 + padding)) == 1);
    EVP_CIPHER_CTX_free(context);
    const struct tls_record record = {.type = TLS_CONTENT_APPLICATION_DATA, .body = bytes_of(body, 16 + 25 + padding)};
    return tls12_record_open(kit, suite, &open, &record, &opened) == 0 && opened.body.length == 5;
}

// RFC 5246 section 6.2.3.2: up to 255 bytes more than a block needs, each of which says how many there are.
Test(tls12, padding_may_be_long_and_has_to_be_right)
{
    struct tls_kit *kit = kit_make();
    for (size_t padding = 7; padding <= 256; padding += 16)
        for (size_t wrong = 0; wrong <= padding; wrong++)
            cr_assert_eq(padded_opens(kit, padding, wrong), wrong == padding, "%zu: %zu", padding, wrong);
    tls_kit_free(kit);
}

Test(tls12, records_of_every_length_open_as_they_were_sealed)
{
    static uint8_t zeros[TLS_RECORD_BYTES_MAX + 1];
    struct tls_kit *kit = kit_make();
    for (size_t at = 0; at < SUITES; at++) {
        static const size_t lengths[] = {0, 1, 15, 16, 17, 31, 32, 255, TLS_RECORD_BYTES_MAX, TLS_RECORD_BYTES_MAX + 1};
        const struct tls12_suite *suite = tls12_suite_find(suites[at]);
        for (size_t of = 0; of < sizeof(lengths) / sizeof(lengths[0]); of++) {
            struct tls_protection seal = {.key = {1}};
            struct tls_protection open = seal;
            struct buffer sealed = {0};
            struct tls_record record;
            struct tls_record plain = {.type = 23, .body = bytes_of(zeros, lengths[of])};
            size_t opened = 0;
            cr_assert_eq(tls12_record_seal(kit, suite, &seal, &plain, &sealed), 0);
            struct bytes input = bytes_of(buffer_bytes(&sealed), sealed.length);
            while (tls_record_take(&input, TLS_CIPHERTEXT_BYTES_MAX, &record) == TLS_RECORD_WHOLE) {
                cr_assert_eq(tls12_record_open(kit, suite, &open, &record, &plain), 0, "%04x", suites[at]);
                opened += plain.body.length;
            }
            cr_assert_eq(opened, lengths[of]);
            buffer_fini(&sealed);
        }
    }
    tls_kit_free(kit);
}

struct setting {
    const char *key;
    const char *ciphers;
    const char *groups;
    bool foreign;
    bool asks;
    unsigned chain;
    uint64_t options; // of the server's
};

static char *talk(const struct setting *setting, const char *first, size_t piece, struct observation *seen)
{
    struct session_env *env = env_for_tests();
    struct fake_tls fake = {.version = TLS1_2_VERSION,
                            .key = setting->key,
                            .ciphers = setting->ciphers == NULL ? "ECDHE:@SECLEVEL=0" : setting->ciphers,
                            .groups = setting->groups,
                            .foreign = setting->foreign,
                            .asks_certificate = setting->asks,
                            .chain = setting->chain,
                            .reply = page};
    const struct dialogue dialogue = {.env = env, .first = first, .port = 443, .piece = piece};
    fake_tls_init(&fake);
    SSL_CTX_set_options(fake.context, setting->options);
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
    // OpenSSL's hello asks for more, and so the answer has more extensions.
    char *ja3s = strstr(text, "tls.ja3s ");
    cr_assert_not_null(ja3s);
    memset(ja3s + strlen("tls.ja3s "), 'x', 32);
    char *made_of = strstr(text, "tls.ja3s_text ");
    cr_assert_not_null(made_of);
    made_of += strlen("tls.ja3s_text ");
    memmove(made_of, made_of + strcspn(made_of, "\n"), strlen(made_of + strcspn(made_of, "\n")) + 1);
    return text;
}

Test(tls12, our_client_learns_what_openssls_client_learns)
{
    static const struct setting settings[] = {
        {.key = "EC"},
        {.key = "EC P-384"},
        {.key = "RSA"},
        {.key = "RSA-PSS"},
        {.key = "ED25519"},
        {.key = "ED448"},
        {.key = "RSA", .foreign = true},
        {.key = "EC", .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"},
        {.key = "RSA", .ciphers = "ECDHE-RSA-AES256-GCM-SHA384"},
        {.key = "EC", .ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305"},
        {.key = "RSA", .ciphers = "ECDHE-RSA-CHACHA20-POLY1305"},
        {.key = "EC", .ciphers = "ECDHE-ECDSA-AES128-SHA"},
        {.key = "EC", .ciphers = "ECDHE-ECDSA-AES256-SHA"},
        {.key = "EC", .ciphers = "ECDHE-ECDSA-AES128-SHA256"},
        {.key = "EC", .ciphers = "ECDHE-ECDSA-AES256-SHA384"},
        {.key = "RSA", .ciphers = "ECDHE-RSA-AES128-SHA"},
        {.key = "RSA", .ciphers = "ECDHE-RSA-AES256-SHA384"},
        {.key = "RSA", .groups = "P-256"},
        {.key = "RSA", .groups = "P-384"},
        {.key = "RSA", .groups = "P-384", .asks = true},
        {.key = "EC", .asks = true},
        {.key = "RSA", .chain = 5, .foreign = true},
        {.key = "EC", .options = SSL_OP_NO_EXTENDED_MASTER_SECRET},
        {.key = "RSA", .options = SSL_OP_NO_EXTENDED_MASTER_SECRET | SSL_OP_NO_TICKET},
    };
    for (size_t at = 0; at < sizeof(settings) / sizeof(settings[0]); at++) {
        struct observation seen[3];
        char *texts[] = {talk(&settings[at], "tls-openssl", 0, &seen[0]), talk(&settings[at], "tls", 0, &seen[1]),
                         talk(&settings[at], "tls", 1, &seen[2])};
        cr_assert_not_null(strstr(texts[0], "http.title inside"));
        cr_assert_not_null(strstr(texts[0], "tls.key_proved true"));
        cr_assert_not_null(strstr(texts[0], "tls.version TLSv1.2"));
        cr_expect_str_eq(texts[1], texts[0], "%zu: %s\n%s", at, texts[1], texts[0]);
        cr_expect_str_eq(texts[2], texts[0], "byte by byte: %s", texts[2]);
        for (size_t run = 0; run < 3; run++) {
            cr_expect(seen[run].finished);
            observation_fini(&seen[run]);
            free(texts[run]);
        }
    }
}

Test(tls12, a_server_that_needs_a_certificate_of_ours_says_so)
{
    struct observation seen;
    struct session_env *env = env_for_tests();
    struct fake_tls fake = {.version = TLS1_2_VERSION, .key = "EC", .ciphers = "ECDHE", .wants_certificate = true};
    const struct dialogue dialogue = {.env = env, .first = "tls", .port = 443};
    fake_tls_init(&fake);
    cr_assert_eq(dialogue_run(&dialogue, &fake.peer, &seen), 1);
    cr_assert_str_eq(told(&seen, "tls.alert"), "handshake_failure");
    cr_assert(seen.tls->key_proved, "it had proved it before");
    cr_assert_not(seen.tls->handshake_complete);
    observation_fini(&seen);
    fake_tls_fini(&fake);
    session_env_free(env);
}

Test(tls12, what_our_client_does_not_speak_is_openssls)
{
    static const struct {
        const char *key;
        const char *ciphers;
        const char *groups;
    } rows[] = {
        {"RSA", "AES128-GCM-SHA256", NULL},
        {"EC P-521", "ECDHE", NULL},
        {"RSA", "AES256-SHA", NULL},
        {"RSA", "ECDHE", "P-521"},
        {"EC", "ECDHE-ECDSA-AES128-CCM8", NULL},
        {"RSA", "ECDHE-RSA-CAMELLIA128-SHA256", NULL},
        {"EC", "ECDHE-ECDSA-ARIA128-GCM-SHA256", NULL},
    };
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct observation seen;
        char ciphers[64];
        struct session_env *env = env_for_tests();
        snprintf(ciphers, sizeof(ciphers), "%s:@SECLEVEL=0", rows[at].ciphers);
        struct fake_tls fake = {.version = TLS1_2_VERSION,
                                .key = rows[at].key,
                                .ciphers = ciphers,
                                .groups = rows[at].groups,
                                .reply = page};
        const struct dialogue dialogue = {.env = env, .first = "tls", .port = 443};
        fake_tls_init(&fake);
        cr_assert_eq(dialogue_run(&dialogue, &fake.peer, &seen), 2, "%s", ciphers);
        cr_assert_str_eq(told(&seen, "http.title"), "inside", "%s", ciphers);
        cr_assert(seen.tls->handshake_complete && seen.tls->key_proved);
        observation_fini(&seen);
        fake_tls_fini(&fake);
        session_env_free(env);
    }
}

// What the tests of our own server look at.
struct outcome {
    struct observation seen;
    size_t connections;
    bool goodbye;
};

static struct outcome play(fake_tls12_pass *pass, void *context, const char *key, size_t piece)
{
    const struct session_env_settings settings = {.user_agent = "sonde", .no_key_proof = key == NULL};
    struct session_env *env = session_env_new(&settings);
    struct fake_tls12 fake = {.key = key == NULL ? "EC" : key, .reply = page, .pass = pass, .context = context};
    const struct dialogue dialogue = {.env = env, .first = "tls", .port = 443, .piece = piece};
    struct outcome outcome;
    fake_tls12_init(&fake);
    outcome.connections = dialogue_run(&dialogue, &fake.peer, &outcome.seen);
    outcome.goodbye = fake.goodbye;
    fake_tls12_fini(&fake);
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
    unsigned more;  // connections: nothing was answered, and OpenSSL's client tries, or a page did not come whole
};

static void fault_pass(struct fake_tls12 *self, uint8_t type, struct bytes content)
{
    const struct fault *fault = self->context;
    if (content.length == 0 || content.data[0] != fault->message || type == TLS_CONTENT_ALERT) {
        fake_tls12_put(self, type, content.data, content.length);
        return;
    }
    for (unsigned at = 0; at < fault->times; at++)
        fake_tls12_put(self, fault->type != 0 ? fault->type : type,
                       fault->instead != NULL ? fault->instead : (const char *)content.data,
                       fault->instead != NULL ? fault->length : content.length);
    if (fault->instead != NULL && fault->goes_on)
        fake_tls12_put(self, type, content.data, content.length);
}

#define INSTEAD(text) .instead = (text), .length = sizeof(text) - 1

Test(tls12, a_server_that_breaks_the_rules_is_left_and_one_that_stretches_them_is_not)
{
    static const struct fault faults[] = {
        {.message = 'H', .times = 1, .goes_on = true},
        {.message = TLS_CERTIFICATE, .times = 2, .more = 1},
        {.message = TLS_CERTIFICATE, .times = 0, .more = 1},
        {.message = TLS_CERTIFICATE, .times = 1, INSTEAD("\x0b\x00\x00\x03\x00\x00\x00"), .more = 1},
        {.message = TLS_SERVER_KEY_EXCHANGE, .times = 2, .more = 1},
        {.message = TLS_SERVER_KEY_EXCHANGE, .times = 0, .more = 1},
        {.message = TLS_SERVER_KEY_EXCHANGE, .times = 1, INSTEAD("\x0c\x00\x00\x04\x03\x00\x1d\x00"), .more = 1},
        {.message = TLS_SERVER_HELLO_DONE, .times = 2},
        {.message = TLS_SERVER_HELLO_DONE, .times = 1, INSTEAD("\x0e\x00\x00\x01x"), .more = 1},
        {.message = TLS_FINISHED, .times = 0},
        {.message = TLS_FINISHED, .times = 2, .more = 2},
        {.message = TLS_FINISHED,
         .times = 1,
         INSTEAD("\x14\x00\x00\x0c"
                 "abcdefghijkl")},
        {.message = TLS_FINISHED,
         .times = 1,
         INSTEAD("\x14\x00\x00\x04"
                 "done")},
        {.message = TLS_FINISHED, .times = 1, INSTEAD("\x04\x00\x00\x06\x00\x00\x00\x00\x00\x00")},
        {.message = TLS_FINISHED, .times = 1, .type = 23},
        {.message = 'H', .times = 20, INSTEAD(""), .type = 23, .goes_on = true},
        {.message = 'H', .times = 40, INSTEAD(""), .type = 23},
        {.message = 'H', .times = 20, INSTEAD("\x00\x00\x00\x00"), .type = 22, .goes_on = true},
        {.message = 'H', .times = 40, INSTEAD("\x00\x00\x00\x00"), .type = 22},
        {.message = 'H', .times = 1, INSTEAD("\x02\x00\x00\x00"), .type = 22},
        {.message = 'H', .times = 1, INSTEAD("\x01"), .type = 20},
        {.message = 'H', .times = 1, INSTEAD("?"), .type = 99},
    };
    for (size_t at = 0; at < sizeof(faults) / sizeof(faults[0]); at++) {
        for (size_t piece = 0; piece < 2; piece++) {
            struct fault fault = faults[at];
            struct outcome outcome = play(fault_pass, &fault, "EC", piece);
            cr_expect_eq(outcome.connections, 1 + fault.more, "%zu: %zu", at, outcome.connections);
            cr_expect_eq(strcmp(told(&outcome.seen, "http.title"), "inside") == 0, fault.goes_on, "%zu", at);
            bool open = fault.message == 'H' || (fault.message == TLS_FINISHED && fault.times == 2);
            cr_expect_eq(outcome.seen.tls->handshake_complete, open, "%zu", at);
            observation_fini(&outcome.seen);
        }
    }
}

// One byte a record, of each message of the handshake.
static void shred_pass(struct fake_tls12 *self, uint8_t type, struct bytes content)
{
    if (type != TLS_CONTENT_HANDSHAKE) {
        fake_tls12_put(self, type, content.data, content.length);
        return;
    }
    for (size_t at = 0; at < content.length; at++)
        fake_tls12_put(self, type, content.data + at, 1);
}

Test(tls12, a_handshake_of_a_byte_a_record_is_one)
{
    struct outcome outcome = play(shred_pass, NULL, "EC", 0);
    cr_assert_str_eq(told(&outcome.seen, "http.title"), "inside");
    cr_assert(outcome.goodbye);
    observation_fini(&outcome.seen);
}

static void impostor_pass(struct fake_tls12 *self, uint8_t type, struct bytes content)
{
    uint8_t copy[1024];
    cr_assert_leq(content.length, sizeof(copy));
    memcpy(copy, content.data, content.length);
    if (type == TLS_CONTENT_HANDSHAKE && copy[0] == TLS_SERVER_KEY_EXCHANGE)
        copy[content.length - 1] ^= 1;
    fake_tls12_put(self, type, copy, content.length);
}

Test(tls12, a_server_without_the_key_of_its_certificate_is_told_from_one_that_has_it)
{
    static const char *const keys[] = {"EC", "RSA", "EC P-384"};
    for (size_t at = 0; at < 3; at++) {
        struct outcome outcome = play(impostor_pass, NULL, keys[at], 0);
        cr_expect_eq(outcome.connections, 1);
        cr_expect(outcome.seen.tls->known.key_proved, "%s", keys[at]);
        cr_expect_not(outcome.seen.tls->key_proved, "%s", keys[at]);
        cr_expect_not(outcome.seen.tls->handshake_complete);
        cr_expect(outcome.seen.tls->known.subject);
        cr_expect_not(outcome.seen.finished);
        observation_fini(&outcome.seen);
    }
    // Who does not ask for proof is told nothing, and goes on.
    struct outcome outcome = play(impostor_pass, NULL, NULL, 0);
    cr_expect_not(outcome.seen.tls->known.key_proved);
    cr_expect_str_eq(told(&outcome.seen, "http.title"), "inside");
    observation_fini(&outcome.seen);
}
