// SPDX-License-Identifier: BSD-3-Clause
// The product rules of config/, each by itself: it names what it is meant for, and nothing that only looks like it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/classify/product.h"
#include "tests/unit/classify/products.h"

enum { TEXT_MAX = 256 };

// What a service says of itself, in three pieces; the one in the middle is the name of the software.
struct sample {
    const char *field;
    const char *before;
    const char *name;
    const char *behind;
};

static const struct sample samples[] = {
    {"ssh.identification", "SSH-2.0-", "OpenSSH", "_9.2p1 Debian-2+deb12u3"},
    {"ssh.identification", "SSH-2.0-", "OpenSSH", "_6.6.1p1 Ubuntu-2ubuntu2.13"},
    {"ssh.identification", "SSH-2.0-", "OpenSSH", "_8.9p1 Ubuntu-3"},
    {"ssh.identification", "SSH-2.0-", "OpenSSH", "_8.4p1 Debian-5ubuntu1"},
    {"ssh.identification", "SSH-2.0-", "OpenSSH", "_9.2p1 Raspbian-2+deb12u3"},
    {"ssh.identification", "SSH-2.0-", "OpenSSH", "_3.8.1p1 Debian 1:3.8.1p1-4"},
    {"ssh.identification", "SSH-2.0-", "OpenSSH", "_7.2 FreeBSD-20160310"},
    {"ssh.identification", "SSH-2.0-", "OpenSSH", "_2.9 FreeBSD localisations 20011202"},
    {"ssh.identification", "SSH-2.0-", "OpenSSH", "_8.0 NetBSD_Secure_Shell-20190418"},
    {"ssh.identification", "SSH-2.0-", "OpenSSH", "_for_Windows_9.5"},
    {"ssh.identification", "SSH-2.0-", "OpenSSH", "_5.3p1-hpn13v7"},
    {"ssh.identification", "SSH-2.0-", "OpenSSH", ""},
    {"ssh.identification", "SSH-2.0-", "dropbear", "_2022.83"},
    {"ssh.identification", "SSH-2.0-", "dropbear", ""},
    {"ssh.identification", "SSH-2.0-", "libssh", "_0.9.6"},
    {"ssh.identification", "SSH-2.0-", "mod_sftp", "/0.9.9"},
    {"ssh.identification", "SSH-2.0-", "paramiko", "_2.12.0"},
    {"ssh.identification", "SSH-2.0-", "Cisco", "-1.25"},
    {"ssh.identification", "SSH-2.0-", "ROSSSH", ""},
    {"ssh.identification", "SSH-2.0-", "AWS_SFTP", "_1.1"},
    {"ssh.identification", "SSH-2.0-", "Go", ""},
    {"http.server", "", "nginx", "/1.18.0 (Ubuntu)"},
    {"http.server", "", "nginx", "/1.18.0 (Debian)"},
    {"http.server", "", "nginx", "/1.25.1"},
    {"http.server", "", "nginx", ""},
    {"http.server", "", "Apache", "/2.4.52 (Ubuntu)"},
    {"http.server", "", "Apache", "/2.4.57 (Debian) PHP/8.2"},
    {"http.server", "", "Apache", "/2.4.57 (Raspbian)"},
    {"http.server", "", "Apache", "/2.4.6 (CentOS) OpenSSL/1.0.2k-fips"},
    {"http.server", "", "Apache", "/2.4.37 (Red Hat Enterprise Linux)"},
    {"http.server", "", "Apache", "/2.4.57 (Rocky Linux)"},
    {"http.server", "", "Apache", "/2.4.57 (AlmaLinux)"},
    {"http.server", "", "Apache", "/2.4.58 (Fedora Linux)"},
    {"http.server", "", "Apache", "/2.4.58 (Amazon Linux)"},
    {"http.server", "", "Apache", "/2.4.58 (FreeBSD)"},
    {"http.server", "", "Apache", "/2.4.58 (Win64) OpenSSL/3.1.3"},
    {"http.server", "", "Apache", "/2.4.58 mod_ssl/2.4.58"},
    {"http.server", "", "Apache", "/2.4"},
    {"http.server", "", "Apache", " (Unix)"},
    {"http.server", "", "Apache", ""},
    {"http.server", "", "Apache-Coyote", "/1.1"},
    {"http.server", "", "Apache Tomcat", "/9.0.43 (Ubuntu)"},
    {"http.server", "", "Microsoft-IIS", "/10.0"},
    {"http.server", "", "Microsoft-HTTPAPI", "/2.0"},
    {"http.server", "", "lighttpd", "/1.4.69"},
    {"http.server", "", "lighttpd", "/1.4.35-devel-5"},
    {"http.server", "", "lighttpd", ""},
    {"http.server", "", "openresty", "/1.21.4.1"},
    {"http.server", "", "Tengine", "/2.3.3"},
    {"http.server", "", "LiteSpeed", ""},
    {"http.server", "", "Caddy", ""},
    {"http.server", "", "Jetty", "(9.4.43.v20210629)"},
    {"http.server", "", "Jetty", "(12.0.5)"},
    {"http.server", "", "gunicorn", "/20.1.0"},
    {"http.server", "", "gunicorn", ""},
    {"http.server", "", "Werkzeug", "/2.2.2 Python/3.11.2"},
    {"http.server", "", "SimpleHTTP", "/0.6 Python/3.9.2+"},
    {"http.server", "", "BaseHTTP", "/0.6 Python/3.13.0rc1"},
    {"http.server", "", "nghttpd", " nghttp2/1.52.0"},
    {"http.server", "", "h2o", "/2.2.5"},
    {"http.server", "", "mini_httpd", "/1.30 26Oct2018"},
    {"http.server", "", "TwistedWeb", "/22.4.0"},
    {"http.server", "", "TornadoServer", "/6.2"},
    {"http.server", "", "CherryPy", "/18.8.0"},
    {"http.server", "Python/3.11 ", "aiohttp", "/3.8.4"},
    {"http.server", "", "uvicorn", ""},
    {"http.server", "", "Kestrel", ""},
    {"http.server", "", "envoy", ""},
    {"http.server", "", "awselb", "/2.0"},
    {"http.server", "", "AmazonS3", ""},
    {"http.server", "", "CloudFront", ""},
    {"http.server", "", "cloudflare", ""},
    {"redis.server_version", "", "", "8.0.1"},
    {"redis.version", "", "", "7.2.4"},
    {"redis.version", "", "", "7.2-rc1"},
    {"memcached.version", "", "", "1.6.18"},
    {"memcached.version", "", "", "1.6.18_1-g4d1b2c3"},
};

enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };

// What is done to a sample so that it is another one's: before, name, behind.
static const char *const misses[] = {
    "%sx%s%s", "%snot-%s%s", "%smy %s%s", "%s%sx%s", "%s%sshack%s", "%s%s-fork%s", "%s%s.%s", "%s(%s)%s", "x%s%s%s",
};

// Only the rule of that number, or all of them when it is behind the last.
static struct product_rules *rules_of(const struct products *products, size_t rule)
{
    static struct catalogue catalogue;
    bool one = rule < products->storage.product_count;
    catalogue = (struct catalogue){.products = products->storage.products + (one ? rule : 0),
                                   .product_count = one ? 1 : products->storage.product_count};
    struct product_rules *rules = product_rules_new(&catalogue, products->strings.bytes, products->strings.length);
    cr_assert_not_null(rules);
    return rules;
}

static bool rules_match(const struct product_rules *rules, const char *field, const char *text)
{
    struct observation observation;
    observation_init(&observation);
    learn_word(&observation, field_find(field), text);
    product_learn(rules, &observation);
    bool matched = observation_has(&observation, PART_product);
    observation_fini(&observation);
    return matched;
}

static void sample_write(const struct sample *sample, char ret_text[static TEXT_MAX])
{
    snprintf(ret_text, TEXT_MAX, "%s%s%s", sample->before, sample->name, sample->behind);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void miss_write(const struct sample *sample, size_t miss, char ret_text[static TEXT_MAX])
{
    snprintf(ret_text, TEXT_MAX, misses[miss], sample->before, sample->name, sample->behind);
}
#pragma GCC diagnostic pop

// Those of other protocols have their samples in test_services.c, those of components in test_components.c.
static bool rule_is_ours(const struct products *products, size_t rule)
{
    if (products->storage.products[rule].component != 0)
        return false;
    const char *field = products->strings.bytes + products->storage.products[rule].field;
    return strncmp(field, "ssh.", 4) == 0 || strncmp(field, "http.", 5) == 0;
}

Test(product, every_rule_names_what_it_is_for)
{
    struct products products;
    products_init(&products);
    for (size_t rule = 0; rule < products.storage.product_count; rule++) {
        if (!rule_is_ours(&products, rule))
            continue;
        struct product_rules *rules = rules_of(&products, rule);
        size_t matched = 0;
        for (size_t i = 0; i < SAMPLES; i++) {
            char text[TEXT_MAX];
            sample_write(&samples[i], text);
            matched += rules_match(rules, samples[i].field, text) ? 1 : 0;
        }
        cr_assert_gt(matched, 0, "%s", products.strings.bytes + products.storage.products[rule].pattern);
        product_rules_free(rules);
    }
    products_fini(&products);
}

Test(product, every_sample_is_named)
{
    struct products products;
    products_init(&products);
    struct product_rules *rules = rules_of(&products, SIZE_MAX);
    for (size_t i = 0; i < SAMPLES; i++) {
        char text[TEXT_MAX];
        sample_write(&samples[i], text);
        cr_assert(rules_match(rules, samples[i].field, text), "%s", text);
    }
    product_rules_free(rules);
    products_fini(&products);
}

Test(product, no_rule_names_what_only_looks_like_it)
{
    struct products products;
    products_init(&products);
    struct product_rules *rules = rules_of(&products, SIZE_MAX);
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t miss = 0; miss < sizeof(misses) / sizeof(misses[0]); miss++) {
            char text[TEXT_MAX];
            miss_write(&samples[i], miss, text);
            cr_expect_not(rules_match(rules, samples[i].field, text), "%s", text);
        }
    product_rules_free(rules);
    products_fini(&products);
}

Test(product, names_of_other_software_are_not_taken_for_ours)
{
    static const char *const others[] = {"Caddyshack",     "lighttpd-fork/1.0", "Apache Traffic Server",
                                         "ApacheTomcat/9", "nginx-clone",       "Kestrelx",
                                         "envoyage",       "Apache/x"};
    struct products products;
    products_init(&products);
    struct product_rules *rules = rules_of(&products, SIZE_MAX);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        cr_expect_not(rules_match(rules, "http.server", others[i]), "%s", others[i]);
    product_rules_free(rules);
    products_fini(&products);
}

Test(product, a_tomcat_is_no_httpd)
{
    struct products products;
    struct observation observation;
    products_init(&products);
    struct product_rules *rules = rules_of(&products, SIZE_MAX);
    observation_init(&observation);
    learn_word(&observation, FIELD(http, server), "Apache Tomcat/9.0.43 (Debian)");
    product_learn(rules, &observation);
    cr_assert(text_is(&observation.product->name, "tomcat"));
    cr_assert(text_is(&observation.product->version, "9.0.43"));
    observation_fini(&observation);
    product_rules_free(rules);
    products_fini(&products);
}
