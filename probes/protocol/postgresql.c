// SPDX-License-Identifier: BSD-3-Clause
// PostgreSQL (Frontend/Backend Protocol of its manual, 55.2 and 55.7): TLS is asked for, and then, inside it where it
// is offered, a session of a user that nobody has. The server says how he has to prove himself, which he does not, as
// psql hangs up to ask for a password: it logs nothing then. One that trusts everybody says so before it looks whether
// there is such a user.

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    MESSAGE_MAX_BYTES = 16 << 10,
    USER_RANDOM = 8, // bytes of an improbable user name
};

// What a connection is for, as its errand says.
enum postgresql_errand {
    POSTGRESQL_FIRST = 0,
    POSTGRESQL_PLAIN, // TLS is offered, and led to nothing
};

#define SSL_REQUEST "\x00\x00\x00\x08\x04\xd2\x16\x2f"
#define STARTUP     "\x00\x00\x00\x25\x00\x03\x00\x00user\x00sonde-"
#define STARTUP_END "\x00"
#define TERMINATE   "X\x00\x00\x00\x04"

static const struct say postgresql_says[] = {
    SAY(SSL_REQUEST), SAY_END, SAY(STARTUP), SAY_ANY(2 * USER_RANDOM), SAY(STARTUP_END "\0"), SAY_END,
    SAY(TERMINATE),   SAY_END, SAYS_END};

struct postgresql_state {
    bool carries; // TLS was begun on this connection
    bool refused; // TLS was answered with an `N`, which is still in the input
    bool started;
    bool known;    // its protocol was spoken
    bool admitted; // somebody without a password is in
};

// Its answers to other protocols' words: errors, of versions before 14 as a text.
static enum recognition postgresql_recognise(const uint8_t *data, size_t length)
{
    static const int16_t error[] = {'E', 0, 0, RECOGNISE_ANY, RECOGNISE_ANY, 'S'};
    enum recognition text = recognise_text(data, length, "EFATAL:  unsupported frontend protocol ");
    enum recognition message = recognise_octets(data, length, error, sizeof(error) / sizeof(error[0]));
    return text > message ? text : message;
}

static struct session_result postgresql_start(struct session *self)
{
    struct postgresql_state *state = (struct postgresql_state *)self->state;
    uint8_t random[USER_RANDOM];
    char hex[2 * USER_RANDOM + sizeof(STARTUP_END)] = "";
    if (RAND_bytes(random, sizeof(random)) != 1)
        return session_failed();
    for (size_t octet = 0; octet < USER_RANDOM; octet++)
        (void)snprintf(hex + 2 * octet, 3, "%02x", random[octet]);
    state->started = true;
    if (session_send(self, (const uint8_t *)STARTUP, sizeof(STARTUP) - 1) != 0)
        return session_failed();
    // The name's NUL, and the one that ends the list.
    return session_send(self, (const uint8_t *)hex, sizeof(hex)) == 0 ? session_wait(self->env->answer_ms)
                                                                      : session_failed();
}

static bool is_plain(const struct session *self)
{
    return self->below == NULL && !session_upgrades_only(self) && session_argument(self) == POSTGRESQL_PLAIN;
}

static struct session_result postgresql_open(struct session *self)
{
    // What TLS was begun for was learnt on a connection in between.
    if (is_plain(self) && field_known(self->observation->root, FIELD(root, open)))
        return session_done();
    return self->below != NULL || is_plain(self) ? postgresql_start(self) : SESSION_ASK_LITERAL(self, SSL_REQUEST);
}

static void service_learn(struct session *self)
{
    struct postgresql_state *state = (struct postgresql_state *)self->state;
    observation_forget(self->observation, PART_postgresql); // it had no time before
    learn_constant(self->observation, FIELD(root, service), "postgresql");
    self->observation->finished = false; // which a tunnel around it may have been
    // An error in place of the answer to SSLRequest does not say.
    if (state->started)
        learn_flag(self->observation, FIELD(postgresql, tls), self->below != NULL || is_plain(self));
    state->known = true;
}

// AuthenticationRequest: what it wants to see of a user that it does not know.
static struct session_result postgresql_on_request(struct session *self, struct bytes body)
{
    static const char *const names[] = {"none", NULL,  "kerberos5", "password", "crypt", "md5",
                                        "scm",  "gss", NULL,        "sspi",     "sasl"};
    struct postgresql_state *state = (struct postgresql_state *)self->state;
    uint32_t code = bytes_u32(&body);
    if (body.failed)
        return session_done();
    if (code < sizeof(names) / sizeof(names[0]) && names[code] != NULL)
        learn_constant(self->observation, FIELD(postgresql, authentication), names[code]);
    learn_flag(self->observation, FIELD(root, open), code == 0);
    self->observation->finished = code != 0;
    if (code == 0) {
        state->admitted = true;
        return session_wait(self->env->answer_ms);
    }
    struct bytes mechanism = {0};
    while (code == 10 && (mechanism = bytes_z(&body)).length > 0)
        learn_name(self->observation, FIELD(postgresql, mechanisms), mechanism.data, mechanism.length);
    return session_done();
}

// Who is in is told about the server first of all.
static struct session_result postgresql_on_status(struct session *self, struct bytes body)
{
    static const char wanted[] = "server_version";
    struct bytes name = bytes_z(&body);
    struct bytes value = bytes_z(&body);
    if (!value.failed && name.length == sizeof(wanted) - 1 && memcmp(name.data, wanted, name.length) == 0)
        learn_text(self->observation, FIELD(postgresql, version), value.data, value.length);
    return session_wait(self->env->answer_ms);
}

// An error's class 28 is "invalid authorization": this host, or an unknown user, is not let in. Where only others than
// encrypted connections are refused so, and this is none, that says nothing. Other errors are told to anybody.
static void refusal_learn(struct session *self, struct bytes sqlstate)
{
    const struct postgresql_state *state = (const struct postgresql_state *)self->state;
    bool refused = sqlstate.length == 5 && memcmp(sqlstate.data, "28", 2) == 0;
    self->observation->finished = state->admitted;
    if (state->admitted || !refused || is_plain(self))
        return;
    learn_flag(self->observation, FIELD(root, open), false);
    self->observation->finished = true;
}

// Too many connections, and a server that is starting up: later it may have time.
static void busy_learn(struct session *self, struct bytes sqlstate)
{
    static const char *const busy[] = {"53300", "57P03"};
    const struct errand later = {.kind = ERRAND_RETRY,
                                 .first = &session_postgresql,
                                 .wait_ms = ERRAND_LATER_MS,
                                 .argument = session_argument(self)};
    for (size_t i = 0; i < sizeof(busy) / sizeof(busy[0]); i++)
        if (sqlstate.length == 5 && memcmp(sqlstate.data, busy[i], 5) == 0 && self->below == NULL)
            (void)session_ask(self, &later);
}

// ErrorResponse: fields of a letter and a text each.
static struct session_result postgresql_on_error(struct session *self, struct bytes body)
{
    static const struct {
        char letter;
        const struct field *field;
    } facts[] = {{'C', FIELD(postgresql, sqlstate)},
                 {'M', FIELD(postgresql, message)},
                 {'F', FIELD(postgresql, file)},
                 {'L', FIELD(postgresql, line)},
                 {'R', FIELD(postgresql, routine)}};
    for (uint8_t letter = bytes_u8(&body); letter != 0; letter = bytes_u8(&body)) {
        struct bytes text = bytes_z(&body);
        if (text.failed)
            break;
        for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
            if (letter == (uint8_t)facts[i].letter)
                learn_text(self->observation, facts[i].field, text.data, text.length);
        if (letter == 'C') {
            refusal_learn(self, text);
            busy_learn(self, text);
        }
    }
    return session_done();
}

static struct session_result postgresql_on_message(struct session *self, uint8_t type, struct bytes body)
{
    switch (type) {
    case 'R':
        return postgresql_on_request(self, body);
    case 'S':
        return postgresql_on_status(self, body);
    case 'E':
        return postgresql_on_error(self, body);
    case 'Z': // ready for a query, of which there is none
        self->observation->finished = true;
        return SESSION_END_LITERAL(self, TERMINATE);
    default: // notices, keys, what is negotiated
        return session_wait(self->env->answer_ms);
    }
}

// What its first message may be: a request to prove oneself, an error, or "I speak an older version".
static enum recognition answer_recognise(const struct bytes *answer)
{
    struct bytes head = *answer;
    uint8_t type = bytes_u8(&head);
    uint32_t length = bytes_u32(&head);
    if (answer->length > 0 && type != 'R' && type != 'E' && type != 'v' && type != 'N')
        return RECOGNITION_NOT_MINE;
    if (answer->length > 1 && answer->data[1] != 0)
        return RECOGNITION_NOT_MINE;
    if (head.failed)
        return RECOGNITION_UNDECIDED;
    return length > 4 && length < MESSAGE_MAX_BYTES ? RECOGNITION_MINE : RECOGNITION_NOT_MINE;
}

static struct session_result postgresql_on_answer(struct session *self, struct bytes *input, struct bytes answer)
{
    struct postgresql_state *state = (struct postgresql_state *)self->state;
    struct session_result result = session_wait(self->env->answer_ms);
    if (!state->known) {
        enum recognition found = answer_recognise(&answer);
        if (found != RECOGNITION_MINE)
            return found == RECOGNITION_UNDECIDED ? result : detect_other(self, input);
    }
    while (result.verb == SESSION_WAIT) {
        struct bytes rest = answer;
        uint8_t type = bytes_u8(&rest);
        uint32_t length = bytes_u32(&rest);
        if (!rest.failed && (length < 4 || length > MESSAGE_MAX_BYTES))
            return session_done();
        struct bytes body = bytes_slice(&rest, rest.failed ? 0 : length - 4);
        if (rest.failed)
            return result;
        if (!state->known)
            service_learn(self);
        result = postgresql_on_message(self, type, body);
        *input = answer = rest;
    }
    return result;
}

// TLS is what comes next, and nothing of what has come is its.
static struct session_result postgresql_upgrade(struct session *self)
{
    ((struct postgresql_state *)self->state)->carries = true;
    return session_upgrade(self);
}

// The answer to SSLRequest is one byte, and anybody may have said it: only what answers the start of a session is
// PostgreSQL. Until then it stays in the input, so that it is in the banner of somebody else. An `S` may be the first
// letter of more.
static struct session_result postgresql_bytes(struct session *self, struct bytes *input)
{
    struct postgresql_state *state = (struct postgresql_state *)self->state;
    if (state->carries)
        return upgrade_bytes(self, input);
    if (!state->started && input->data[0] == 'S') {
        if (!session_upgrades_only(self))
            return input->length == 1 ? session_wait(self->env->quiet_ms) : detect_other(self, input);
        (void)bytes_u8(input);
        return postgresql_upgrade(self);
    }
    if (session_upgrades_only(self))
        return session_done();
    if (!state->started && input->data[0] == 'N') {
        struct session_result result = postgresql_start(self);
        state->refused = true;
        if (result.verb != SESSION_WAIT)
            return result;
    }
    struct bytes answer = *input;
    if (state->refused && !state->known)
        (void)bytes_u8(&answer);
    return postgresql_on_answer(self, input, answer);
}

// An `S` and nothing more: TLS is offered.
static bool tls_is_offered(const struct session *self)
{
    return !((const struct postgresql_state *)self->state)->started && self->input.length == 1 &&
           buffer_bytes(&self->input)[0] == 'S';
}

// Where TLS comes to nothing a session is asked for without it, on a further connection.
static void plain_ask(struct session *self)
{
    const struct errand plain = {.kind = ERRAND_MATRIX, .first = &session_postgresql, .argument = POSTGRESQL_PLAIN};
    bool known = observation_service(self->observation)[0] != '\0';
    if (!known && !session_upgrades_only(self))
        (void)session_ask(self, &plain);
}

static struct session_result postgresql_event(struct session *self, enum session_event event)
{
    const struct postgresql_state *state = (const struct postgresql_state *)self->state;
    if (event == SESSION_ABOVE_ENDED) {
        plain_ask(self);
        return session_done();
    }
    if (state->known || state->carries || session_upgrades_only(self))
        return session_done();
    if (!tls_is_offered(self) || self->below != NULL)
        return detect_nothing(self);
    if (event == SESSION_SILENCE) {
        buffer_drop(&self->input, 1);
        return postgresql_upgrade(self);
    }
    plain_ask(self);
    return session_done();
}

const struct session_ops session_postgresql = {
    .name = "postgresql",
    .state_size = sizeof(struct postgresql_state),
    .start = SESSION_CLIENT_FIRST,
    .upgrades = true,
    .recognise = postgresql_recognise,
    .says = postgresql_says,
    .open = postgresql_open,
    .bytes = postgresql_bytes,
    .event = postgresql_event,
    .seal = upgrade_seal,
};
