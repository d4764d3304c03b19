// SPDX-License-Identifier: BSD-3-Clause
// Records, with every output read back by jansson.
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <jansson.h>

#include "control/record/record.h"

static char storage[RECORD_BYTES_MAX];

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
    json_decref(closed);
}
