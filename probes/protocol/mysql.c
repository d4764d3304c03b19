// SPDX-License-Identifier: BSD-3-Clause
// MySQL's client/server protocol (Connection Phase, Protocol::Handshake and Protocol::SSLRequest of its internals
// manual). The server greets, and is asked for TLS where it offers that; whatever a client says behind it names an
// account. A host whose connections end before that is locked out after max_connect_errors of them (100), so there is
// one connection, which teaches one version of TLS. Whether an account has no password is not learnt.

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    PACKET_MAX_BYTES = 511, // greetings have about a hundred, and errors a sentence
    PROTOCOL_9 = 9,
    PROTOCOL_10 = 10,
    ERROR_PACKET = 0xff,
    CLIENT_SSL = 0x0800,
    CLIENT_SECURE_CONNECTION = 0x8000,
    CLIENT_PLUGIN_AUTH_HIGH = 0x0008, // of the upper two bytes
    ER_CON_COUNT_ERROR = 1040,
    ER_HOST_NOT_PRIVILEGED = 1130,
    LOCATOR_BYTES = 10, // reserved, MariaDB's own capabilities in it
};

struct mysql_state {
    bool offers; // the greeting has offered TLS
    bool carries;
};

// Protocol 4.1, TLS, secure connections and plugins; packets of 16 MB, UTF-8.
#define SSL_REQUEST                                                                                                    \
    "\x20\x00\x00\x01\x01\x8a\x08\x00\x00\x00\x00\x01\x21\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" \
    "\x00"                                                                                                             \
    "\x00\x00\x00\x00\x00\x00\x00"

static const struct say mysql_says[] = {SAY(SSL_REQUEST), SAY_END, SAYS_END};

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

// A packet is its length in three bytes, a number that begins at 0, and its kind. A greeting goes on with a version,
// an error with a number of four digits.
static enum recognition mysql_recognise(const uint8_t *data, size_t length)
{
    struct bytes head = bytes_of(data, length);
    uint32_t whole = bytes_u24le(&head);
    uint8_t number = bytes_u8(&head);
    if ((length >= 2 && data[1] > PACKET_MAX_BYTES >> 8) || (length >= 3 && whole > PACKET_MAX_BYTES))
        return RECOGNITION_NOT_MINE;
    if (length >= 4 && (whole < 8 || number != 0))
        return RECOGNITION_NOT_MINE;
    uint8_t kind = bytes_u8(&head);
    if (length >= 5 && kind != PROTOCOL_10 && kind != PROTOCOL_9 && kind != ERROR_PACKET)
        return RECOGNITION_NOT_MINE;
    uint8_t first = bytes_u8(&head);
    uint8_t second = bytes_u8(&head);
    if (head.failed)
        return RECOGNITION_UNDECIDED;
    uint32_t error = (uint32_t)second << 8 | first;
    bool mine =
        kind == ERROR_PACKET ? error >= 1000 && error < 5000 : is_digit(first) && (is_digit(second) || second == '.');
    return mine ? RECOGNITION_MINE : RECOGNITION_NOT_MINE;
}

static struct session_result mysql_open(struct session *self)
{
    // Behind TLS a client says who it is.
    return session_upgraded(self) == NULL ? session_wait(self->env->silence_ms) : session_done();
}

// Of protocol 10 behind the version: thread, half of a challenge, capabilities, character set, status, the upper half
// of the capabilities, the challenge's length, ten bytes, the rest of it, and how passwords are proved.
static bool greeting_learn_ten(struct observation *observation, struct bytes packet)
{
    (void)bytes_take(&packet, 4 + 8 + 1);
    uint16_t low = bytes_u16le(&packet);
    if (packet.failed)
        return false;
    learn_flag(observation, FIELD(mysql, tls), (low & CLIENT_SSL) != 0);
    (void)bytes_take(&packet, 1 + 2);
    uint16_t high = bytes_u16le(&packet);
    uint8_t challenge = bytes_u8(&packet);
    (void)bytes_take(&packet, LOCATOR_BYTES);
    if ((low & CLIENT_SECURE_CONNECTION) != 0)
        (void)bytes_take(&packet, challenge > 8 + 13 ? (size_t)challenge - 8 : 13);
    // Servers before 5.5.10 leave out the NUL behind the name.
    struct bytes rest = packet;
    struct bytes plugin = bytes_z(&packet);
    if ((high & CLIENT_PLUGIN_AUTH_HIGH) != 0 && !rest.failed && rest.length > 0)
        learn_text(observation, FIELD(mysql, auth_plugin), rest.data, plugin.failed ? rest.length : plugin.length);
    return (low & CLIENT_SSL) != 0;
}

static bool greeting_learn(struct session *self, uint8_t protocol, struct bytes packet)
{
    struct mysql_state *state = (struct mysql_state *)self->state;
    struct observation *observation = self->observation;
    struct bytes version = bytes_z(&packet);
    if (version.failed)
        return false;
    observation_forget(observation, PART_mysql); // it had no time before
    learn_constant(observation, FIELD(root, service), "mysql");
    learn_number(observation, FIELD(mysql, protocol), protocol);
    learn_text(observation, FIELD(mysql, version), version.data, version.length);
    state->offers = protocol == PROTOCOL_10 && greeting_learn_ten(observation, packet);
    return true;
}

// "Host '192.0.2.1' is not allowed to connect to this MySQL server", in the server's language: its number counts. That
// is the one that is about strangers; too many connections, say, are told to anybody, and there may be fewer later:
// such a connection is not one of those that are counted.
static bool error_learn(struct session *self, struct bytes packet)
{
    const struct errand later = {.kind = ERRAND_RETRY, .first = &session_mysql, .wait_ms = ERRAND_LATER_MS};
    struct observation *observation = self->observation;
    uint16_t error = bytes_u16le(&packet);
    if (packet.failed)
        return false;
    // "#08S01", the state that SQL has for it, of servers that know that every client reads it.
    if (packet.length >= 6 && packet.data[0] == '#')
        (void)bytes_take(&packet, 6);
    learn_constant(observation, FIELD(root, service), "mysql");
    learn_number(observation, FIELD(mysql, error), error);
    learn_text(observation, FIELD(mysql, error_message), packet.data, packet.length);
    if (error == ER_HOST_NOT_PRIVILEGED)
        learn_flag(observation, FIELD(root, open), false);
    if (error == ER_CON_COUNT_ERROR && self->below == NULL)
        (void)session_ask(self, &later);
    return true;
}

// TLS is what comes next.
static struct session_result mysql_upgrade(struct session *self)
{
    ((struct mysql_state *)self->state)->carries = true;
    if (session_send(self, (const uint8_t *)SSL_REQUEST, sizeof(SSL_REQUEST) - 1) != 0)
        return session_failed();
    return session_upgrade(self);
}

static struct session_result mysql_bytes(struct session *self, struct bytes *input)
{
    const struct mysql_state *state = (const struct mysql_state *)self->state;
    if (state->carries)
        return upgrade_bytes(self, input);
    enum recognition found = mysql_recognise(input->data, input->length);
    if (found == RECOGNITION_NOT_MINE)
        return detect_other(self, input);
    struct bytes stream = *input;
    uint32_t whole = bytes_u24le(&stream);
    (void)bytes_u8(&stream);
    struct bytes packet = bytes_slice(&stream, whole);
    if (found == RECOGNITION_UNDECIDED || packet.failed)
        return session_wait(self->env->answer_ms);
    uint8_t kind = bytes_u8(&packet);
    bool learnt = kind == ERROR_PACKET ? error_learn(self, packet) : greeting_learn(self, kind, packet);
    if (!learnt)
        return session_next(SESSION_BECOME, &session_listen);
    self->observation->finished = kind != ERROR_PACKET || field_known(self->observation->root, FIELD(root, open));
    *input = stream;
    return state->offers && self->below == NULL ? mysql_upgrade(self) : session_done();
}

static struct session_result mysql_event(struct session *self, enum session_event event)
{
    const struct mysql_state *state = (const struct mysql_state *)self->state;
    return event == SESSION_ABOVE_ENDED || state->carries ? session_done() : detect_nothing(self);
}

static const struct field *const mysql_overheard[] = {FIELD(mysql, protocol), FIELD(mysql, version), FIELD(mysql, tls),
                                                      FIELD(mysql, auth_plugin), NULL};

const struct session_ops session_mysql = {
    .name = "mysql",
    .start = SESSION_SERVER_FIRST,
    .upgrades = true,
    .counted = true,
    .says = mysql_says,
    .state_size = sizeof(struct mysql_state),
    .seal = upgrade_seal,
    .recognise = mysql_recognise,
    .overheard = mysql_overheard,
    .open = mysql_open,
    .bytes = mysql_bytes,
    .event = mysql_event,
};
