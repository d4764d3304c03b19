// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "probes/protocol/tls/tls_certificate.h"
#include "tests/unit/session/fake_tls.h"

static const char page[] = "HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Length: 20\r\n\r\n<title>inside</title>";

static size_t talk(struct fake_tls *fake, const char *first, uint16_t port, struct observation *ret_observation)
{
    struct session_env *env = env_for_tests();
    const struct dialogue dialogue = {.env = env, .first = first, .port = port};
    fake_tls_init(fake);
    size_t connections = dialogue_run(&dialogue, &fake->peer, ret_observation);
    session_env_free(env);
    return connections;
}

Test(tls, every_version_is_negotiated_and_http_is_spoken_inside)
{
    static const struct {
        int version;
        const char *name;
    } versions[] = {
        {TLS1_VERSION, "TLSv1"}, {TLS1_1_VERSION, "TLSv1.1"}, {TLS1_2_VERSION, "TLSv1.2"}, {TLS1_3_VERSION, "TLSv1.3"}};
    static const char *const keys[] = {"EC", "RSA"};
    for (size_t at = 0; at < 8; at++) {
        struct observation seen;
        struct fake_tls fake = {.version = versions[at / 2].version, .key = keys[at % 2], .reply = page};
        // Ours holds the handshakes of TLS 1.3 and 1.2, OpenSSL's client those of older versions, on a further one.
        cr_assert_eq(talk(&fake, "tls", 443, &seen), fake.version >= TLS1_2_VERSION ? 1 : 2);
        cr_assert_not_null(seen.tls);
        cr_assert(seen.tls->key_proved);
        cr_assert_str_eq(told(&seen, "tls.version"), versions[at / 2].name);
        cr_assert_eq(strncmp(told(&seen, "tls.cipher"), "TLS_", 4), 0, "%s", told(&seen, "tls.cipher"));
        cr_assert(seen.tls->handshake_complete);
        cr_assert_str_eq(told(&seen, "service"), "http");
        cr_assert(observation_in_tls(&seen));
        cr_assert(seen.finished);
        cr_assert_eq(seen.http->status, 200);
        cr_assert_str_eq(told(&seen, "http.title"), "inside");
        cr_assert(fake.goodbye, "no close_notify");
        cr_assert_not_null(strstr(fake.request, "\r\nHost: 10.1.2.3\r\n"));
        cr_assert_null(SSL_get_servername(fake.ssl, TLSEXT_NAMETYPE_host_name));
        observation_fini(&seen);
        fake_tls_fini(&fake);
    }
}

Test(tls, everything_a_certificate_says_is_observed)
{
    struct observation seen;
    struct fake_tls fake = {.version = TLS1_2_VERSION, .key = "RSA", .expired = true};
    talk(&fake, "tls", 443, &seen);
    const struct tls_observation *tls = seen.tls;
    cr_assert(tls->known.subject);
    cr_assert_str_eq(told(&seen, "tls.subject"), "CN=host.example,O=Lab\\, Inc.");
    cr_assert_str_eq(told(&seen, "tls.issuer"), told(&seen, "tls.subject"));
    cr_assert_str_eq(told(&seen, "tls.sans"), "host.example,*.host.example,10.1.2.3,fd00::1");
    cr_assert_str_eq(told(&seen, "tls.serial"), "1234ab");
    cr_assert_str_eq(told(&seen, "tls.key_type"), "RSA");
    cr_assert_eq(tls->key_bits, 2048);
    cr_assert_str_eq(told(&seen, "tls.signature_algorithm"), "sha256WithRSAEncryption");
    cr_assert_eq(tls->not_before, 1577836800);
    cr_assert_eq(tls->not_after, 1609459200);
    cr_assert_eq(tls->chain_length, 1);
    cr_assert(tls->self_signed);
    unsigned char digest[32];
    char hex[65] = "";
    X509_digest(fake.certificate, EVP_sha256(), digest, NULL);
    for (size_t at = 0; at < sizeof(digest); at++)
        snprintf(hex + 2 * at, 3, "%02x", digest[at]);
    cr_assert_str_eq(told(&seen, "tls.sha256"), hex);
    observation_fini(&seen);
    fake_tls_fini(&fake);
}

// Names that cannot be read are not known to be none, nor is a certificate that OpenSSL refuses to judge signed by
// another.
Test(tls, what_cannot_be_read_of_a_certificate_is_not_known)
{
    static unsigned char damaged[] = {0x30, 0x05, 0x82, 0x7f};
    struct fake_tls fake = {.version = TLS1_2_VERSION, .key = "EC"};
    struct observation seen;
    uint8_t number[40];
    observation_init(&seen);
    fake_tls_init(&fake);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(octets, damaged, sizeof(damaged));
    X509_EXTENSION *names = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, octets);
    X509_EXTENSION_free(X509_delete_ext(fake.certificate, 0));
    X509_add_ext(fake.certificate, names, -1);
    memset(number, 0x5a, sizeof(number));
    BIGNUM *serial = BN_bin2bn(number, sizeof(number), NULL);
    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(fake.certificate));
    X509_sign(fake.certificate, fake.private_key, EVP_sha256());
    unsigned char *der = NULL;
    int length = i2d_X509(fake.certificate, &der);
    const unsigned char *at = der;
    X509 *certificate = d2i_X509(NULL, &at, length);
    cr_assert_not_null(certificate);
    certificate_observe(certificate, &seen);
    cr_expect(seen.tls->known.not_after);
    cr_expect_not(seen.tls->known.sans);
    cr_expect_not(seen.tls->known.self_signed);
    cr_expect(seen.tls->cut.serial, "40 bytes do not fit");
    cr_expect_eq(seen.tls->serial.length, 63);
    X509_free(certificate);
    OPENSSL_free(der);
    BN_free(serial);
    X509_EXTENSION_free(names);
    ASN1_OCTET_STRING_free(octets);
    observation_fini(&seen);
    fake_tls_fini(&fake);
}

Test(tls, a_certificate_of_another_issuer_is_not_self_signed)
{
    struct observation seen;
    struct fake_tls fake = {.version = TLS1_3_VERSION, .key = "EC", .foreign = true};
    talk(&fake, "tls", 443, &seen);
    cr_assert_not(seen.tls->self_signed);
    cr_assert_str_eq(told(&seen, "tls.issuer"), "CN=authority.example,O=Lab\\, Inc.");
    cr_assert_str_eq(told(&seen, "tls.key_type"), "EC");
    cr_assert_eq(seen.tls->key_bits, 256);
    cr_assert_eq(seen.tls->not_after, INT64_C(4000000000));
    observation_fini(&seen);
    fake_tls_fini(&fake);
}

Test(tls, an_ed25519_certificate_is_read)
{
    struct observation seen;
    struct fake_tls fake = {.version = TLS1_3_VERSION, .key = "ED25519"};
    talk(&fake, "tls", 443, &seen);
    cr_assert_str_eq(told(&seen, "tls.key_type"), "ED25519");
    cr_assert(seen.tls->self_signed);
    observation_fini(&seen);
    fake_tls_fini(&fake);
}

Test(tls, a_tunnel_in_which_nobody_speaks_http_is_complete_and_called_tls)
{
    struct observation seen;
    struct fake_tls fake = {.version = TLS1_3_VERSION, .key = "EC", .reply = "lab ready\r\n"};
    cr_assert_eq(talk(&fake, "tls", 993, &seen), 1);
    cr_assert_str_eq(told(&seen, "service"), "tls");
    cr_assert(seen.finished);
    cr_assert_null(seen.http);
    cr_assert_str_eq(told(&seen, "banner"), "lab ready\r\n");
    cr_assert_not_null(strstr(fake.request, "\r\nHost: 10.1.2.3:993\r\n"));
    observation_fini(&seen);
    fake_tls_fini(&fake);
}

// The tunnel is complete; what was recognised in it is not.
Test(tls, a_server_inside_that_falls_silent_is_not_complete)
{
    static const char *const rows[][2] = {{"redis", "+PONG\r\n"}, {"ssh", "SSH-2.0-x\r\n"}};
    for (size_t at = 0; at < 2; at++) {
        struct observation seen;
        struct fake_tls fake = {.version = TLS1_3_VERSION, .key = "EC", .reply = rows[at][1]};
        struct session_env *env = env_for_tests();
        const struct dialogue dialogue = {.env = env, .first = "tls", .inner = rows[at][0], .port = 6380};
        fake_tls_init(&fake);
        cr_assert_eq(dialogue_run(&dialogue, &fake.peer, &seen), 1);
        cr_assert_str_eq(told(&seen, "service"), rows[at][0]);
        cr_assert(observation_in_tls(&seen));
        cr_expect_not(seen.finished, "%s", rows[at][0]);
        session_env_free(env);
        observation_fini(&seen);
        fake_tls_fini(&fake);
    }
}

Test(tls, a_refused_handshake_leaves_the_alert)
{
    struct observation seen;
    struct fake_tls fake = {.version = TLS1_2_VERSION, .key = "EC", .ciphers = "PSK-AES128-CBC-SHA@SECLEVEL=0"};
    cr_assert_eq(talk(&fake, "tls", 443, &seen), 2);
    cr_assert_str_eq(told(&seen, "service"), "tls");
    cr_assert_str_eq(told(&seen, "tls.alert"), "handshake_failure");
    cr_assert_not(seen.tls->handshake_complete);
    cr_assert_not(seen.finished);
    observation_fini(&seen);
    fake_tls_fini(&fake);
}

Test(tls, a_server_that_wants_our_certificate_has_shown_its_own)
{
    struct observation seen;
    struct fake_tls fake = {.version = TLS1_2_VERSION, .key = "EC", .wants_certificate = true};
    talk(&fake, "tls", 443, &seen);
    cr_assert_str_eq(told(&seen, "tls.alert"), "handshake_failure");
    cr_assert_str_eq(told(&seen, "tls.version"), "TLSv1.2");
    cr_assert(seen.tls->known.subject);
    cr_assert_not(seen.finished);
    observation_fini(&seen);
    fake_tls_fini(&fake);
}

Test(tls, listening_first_and_http_first_both_find_a_tls_server)
{
    // OpenSSL answers an HTTP request with an alert or by closing; either way a hello follows on a further connection.
    static const char *const firsts[] = {"", "http", "ssh"};
    for (size_t at = 0; at < 3; at++) {
        struct observation seen;
        struct fake_tls fake = {.version = TLS1_3_VERSION, .key = "EC", .reply = page};
        size_t connections = talk(&fake, firsts[at], 22, &seen);
        cr_assert_gt(connections, 1);
        cr_assert_leq(connections, 3);
        cr_assert_str_eq(told(&seen, "service"), "http");
        cr_assert(observation_in_tls(&seen));
        cr_assert_str_eq(told(&seen, "http.title"), "inside");
        observation_fini(&seen);
        fake_tls_fini(&fake);
    }
}

static void expect_refused(const struct observation *seen, const char *what, bool shown)
{
    cr_assert_not_null(seen->tls, "%s", what);
    cr_assert_str_eq(told(seen, "service"), "tls");
    cr_assert_str_eq(told(seen, "tls.refused"), what);
    cr_assert_not(seen->tls->handshake_complete, "%s", what);
    cr_assert_eq(seen->tls->known.subject, shown, "%s", what);
    cr_assert_eq(seen->tls->known.sha256, shown, "%s", what);
    cr_assert_not(seen->finished, "%s", what);
}

Test(tls, a_dhe_group_above_the_bound_is_recorded_and_not_computed_with)
{
    static const unsigned sizes[] = {1024, 2048, 2049, 3072, 4096};
    for (size_t at = 0; at < sizeof(sizes) / sizeof(sizes[0]); at++) {
        struct observation seen;
        struct fake_tls fake = {.version = at % 2 == 0 ? TLS1_2_VERSION : TLS1_VERSION,
                                .key = "RSA",
                                .ciphers = "DHE:@SECLEVEL=0",
                                .dh_bits = sizes[at],
                                .reply = page};
        cr_assert_eq(talk(&fake, "tls", 443, &seen), sizes[at] > 2048 ? 1 : 2);
        cr_assert_not_null(seen.tls);
        cr_assert_eq(seen.tls->dh_bits, sizes[at]);
        cr_assert_eq(seen.tls->key_bits, 2048);
        if (sizes[at] > 2048)
            expect_refused(&seen, "dh-group", true);
        else
            cr_assert_str_eq(told(&seen, "http.title"), "inside", "%u bits", sizes[at]);
        observation_fini(&seen);
        fake_tls_fini(&fake);
    }
}

Test(tls, a_finite_field_above_the_bound_is_not_offered_to_a_server_of_tls_13)
{
    static const char *const groups[] = {"ffdhe2048", "ffdhe3072", "ffdhe8192"};
    for (size_t at = 0; at < sizeof(groups) / sizeof(groups[0]); at++) {
        struct observation seen;
        struct fake_tls fake = {.version = TLS1_3_VERSION, .key = "EC", .groups = groups[at], .reply = page};
        talk(&fake, "tls", 443, &seen);
        cr_assert_eq(seen.finished, at == 0, "%s", groups[at]);
        if (at > 0)
            cr_assert_str_eq(told(&seen, "tls.alert"), "handshake_failure");
        observation_fini(&seen);
        fake_tls_fini(&fake);
    }
}

Test(tls, a_list_of_too_many_certificates_is_counted_and_only_its_first_is_read)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t at = 0; at < 4; at++) {
        struct observation seen;
        unsigned chain = at < 2 ? 9 : 10;
        struct fake_tls fake = {.version = versions[at % 2], .key = "EC", .chain = chain, .reply = page};
        talk(&fake, "tls", 443, &seen);
        cr_assert_eq(seen.tls->chain_length, chain + 1);
        cr_assert_str_eq(told(&seen, "tls.subject"), "CN=host.example,O=Lab\\, Inc.");
        cr_assert_eq(seen.tls->key_bits, 256);
        if (chain > 9)
            expect_refused(&seen, "chain", true);
        else
            cr_assert(seen.finished);
        observation_fini(&seen);
        fake_tls_fini(&fake);
    }
}

Test(tls, a_list_of_too_many_bytes_is_not_read)
{
    struct observation seen;
    struct fake_tls fake = {.version = TLS1_3_VERSION, .key = "EC", .chain = 150};
    talk(&fake, "tls", 443, &seen);
    expect_refused(&seen, "message-size", false);
    observation_fini(&seen);
    fake_tls_fini(&fake);
}

Test(tls, a_key_with_a_long_exponent_is_recorded_and_not_computed_with)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t at = 0; at < 2; at++) {
        struct observation seen;
        struct fake_tls fake = {.version = versions[at], .key = "RSA long", .chain = 1};
        talk(&fake, "tls", 443, &seen);
        expect_refused(&seen, "key", true);
        cr_assert_eq(seen.tls->key_bits, 2048);
        cr_assert_eq(seen.tls->chain_length, 2);
        cr_assert_not(seen.tls->known.self_signed, "its signature was checked");
        observation_fini(&seen);
        fake_tls_fini(&fake);
    }
}

Test(tls, a_key_on_a_curve_of_the_servers_own_is_not_decoded)
{
    struct observation seen;
    struct fake_tls fake = {.version = TLS1_2_VERSION, .key = "EC own"};
    talk(&fake, "tls", 443, &seen);
    expect_refused(&seen, "own-curve", false);
    cr_assert_eq(seen.tls->chain_length, 1);
    observation_fini(&seen);
    fake_tls_fini(&fake);
}
