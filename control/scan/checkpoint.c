// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "control/scan/folder.h"

enum { CHECKPOINT_SCHEMA = 4 };

static int digest(const void *data, size_t bytes, char ret_hex[static CHECKPOINT_DIGEST_BYTES])
{
    uint8_t binary[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (EVP_Digest(data, bytes, binary, &length, EVP_sha256(), NULL) != 1)
        return -ENOMEM;
    for (unsigned int i = 0; i < 32; i++)
        snprintf(ret_hex + 2 * i, 3, "%02x", binary[i]);
    return 0;
}

// Of all that tells which ports are asked of which address.
static int ports_digest(const struct plan *plan, char ret_hex[static CHECKPOINT_DIGEST_BYTES])
{
    const struct listed listed = plan->listed;
    if (listed.count == 0)
        return digest(plan->ports, plan->port_count * sizeof(plan->ports[0]), ret_hex);
    char parts[3 * CHECKPOINT_DIGEST_BYTES];
    char *part[] = {parts, parts + CHECKPOINT_DIGEST_BYTES, parts + 2 * CHECKPOINT_DIGEST_BYTES};
    int error = digest(listed.items, listed.count * sizeof(listed.items[0]), part[0]);
    if (error == 0)
        error = digest(listed.ports, listed.port_count * sizeof(listed.ports[0]), part[1]);
    if (error == 0)
        error = digest(listed.common, LISTED_PORT_BYTES, part[2]);
    return error == 0 ? digest(parts, sizeof(parts), ret_hex) : error;
}

int checkpoint_describe(const struct plan *plan, struct checkpoint_sweep *ret_sweep)
{
    struct checkpoint_sweep sweep = {
        .seed = plan->seed,
        .first_position = plan->first_position,
        .end_position = plan->end_position,
        .segment_positions = plan_segment_positions(plan),
        .attempts = plan->attempts,
    };
    int error = digest(plan->addresses.items, plan->addresses.count * sizeof(struct interval), sweep.targets);
    if (error == 0)
        error = ports_digest(plan, sweep.ports);
    if (error == 0)
        *ret_sweep = sweep;
    return error;
}

int checkpoint_compare(const struct checkpoint_sweep *was, const struct checkpoint_sweep *is, char message[static 512])
{
    const char *what = strcmp(was->targets, is->targets) != 0
                           ? "its targets (or range files, or exclusions) are not the ones that were being scanned"
                       : strcmp(was->ports, is->ports) != 0        ? "its ports are not the ones that were being asked"
                       : was->seed != is->seed                     ? "its seed is another one"
                       : was->first_position != is->first_position ? "its shard or sample is another one"
                       : was->end_position != is->end_position     ? "its shard or sample is another one"
                       : was->segment_positions != is->segment_positions ? "its segments have another size"
                       : was->attempts != is->attempts                   ? "its attempts are not as many as they were"
                                                                         : NULL;
    if (what == NULL)
        return 0;
    snprintf(message, 512, "%s, so the scan cannot be resumed (start a new one)", what);
    return -EINVAL;
}

// Every field: how it is written and read. X(kind, JSON name, field)
#define CHECKPOINT_FIELDS(X)                                                                                           \
    X(text, "scan", scan)                                                                                              \
    X(text, "plan", plan)                                                                                              \
    X(text, "plan_sha256", plan_sha256)                                                                                \
    X(text, "intel", intel)                                                                                            \
    X(text, "targets_sha256", sweep.targets)                                                                           \
    X(text, "ports_sha256", sweep.ports)                                                                               \
    X(number, "seed", sweep.seed)                                                                                      \
    X(number, "first_position", sweep.first_position)                                                                  \
    X(number, "end_position", sweep.end_position)                                                                      \
    X(number, "segment_positions", sweep.segment_positions)                                                            \
    X(number, "attempts", sweep.attempts)                                                                              \
    X(number, "step", step)                                                                                            \
    X(number, "started_ns", started_ns)                                                                                \
    X(number, "active_ns", active_ns)                                                                                  \
    X(number, "resumes", resumes)                                                                                      \
    X(number, "rx_missed", rx_missed)                                                                                  \
    X(number, "rx_errors", rx_errors)                                                                                  \
    X(number, "rx_no_buffer", rx_no_buffer)                                                                            \
    X(number, "tx_errors", tx_errors)

static json_t *fields_json(const struct checkpoint *checkpoint)
{
    char key[2 * sizeof(checkpoint->cookie_key) + 1];
    for (size_t i = 0; i < sizeof(checkpoint->cookie_key); i++)
        snprintf(key + 2 * i, 3, "%02x", checkpoint->cookie_key[i]);
    json_t *object = json_object();
    json_object_set_new(object, "schema", json_integer(CHECKPOINT_SCHEMA));
#define text(name, field)    json_object_set_new(object, name, json_string(checkpoint->field));
#define number(name, field)  json_object_set_new(object, name, json_integer((json_int_t)checkpoint->field));
#define X(kind, name, field) kind(name, field)
    CHECKPOINT_FIELDS(X)
#undef X
#undef number
#undef text
    json_object_set_new(object, "complete", json_boolean(checkpoint->complete));
    json_object_set_new(object, "cookie_key", json_string(key));
    json_t *counters = json_object();
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        json_object_set_new(counters, dataplane_counter_names[i], json_integer((json_int_t)checkpoint->counters[i]));
    json_object_set_new(object, "counters", counters);
    json_t *control = json_object();
    for (size_t i = 0; i < CONTROL_COUNTER_COUNT; i++)
        json_object_set_new(control, control_counter_names[i], json_integer((json_int_t)checkpoint->control[i]));
    json_object_set_new(object, "control", control);
    return object;
}

// The digest of an object without its member "digest".
static int object_digest(const json_t *object, char ret_hex[static CHECKPOINT_DIGEST_BYTES])
{
    json_t *rest = json_copy((json_t *)(uintptr_t)object);
    json_object_del(rest, "digest");
    char *dumped = json_dumps(rest, JSON_COMPACT | JSON_SORT_KEYS);
    int error = dumped == NULL ? -ENOMEM : digest(dumped, strlen(dumped), ret_hex);
    free(dumped);
    json_decref(rest);
    return error;
}

static int file_write(int fd, const json_t *object)
{
    char *dumped = json_dumps(object, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    if (dumped == NULL)
        return -ENOMEM;
    size_t length = strlen(dumped);
    int error = write(fd, dumped, length) == (ssize_t)length ? 0 : errno != 0 ? -errno : -EIO;
    free(dumped);
    return error;
}

int checkpoint_write(int folder_fd, const struct checkpoint *checkpoint)
{
    char hex[CHECKPOINT_DIGEST_BYTES];
    json_t *object = fields_json(checkpoint);
    int error = object_digest(object, hex);
    int fd = -1;
    if (error != 0)
        goto out;
    json_object_set_new(object, "digest", json_string(hex));
    error = folder_file_new(folder_fd, CHECKPOINT_NAME ".part", 0600, &fd);
    if (error == 0)
        error = file_write(fd, object);
    if (error == 0)
        error = folder_file_settle(folder_fd, fd, CHECKPOINT_NAME ".part", CHECKPOINT_NAME);
out:
    if (fd >= 0)
        close(fd);
    json_decref(object);
    return error;
}

static bool text_take(const json_t *object, const char *name, char *ret_text, size_t bytes)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL && (size_t)snprintf(ret_text, bytes, "%s", text) < bytes;
}

static bool number_take(const json_t *object, const char *name, uint64_t *ret_number)
{
    const json_t *number = json_object_get(object, name);
    if (!json_is_integer(number) || json_integer_value(number) < 0)
        return false;
    *ret_number = (uint64_t)json_integer_value(number);
    return true;
}

static bool key_take(const json_t *object, uint8_t ret_key[static 16])
{
    char text[33];
    if (!text_take(object, "cookie_key", text, sizeof(text)) || strlen(text) != 32 ||
        strspn(text, "0123456789abcdef") != 32)
        return false;
    for (size_t i = 0; i < 16; i++) {
        char two[3] = {text[2 * i], text[2 * i + 1], '\0'};
        ret_key[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return true;
}

static bool fields_take(const json_t *object, struct checkpoint *checkpoint)
{
    bool whole = key_take(object, checkpoint->cookie_key);
#define text(name, field)    whole = whole && text_take(object, name, checkpoint->field, sizeof(checkpoint->field));
#define number(name, field)  whole = whole && number_take(object, name, &checkpoint->field);
#define X(kind, name, field) kind(name, field)
    CHECKPOINT_FIELDS(X)
#undef X
#undef number
#undef text
    const json_t *counters = json_object_get(object, "counters");
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        whole = whole && number_take(counters, dataplane_counter_names[i], &checkpoint->counters[i]);
    const json_t *control = json_object_get(object, "control");
    for (size_t i = 0; i < CONTROL_COUNTER_COUNT; i++)
        whole = whole && number_take(control, control_counter_names[i], &checkpoint->control[i]);
    checkpoint->complete = json_is_true(json_object_get(object, "complete"));
    return whole;
}

int checkpoint_read(int folder_fd, const char *folder, struct checkpoint *ret_checkpoint, char message[static 512])
{
    char path[512];
    char hex[CHECKPOINT_DIGEST_BYTES];
    json_error_t where;
    struct checkpoint checkpoint = {0};
    int fd = -1;
    snprintf(path, sizeof(path), "%.400s/" CHECKPOINT_NAME, folder);
    int error = folder_file_open(folder_fd, CHECKPOINT_NAME, false, &fd);
    if (error != 0) {
        if (error == -ENOENT)
            snprintf(message, 512, "%.400s holds no checkpoint: there is nothing to resume", folder);
        else
            snprintf(message, 512, "%.400s: %s", path, strerror(-error));
        return error;
    }
    json_t *object = json_loadfd(fd, JSON_REJECT_DUPLICATES, &where);
    close(fd);
    const char *digest_text = json_string_value(json_object_get(object, "digest"));
    uint64_t schema = 0;
    bool good = digest_text != NULL && object_digest(object, hex) == 0 && strcmp(hex, digest_text) == 0 &&
                number_take(object, "schema", &schema);
    if (!good || (schema == CHECKPOINT_SCHEMA && !fields_take(object, &checkpoint))) {
        snprintf(message, 512, "%.400s is damaged: it is no whole checkpoint", path);
        error = -EINVAL;
    } else if (schema != CHECKPOINT_SCHEMA) {
        snprintf(message, 512, "%.400s was written by another version of sonde", path);
        error = -EINVAL;
    }
    json_decref(object);
    if (error == 0)
        *ret_checkpoint = checkpoint;
    return error;
}
