// SPDX-License-Identifier: BSD-3-Clause
// Microsoft SQL Server (TDS, MS-TDS 2.2.6.5): PRELOGIN, in which both sides say which version they are and whether they
// encrypt. Every session begins with a login, which is not sent.

#include <stdio.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    TDS_HEADER_BYTES = 8,
    TDS_MAX_BYTES = 4096,
    TDS_RESPONSE = 0x04,
    STATUS_END_OF_MESSAGE = 1,
    OPTION_VERSION = 0,
    OPTION_ENCRYPTION = 1,
    OPTION_FEDAUTH = 6,
    OPTION_TERMINATOR = 0xff,
    OPTIONS_MAX = 16,
    ENCRYPT_NOT_SUP = 2,
};

// A message of type 0x12. Offsets count from behind the header: VERSION at 26, ENCRYPTION (off) at 32, INSTOPT (none)
// at 33, THREADID at 34, MARS (off) at 38.
#define PRELOGIN                                                                                                       \
    "\x12\x01\x00\x2f\x00\x00\x00\x00"                                                                                 \
    "\x00\x00\x1a\x00\x06\x01\x00\x20\x00\x01\x02\x00\x21\x00\x01\x03\x00\x22\x00\x04\x04\x00\x26\x00\x01\xff"         \
    "\x11\x00\x00\x00\x00\x00"                                                                                         \
    "\x00\x00\x00\x00\x00\x00\x00"

static const struct say mssql_says[] = {SAY(PRELOGIN), SAY_END, SAYS_END};

// The answer is of type 4, and its first option is the version, as MS-TDS wants it.
static enum recognition mssql_recognise(const uint8_t *data, size_t length)
{
    static const int16_t answer[] = {TDS_RESPONSE,
                                     STATUS_END_OF_MESSAGE,
                                     RECOGNISE_ANY,
                                     RECOGNISE_ANY,
                                     RECOGNISE_ANY,
                                     RECOGNISE_ANY,
                                     RECOGNISE_ANY,
                                     0,
                                     OPTION_VERSION,
                                     0,
                                     RECOGNISE_ANY,
                                     0,
                                     6};
    return recognise_octets(data, length, answer, sizeof(answer) / sizeof(answer[0]));
}

static struct session_result mssql_open(struct session *self)
{
    return SESSION_ASK_LITERAL(self, PRELOGIN);
}

static void version_learn(struct observation *observation, struct bytes value)
{
    char text[32];
    uint8_t major = bytes_u8(&value);
    uint8_t minor = bytes_u8(&value);
    uint16_t build = bytes_u16(&value);
    uint16_t sub = bytes_u16(&value);
    if (value.failed)
        return;
    int length = snprintf(text, sizeof(text), "%u.%u.%u.%u", major, minor, build, sub);
    learn_text(observation, FIELD(mssql, version), text, (size_t)length);
}

// Off means that the login is encrypted and nothing else: only "not supported" is a server without TLS.
static void encryption_learn(struct observation *observation, struct bytes value)
{
    static const char *const names[] = {"off", "on", "unsupported", "required"};
    uint8_t encryption = bytes_u8(&value);
    if (value.failed || encryption >= sizeof(names) / sizeof(names[0]))
        return;
    learn_constant(observation, FIELD(mssql, encryption), names[encryption]);
    learn_flag(observation, FIELD(mssql, tls), encryption != ENCRYPT_NOT_SUP);
}

// A list of token, offset and length, and behind it what they point to. Offsets count from the list's first byte.
static void options_learn(struct observation *observation, struct bytes body)
{
    struct bytes list = body;
    for (size_t option = 0; option < OPTIONS_MAX; option++) {
        uint8_t token = bytes_u8(&list);
        if (list.failed || token == OPTION_TERMINATOR)
            return;
        uint16_t offset = bytes_u16(&list);
        uint16_t length = bytes_u16(&list);
        struct bytes value = body;
        (void)bytes_take(&value, offset);
        value = bytes_slice(&value, length);
        if (list.failed || value.failed)
            continue;
        if (token == OPTION_VERSION)
            version_learn(observation, value);
        else if (token == OPTION_ENCRYPTION)
            encryption_learn(observation, value);
        else if (token == OPTION_FEDAUTH && length > 0)
            learn_flag(observation, FIELD(mssql, federated), value.data[0] == 1);
    }
}

static struct session_result mssql_bytes(struct session *self, struct bytes *input)
{
    enum recognition found = mssql_recognise(input->data, input->length);
    if (found == RECOGNITION_NOT_MINE)
        return detect_other(self, input);
    struct bytes stream = *input;
    (void)bytes_take(&stream, 2);
    uint16_t length = bytes_u16(&stream);
    (void)bytes_take(&stream, TDS_HEADER_BYTES - 4);
    if (found == RECOGNITION_UNDECIDED)
        return session_wait(self->env->answer_ms);
    if (length < TDS_HEADER_BYTES || length > TDS_MAX_BYTES)
        return session_next(SESSION_BECOME, &session_listen);
    struct bytes body = bytes_slice(&stream, (size_t)length - TDS_HEADER_BYTES);
    if (body.failed)
        return session_wait(self->env->answer_ms);
    learn_constant(self->observation, FIELD(root, service), "mssql");
    options_learn(self->observation, body);
    // There is no session without a login.
    learn_flag(self->observation, FIELD(root, open), false);
    self->observation->finished = true;
    *input = stream;
    return session_done();
}

static struct session_result mssql_event(struct session *self, enum session_event event)
{
    (void)event;
    return detect_nothing(self);
}

const struct session_ops session_mssql = {
    .name = "mssql",
    .start = SESSION_CLIENT_FIRST,
    .recognise = mssql_recognise,
    .says = mssql_says,
    .open = mssql_open,
    .bytes = mssql_bytes,
    .event = mssql_event,
};
