// SPDX-License-Identifier: BSD-3-Clause
// SMB over TCP: NEGOTIATE of SMB 2 and 3 with every dialect (MS-SMB2 2.2.3), and on a further connection that of SMB 1
// with NT LM 0.12 alone (MS-CIFS 2.2.4.52). No session is set up: whether a guest would get one is not learnt.

#include <openssl/rand.h>
#include <stdio.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    MESSAGE_MAX_BYTES = 16 << 10,
    FRAME_BYTES = 4, // RFC 1002, 4.3.1: a type, and a length of three bytes
    SMB2_HEADER_BYTES = 64,
    SMB1_HEADER_BYTES = 32,
    SALT_BYTES = 32,
    SIGNING_REQUIRED = 2,
    SMB1_SIGNING_REQUIRED = 8,
    SMB1_NO_DIALECT = 0xffff,
    CONTEXT_ENCRYPTION = 2,
    CONTEXTS_MAX = 16,
    GUID_BYTES = 16,
};

enum smb_errand { SMB_FIRST = 0, SMB_ONE };

// Frame; header: command 0, one credit, message 0; body: five dialects, signing enabled, no GUID; two contexts at 112:
// a hash for what was negotiated, with a salt, and the ciphers.
#define NEGOTIATE                                                                                                      \
    "\x00\x00\x00\xb2"                                                                                                 \
    "\xfeSMB\x40\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"                          \
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"                 \
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"                                                 \
    "\x24\x00\x05\x00\x01\x00\x00\x00\x7f\x00\x00\x00"                                                                 \
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"                                                 \
    "\x70\x00\x00\x00\x02\x00\x00\x00"                                                                                 \
    "\x02\x02\x10\x02\x00\x03\x02\x03\x11\x03\x00\x00"                                                                 \
    "\x01\x00\x26\x00\x00\x00\x00\x00\x01\x00\x20\x00\x01\x00"
#define NEGOTIATE_END                                                                                                  \
    "\x00\x00"                                                                                                         \
    "\x02\x00\x0a\x00\x00\x00\x00\x00\x04\x00\x02\x00\x01\x00\x04\x00\x03\x00"
// Frame; header: command 0x72, extended security, long names, errors of 32 bits, Unicode; one dialect.
#define NEGOTIATE_ONE                                                                                                  \
    "\x00\x00\x00\x2f"                                                                                                 \
    "\xffSMB\x72\x00\x00\x00\x00\x18\x53\xc8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xfe\xff"          \
    "\x00\x00\x00\x00"                                                                                                 \
    "\x00\x0c\x00\x02NT LM 0.12\x00"

static const struct say smb_says[] = {
    SAY(NEGOTIATE), SAY_ANY(SALT_BYTES), SAY(NEGOTIATE_END), SAY_END, SAY(NEGOTIATE_ONE), SAY_END, SAYS_END};

static struct session_result smb_open(struct session *self)
{
    uint8_t salt[SALT_BYTES];
    if (session_argument(self) == SMB_ONE)
        return SESSION_ASK_LITERAL(self, NEGOTIATE_ONE);
    if (RAND_bytes(salt, sizeof(salt)) != 1 ||
        session_send(self, (const uint8_t *)NEGOTIATE, sizeof(NEGOTIATE) - 1) != 0 ||
        session_send(self, salt, sizeof(salt)) != 0)
        return session_failed();
    return SESSION_ASK_LITERAL(self, NEGOTIATE_END);
}

static bool is_one(const struct session *self)
{
    return session_argument(self) == SMB_ONE;
}

// A frame of a length that an answer has, and the beginning of a header of the version that was asked for.
static enum recognition answer_recognise(const struct session *self, const struct bytes *input)
{
    static const int16_t two[] = {0, 0, RECOGNISE_ANY, RECOGNISE_ANY, 0xfe, 'S', 'M', 'B'};
    static const int16_t one[] = {0, 0, RECOGNISE_ANY, RECOGNISE_ANY, 0xff, 'S', 'M', 'B'};
    struct bytes head = *input;
    size_t least = is_one(self) ? SMB1_HEADER_BYTES + 3 : SMB2_HEADER_BYTES + 9;
    uint32_t length = bytes_u32(&head);
    if (!head.failed && (length < least || length > MESSAGE_MAX_BYTES))
        return RECOGNITION_NOT_MINE;
    return recognise_octets(input->data, input->length, is_one(self) ? one : two, sizeof(two) / sizeof(two[0]));
}

// Tenths of microseconds since 1601; what is no time of this era was not meant as one.
static void time_learn(struct observation *observation, const struct field *field, uint64_t ticks)
{
    const uint64_t until_1970 = UINT64_C(116444736000000000);
    const uint64_t until_10000 = UINT64_C(2650467744000000000);
    if (ticks > until_1970 && ticks < until_10000)
        learn_number(observation, field, (int64_t)((ticks - until_1970) / 10000000));
}

static void guid_learn(struct observation *observation, const uint8_t *guid)
{
    char hex[2 * GUID_BYTES + 1];
    for (size_t octet = 0; octet < GUID_BYTES; octet++)
        (void)snprintf(hex + 2 * octet, 3, "%02x", guid[octet]);
    learn_text(observation, FIELD(smb, guid), hex, 2 * GUID_BYTES);
}

static void dialect_learn(struct observation *observation, uint16_t dialect)
{
    static const struct {
        uint16_t dialect;
        const char *name;
    } names[] = {{0x0202, "2.0.2"}, {0x0210, "2.1"}, {0x0300, "3.0"}, {0x0302, "3.0.2"}, {0x0311, "3.1.1"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].dialect == dialect)
            learn_constant(observation, FIELD(smb, dialect), names[i].name);
}

// The contexts of 3.1.1, each at a multiple of eight: of the ciphers the one that it chose.
static void contexts_learn(struct observation *observation, struct bytes message, uint32_t offset, uint16_t count)
{
    static const char *const ciphers[] = {NULL, "aes-128-ccm", "aes-128-gcm", "aes-256-ccm", "aes-256-gcm"};
    (void)bytes_take(&message, offset);
    for (size_t context = 0; context < count && context < CONTEXTS_MAX; context++) {
        uint16_t type = bytes_u16le(&message);
        uint16_t length = bytes_u16le(&message);
        (void)bytes_u32le(&message);
        struct bytes data = bytes_slice(&message, length);
        (void)bytes_take(&message, (8U - length % 8U) % 8U);
        (void)bytes_u16le(&data);
        uint16_t cipher = bytes_u16le(&data);
        if (!data.failed && type == CONTEXT_ENCRYPTION && cipher < sizeof(ciphers) / sizeof(ciphers[0]) &&
            ciphers[cipher] != NULL)
            learn_constant(observation, FIELD(smb, encryption), ciphers[cipher]);
    }
}

static void status_learn(struct observation *observation, uint32_t status)
{
    char text[11];
    (void)snprintf(text, sizeof(text), "0x%08x", status);
    learn_word(observation, FIELD(smb, status), text);
}

static void answer_learn(struct observation *observation, struct bytes message)
{
    struct bytes reader = message;
    (void)bytes_take(&reader, 8);
    uint32_t status = bytes_u32le(&reader);
    (void)bytes_take(&reader, SMB2_HEADER_BYTES - 12 + 2);
    uint16_t mode = bytes_u16le(&reader);
    uint16_t dialect = bytes_u16le(&reader);
    uint16_t contexts = bytes_u16le(&reader);
    const uint8_t *guid = bytes_take(&reader, GUID_BYTES);
    (void)bytes_take(&reader, 4 * 4);
    uint64_t now = bytes_u64le(&reader);
    uint64_t start = bytes_u64le(&reader);
    (void)bytes_u32le(&reader); // where its token lies, and how long it is
    uint32_t offset = bytes_u32le(&reader);
    if (status != 0)
        status_learn(observation, status);
    if (status != 0 || reader.failed)
        return;
    dialect_learn(observation, dialect);
    learn_flag(observation, FIELD(smb, signing_required), (mode & SIGNING_REQUIRED) != 0);
    guid_learn(observation, guid);
    time_learn(observation, FIELD(smb, system_time), now);
    time_learn(observation, FIELD(smb, start_time), start);
    if (dialect == 0x0311)
        contexts_learn(observation, message, offset, contexts);
}

// A server without SMB 1 that answers all the same says that it has no such dialect.
static void answer_one_learn(struct observation *observation, struct bytes message)
{
    (void)bytes_take(&message, SMB1_HEADER_BYTES);
    uint8_t words = bytes_u8(&message);
    uint16_t dialect = bytes_u16le(&message);
    uint8_t mode = bytes_u8(&message);
    if (message.failed)
        return;
    bool spoken = words >= 13 && dialect != SMB1_NO_DIALECT;
    learn_flag(observation, FIELD(smb, smb1), spoken);
    if (spoken && !field_known(observation->smb, FIELD(smb, signing_required)))
        learn_flag(observation, FIELD(smb, signing_required), (mode & SMB1_SIGNING_REQUIRED) != 0);
}

// Asks for SMB 1 on a connection of its own: a server that was asked for both answers in the newer.
static bool smb_ask_one(struct session *self)
{
    const struct errand one = {.kind = ERRAND_MATRIX, .first = &session_smb, .argument = SMB_ONE};
    return !is_one(self) && self->below == NULL && session_ask(self, &one);
}

static struct session_result smb_bytes(struct session *self, struct bytes *input)
{
    enum recognition found = answer_recognise(self, input);
    if (found == RECOGNITION_NOT_MINE)
        return detect_other(self, input);
    struct bytes stream = *input;
    struct bytes message = bytes_slice(&stream, bytes_u32(&stream));
    if (found == RECOGNITION_UNDECIDED || message.failed)
        return session_wait(self->env->answer_ms);
    learn_constant(self->observation, FIELD(root, service), "smb");
    if (is_one(self))
        answer_one_learn(self->observation, message);
    else
        answer_learn(self->observation, message);
    self->observation->finished = is_one(self) && field_known(self->observation->smb, FIELD(smb, smb1));
    *input = stream;
    (void)smb_ask_one(self);
    return session_done();
}

// Who hangs up on SMB 1 alone has none, when he is known to speak a newer one.
static struct session_result smb_event(struct session *self, enum session_event event)
{
    bool known = self->observation->smb != NULL;
    if (is_one(self) && known && event == SESSION_CLOSED && self->input.length == 0) {
        learn_flag(self->observation, FIELD(smb, smb1), false);
        self->observation->finished = true;
        return session_done();
    }
    if (self->input.length == 0 && smb_ask_one(self))
        return session_done();
    return known ? session_done() : detect_nothing(self);
}

const struct session_ops session_smb = {
    .name = "smb",
    .start = SESSION_CLIENT_FIRST,
    .says = smb_says,
    .open = smb_open,
    .bytes = smb_bytes,
    .event = smb_event,
};
