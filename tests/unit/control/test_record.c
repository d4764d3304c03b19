// SPDX-License-Identifier: BSD-3-Clause
// Records and their JSON, with every output read back by jansson; and classification.
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <jansson.h>

#include "config/image/catalogue.h"
#include "control/classify/classify.h"
#include "control/store/counters.h"
#include "control/record/record.h"

static char storage[RECORD_BYTES_MAX];

static json_t *string_through(const void *bytes, size_t length)
{
    struct json json;
    json_error_t error;
    json_init(&json, storage, sizeof(storage));
    json_open(&json, NULL, '{');
    json_text(&json, "s", bytes, length);
    json_close(&json, '}');
    cr_assert_not(json.full);
    for (size_t i = 0; i < json.length; i++)
        cr_assert((unsigned char)json.data[i] >= 0x20 && json.data[i] != 0x7f, "no control character leaves");
    json_t *object = json_loadb(json.data, json.length, 0, &error);
    cr_assert_not_null(object, "%s: %.*s", error.text, (int)json.length, json.data);
    json_t *value = json_incref(json_object_get(object, "s"));
    json_decref(object);
    return value;
}

Test(json, every_byte_alone_comes_out_as_valid_utf8)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        unsigned char c = (unsigned char)byte;
        json_t *value = string_through(&c, 1);
        if (byte > 0 && byte < 128) {
            cr_assert_eq(json_string_length(value), 1);
            cr_assert_eq((unsigned char)json_string_value(value)[0], byte);
        } else {
            cr_assert_str_eq(json_string_value(value), "\xef\xbf\xbd");
        }
        json_decref(value);
    }
}

Test(json, well_formed_utf8_stays_and_ill_formed_is_replaced)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                                 // overlong
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                 // surrogate
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, // above U+10FFFF
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},                                 // cut short
        {"\xe2\x82"
         "A",
         "\xef\xbf\xbd\xef\xbf\xbd"
         "A"},
        {"\xc2\x9b"
         "31m",
         "\xc2\x9b"
         "31m"}, // a C1 control, escaped on the way
        {"\x1b[31m\"\\", "\x1b[31m\"\\"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *value = string_through(rows[i].in, strlen(rows[i].in));
        cr_assert_str_eq(json_string_value(value), rows[i].out, "row %zu", i);
        json_decref(value);
    }
    json_t *value = string_through("\xc2\x9b", 2);
    cr_assert_not_null(strstr(storage, "\\u009b"));
    json_decref(value);
}

Test(json, random_bytes_always_parse)
{
    srand(9);
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[64];
        size_t length = (size_t)rand() % sizeof(bytes);
        for (size_t i = 0; i < length; i++)
            bytes[i] = (uint8_t)(rand() % 2 ? rand() : 0xc0 | (rand() & 0x3f));
        json_decref(string_through(bytes, length));
    }
}

Test(json, times_are_those_of_the_calendar)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {{0, "1970-01-01T00:00:00Z"},
                {951782400, "2000-02-29T00:00:00Z"},
                {-1, "1969-12-31T23:59:59Z"},
                {4107542399, "2100-02-28T23:59:59Z"},
                {253402300799, "9999-12-31T23:59:59Z"},
                {-62167219200, "0000-01-01T00:00:00Z"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json json;
        json_init(&json, storage, sizeof(storage));
        json_time(&json, NULL, rows[i].seconds, -1);
        cr_assert_eq(json.length, strlen(rows[i].text) + 2);
        cr_assert_arr_eq(json.data + 1, rows[i].text, strlen(rows[i].text));
    }
    struct json json;
    json_init(&json, storage, sizeof(storage));
    json_time(&json, NULL, INT64_MAX, -1);
    json_time(&json, NULL, INT64_MIN, -1);
    cr_assert_eq(json.length, 0);
}

// Fills with bytes that cost most when they are escaped, and a NUL at the end of each array.
#define WORST(array) (memset((array), 1, sizeof(array)), (array)[sizeof(array) - 1] = '\0')

static void worst_case(struct ssh_observation *ssh, struct tls_observation *tls, struct http_observation *http,
                       struct product *product)
{
    memset(ssh, 1, sizeof(*ssh));
    memset(tls, 1, sizeof(*tls));
    memset(http, 1, sizeof(*http));
    memset(product, 1, sizeof(*product));
    WORST(ssh->methods);
    WORST(ssh->ciphers);
    ssh->host_key_verified = ssh->methods_known = ssh->no_authentication = true;
    tls->certificate_present = tls->self_signed = tls->handshake_complete = true;
    for (size_t i = 0; i + 1 < sizeof(ssh->kex_algorithms); i += 2)
        ssh->kex_algorithms[i] = ',';
}

Test(record, the_worst_that_a_host_can_send_fits_and_parses)
{
    struct ssh_observation ssh;
    struct tls_observation tls;
    struct http_observation http;
    struct product product;
    uint8_t banner[254];
    struct json json;
    json_error_t error;
    worst_case(&ssh, &tls, &http, &product);
    memset(banner, 0, sizeof(banner));
    struct record record = {.schema = 1,
                            .scan = "scan",
                            .provider = "p",
                            .cloud_service = "c",
                            .region = "r",
                            .service = "ssh",
                            .banner = banner,
                            .banner_length = sizeof(banner),
                            .product = &product,
                            .ssh = &ssh,
                            .tls = &tls,
                            .http = &http,
                            .suspect = 255,
                            .address = UINT32_MAX,
                            .port = 65535,
                            .rtt_us = UINT32_MAX,
                            .time_ns = 1};
    json_init(&json, storage, sizeof(storage));
    cr_assert_eq(record_write(&record, &json), 0);
    json_t *read = json_loadb(json.data, json.length, 0, &error);
    cr_assert_not_null(read, "%s", error.text);
    json_decref(read);
    // Every smaller room refuses it, whole.
    for (size_t room = 0; room < json.length; room += 97) {
        struct json small;
        static char other[RECORD_BYTES_MAX];
        json_init(&small, other, room);
        cr_assert_eq(record_write(&record, &small), -28);
        cr_assert(small.length == 0 && !small.full);
    }
}

Test(record, its_key_is_read_back_and_from_no_prefix_of_it)
{
    struct record record = {.schema = 1,
                            .scan = "a \"quoted\\ scan",
                            .provider = "",
                            .cloud_service = "",
                            .region = "",
                            .service = "",
                            .address = 0x0a0102fe,
                            .port = 8443,
                            .time_ns = 1700000000000000000};
    struct json json;
    uint32_t address = 0;
    uint16_t port = 0;
    json_init(&json, storage, sizeof(storage));
    cr_assert_eq(record_write(&record, &json), 0);
    cr_assert(record_read_key(json.data, json.length - 1, &address, &port));
    cr_assert_eq(address, 0x0a0102fe);
    cr_assert_eq(port, 8443);
    for (size_t length = 0; length < json.length - 1; length++)
        cr_assert_not(record_read_key(json.data, length, &address, &port) && json.data[length - 1] != '}', "%zu",
                      length);
    cr_assert_not(record_read_key("{\"schema\":1,\"scan\":\"x\\", 23, &address, &port));
}

Test(record, every_field_is_documented_and_named_once_and_objects_stand_together)
{
    char open[64] = "";
    json_t *closed = json_object();
    for (size_t i = 0; i < record_field_count; i++) {
        const struct record_field *field = &record_fields[i];
        char part[64] = "";
        const char *dot = strchr(field->name, '.');
        cr_assert_gt(strlen(field->help), 8, "%s", field->name);
        for (size_t j = 0; j < i; j++)
            cr_assert_str_neq(field->name, record_fields[j].name);
        memcpy(part, field->name, dot == NULL ? 0 : (size_t)(dot - field->name));
        if (strcmp(part, open) != 0) {
            cr_assert_null(json_object_get(closed, part), "%s is torn apart", part);
            if (open[0] != '\0')
                json_object_set_new(closed, open, json_true());
            strcpy(open, part);
        }
    }
    for (size_t i = 0; i < CONTROL_COUNTER_COUNT; i++) {
        cr_assert_gt(strlen(control_counter_help[i]), 8);
        for (size_t j = 0; j < i; j++)
            cr_assert_str_neq(control_counter_names[i], control_counter_names[j]);
    }
    json_decref(closed);
}

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
