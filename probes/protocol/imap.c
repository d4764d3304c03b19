// SPDX-License-Identifier: BSD-3-Clause
// An IMAP server (RFC 3501): its greeting, CAPABILITY, ID NIL where it knows that (RFC 2971; we say nothing about us),
// and LOGOUT. Nobody logs in. Who is greeted with PREAUTH is in already; else a stranger is kept out, unless the server
// offers to know him as nobody (AUTH=ANONYMOUS): that is not tried.

#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/line.h"
#include "probes/session/registry.h"

enum { LINE_MAX_BYTES = 2048, LINES_MAX = 64 };

#define CAPABILITY "1 CAPABILITY\r\n"
#define ID         "2 ID NIL\r\n"
#define STARTTLS   "3 STARTTLS\r\n"
#define LOGOUT     "4 LOGOUT\r\n"

static const struct say imap_says[] = {SAY(CAPABILITY), SAY_END,     SAY(ID), SAY_END, SAY(STARTTLS),
                                       SAY_END,         SAY(LOGOUT), SAY_END, SAYS_END};

enum imap_phase { IMAP_GREETING = 0, IMAP_CAPABILITY, IMAP_ID, IMAP_STARTTLS, IMAP_TLS, IMAP_LOGOUT };

struct imap_state {
    enum imap_phase phase;
    uint32_t lines;
    bool let_in;
};

static const char *const greetings[] = {"* OK", "* PREAUTH", "* BYE"};

static enum recognition imap_recognise(const uint8_t *data, size_t length)
{
    enum recognition best = RECOGNITION_NOT_MINE;
    for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++) {
        enum recognition found = recognise_text(data, length, greetings[i]);
        best = found > best ? found : best;
    }
    return best;
}

static struct session_result imap_say(struct session *self, enum imap_phase phase, const char *words)
{
    struct imap_state *state = (struct imap_state *)self->state;
    state->phase = phase;
    return session_send_text(self, words) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

// Within the TLS that it was asked for nothing is new.
static struct session_result imap_open(struct session *self)
{
    return session_upgraded(self) == NULL ? session_wait(self->env->answer_ms) : imap_say(self, IMAP_LOGOUT, LOGOUT);
}

// All that is asked in the clear was asked.
static struct session_result imap_asked(struct session *self, bool answered)
{
    const struct imap_observation *imap = self->observation->imap;
    bool starttls = field_known(imap, FIELD(imap, starttls)) && imap->starttls && self->below == NULL;
    if (starttls)
        return imap_say(self, IMAP_STARTTLS, STARTTLS);
    self->observation->finished = answered;
    return imap_say(self, IMAP_LOGOUT, LOGOUT);
}

static struct session_result imap_on_greeting(struct session *self, struct bytes line)
{
    struct imap_state *state = (struct imap_state *)self->state;
    if (session_upgrades_only(self))
        return line_begins(line, "* BYE") ? session_done() : imap_say(self, IMAP_STARTTLS, STARTTLS);
    learn_constant(self->observation, FIELD(root, service), "imap");
    learn_text(self->observation, FIELD(imap, greeting), line.data, line.length);
    self->observation->finished = false; // which a tunnel around it may have been
    if (line_begins(line, "* BYE"))
        return session_done();
    state->let_in = line_begins(line, "* PREAUTH");
    return imap_say(self, IMAP_CAPABILITY, CAPABILITY);
}

// "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED AUTH=PLAIN"
static void capabilities_learn(struct session *self, struct bytes line)
{
    const struct imap_state *state = (const struct imap_state *)self->state;
    struct observation *observation = self->observation;
    static const char mechanism[] = "AUTH=";
    (void)bytes_take(&line, sizeof("* CAPABILITY") - 1);
    learn_names(observation, FIELD(imap, capabilities), line.data, line.length, ' ');
    const struct imap_observation *imap = observation->imap;
    if (imap == NULL)
        return; // no memory
    const struct list *names = &imap->capabilities;
    learn_list(observation, FIELD(imap, auth));
    for (uint32_t i = 0; i < names->count; i++)
        if (names->names[i].length > strlen(mechanism) &&
            memcmp(names->names[i].data, mechanism, strlen(mechanism)) == 0)
            learn_name(observation, FIELD(imap, auth), names->names[i].data + strlen(mechanism),
                       names->names[i].length - strlen(mechanism));
    if (field_cut(imap, FIELD(imap, capabilities)))
        return; // what is not among them may be behind them
    learn_flag(observation, FIELD(imap, login_disabled), list_has(names, "LOGINDISABLED"));
    if (self->below == NULL)
        learn_flag(observation, FIELD(imap, starttls), list_has(names, "STARTTLS"));
    if (state->let_in || !list_has(names, "AUTH=ANONYMOUS"))
        learn_flag(observation, FIELD(root, open), state->let_in);
}

// The next quoted string of a list, or NIL, which is one without bytes. False at its end, and at a literal.
static bool quoted_take(struct bytes *list, struct bytes *ret_string)
{
    while (list->length > 0 && (list->data[0] == ' ' || list->data[0] == '('))
        (void)bytes_u8(list);
    if (line_begins(*list, "NIL")) {
        (void)bytes_take(list, 3);
        *ret_string = bytes_of("", 0);
        return true;
    }
    if (list->length == 0 || list->data[0] != '"')
        return false;
    (void)bytes_u8(list);
    size_t length = 0;
    while (length < list->length && list->data[length] != '"')
        length += list->data[length] == '\\' ? 2 : 1;
    if (length >= list->length)
        return false;
    *ret_string = bytes_slice(list, length);
    (void)bytes_u8(list);
    return true;
}

static bool bytes_are(struct bytes bytes, const char *word)
{
    return bytes.length == strlen(word) && memcmp(bytes.data, word, bytes.length) == 0;
}

// * ID ("name" "Dovecot" "version" "2.3.19.1")
static void id_learn(struct observation *observation, struct bytes line)
{
    struct bytes name;
    struct bytes value;
    (void)bytes_take(&line, sizeof("* ID ") - 1);
    while (quoted_take(&line, &name) && quoted_take(&line, &value))
        if (bytes_are(name, "name") && value.length > 0)
            learn_text(observation, FIELD(imap, id_name), value.data, value.length);
        else if (bytes_are(name, "version") && value.length > 0)
            learn_text(observation, FIELD(imap, id_version), value.data, value.length);
}

static struct session_result imap_on_capability(struct session *self, struct bytes line)
{
    const struct imap_observation *imap = self->observation->imap;
    if (line_begins(line, "* CAPABILITY ") && !field_known(imap, FIELD(imap, capabilities)))
        capabilities_learn(self, line);
    if (!line_begins(line, "1 "))
        return session_wait(self->env->answer_ms);
    bool right = line_begins(line, "1 OK");
    if (field_known(imap, FIELD(imap, capabilities)) && list_has(&imap->capabilities, "ID"))
        return imap_say(self, IMAP_ID, ID);
    return imap_asked(self, right);
}

static struct session_result imap_on_line(struct session *self, struct bytes line)
{
    struct imap_state *state = (struct imap_state *)self->state;
    if (state->phase == IMAP_GREETING)
        return imap_on_greeting(self, line);
    if (++state->lines > LINES_MAX)
        return session_done();
    if (state->phase == IMAP_CAPABILITY)
        return imap_on_capability(self, line);
    if (state->phase == IMAP_ID) {
        if (line_begins(line, "* ID ") && !field_known(self->observation->imap, FIELD(imap, id_name)))
            id_learn(self->observation, line);
        if (!line_begins(line, "2 "))
            return session_wait(self->env->answer_ms);
        return imap_asked(self, true);
    }
    if (state->phase == IMAP_STARTTLS) {
        if (!line_begins(line, "3 "))
            return session_wait(self->env->answer_ms);
        if (!line_begins(line, "3 OK")) {
            self->observation->finished = true; // it has said all that it says to us
            return imap_say(self, IMAP_LOGOUT, LOGOUT);
        }
        state->phase = IMAP_TLS;
        return session_upgrade(self);
    }
    return line_begins(line, "4 ") ? session_done() : session_wait(self->env->answer_ms);
}

static struct session_result imap_bytes(struct session *self, struct bytes *input)
{
    const struct imap_state *state = (const struct imap_state *)self->state;
    struct session_result result = session_wait(self->env->answer_ms);
    if (state->phase == IMAP_TLS)
        return upgrade_bytes(self, input);
    if (state->phase == IMAP_GREETING) {
        enum recognition found = imap_recognise(input->data, input->length);
        if (found != RECOGNITION_MINE)
            return found == RECOGNITION_UNDECIDED ? result : detect_other(self, input);
    }
    struct bytes line;
    while (result.verb == SESSION_WAIT && line_take(input, LINE_MAX_BYTES, &line) > 0)
        result = imap_on_line(self, line);
    return result;
}

static struct session_result imap_event(struct session *self, enum session_event event)
{
    const struct imap_state *state = (const struct imap_state *)self->state;
    (void)event;
    return state->phase == IMAP_GREETING ? detect_nothing(self) : session_done();
}

static const struct field *const imap_overheard[] = {FIELD(imap, greeting), NULL};

const struct session_ops session_imap = {
    .name = "imap",
    .state_size = sizeof(struct imap_state),
    .start = SESSION_SERVER_FIRST,
    .upgrades = true,
    .recognise = imap_recognise,
    .overheard = imap_overheard,
    .says = imap_says,
    .open = imap_open,
    .bytes = imap_bytes,
    .event = imap_event,
    .seal = upgrade_seal,
};
