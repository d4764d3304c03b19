// SPDX-License-Identifier: BSD-3-Clause
// AMQP (0-9-1, 2.2.4 and 1.4.2.1): the protocol's header, to which the broker says who it is and which mechanisms it
// has. The next thing that a client says names a user, so the conversation ends there.

#include <stdio.h>
#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    HEADER_BYTES = 8,
    FRAME_MAX_BYTES = 16 << 10,
    FRAME_METHOD = 1,
    FRAME_END = 0xce,
    CLASS_CONNECTION = 10,
    METHOD_START = 10,
};

#define HEADER "AMQP\x00\x00\x09\x01"

static const struct say amqp_says[] = {SAY(HEADER), SAY_END, SAYS_END};

// A header is what a broker answers to other protocols' words, and to a version that it does not speak.
static enum recognition amqp_recognise(const uint8_t *data, size_t length)
{
    static const int16_t header[] = {'A', 'M', 'Q', 'P', RECOGNISE_ANY, RECOGNISE_ANY, RECOGNISE_ANY, RECOGNISE_ANY};
    return recognise_octets(data, length, header, sizeof(header) / sizeof(header[0]));
}

// A frame of a method on channel 0, connection.start, or a header.
static enum recognition answer_recognise(const uint8_t *data, size_t length)
{
    static const int16_t start[] = {FRAME_METHOD,     0, 0,           0, 0, RECOGNISE_ANY, RECOGNISE_ANY, 0,
                                    CLASS_CONNECTION, 0, METHOD_START};
    enum recognition frame = recognise_octets(data, length, start, sizeof(start) / sizeof(start[0]));
    enum recognition other = amqp_recognise(data, length);
    return frame > other ? frame : other;
}

static struct session_result amqp_open(struct session *self)
{
    return SESSION_ASK_LITERAL(self, HEADER);
}

// How long a value of a table is (4.2.1, and RabbitMQ's types); SIZE_MAX for what there is not.
static size_t value_length(uint8_t type, struct bytes table)
{
    switch (type) {
    case 'V':
        return 0;
    case 't':
    case 'b':
    case 'B':
        return 1;
    case 'u':
    case 'U':
    case 's':
        return 2;
    case 'i':
    case 'I':
    case 'f':
        return 4;
    case 'D':
        return 5;
    case 'l':
    case 'L':
    case 'd':
    case 'T':
        return 8;
    case 'S':
    case 'A':
    case 'F':
    case 'x':
        return (size_t)bytes_u32(&table) + 4;
    default:
        return SIZE_MAX;
    }
}

static bool bytes_are(struct bytes bytes, const char *text)
{
    return bytes.length == strlen(text) && memcmp(bytes.data, text, bytes.length) == 0;
}

// Both are properties of their own; together they are what a product rule needs.
static void server_learn(struct observation *observation, struct bytes product, struct bytes version)
{
    struct buffer server = {0};
    buffer_put(&server, product.data, product.length);
    if (version.length > 0) {
        buffer_put_u8(&server, '/');
        buffer_put(&server, version.data, version.length);
    }
    if (server.failed)
        observation->failed = true;
    else if (product.length > 0)
        learn_text(observation, FIELD(amqp, server), buffer_bytes(&server), server.length);
    buffer_fini(&server);
}

static void properties_learn(struct observation *observation, struct bytes table)
{
    struct bytes product = {0};
    struct bytes version = {0};
    while (table.length > 0) {
        struct bytes name = bytes_slice(&table, bytes_u8(&table));
        uint8_t type = bytes_u8(&table);
        struct bytes value = bytes_slice(&table, value_length(type, table));
        if (table.failed)
            break;
        if (type != 'S')
            continue;
        (void)bytes_take(&value, 4);
        if (bytes_are(name, "product"))
            product = value;
        else if (bytes_are(name, "version"))
            version = value;
        else if (bytes_are(name, "platform"))
            learn_text(observation, FIELD(amqp, platform), value.data, value.length);
        else if (bytes_are(name, "cluster_name"))
            learn_text(observation, FIELD(amqp, cluster_name), value.data, value.length);
    }
    server_learn(observation, product, version);
}

static void names_learn(struct observation *observation, const struct field *field, struct bytes names)
{
    if (!names.failed && names.length > 0)
        learn_names(observation, field, names.data, names.length, ' ');
}

// A broker that offers ANONYMOUS may let strangers in, and then to what is not known; all others want a credential.
static void start_learn(struct observation *observation, struct bytes method)
{
    char version[12];
    (void)bytes_take(&method, 4);
    uint8_t major = bytes_u8(&method);
    uint8_t minor = bytes_u8(&method);
    struct bytes properties = bytes_slice(&method, bytes_u32(&method));
    struct bytes mechanisms = bytes_slice(&method, bytes_u32(&method));
    struct bytes locales = bytes_slice(&method, bytes_u32(&method));
    int length = snprintf(version, sizeof(version), "%u-%u%s", major, minor, major == 0 && minor == 9 ? "-1" : "");
    learn_text(observation, FIELD(amqp, protocol), version, (size_t)length);
    properties_learn(observation, properties);
    names_learn(observation, FIELD(amqp, mechanisms), mechanisms);
    names_learn(observation, FIELD(amqp, locales), locales);
    if (mechanisms.failed || mechanisms.length == 0)
        return;
    if (!list_has(&observation->amqp->mechanisms, "ANONYMOUS") && !observation->amqp->cut.mechanisms)
        learn_flag(observation, FIELD(root, open), false);
    observation->finished = true;
}

static struct session_result amqp_on_header(struct session *self, struct bytes *input)
{
    char version[12];
    struct bytes header = bytes_slice(input, HEADER_BYTES);
    (void)bytes_take(&header, 5);
    uint8_t major = bytes_u8(&header);
    uint8_t minor = bytes_u8(&header);
    uint8_t revision = bytes_u8(&header);
    int length = snprintf(version, sizeof(version), "%u-%u-%u", major, minor, revision);
    learn_constant(self->observation, FIELD(root, service), "amqp");
    self->observation->finished = false; // which a tunnel around it may have been
    learn_text(self->observation, FIELD(amqp, protocol), version, (size_t)length);
    return session_done();
}

static struct session_result amqp_bytes(struct session *self, struct bytes *input)
{
    enum recognition found = answer_recognise(input->data, input->length);
    if (found == RECOGNITION_NOT_MINE)
        return detect_other(self, input);
    if (found == RECOGNITION_UNDECIDED)
        return session_wait(self->env->answer_ms);
    if (input->data[0] == 'A')
        return amqp_on_header(self, input);
    struct bytes stream = *input;
    (void)bytes_take(&stream, 3);
    uint32_t size = bytes_u32(&stream);
    bool long_one = size > FRAME_MAX_BYTES;
    struct bytes method = bytes_slice(&stream, long_one ? FRAME_MAX_BYTES : size);
    uint8_t end = bytes_u8(&stream);
    if (stream.failed)
        return session_wait(self->env->answer_ms);
    if (!long_one && end != FRAME_END)
        return session_next(SESSION_BECOME, &session_listen);
    learn_constant(self->observation, FIELD(root, service), "amqp");
    self->observation->finished = false; // which a tunnel around it may have been
    start_learn(self->observation, method);
    *input = stream;
    return session_done();
}

static struct session_result amqp_event(struct session *self, enum session_event event)
{
    (void)event;
    return detect_nothing(self);
}

const struct session_ops session_amqp = {
    .name = "amqp",
    .start = SESSION_CLIENT_FIRST,
    .recognise = amqp_recognise,
    .says = amqp_says,
    .open = amqp_open,
    .bytes = amqp_bytes,
    .event = amqp_event,
};
