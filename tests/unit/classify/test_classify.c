// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include <criterion/criterion.h>

#include "config/image/catalogue.h"
#include "control/classify/classify.h"

// A catalogue in one string, offsets by strstr.
static const char strings[] = "\0ssh\0exposed-ssh\0ssh-password-login\0ssh-no-authentication\0tls-below-1.2\0"
                              "certificate-expired\0certificate-not-yet-valid\0certificate-self-signed\0http-plain\0"
                              "ssh.software\0^OpenSSH_([0-9.]+)(p[0-9]+)?\0openbsd\0openssh\0$1\0$2\0"
                              "cpe:2.3:a:openbsd:openssh:$1:$2:*:*:*:*:*:*\0http.server\0^(a+)+$\0slow\0";

static uint32_t at(const char *text)
{
    const char *found = memmem(strings, sizeof(strings), text, strlen(text) + 1);
    while (found != NULL && found != strings && found[-1] != '\0')
        found = memmem(found + 1, sizeof(strings) - (size_t)(found + 1 - strings), text, strlen(text) + 1);
    cr_assert_not_null(found, "%s", text);
    return (uint32_t)(found - strings);
}

static struct classifier *classifier_make(void)
{
    static struct catalogue_service services[1];
    static struct catalogue_finding findings[8];
    static struct catalogue_product products[2];
    static const char *const ids[] = {
        "exposed-ssh",         "ssh-password-login",        "ssh-no-authentication",   "tls-below-1.2",
        "certificate-expired", "certificate-not-yet-valid", "certificate-self-signed", "http-plain"};
    static struct catalogue catalogue = {services, 1, findings, 8, products, 2};
    services[0] = (struct catalogue_service){.name = at("ssh"), .sensitive = 1};
    for (size_t i = 0; i < 8; i++)
        findings[i].id = at(ids[i]);
    products[0] = (struct catalogue_product){.field = at("http.server"), .pattern = at("^(a+)+$"), .name = at("slow")};
    products[1] = (struct catalogue_product){.field = at("ssh.software"),
                                             .pattern = at("^OpenSSH_([0-9.]+)(p[0-9]+)?"),
                                             .vendor = at("openbsd"),
                                             .name = at("openssh"),
                                             .version = at("$1"),
                                             .update = at("$2"),
                                             .cpe = at("cpe:2.3:a:openbsd:openssh:$1:$2:*:*:*:*:*:*")};
    struct classifier *classifier = classifier_new(&catalogue, strings, sizeof(strings));
    cr_assert_not_null(classifier);
    return classifier;
}

static bool has(const struct classification *classification, const char *id)
{
    for (size_t i = 0; i < classification->finding_count; i++) {
        if (strcmp(classification->findings[i], id) == 0)
            return true;
    }
    return false;
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
    struct classifier *classifier = classifier_make();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ssh_observation ssh = {.software = "OpenSSH_9.2p1", .methods_known = true};
        struct observation observation = {.service = "ssh", .ssh = &ssh};
        struct classification found;
        strcpy(ssh.methods, rows[i].methods);
        classify(classifier, &observation, 1000, &found);
        cr_assert_eq(has(&found, "ssh-password-login"), rows[i].password, "%s", rows[i].methods);
        cr_assert(has(&found, "exposed-ssh"));
        cr_assert_not(has(&found, "ssh-no-authentication"));
        cr_assert(found.product_known);
        cr_assert_str_eq(found.product.version, "9.2");
        cr_assert_str_eq(found.product.update, "p1");
        cr_assert_str_eq(found.product.cpe, "cpe:2.3:a:openbsd:openssh:9.2:p1:*:*:*:*:*:*");
    }
    struct ssh_observation open = {.software = "OpenSSH_9.2", .no_authentication = true};
    struct observation observation = {.service = "ssh", .ssh = &open};
    struct classification found;
    classify(classifier, &observation, 1000, &found);
    cr_assert(has(&found, "ssh-no-authentication"));
    cr_assert_str_eq(found.product.cpe, "cpe:2.3:a:openbsd:openssh:9.2:*:*:*:*:*:*:*");
    classifier_free(classifier);
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
    struct classifier *classifier = classifier_make();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tls_observation tls = {.certificate_present = true,
                                      .not_before = rows[i].from,
                                      .not_after = rows[i].until,
                                      .self_signed = rows[i].self_signed};
        struct observation observation = {.service = "http", .tunnel_tls = true, .tls = &tls};
        struct classification found;
        strcpy(tls.version, rows[i].version);
        classify(classifier, &observation, 1000, &found);
        cr_assert_eq(has(&found, "tls-below-1.2"), rows[i].old, "%s", rows[i].version);
        cr_assert_eq(has(&found, "certificate-expired"), rows[i].expired, "row %zu", i);
        cr_assert_eq(has(&found, "certificate-not-yet-valid"), rows[i].early, "row %zu", i);
        cr_assert_eq(has(&found, "certificate-self-signed"), rows[i].self_signed, "row %zu", i);
        cr_assert_not(has(&found, "http-plain"));
        cr_assert_not(found.product_known);
    }
    classifier_free(classifier);
}

Test(classify, plain_http_is_a_finding_unless_it_redirects_to_https)
{
    static const struct {
        const char *location;
        bool finding;
    } rows[] = {{"", true},
                {"/login", true},
                {"http://example.invalid/", true},
                {"https://example.invalid/", false},
                {"HTTPS://example.invalid/", false}};
    struct classifier *classifier = classifier_make();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_observation http = {.status = 301};
        struct observation observation = {.service = "http", .http = &http};
        struct classification found;
        strcpy(http.location, rows[i].location);
        classify(classifier, &observation, 1000, &found);
        cr_assert_eq(has(&found, "http-plain"), rows[i].finding, "%s", rows[i].location);
    }
    classifier_free(classifier);
}

Test(classify, a_banner_made_to_keep_a_pattern_busy_ends_soon, .timeout = 5)
{
    struct classifier *classifier = classifier_make();
    struct http_observation http = {.status = 200};
    struct observation observation = {.service = "http", .http = &http};
    struct classification found;
    memset(http.server, 'a', sizeof(http.server) - 2);
    http.server[sizeof(http.server) - 2] = '!';
    for (int i = 0; i < 100; i++)
        classify(classifier, &observation, 1000, &found);
    cr_assert_not(found.product_known);
    cr_assert(has(&found, "http-plain"));
    classifier_free(classifier);
}

Test(classify, rules_may_name_every_field_of_the_catalogue_and_no_other)
{
#define X(name) name,
    static const char *const fields[] = {CATALOGUE_FIELDS(X) "ssh.nonsense"};
#undef X
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        char text[64] = "";
        struct catalogue_product product = {.field = 1, .pattern = 0};
        struct catalogue catalogue = {.products = &product, .product_count = 1};
        strcpy(text + 1, fields[i]);
        struct classifier *classifier = classifier_new(&catalogue, text, sizeof(text));
        cr_assert_eq(classifier != NULL, i + 1 < sizeof(fields) / sizeof(fields[0]), "%s", fields[i]);
        classifier_free(classifier);
    }
}
