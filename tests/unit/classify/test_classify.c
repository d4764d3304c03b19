// SPDX-License-Identifier: BSD-3-Clause
// Classification with the catalogues of config/, and conditions of every kind.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "config/catalogue_load.h"
#include "control/classify/classify.h"
#include "control/classify/condition.h"

// Catalogues as the plan image holds them.
struct catalogues {
    struct string_table strings;
    struct catalogue_storage storage;
    struct catalogue catalogue;
    struct classifier *classifier;
};

static void catalogues_begin(struct catalogues *catalogues)
{
    memset(catalogues, 0, sizeof(*catalogues));
    cr_assert_eq(string_table_init(&catalogues->strings), 0);
}

static void catalogues_end(struct catalogues *catalogues)
{
    const struct catalogue_storage *storage = &catalogues->storage;
    catalogues->catalogue = (struct catalogue){
        .services = storage->services,
        .service_count = storage->service_count,
        .findings = storage->findings,
        .finding_count = storage->finding_count,
        .products = storage->products,
        .product_count = storage->product_count,
        .conditions = storage->conditions,
        .condition_count = storage->condition_count,
    };
    catalogues->classifier =
        classifier_new(&catalogues->catalogue, catalogues->strings.bytes, catalogues->strings.length);
    cr_assert_not_null(catalogues->classifier);
}

static void catalogues_take(struct catalogues *catalogues, enum catalogue_file kind, const char *text)
{
    struct complaint complaint;
    struct input input = {.text = (char *)(uintptr_t)text, .length = strlen(text)};
    cr_assert_eq(catalogue_read(&catalogues->storage, kind, "f", &input, &catalogues->strings, &complaint), 0, "%s: %s",
                 text, complaint.text);
}

static void catalogues_own(struct catalogues *catalogues)
{
    struct complaint complaint;
    catalogues_begin(catalogues);
    for (enum catalogue_file kind = 0; kind < CATALOGUE_FILES; kind++) {
        char path[512];
        struct input input;
        snprintf(path, sizeof(path), "%s/config/%s", SONDE_TEST_SOURCE_ROOT, catalogue_file_names[kind]);
        cr_assert_eq(input_read(path, 1 << 24, &input, &complaint), 0);
        catalogues_take(catalogues, kind, input.text);
        input_fini(&input);
    }
    catalogues_end(catalogues);
}

static void catalogues_fini(struct catalogues *catalogues)
{
    classifier_free(catalogues->classifier);
    catalogue_storage_fini(&catalogues->storage);
    string_table_fini(&catalogues->strings);
}

static bool has(const struct observation *observation, const char *id)
{
    return list_has(&observation->root->findings, id);
}

Test(classify, ssh_methods_and_product)
{
    static const struct {
        const char *methods;
        bool password;
    } rows[] = {{"publickey,password", true},
                {"password", true},
                {"publickey", false},
                {"", false},
                {"keyboard-interactive", false},
                {"publickey,passwords", false},
                {"xpassword", false}};
    struct catalogues own;
    struct observation observation;
    catalogues_own(&own);
    observation_init(&observation);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        learn_constant(&observation, FIELD(root, service), "ssh");
        learn_word(&observation, FIELD(ssh, identification), "SSH-2.0-OpenSSH_9.2p1");
        learn_names(&observation, FIELD(ssh, methods), rows[i].methods, strlen(rows[i].methods), ',');
        learn_flag(&observation, FIELD(ssh, no_authentication), false);
        classify(own.classifier, &observation, 1000);
        cr_assert_eq(has(&observation, "ssh-password-login"), rows[i].password, "%s", rows[i].methods);
        cr_assert(has(&observation, "exposed-ssh"));
        cr_assert_not(has(&observation, "exposed-sensitive-service"));
        cr_assert_not(has(&observation, "ssh-no-authentication"));
        cr_assert(text_is(&observation.product->version, "9.2"));
        cr_assert(text_is(&observation.product->update, "p1"));
        cr_assert(text_is(&observation.product->cpe, "cpe:2.3:a:openbsd:openssh:9.2:p1:*:*:*:*:*:*"));
        cr_assert_not(observation.product->known.distribution);
        observation_reset(&observation);
    }
    learn_word(&observation, FIELD(ssh, identification), "SSH-2.0-OpenSSH_9.2");
    learn_flag(&observation, FIELD(ssh, no_authentication), true);
    classify(own.classifier, &observation, 1000);
    cr_assert(has(&observation, "ssh-no-authentication"));
    cr_assert_eq(observation.root->findings.count, 1, "nothing is claimed of a service that was not recognised");
    cr_assert(text_is(&observation.product->cpe, "cpe:2.3:a:openbsd:openssh:9.2:*:*:*:*:*:*:*"));
    observation_fini(&observation);
    catalogues_fini(&own);
}

Test(classify, logins_in_plain_text_are_findings_outside_tls_only)
{
    struct catalogues own;
    struct observation observation;
    catalogues_own(&own);
    observation_init(&observation);
    for (int tunnel = 0; tunnel < 2; tunnel++) {
        learn_constant(&observation, FIELD(root, service), "imap");
        if (tunnel == 1)
            learn_constant(&observation, FIELD(root, tunnel), "tls");
        learn_flag(&observation, FIELD(imap, login_disabled), false);
        classify(own.classifier, &observation, 1000);
        cr_assert_eq(has(&observation, "imap-plain-login"), tunnel == 0);
        learn_constant(&observation, FIELD(root, service), "pop3");
        learn_flag(&observation, FIELD(pop3, user), true);
        classify(own.classifier, &observation, 1000);
        cr_assert_eq(has(&observation, "pop3-plain-login"), tunnel == 0);
        observation_reset(&observation);
    }
    learn_constant(&observation, FIELD(root, service), "ftp");
    classify(own.classifier, &observation, 1000);
    cr_assert_not(has(&observation, "ftp-no-tls"), "nobody said so");
    learn_flag(&observation, FIELD(ftp, starttls), false);
    classify(own.classifier, &observation, 1000);
    cr_assert(has(&observation, "ftp-no-tls"));
    observation_fini(&observation);
    catalogues_fini(&own);
}

// Every finding about an algorithm, by a name for which it is meant, and one like it for which it is not.
Test(classify, what_is_weak_in_ssh_is_named)
{
    static const struct {
        const char *id;
        const char *field;
        const char *weak;
        const char *sound;
    } rows[] = {
        {"ssh-kex-1024-bit", "ssh.kex_algorithms", "curve25519-sha256,diffie-hellman-group1-sha1",
         "diffie-hellman-group14-sha1"},
        {"ssh-kex-sha1", "ssh.kex_algorithms", "diffie-hellman-group-exchange-sha1", "diffie-hellman-group14-sha256"},
        {"ssh-host-key-dss", "ssh.host_key_algorithms", "ssh-rsa,ssh-dss", "ssh-rsa"},
        {"ssh-host-key-sha1", "ssh.host_key_algorithms", "ssh-rsa", "ssh-rsa,rsa-sha2-256"},
        {"ssh-cipher-none", "ssh.ciphers", "aes128-ctr,none", "aes128-ctr"},
        {"ssh-cipher-none", "ssh.ciphers_to_server", "aes128-ctr,none", "aes128-ctr"},
        {"ssh-cipher-arcfour", "ssh.ciphers", "arcfour128", "aes128-ctr"},
        {"ssh-cipher-64-bit-block", "ssh.ciphers_to_server", "blowfish-cbc", "aes128-cbc"},
        {"ssh-cipher-cbc", "ssh.ciphers", "aes256-cbc", "aes256-ctr"},
        {"ssh-mac-none", "ssh.macs", "none", "hmac-sha1"},
        {"ssh-mac-md5", "ssh.macs_to_server", "hmac-md5-96", "hmac-sha1-96"},
        {"ssh-mac-short", "ssh.macs", "hmac-sha1-96", "hmac-sha1"},
        {"ssh-compression-before-login", "ssh.compression", "none,zlib", "none,zlib@openssh.com"},
        {"ssh-hostbased-login", "ssh.methods", "publickey,hostbased", "publickey"},
        {"ssh-keyboard-interactive-login", "ssh.methods", "keyboard-interactive", "password"},
    };
    struct catalogues own;
    struct observation observation;
    catalogues_own(&own);
    observation_init(&observation);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int weak = 0; weak < 2; weak++) {
            const char *names = weak ? rows[i].weak : rows[i].sound;
            learn_names(&observation, field_find(rows[i].field), names, strlen(names), ',');
            classify(own.classifier, &observation, 1000);
            cr_expect_eq(has(&observation, rows[i].id), weak, "%s: %s", rows[i].id, names);
            observation_reset(&observation);
        }
    }
    observation_fini(&observation);
    catalogues_fini(&own);
}

Test(classify, what_ssh_shows_of_itself_is_judged)
{
    static const struct {
        const char *id;
        const char *type;
        int64_t bits;
        int64_t group;
        bool verified;
        bool terrapin;
        const char *protocol;
    } rows[] = {{"ssh-kex-1024-bit", "ssh-rsa", 2048, 1024, true, false, "2.0"},
                {"ssh-host-key-small", "ssh-rsa", 1024, 2048, true, false, "2.0"},
                {"ssh-host-key-not-proved", "ssh-ed25519", 256, 2048, false, false, "2.0"},
                {"ssh-terrapin", "ecdsa-sha2-nistp256", 256, 2048, true, true, "2.0"},
                {"ssh-protocol-1", "ssh-rsa", 2048, 2048, true, false, "1.99"},
                {"ssh-host-key-dss", "ssh-dss", 1024, 2048, true, false, "2.0"},
                {NULL, "ssh-ed25519", 256, 2048, true, false, "2.0"}};
    struct catalogues own;
    struct observation observation;
    catalogues_own(&own);
    observation_init(&observation);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        learn_word(&observation, FIELD(ssh, protocol), rows[i].protocol);
        learn_word(&observation, FIELD(ssh, host_key_type), rows[i].type);
        learn_number(&observation, FIELD(ssh, host_key_bits), rows[i].bits);
        learn_number(&observation, FIELD(ssh, group_bits), rows[i].group);
        learn_flag(&observation, FIELD(ssh, host_key_verified), rows[i].verified);
        learn_flag(&observation, FIELD(ssh, terrapin), rows[i].terrapin);
        classify(own.classifier, &observation, 1000);
        cr_expect_eq(observation.root->findings.count, rows[i].id != NULL, "%zu", i);
        cr_expect(rows[i].id == NULL || has(&observation, rows[i].id), "%s", rows[i].id);
        observation_reset(&observation);
    }
    observation_fini(&observation);
    catalogues_fini(&own);
}

Test(classify, nothing_is_claimed_out_of_ignorance)
{
    struct catalogues own;
    struct observation observation;
    catalogues_own(&own);
    observation_init(&observation);
    // A part is there, and none of its fields is known.
    for (size_t i = 0; i < PART_COUNT; i++)
        cr_assert_not_null(observation_part(&observation, (enum part_id)i));
    classify(own.classifier, &observation, 1000);
    cr_assert_eq(observation.root->findings.count, 0);
    cr_assert(observation.root->known.findings, "that there is none is known");
    cr_assert_not(observation_has(&observation, PART_product));
    observation_fini(&observation);
    catalogues_fini(&own);
}

// A server of one version, as the matrix tells it.
static void matrix_learn(struct observation *observation, const char *version, const char *cipher, int64_t bits,
                         bool forward)
{
    void *row = learn_row(observation, FIELD(tls, matrix));
    cr_assert_not_null(row);
    learn_name(observation, FIELD(tls, versions), version, strlen(version));
    learn_text_in(observation, row, FIELD(tls_version, version), version, strlen(version));
    learn_text_in(observation, row, FIELD(tls_version, status), "offered", 7);
    learn_text_in(observation, row, FIELD(tls_version, cipher), cipher, strlen(cipher));
    learn_flag_in(observation, row, FIELD(tls_version, forward_secrecy), forward);
    if (bits > 0)
        learn_number_in(observation, row, FIELD(tls_version, key_exchange_bits), bits);
    row = learn_row(observation, FIELD(tls, matrix));
    learn_text_in(observation, row, FIELD(tls_version, version), "other", 5);
    learn_text_in(observation, row, FIELD(tls_version, status), "refused", 7);
}

Test(classify, each_weakness_of_tls_has_its_finding)
{
    static const char *const ids[] = {"tls-ssl2",      "tls-ssl3",          "tls-below-1.2", "tls-null-cipher",
                                      "tls-anonymous", "tls-export-cipher", "tls-des",       "tls-rc4",
                                      "tls-3des",      "tls-weak-dh",       "tls-small-dh",  "tls-no-forward-secrecy"};
    static const struct {
        const char *version, *cipher;
        int64_t bits;
        bool forward;
        const char *found; // of those above, each between commas
    } rows[] = {
        {"TLSv1.3", "TLS_AES_256_GCM_SHA384", 253, true, ","},
        {"TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 256, true, ","},
        {"TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0, true, ","},
        {"TLSv1.2", "TLS_RSA_WITH_AES_128_CBC_SHA", 2048, false, ",tls-no-forward-secrecy,"},
        {"TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", 2048, true, ","},
        {"TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", 1024, true, ",tls-small-dh,"},
        {"TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", 512, true, ",tls-weak-dh,"},
        {"TLSv1.2", "TLS_DH_anon_WITH_AES_128_CBC_SHA", 1023, true, ",tls-anonymous,tls-weak-dh,"},
        {"TLSv1.2", "TLS_ECDH_anon_WITH_NULL_SHA", 256, true, ",tls-null-cipher,tls-anonymous,"},
        {"TLSv1.2", "TLS_RSA_WITH_NULL_SHA256", 2048, false, ",tls-null-cipher,tls-no-forward-secrecy,"},
        {"TLSv1.1", "TLS_RSA_WITH_RC4_128_SHA", 2048, false, ",tls-below-1.2,tls-rc4,tls-no-forward-secrecy,"},
        {"TLSv1", "TLS_RSA_WITH_DES_CBC_SHA", 2048, false, ",tls-below-1.2,tls-des,tls-no-forward-secrecy,"},
        {"TLSv1", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", 2048, false, ",tls-below-1.2,tls-3des,tls-no-forward-secrecy,"},
        {"SSLv3", "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", 512, false,
         ",tls-ssl3,tls-below-1.2,tls-export-cipher,tls-no-forward-secrecy,"},
        {"SSLv2", "SSL_CK_DES_192_EDE3_CBC_WITH_MD5", 0, false,
         ",tls-ssl2,tls-below-1.2,tls-3des,tls-no-forward-secrecy,"},
        {"SSLv2", "SSL_CK_RC4_128_EXPORT40_WITH_MD5", 0, false,
         ",tls-ssl2,tls-below-1.2,tls-export-cipher,tls-rc4,tls-no-forward-secrecy,"},
    };
    struct catalogues own;
    struct observation observation;
    catalogues_own(&own);
    observation_init(&observation);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        learn_constant(&observation, FIELD(root, service), "tls");
        matrix_learn(&observation, rows[i].version, rows[i].cipher, rows[i].bits, rows[i].forward);
        classify(own.classifier, &observation, 1000);
        for (size_t j = 0; j < sizeof(ids) / sizeof(ids[0]); j++) {
            char between[64];
            snprintf(between, sizeof(between), ",%s,", ids[j]);
            cr_expect_eq(has(&observation, ids[j]), strstr(rows[i].found, between) != NULL, "%s with %s: %s",
                         rows[i].version, rows[i].cipher, ids[j]);
        }
        observation_reset(&observation);
    }
    observation_fini(&observation);
    catalogues_fini(&own);
}

Test(classify, a_server_with_forward_secrecy_in_one_version_has_it)
{
    struct catalogues own;
    struct observation observation;
    catalogues_own(&own);
    observation_init(&observation);
    learn_constant(&observation, FIELD(root, service), "tls");
    matrix_learn(&observation, "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 253, true);
    matrix_learn(&observation, "TLSv1", "TLS_RSA_WITH_AES_128_CBC_SHA", 2048, false);
    classify(own.classifier, &observation, 1000);
    cr_expect_not(has(&observation, "tls-no-forward-secrecy"));
    cr_expect(has(&observation, "tls-below-1.2"));
    observation_fini(&observation);
    catalogues_fini(&own);
}

Test(classify, what_is_weak_in_a_chain_has_its_finding)
{
    static const struct {
        const char *key_type;
        int64_t bits;
        const char *signature;   // of the first certificate
        const char *authority;   // of the second, "" = there is none
        const char *trust_error; // NULL: trusted
        bool self_signed, weak_key, weak_signature, untrusted;
    } rows[] = {
        {"RSA", 2048, "sha256WithRSAEncryption", "", NULL, false, false, false, false},
        {"RSA", 2047, "sha256WithRSAEncryption", "", NULL, false, true, false, false},
        {"EC", 256, "sha1WithRSAEncryption", "", NULL, false, false, true, false},
        {"EC", 160, "ecdsa-with-SHA256", "", "certificate has expired", false, true, false, false},
        {"EC", 256, "ecdsa-with-SHA256", "md5WithRSAEncryption", "unable to get local issuer certificate", false, false,
         true, true},
        {"DSA", 1024, "dsaWithSHA1", "", "self-signed certificate", true, true, false, false},
    };
    struct catalogues own;
    struct observation observation;
    catalogues_own(&own);
    observation_init(&observation);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        learn_constant(&observation, FIELD(root, service), "tls");
        learn_word(&observation, FIELD(tls, key_type), rows[i].key_type);
        learn_number(&observation, FIELD(tls, key_bits), rows[i].bits);
        learn_word(&observation, FIELD(tls, signature_algorithm), rows[i].signature);
        learn_flag(&observation, FIELD(tls, self_signed), rows[i].self_signed);
        learn_flag(&observation, FIELD(tls, trusted), rows[i].trust_error == NULL);
        if (rows[i].trust_error != NULL)
            learn_word(&observation, FIELD(tls, trust_error), rows[i].trust_error);
        for (size_t certificate = 0; certificate < 2; certificate++) {
            const char *signature = certificate == 0 ? rows[i].signature : rows[i].authority;
            if (signature[0] == '\0')
                continue;
            void *row = learn_row(&observation, FIELD(tls, chain));
            learn_text_in(&observation, row, FIELD(tls_certificate, signature_algorithm), signature, strlen(signature));
            learn_flag_in(&observation, row, FIELD(tls_certificate, self_issued), rows[i].self_signed);
        }
        classify(own.classifier, &observation, 1000);
        cr_expect_eq(has(&observation, "certificate-weak-key"), rows[i].weak_key, "row %zu", i);
        cr_expect_eq(has(&observation, "certificate-weak-signature"), rows[i].weak_signature, "row %zu", i);
        cr_expect_eq(has(&observation, "certificate-untrusted"), rows[i].untrusted, "row %zu", i);
        observation_reset(&observation);
    }
    observation_fini(&observation);
    catalogues_fini(&own);
}

Test(classify, tls_versions_and_certificates)
{
    static const struct {
        const char *version;
        int64_t from, until;
        bool self_signed, old, expired, early;
    } rows[] = {{"TLSv1.3", 0, 2000, false, false, false, false}, {"TLSv1.2", 0, 2000, true, false, false, false},
                {"TLSv1.1", 0, 2000, false, true, false, false},  {"TLSv1", 0, 999, false, true, true, false},
                {"SSLv3", 1001, 2000, false, true, false, true},  {"", 0, 2000, false, false, false, false}};
    struct catalogues own;
    struct observation observation;
    catalogues_own(&own);
    observation_init(&observation);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        learn_constant(&observation, FIELD(root, service), "http");
        learn_constant(&observation, FIELD(root, tunnel), "tls");
        learn_word(&observation, FIELD(tls, version), rows[i].version);
        learn_number(&observation, FIELD(tls, not_before), rows[i].from);
        learn_number(&observation, FIELD(tls, not_after), rows[i].until);
        learn_flag(&observation, FIELD(tls, self_signed), rows[i].self_signed);
        learn_number(&observation, FIELD(http, status), 200);
        classify(own.classifier, &observation, 1000);
        cr_assert_eq(has(&observation, "tls-below-1.2"), rows[i].old, "%s", rows[i].version);
        cr_assert_eq(has(&observation, "certificate-expired"), rows[i].expired, "row %zu", i);
        cr_assert_eq(has(&observation, "certificate-not-yet-valid"), rows[i].early, "row %zu", i);
        cr_assert_eq(has(&observation, "certificate-self-signed"), rows[i].self_signed, "row %zu", i);
        cr_assert_not(has(&observation, "http-plain"));
        observation_reset(&observation);
    }
    observation_fini(&observation);
    catalogues_fini(&own);
}

Test(classify, plain_http_is_a_finding_unless_it_redirects_to_https)
{
    static const struct {
        const char *location;
        bool finding;
    } rows[] = {{NULL, true},
                {"", true},
                {"/login", true},
                {"http://example.invalid/", true},
                {"https://example.invalid/", false},
                {"HTTPS://example.invalid/", false}};
    struct catalogues own;
    struct observation observation;
    catalogues_own(&own);
    observation_init(&observation);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        learn_constant(&observation, FIELD(root, service), "http");
        learn_constant(&observation, FIELD(root, outcome), "complete");
        learn_number(&observation, FIELD(http, status), 301);
        if (rows[i].location != NULL)
            learn_word(&observation, FIELD(http, location), rows[i].location);
        classify(own.classifier, &observation, 1000);
        cr_assert_eq(has(&observation, "http-plain"), rows[i].finding, "row %zu", i);
        observation_reset(&observation);
    }
    observation_fini(&observation);
    catalogues_fini(&own);
}

// Only a redirect leads elsewhere (RFC 9110 section 10.2.2); a page with a Location is a page.
Test(classify, plain_http_is_a_finding_of_a_page_that_names_an_address_of_tls)
{
    static const struct {
        int64_t status;
        bool finding;
    } rows[] = {{200, true}, {201, true}, {302, false}, {308, false}, {401, true}, {503, true}};
    struct catalogues own;
    struct observation observation;
    catalogues_own(&own);
    observation_init(&observation);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        learn_constant(&observation, FIELD(root, service), "http");
        learn_constant(&observation, FIELD(root, outcome), "complete");
        learn_number(&observation, FIELD(http, status), rows[i].status);
        learn_word(&observation, FIELD(http, location), "https://example.invalid/");
        classify(own.classifier, &observation, 1000);
        cr_assert_eq(has(&observation, "http-plain"), rows[i].finding, "row %zu", i);
        observation_reset(&observation);
    }
    observation_fini(&observation);
    catalogues_fini(&own);
}

// Nothing is served by a server that asks for TLS, if it was heard over TLS in the end or not.
Test(classify, plain_http_is_no_finding_where_plain_text_was_refused)
{
    struct catalogues own;
    struct observation observation;
    catalogues_own(&own);
    observation_init(&observation);
    learn_constant(&observation, FIELD(root, service), "http");
    learn_constant(&observation, FIELD(root, outcome), "complete");
    learn_number(&observation, FIELD(http, status), 400);
    classify(own.classifier, &observation, 1000);
    cr_assert(has(&observation, "http-plain"));
    learn_flag(&observation, FIELD(http, tls_required), true);
    classify(own.classifier, &observation, 1000);
    cr_assert_not(has(&observation, "http-plain"));
    observation_fini(&observation);
    catalogues_fini(&own);
}

// A page that is served without TLS is that, whatever did not come any more; a redirect may have gone to TLS.
Test(classify, plain_http_that_broke_off_is_no_finding_before_its_redirect_was_heard)
{
    static const struct {
        int64_t status;
        const char *outcome;
        bool finding;
    } rows[] = {{200, "complete", true}, {200, "partial", true}, {301, "complete", true}, {301, "partial", false}};
    struct catalogues own;
    struct observation observation;
    catalogues_own(&own);
    observation_init(&observation);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        learn_constant(&observation, FIELD(root, service), "http");
        learn_constant(&observation, FIELD(root, outcome), rows[i].outcome);
        learn_number(&observation, FIELD(http, status), rows[i].status);
        classify(own.classifier, &observation, 1000);
        cr_assert_eq(has(&observation, "http-plain"), rows[i].finding, "row %zu", i);
        observation_reset(&observation);
    }
    observation_fini(&observation);
    catalogues_fini(&own);
}

Test(classify, a_sensitive_service_without_a_finding_of_its_own_has_the_general_one)
{
    struct catalogues own;
    struct observation observation;
    catalogues_begin(&own);
    catalogues_take(&own, CATALOGUE_SERVICES,
                    "{\"services\": [{\"name\": \"odd\", \"port\": 1, \"sensitive\": true},"
                    "{\"name\": \"ssh\", \"port\": 22, \"sensitive\": true}, {\"name\": \"web\", \"port\": 80}]}");
    catalogues_take(&own, CATALOGUE_FINDINGS,
                    "{\"findings\": [{\"id\": \"exposed-any\", \"severity\": \"low\", \"title\": \"t\", \"remedy\": "
                    "\"r\", \"unless\": \"exposed-*\", \"when\": {\"service\": {\"sensitive\": true}}},"
                    "{\"id\": \"exposed-ssh\", \"severity\": \"low\", \"title\": \"t\", \"remedy\": \"r\", \"when\": "
                    "{\"service\": \"ssh\"}}]}");
    catalogues_end(&own);
    static const char *const rows[][2] = {{"odd", "exposed-any"}, {"ssh", "exposed-ssh"}, {"web", NULL}};
    observation_init(&observation);
    for (size_t i = 0; i < 3; i++) {
        learn_constant(&observation, FIELD(root, service), rows[i][0]);
        classify(own.classifier, &observation, 1000);
        cr_assert_eq(observation.root->findings.count, rows[i][1] == NULL ? 0 : 1, "%s", rows[i][0]);
        cr_assert(rows[i][1] == NULL || has(&observation, rows[i][1]), "%s", rows[i][0]);
        observation_reset(&observation);
    }
    observation_fini(&observation);
    catalogues_fini(&own);
}

Test(classify, a_banner_made_to_keep_a_pattern_busy_ends_soon, .timeout = 5)
{
    struct catalogues own;
    struct observation observation;
    char server[256];
    catalogues_begin(&own);
    catalogues_take(&own, CATALOGUE_PRODUCTS,
                    "{\"products\": [{\"field\": \"http.server\", \"pattern\": \"^(a+)+$\", \"vendor\": \"v\", "
                    "\"name\": \"slow\"}]}");
    catalogues_end(&own);
    memset(server, 'a', sizeof(server));
    server[254] = '!';
    observation_init(&observation);
    learn_text(&observation, FIELD(http, server), server, 255);
    for (int i = 0; i < 100; i++)
        classify(own.classifier, &observation, 1000);
    cr_assert_not(observation_has(&observation, PART_product));
    observation_fini(&observation);
    catalogues_fini(&own);
}

// A name that was cut in the middle of an escape is none: it says so.
Test(classify, a_product_that_is_longer_than_its_fields_is_cut)
{
    struct catalogues own;
    struct observation observation;
    char server[256];
    catalogues_begin(&own);
    catalogues_take(&own, CATALOGUE_PRODUCTS,
                    "{\"products\": [{\"field\": \"http.server\", \"pattern\": \"^(.*)$\", \"vendor\": \"v\", "
                    "\"name\": \"$1\", \"version\": \"$1$1$1\", \"cpe\": \"cpe:2.3:a:v:$1:*:*:*:*:*:*:*:*\"}]}");
    catalogues_end(&own);
    memset(server, '+', sizeof(server));
    observation_init(&observation);
    learn_text(&observation, FIELD(http, server), server, 255);
    classify(own.classifier, &observation, 1000);
    cr_assert(observation.product->cut.name);
    cr_assert(observation.product->cut.version);
    cr_assert(observation.product->cut.cpe);
    cr_assert_eq(observation.product->cpe.length, 255);
    observation_fini(&observation);
    catalogues_fini(&own);
}

// What the conditions below are asked of: a text, a number, a flag that is false, a list, times; and much not known.
static void observation_make(struct observation *observation)
{
    observation_init(observation);
    learn_constant(observation, FIELD(root, service), "ssh");
    learn_number(observation, FIELD(root, port), 22);
    learn_number(observation, FIELD(root, rtt_ms), 1500);
    learn_word(observation, FIELD(ssh, software), "OpenSSH_9.2p1");
    learn_names(observation, FIELD(ssh, methods), "publickey,password", 18, ',');
    learn_flag(observation, FIELD(ssh, no_authentication), false);
    learn_address(observation, FIELD(root, ip), address_v4(0x0a010203));
    learn_number(observation, FIELD(tls, not_after), 1500);
    learn_list(observation, FIELD(tls, sans));
}

Test(condition, each_test_is_true_false_or_unknown)
{
    static const struct {
        const char *when;
        bool holds;
        bool opposite; // of {"none": [when]}: neither holds where something is not known
    } rows[] = {
        {"{\"service\": \"ssh\"}", true, false},
        {"{\"service\": \"SSH\"}", false, true},
        {"{\"service\": [\"http\", \"ssh\"]}", true, false},
        {"{\"service\": {\"in\": [\"http\"]}}", false, true},
        {"{\"service\": {\"not\": \"ssh\"}}", false, true},
        {"{\"tunnel\": \"tls\"}", false, false},
        {"{\"tunnel\": {\"not\": \"tls\"}}", false, false},
        {"{\"tunnel\": {\"known\": false}}", true, false},
        {"{\"tunnel\": {\"known\": true}}", false, true},
        {"{\"ssh.software\": {\"starts\": \"openssh_\"}}", true, false},
        {"{\"ssh.software\": {\"starts\": \"SSH_\"}}", false, true},
        {"{\"ssh.software\": {\"contains\": \"_9.2\"}}", true, false},
        {"{\"ssh.software\": {\"contains\": \"_9.2p11\"}}", false, true},
        {"{\"ssh.software\": {\"starts\": \"Open\", \"not\": {\"contains\": \"p1\"}}}", false, true},
        {"{\"ssh.methods\": {\"has\": \"password\"}}", true, false},
        {"{\"ssh.methods\": {\"has\": [\"none\", \"publickey\"]}}", true, false},
        {"{\"ssh.methods\": \"pass\"}", false, true},
        {"{\"tls.sans\": {\"has\": \"a\"}}", false, true},
        {"{\"ssh.ciphers\": {\"has\": \"3des-cbc\"}}", false, false},
        {"{\"ssh.no_authentication\": false}", true, false},
        {"{\"ssh.no_authentication\": true}", false, true},
        {"{\"ssh.host_key_verified\": false}", false, false},
        {"{\"port\": 22}", true, false},
        {"{\"port\": {\"below\": 22}}", false, true},
        {"{\"port\": {\"above\": 21, \"below\": 23}}", true, false},
        {"{\"rtt_ms\": {\"above\": 1.4}}", true, false},
        {"{\"http.status\": {\"above\": 1}}", false, false},
        {"{\"tls.not_after\": {\"before\": \"now\"}}", true, false},
        {"{\"tls.not_after\": {\"after\": \"1970-01-01T00:24:59Z\"}}", true, false},
        {"{\"tls.not_after\": {\"after\": \"1970-01-01T00:25:00Z\"}}", false, true},
        {"{\"tls.not_before\": {\"before\": \"now\"}}", false, false},
        {"{\"ip\": \"10.1.0.0/16\"}", true, false},
        {"{\"ip\": \"10.1.2.3\"}", true, false},
        {"{\"ip\": \"10.1.2.4-10.1.2.9\"}", false, true},
        {"{\"ip\": [\"0.0.0.0/8\", \"255.255.255.255\"]}", false, true},
        {"{\"ip\": {\"not\": \"0.0.0.0/0\"}}", false, true},
        {"{\"reporter\": \"0.0.0.0/0\"}", false, false},
        {"{\"any\": [{\"tunnel\": \"tls\"}, {\"port\": 22}]}", true, false},
        {"{\"any\": [{\"tunnel\": \"tls\"}, {\"port\": 23}]}", false, false},
        {"{\"all\": [{\"tunnel\": \"tls\"}, {\"port\": 23}]}", false, true},
        {"{\"none\": [{\"port\": 23}, {\"service\": \"http\"}]}", true, false},
        {"{\"service\": {\"sensitive\": true}}", false, true},
    };
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        struct catalogues own;
        struct observation observation;
        char text[1024];
        const char *when = rows[i / 2].when;
        bool expected = i % 2 == 0 ? rows[i / 2].holds : rows[i / 2].opposite;
        snprintf(text, sizeof(text),
                 "{\"findings\": [{\"id\": \"it\", \"severity\": \"low\", \"title\": \"t\", \"remedy\": \"r\", "
                 "\"when\": %s%s%s}]}",
                 i % 2 == 0 ? "" : "{\"none\": [", when, i % 2 == 0 ? "" : "]}");
        catalogues_begin(&own);
        catalogues_take(&own, CATALOGUE_FINDINGS, text);
        catalogues_end(&own);
        observation_make(&observation);
        classify(own.classifier, &observation, 2000);
        cr_expect_eq(has(&observation, "it"), expected, "%s", text);
        observation_fini(&observation);
        catalogues_fini(&own);
    }
}

// More came than was kept: what was not found among the rest may have been there.
Test(condition, what_was_cut_off_is_not_known)
{
    static const struct {
        const char *when;
        bool holds;
        bool opposite;
    } rows[] = {
        {"{\"ssh.methods\": {\"has\": \"password\"}}", true, false},
        {"{\"ssh.methods\": {\"has\": \"none\"}}", false, false},
        {"{\"ssh.software\": {\"contains\": \"_9.2\"}}", true, false},
        {"{\"ssh.software\": {\"contains\": \"_9.2p11\"}}", false, false},
        {"{\"ssh.software\": {\"starts\": \"openssh_\"}}", true, false},
        {"{\"ssh.software\": {\"starts\": \"openssh_9.2p11\"}}", false, false},
        {"{\"ssh.software\": {\"starts\": \"dropbear\"}}", false, true},
        {"{\"ssh.software\": \"OpenSSH_9.2p1\"}", false, true},
        {"{\"ssh.software\": \"OpenSSH_9.2p11\"}", false, false},
        {"{\"ssh.software\": \"dropbear\"}", false, true},
        {"{\"ssh.comment\": {\"known\": false}}", false, true},
        {"{\"ssh.comment\": \"x\"}", false, false},
    };
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        struct catalogues own;
        struct observation observation;
        const char *when = rows[i / 2].when;
        bool expected = i % 2 == 0 ? rows[i / 2].holds : rows[i / 2].opposite;
        char text[1024];
        snprintf(text, sizeof(text),
                 "{\"findings\": [{\"id\": \"it\", \"severity\": \"low\", \"title\": \"t\", \"remedy\": \"r\", "
                 "\"when\": %s%s%s}]}",
                 i % 2 == 0 ? "" : "{\"none\": [", when, i % 2 == 0 ? "" : "]}");
        catalogues_begin(&own);
        catalogues_take(&own, CATALOGUE_FINDINGS, text);
        catalogues_end(&own);
        observation_make(&observation);
        observation.ssh->cut.methods = true;
        observation.ssh->cut.software = true;
        observation.ssh->cut.comment = true; // of which nothing could be kept
        classify(own.classifier, &observation, 2000);
        cr_expect_eq(has(&observation, "it"), expected, "%s", text);
        observation_fini(&observation);
        catalogues_fini(&own);
    }
}

// What a damaged image may hold: refused, or still safe to ask (this runs under the sanitizers too).
Test(condition, a_damaged_one_never_leads_outside)
{
    struct catalogues own;
    struct observation observation;
    size_t taken = 0;
    catalogues_own(&own);
    observation_make(&observation);
    learn_address(&observation, FIELD(root, ip), address_v4(1));
    learn_number(&observation, FIELD(http, status), 200);
    learn_word(&observation, FIELD(http, location), "/");
    struct catalogue_condition *nodes = own.storage.conditions;
    srand(1);
    for (size_t i = 0; i < 20000; i++) {
        size_t at = (size_t)rand() % own.storage.condition_count;
        struct catalogue_condition before = nodes[at];
        if (i % 4 == 0)
            nodes[at].op = (uint32_t)rand() % CONDITION_OP_COUNT;
        else if (i % 4 == 1)
            nodes[at].field = nodes[(size_t)rand() % own.storage.condition_count].field;
        else
            ((uint8_t *)&nodes[at])[(size_t)rand() % sizeof(nodes[at])] ^= (uint8_t)(1 << rand() % 8);
        struct conditions *conditions = conditions_new(&own.catalogue, own.strings.bytes, own.strings.length);
        for (size_t f = 0; conditions != NULL && f < own.catalogue.finding_count; f++)
            (void)condition_holds(conditions, own.catalogue.findings[f].condition, &observation, 2000);
        taken += conditions != NULL;
        conditions_free(conditions);
        nodes[at] = before;
    }
    cr_assert_gt(taken, 100);
    observation_fini(&observation);
    catalogues_fini(&own);
}

Test(classify, catalogues_that_name_what_no_record_has_are_refused)
{
    static const char strings[] = "\0ssh.nonsense\0ssh.methods\0ssh.software\0.*";
    struct catalogue_product product = {.field = 1, .pattern = 37};
    struct catalogue catalogue = {.products = &product, .product_count = 1};
    cr_assert_null(classifier_new(&catalogue, strings, sizeof(strings)));
    product.field = 14; // a list
    cr_assert_null(classifier_new(&catalogue, strings, sizeof(strings)));
    product.field = 26;
    struct classifier *classifier = classifier_new(&catalogue, strings, sizeof(strings));
    cr_assert_not_null(classifier);
    classifier_free(classifier);
    struct catalogue_condition nodes[2] = {{.op = CONDITION_NOT, .span = 2}, {.op = CONDITION_KNOWN, .span = 1}};
    struct catalogue_finding finding = {.condition = 0, .condition_count = 2};
    struct catalogue broken = {.findings = &finding, .finding_count = 1, .conditions = nodes, .condition_count = 2};
    nodes[1].field = 26;
    classifier = classifier_new(&broken, strings, sizeof(strings));
    cr_assert_not_null(classifier);
    classifier_free(classifier);
    nodes[1].op = CONDITION_HAS; // of a text
    cr_assert_null(classifier_new(&broken, strings, sizeof(strings)));
    nodes[1].op = CONDITION_KNOWN;
    nodes[1].field = 1;
    cr_assert_null(classifier_new(&broken, strings, sizeof(strings)));
    nodes[1].field = 26;
    for (uint32_t span = 0; span < 4; span += span == 0 ? 2 : 1) {
        nodes[1].span = span;
        cr_assert_null(classifier_new(&broken, strings, sizeof(strings)), "%u", span);
    }
    nodes[1] = (struct catalogue_condition){.op = CONDITION_OP_COUNT, .span = 1, .field = 26};
    cr_assert_null(classifier_new(&broken, strings, sizeof(strings)));
}
