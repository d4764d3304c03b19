// SPDX-License-Identifier: BSD-3-Clause
// What a banner names beside the server: each module for what it is, each once, and nothing that only looks like one.
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "control/classify/product.h"
#include "tests/unit/classify/products.h"

enum { TEXT_MAX = 1024 };

// What stands on a web server's page: the Server line, and X-Powered-By or NULL.
struct sample {
    const char *server;
    const char *powered_by;
    const char *product;    // "vendor:name version distribution", "" when none is recognised
    const char *components; // likewise, each with a semicolon behind it
};

static const struct sample samples[] = {
    {"Apache/2.4.6 (CentOS) OpenSSL/1.0.2k-fips PHP/5.4.16 mod_wsgi/3.4 Python/2.7.5", NULL,
     "apache:http_server 2.4.6 centos",
     "openssl:openssl 1.0.2k centos;php:php 5.4.16 centos;modwsgi:mod_wsgi 3.4 centos;python:python 2.7.5 centos;"},
    {"Apache/2.2.22 (Debian) DAV/2 SVN/1.6.17 PHP/5.4.45-0+deb7u14 mod_ssl/2.2.22 OpenSSL/1.0.1t mod_perl/2.0.7 "
     "Perl/v5.14.2",
     NULL, "apache:http_server 2.2.22 debian",
     "openssl:openssl 1.0.1t debian;php:php 5.4.45 debian;apache:mod_perl 2.0.7 debian;perl:perl 5.14.2 debian;"
     "apache:subversion 1.6.17 debian;"},
    {"Apache/2.4.58 (Win64) OpenSSL/3.1.3 PHP/8.2.12", "PHP/8.2.12", "apache:http_server 2.4.58",
     "openssl:openssl 3.1.3;php:php 8.2.12;"},
    {"Apache/2.4.29 (Unix) LibreSSL/2.2.7 mod_fcgid/2.3.9 mod_jk/1.2.40 mod_python/3.3.1 Phusion_Passenger/5.0.15",
     NULL, "apache:http_server 2.4.29",
     "openbsd:libressl 2.2.7;apache:mod_python 3.3.1;apache:tomcat_jk_connector 1.2.40;apache:mod_fcgid 2.3.9;"
     "phusion:passenger 5.0.15;"},
    {"Apache/2.4.57 (Unix) wolfSSL/5.6.3", NULL, "apache:http_server 2.4.57", "wolfssl:wolfssl 5.6.3;"},
    {"nginx/1.18.0 (Ubuntu)", "PHP/7.4.3-4ubuntu2.18", "f5:nginx 1.18.0 ubuntu", "php:php 7.4.3 ubuntu;"},
    // Of another packager than the server.
    {"nginx/1.22.1", "PHP/8.2.7-1+deb12u1", "f5:nginx 1.22.1", "php:php 8.2.7 debian;"},
    {"nginx", "PHP/5.6.40", "f5:nginx", "php:php 5.6.40;"},
    {"nginx", "PHP/8.1.2-1", "f5:nginx", "php:php 8.1.2;"},
    {"Apache/2.4.52 (Ubuntu) PHP/8.1.2-1ubuntu2.14", "PHP/8.1.2-1ubuntu2.14", "apache:http_server 2.4.52 ubuntu",
     "php:php 8.1.2 ubuntu;"},
    {"Apache/2.4.10 (Debian) PHP/5.6.40-0+deb8u12", NULL, "apache:http_server 2.4.10 debian", "php:php 5.6.40 debian;"},
    {"Werkzeug/2.2.2 Python/3.11.2", NULL, "palletsprojects:werkzeug 2.2.2", "python:python 3.11.2;"},
    {"WEBrick/1.4.2 (Ruby/2.5.1/2018-03-29)", NULL, "", "ruby-lang:ruby 2.5.1;"},
    {"cloudflare", "Express", "cloudflare:cloudflare", "openjsf:express;"},
    {"Microsoft-IIS/10.0", "ASP.NET", "microsoft:internet_information_services 10.0 windows", "microsoft:asp.net;"},
    // The product itself is no component of its own.
    {"SimpleHTTP/0.6 Python/3.9.2", NULL, "python:python 3.9.2", ""},
    // What is no release, no version, or somebody else's.
    {"nginx", "PHP/8.3.0RC1", "f5:nginx", ""},
    {"nginx", "PHP/8.4.0-dev", "f5:nginx", ""},
    {"nginx", "PHP", "f5:nginx", ""},
    {"nginx", "myPHP/5.6.40", "f5:nginx", ""},
    {"nginx", "Expression", "f5:nginx", ""},
    {"Apache/2.4.57 notOpenSSL/1.0.1 OpenSSL/x xmod_perl/2.0 Python3/3.9", NULL, "apache:http_server 2.4.57", ""},
};

enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };

static void word_add(char text[static TEXT_MAX], const char *before, bool known, const struct text *word)
{
    size_t used = strlen(text);
    if (known)
        snprintf(text + used, TEXT_MAX - used, "%s%.*s", before, (int)word->length, word->data);
}

static void sample_learn(const struct sample *sample, const struct product_rules *rules,
                         struct observation *observation)
{
    observation_init(observation);
    learn_word(observation, FIELD(root, service), "http");
    learn_word(observation, FIELD(http, server), sample->server);
    if (sample->powered_by != NULL)
        learn_word(observation, FIELD(http, powered_by), sample->powered_by);
    product_learn(rules, observation);
}

Test(components, each_module_is_named_for_what_it_is)
{
    struct products products;
    products_init(&products);
    const struct catalogue catalogue = {.products = products.storage.products,
                                        .product_count = products.storage.product_count};
    struct product_rules *rules = product_rules_new(&catalogue, products.strings.bytes, products.strings.length);
    for (size_t i = 0; i < SAMPLES; i++) {
        struct observation observation;
        char text[TEXT_MAX] = "";
        sample_learn(&samples[i], rules, &observation);
        const struct product_observation *product = observation.product;
        if (product != NULL) {
            word_add(text, "", product->known.vendor, &product->vendor);
            word_add(text, ":", product->known.name, &product->name);
            word_add(text, " ", product->known.version, &product->version);
            word_add(text, " ", product->known.distribution, &product->distribution);
        }
        cr_expect_str_eq(text, samples[i].product, "%s: %s", samples[i].server, text);
        text[0] = '\0';
        const struct rows *rows = &observation.root->components;
        for (uint32_t k = 0; k < rows->count; k++) {
            const struct component_observation *row = &((const struct component_observation *)rows->items)[k];
            word_add(text, "", row->known.vendor, &row->vendor);
            word_add(text, ":", row->known.name, &row->name);
            word_add(text, " ", row->known.version, &row->version);
            word_add(text, " ", row->known.distribution, &row->distribution);
            strcat(text, ";");
        }
        cr_expect_str_eq(text, samples[i].components, "%s: %s", samples[i].server, text);
        observation_fini(&observation);
    }
    product_rules_free(rules);
    products_fini(&products);
}

Test(components, every_rule_has_a_sample)
{
    struct products products;
    products_init(&products);
    for (size_t rule = 0; rule < products.storage.product_count; rule++) {
        const struct catalogue catalogue = {.products = &products.storage.products[rule], .product_count = 1};
        size_t matched = 0;
        if (catalogue.products->component == 0)
            continue;
        struct product_rules *rules = product_rules_new(&catalogue, products.strings.bytes, products.strings.length);
        for (size_t i = 0; i < SAMPLES; i++) {
            struct observation observation;
            sample_learn(&samples[i], rules, &observation);
            matched += observation.root->components.count;
            observation_fini(&observation);
        }
        cr_expect_gt(matched, 0, "%s", products.strings.bytes + catalogue.products->pattern);
        product_rules_free(rules);
    }
    products_fini(&products);
}
