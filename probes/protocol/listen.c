// SPDX-License-Identifier: BSD-3-Clause
// Listening first: hears who speaks unasked and hands over on the same connection. Also the end of every conversation
// with an unknown service, whose first bytes it keeps, and which it names where they are a greeting that everybody
// knows.

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/line.h"
#include "probes/session/registry.h"

struct listen_state {
    bool keeping; // another session gave up: its bytes are nobody's, unless a later line is
};

// Greetings of servers that speak first, of whose protocols no session is here: how the first line begins, and a word
// that is in it. The first row that fits counts.
static const struct {
    const char *begins;
    const char *word; // in whatever case; NULL: the beginning says it all
    bool whole;       // no part of a longer word or a host's name
    uint16_t port;    // in place of the word, 0 = any
    const char *service;
} greetings[] = {
    {"* OK ", NULL, false, 0, "imap"}, // RFC 9051 section 7.1
    {"* PREAUTH ", NULL, false, 0, "imap"}, {"* BYE ", NULL, false, 0, "imap"},
    {"+OK ", NULL, false, 0, "pop3"},                                          // RFC 1939 section 4
    {"+OK\r", NULL, false, 0, "pop3"},      {"220", "ESMTP", true, 0, "smtp"}, // RFC 5321 section 4.3.1
    {"220", "SMTP", true, 0, "smtp"},       {"220", "FTP", true, 0, "ftp"},    // RFC 959 section 5.4
    {"220", "FTPd", false, 0, "ftp"},                                          // "(vsFTPd 3.0.3)", "ProFTPD Server"
    {"220", NULL, false, 21, "ftp"},        {"220", NULL, false, 25, "smtp"},
    {"220", NULL, false, 465, "smtp"},      {"220", NULL, false, 587, "smtp"},
};

// What is known by its name needs no banner; within TLS that may be all there is to know.
static bool is_named(const struct observation *observation)
{
    const char *service = observation_service(observation);
    return service[0] != '\0' && strcmp(service, "tls") != 0;
}

static bool is_part_of_name(uint8_t sign)
{
    return isalnum(sign) || sign == '.' || sign == '-';
}

static bool line_has(struct bytes line, const char *word, bool whole)
{
    size_t length = strlen(word);
    for (size_t at = 0; at + length <= line.length; at++) {
        bool begins = at == 0 || !is_part_of_name(line.data[at - 1]);
        bool ends = at + length == line.length || !is_part_of_name(line.data[at + length]);
        if (strncasecmp((const char *)line.data + at, word, length) == 0 && (!whole || (begins && ends)))
            return true;
    }
    return false;
}

// The service whose greeting this is, NULL when it is nobody's. Only a whole line says so.
static const char *greeting_find(const struct session *self, struct bytes text)
{
    const uint8_t *feed = text.length == 0 ? NULL : memchr(text.data, '\n', text.length);
    struct bytes line = bytes_of(text.data, feed == NULL ? 0 : (size_t)(feed - text.data));
    for (size_t row = 0; row < sizeof(greetings) / sizeof(greetings[0]); row++)
        if (line_begins(line, greetings[row].begins) &&
            (greetings[row].port == 0 || greetings[row].port == self->port) &&
            (greetings[row].word == NULL || line_has(line, greetings[row].word, greetings[row].whole)))
            return greetings[row].service;
    return NULL;
}

// What was said unasked is a better banner than any complaint.
static void banner_keep(const struct session *self, struct bytes text)
{
    struct observation *observation = self->observation;
    bool better = !session_said(self) || !field_known(observation->root, FIELD(root, banner));
    if (is_named(observation) || text.length == 0)
        return;
    if (better)
        learn_text(observation, FIELD(root, banner), text.data, text.length);
    const char *service = greeting_find(self, text);
    if (service != NULL)
        learn_constant(observation, FIELD(root, service), service);
}

static struct session_result listen_open(struct session *self)
{
    struct listen_state *state = (struct listen_state *)self->state;
    state->keeping = self->input.length > 0;
    return session_wait(self->env->silence_ms);
}

// A protocol whose own words lines of text may precede, and which has a line.
static const struct session_ops *preamble_find(const struct bytes *input)
{
    const struct session_ops *ops;
    for (size_t row = 0; (ops = session_row(row)) != NULL; row++)
        if (recognise_preamble(ops, input->data, input->length))
            return ops;
    return NULL;
}

static struct session_result listen_end(struct session *self)
{
    banner_keep(self, bytes_of(buffer_bytes(&self->input), self->input.length));
    return detect_rest(self);
}

// A greeting may have many lines: it is whole when nothing more comes, or there is no room.
static struct session_result listen_bytes(struct session *self, struct bytes *input)
{
    const struct listen_state *state = (const struct listen_state *)self->state;
    if (!state->keeping) {
        struct session_result result = detect_other(self, input);
        if (result.next != &session_listen)
            return result;
    }
    const struct session_ops *whose = self->echo == ECHO_NONE ? preamble_find(input) : NULL;
    if (whose != NULL) {
        struct session_result result = detect_named(self, RECOGNITION_MINE, whose);
        if (result.next != &session_listen)
            return result;
    }
    if (input->length <= FIELD(root, banner)->size && !is_named(self->observation))
        return session_wait(self->env->quiet_ms);
    return listen_end(self);
}

static struct session_result listen_event(struct session *self, enum session_event event)
{
    if (self->input.length > 0)
        return listen_end(self);
    const struct session_ops *next = self->mute ? NULL : detect_guess(self);
    if (event == SESSION_SILENCE && next != NULL)
        return session_next(SESSION_BECOME, next);
    return detect_nothing(self);
}

const struct session_ops session_listen = {
    .name = "",
    .start = SESSION_SERVER_FIRST,
    .state_size = sizeof(struct listen_state),
    .open = listen_open,
    .bytes = listen_bytes,
    .event = listen_event,
};
