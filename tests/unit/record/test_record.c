// SPDX-License-Identifier: BSD-3-Clause
// Records: what is written, and what is refused when it is read. tests/property/records.c has the rest.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <jansson.h>

#include "control/record/record.h"

static char storage[RECORD_BYTES_MAX];

static json_t *written(const struct observation *observation)
{
    struct writer writer;
    json_error_t error;
    writer_init(&writer, storage, sizeof(storage));
    cr_assert_eq(record_write(observation, &writer), 0);
    cr_assert_eq(writer.data[writer.length - 1], '\n');
    json_t *read = json_loadb(writer.data, writer.length, JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(read, "%s", error.text);
    return read;
}

Test(record, what_was_not_learnt_is_absent_and_what_was_is_there_if_it_is_false_or_0_or_empty)
{
    struct observation observation;
    observation_init(&observation);
    learn_constant(&observation, FIELD(root, service), "ssh");
    learn_word(&observation, FIELD(ssh, identification), "SSH-2.0-x");
    json_t *record = written(&observation);
    const json_t *ssh = json_object_get(record, "ssh");
    cr_assert_eq(json_object_size(ssh), 1, "a conversation that ended at the identification");
    cr_assert_null(json_object_get(ssh, "no_authentication"));
    cr_assert_null(json_object_get(record, "tls"));
    json_decref(record);
    learn_flag(&observation, FIELD(ssh, no_authentication), false);
    learn_list(&observation, FIELD(ssh, methods));
    learn_number(&observation, FIELD(tls, not_before), 0);
    learn_number(&observation, FIELD(tls, chain_length), 0);
    learn_word(&observation, FIELD(http, title), "");
    record = written(&observation);
    ssh = json_object_get(record, "ssh");
    cr_assert(json_is_false(json_object_get(ssh, "no_authentication")));
    cr_assert_eq(json_array_size(json_object_get(ssh, "methods")), 0);
    cr_assert(json_is_array(json_object_get(ssh, "methods")));
    cr_assert_str_eq(json_string_value(json_object_get(json_object_get(record, "tls"), "not_before")),
                     "1970-01-01T00:00:00Z");
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(record, "tls"), "chain_length")), 0);
    cr_assert_str_eq(json_string_value(json_object_get(json_object_get(record, "http"), "title")), "");
    cr_assert_null(json_object_get(json_object_get(record, "tls"), "self_signed"));
    json_decref(record);
    observation_fini(&observation);
}

Test(record, names_stay_whole_and_what_did_not_fit_is_said)
{
    struct observation observation;
    char names[5000];
    observation_init(&observation);
    for (size_t i = 0; i < sizeof(names); i++)
        names[i] = i % 100 == 99 ? ',' : 'n';
    learn_names(&observation, FIELD(ssh, ciphers), names, sizeof(names), ',');
    learn_names(&observation, FIELD(ssh, macs), "a,b,,c", 6, ',');
    learn_text(&observation, FIELD(ssh, software), names, 256);
    json_t *record = written(&observation);
    const json_t *ssh = json_object_get(record, "ssh");
    const json_t *ciphers = json_object_get(ssh, "ciphers");
    cr_assert_eq(json_array_size(ciphers), 20);
    for (size_t i = 0; i < json_array_size(ciphers); i++)
        cr_assert_eq(json_string_length(json_array_get(ciphers, i)), 99);
    cr_assert_eq(json_array_size(json_object_get(ssh, "macs")), 3);
    const json_t *truncated = json_object_get(ssh, "truncated");
    cr_assert_eq(json_array_size(truncated), 2);
    cr_assert_str_eq(json_string_value(json_array_get(truncated, 0)), "software");
    cr_assert_str_eq(json_string_value(json_array_get(truncated, 1)), "ciphers");
    json_decref(record);
    observation_fini(&observation);
}

// Everything that a host can make us keep, in bytes that cost most when they are escaped.
static void worst_case(struct observation *observation)
{
    char bytes[8192];
    memset(bytes, 1, sizeof(bytes));
    observation_init(observation);
    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < PART_COUNT; i++) {
            for (size_t j = 0; j < parts[i]->field_count; j++) {
                const struct field *field = &parts[i]->fields[j];
                if (field->kind == FIELD_TEXT)
                    learn_text(observation, field, bytes, sizeof(bytes));
                for (int name = 0; field->kind == FIELD_LIST && name < 4096; name++)
                    learn_name(observation, field, bytes, round == 0 ? 1 : 64);
            }
        }
    }
}

// A field that is learnt again is what came last, whole or cut off.
Test(record, what_is_learnt_again_stands_for_itself)
{
    struct observation observation;
    char name[600];
    observation_init(&observation);
    memset(name, 'n', sizeof(name));
    learn_text(&observation, FIELD(ssh, software), name, sizeof(name));
    cr_assert(observation.ssh->cut.software);
    learn_word(&observation, FIELD(ssh, software), "short");
    cr_assert(observation.ssh->known.software);
    cr_assert_not(observation.ssh->cut.software);
    while (!observation.http || !observation.http->cut.location)
        learn_text(&observation, FIELD(http, location), name, 500);
    // Of what did not fit any more, nothing earlier stands in its place.
    cr_assert_not(observation.http->known.location);
    cr_assert_eq(observation.http->location.length, 0);
    observation_fini(&observation);
}

// However many names a host has, there is room for what is learnt of it afterwards.
Test(record, lists_without_end_leave_room_for_the_rest)
{
    static const struct field *const lists[] = {FIELD(ssh, kex_algorithms),
                                                FIELD(ssh, host_key_algorithms),
                                                FIELD(ssh, ciphers),
                                                FIELD(ssh, ciphers_to_server),
                                                FIELD(ssh, macs),
                                                FIELD(ssh, macs_to_server),
                                                FIELD(ssh, compression_to_server),
                                                FIELD(ssh, compression),
                                                FIELD(ssh, languages_to_server),
                                                FIELD(ssh, languages),
                                                FIELD(ssh, extensions),
                                                FIELD(ssh, server_sig_algs)};
    struct observation observation;
    char names[20000];
    observation_init(&observation);
    for (size_t letters = 1; letters < 40; letters++) {
        for (size_t i = 0; i < sizeof(names); i++)
            names[i] = i % (letters + 1) == letters ? ',' : 'n';
        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
            learn_names(&observation, lists[i], names, sizeof(names), ',');
        learn_text(&observation, FIELD(ssh, preamble), names, sizeof(names));
        learn_text(&observation, FIELD(ssh, auth_banner), names, sizeof(names));
        learn_word(&observation, FIELD(ssh, host_key_sha256), "SHA256");
        learn_names(&observation, FIELD(ssh, methods), "publickey,password", 18, ',');
        cr_expect(observation.ssh->known.host_key_sha256, "%zu", letters);
        cr_expect(observation.ssh->cut.ciphers, "%zu", letters);
        cr_expect_geq(observation.ssh->ciphers.count, 2048 / (letters + 1) < 128 ? 2048 / (letters + 1) : 128);
        cr_expect(list_has(&observation.ssh->methods, "password"), "%zu", letters);
        observation_reset(&observation);
    }
    for (size_t i = 0; i < 20000; i++)
        learn_name(&observation, FIELD(tls, sans), "a", 1);
    learn_word(&observation, FIELD(tls, sha256), "0123");
    cr_expect(observation.tls->known.sha256);
    cr_expect(observation.tls->cut.sans);
    cr_expect_lt(observation.arena.taken, 16 << 10);
    observation_fini(&observation);
}

Test(record, the_worst_that_a_host_can_send_fits_and_parses)
{
    struct observation observation;
    struct writer writer;
    worst_case(&observation);
    cr_assert_leq(observation.arena.taken, ARENA_BYTES_MAX);
    learn_number(&observation, FIELD(root, port), 65535);
    json_decref(written(&observation));
    writer_init(&writer, storage, sizeof(storage));
    cr_assert_eq(record_write(&observation, &writer), 0);
    cr_assert_lt(writer.length, RECORD_BYTES_MAX / 4 * 3, "%zu", writer.length);
    // Every smaller room refuses it, whole.
    for (size_t room = 0; room < writer.length; room += 997) {
        struct writer small;
        static char other[RECORD_BYTES_MAX];
        writer_init(&small, other, room);
        cr_assert_eq(record_write(&observation, &small), -ENOSPC);
        cr_assert(small.length == 0 && !small.full);
    }
    observation_fini(&observation);
}

Test(record, its_key_is_read_back_and_from_no_prefix_of_it)
{
    struct observation observation;
    struct writer writer;
    uint32_t address = 0;
    uint16_t port = 0;
    enum outcome outcome;
    observation_init(&observation);
    learn_number(&observation, FIELD(root, schema), RECORD_SCHEMA);
    learn_constant(&observation, FIELD(root, scan), "a \"quoted\\ scan");
    learn_number(&observation, FIELD(root, time), INT64_C(1700000000000));
    learn_address(&observation, FIELD(root, ip), address_v4(0x0a0102fe));
    learn_number(&observation, FIELD(root, port), 8443);
    learn_constant(&observation, FIELD(root, outcome), outcome_names[OUTCOME_RESET]);
    writer_init(&writer, storage, sizeof(storage));
    cr_assert_eq(record_write(&observation, &writer), 0);
    cr_assert(record_read_key(writer.data, writer.length - 1, &address, &port));
    cr_assert_eq(address, 0x0a0102fe);
    cr_assert_eq(port, 8443);
    cr_assert(record_read_outcome(writer.data, writer.length - 1, &outcome));
    cr_assert_eq(outcome, OUTCOME_RESET);
    for (size_t length = 0; length < writer.length - 1; length++)
        cr_assert_not(record_read_key(writer.data, length, &address, &port) && writer.data[length - 1] != '}', "%zu",
                      length);
    cr_assert_not(record_read_key("{\"schema\":1,\"scan\":\"x\\", 23, &address, &port));
    observation_fini(&observation);
}

static int read_text(const char *text, struct observation *observation, size_t *ret_unknown, struct record_fault *fault)
{
    snprintf(storage, sizeof(storage), "%s", text);
    observation_init(observation);
    return record_read(storage, strlen(storage), observation, ret_unknown, fault);
}

Test(record, what_is_no_record_is_refused_with_its_place)
{
    static const struct {
        const char *line;
        int error;
        const char *what;
        size_t at;
    } rows[] = {
        {"", -EINVAL, "no object where a record belongs", 0},
        {"[]", -EINVAL, "no object where a record belongs", 0},
        {"{}", -EINVAL, "no schema: this is no record", 2},
        {"{\"schema\":1}", -EPROTO, NULL, 0},
        {"{\"schema\":3,\"port\":\"x\"}", -EPROTO, NULL, 0},
        {"{\"schema\":2} x", -EINVAL, "something behind the record", 13},
        {"{\"schema\":2", -EINVAL, "a comma or a closing bracket is missing", 11},
        {"{\"schema\":2,}", -EINVAL, "no text where one belongs", 12},
        {"{\"schema\":2,\"port\":\"x\"}", -EINVAL, "no number where one belongs", 19},
        {"{\"schema\":2,\"port\":1.5}", -EINVAL, "a fraction where a whole number belongs", 20},
        {"{\"schema\":2,\"port\":99999999999999999999}", -EINVAL, "a number beyond 64 bits", 37},
        {"{\"schema\":2,\"rtt_ms\":9223372036854775.999}", -EINVAL, "a number beyond 64 bits", 37},
        {"{\"schema\":2,\"port\":1,\"port\":2}", -EINVAL, "a field that stands there twice", 28},
        {"{\"schema\":2,\"ssh\":3}", -EINVAL, "no object where one belongs", 18},
        {"{\"schema\":2,\"ssh\":{\"methods\":\"x\"}}", -EINVAL, "no array where one belongs", 29},
        {"{\"schema\":2,\"ssh\":{\"no_authentication\":0}}", -EINVAL, "neither true nor false", 39},
        {"{\"schema\":2,\"ip\":\"1.2.3\"}", -EINVAL, "no address where one belongs", 24},
        {"{\"schema\":2,\"time\":\"2026-13-01T00:00:00.000Z\"}", -EINVAL, "no time where one belongs", 45},
        {"{\"schema\":2,\"service\":\"a\\q\"}", -EINVAL, "an unknown escape", 26},
        {"{\"schema\":2,\"service\":\"a\\ud800\"}", -EINVAL, "half a surrogate pair", 30},
        {"{\"schema\":2,\"service\":\"a", -EINVAL, "a text that does not end", 24},
        {"{\"schema\":2,\"service\":\"a\tb\"}", -EINVAL, "a control character in a text", 25},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct observation observation;
        struct record_fault fault = {0};
        cr_expect_eq(read_text(rows[i].line, &observation, NULL, &fault), rows[i].error, "%s", rows[i].line);
        if (rows[i].what != NULL) {
            cr_expect_str_eq(fault.what, rows[i].what, "%s: %s", rows[i].line, fault.what);
            cr_expect_eq(fault.at, rows[i].at, "%s: %zu", rows[i].line, fault.at);
        }
        observation_fini(&observation);
    }
}

Test(record, keys_of_no_field_are_passed_over_and_counted)
{
    struct observation observation;
    size_t unknown = 0;
    cr_assert_eq(read_text(" { \"schema\" : 2 , \"x\":{\"y\":[1,{\"z\":[]},\"}\",null],\"w\":{}},\"port\":7,"
                           "\"ssh\":{\"later\":[[]],\"software\":\"a\\u00e9\\ud83d\\ude00\\/\"},\"tunnel\":null} ",
                           &observation, &unknown, NULL),
                 0);
    cr_assert_eq(unknown, 2);
    cr_assert_eq(observation.root->port, 7);
    cr_assert_not(observation.root->known.tunnel);
    cr_assert(text_is(&observation.ssh->software, "a\xc3\xa9\xf0\x9f\x98\x80/"));
    observation_fini(&observation);
    char deep[200] = "{\"schema\":2,\"x\":";
    memset(deep + strlen(deep), '[', 100);
    cr_assert_eq(read_text(deep, &observation, NULL, NULL), -EINVAL);
    observation_fini(&observation);
}

Test(record, every_field_is_documented_and_named_once)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        for (size_t j = 0; j < parts[i]->field_count; j++) {
            const struct field *field = &parts[i]->fields[j];
            char path[64];
            cr_assert_lt(field_path(field, path, sizeof(path)), sizeof(path));
            cr_assert_gt(strlen(field->help), 8, "%s", path);
            cr_assert_eq(field_find(path), field, "%s is there twice", path);
            cr_assert_str_neq(field->name, record_truncated);
            cr_assert_null(strpbrk(field->name, ".\"\\ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "%s", path);
            for (size_t k = 1; i == PART_root && k < PART_COUNT; k++)
                cr_assert_str_neq(field->name, parts[k]->name, "a field and an object");
        }
    }
}
