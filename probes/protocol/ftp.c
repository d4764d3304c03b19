// SPDX-License-Identifier: BSD-3-Clause
// An FTP server (RFC 959): its greeting, FEAT (RFC 2389), which most answer before a login, and QUIT. Nobody logs in,
// as "anonymous" no more than as anybody else, so `open` is not learnt.

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/line.h"
#include "probes/session/registry.h"
#include "probes/session/reply.h"

enum {
    READY_SOON = 120,
    SYSTEM_STATUS = 211,
    SERVICE_READY = 220,
    SECURITY_OKAY = 234, // RFC 4217 section 4
    SERVICE_CLOSING = 421,
    REFUSED_FOR_GOOD = 500
};

#define FEAT "FEAT\r\n"
#define AUTH "AUTH TLS\r\n"
#define QUIT "QUIT\r\n"

static const struct say ftp_says[] = {SAY(FEAT), SAY_END, SAY(AUTH), SAY_END, SAY(QUIT), SAY_END, SAYS_END};

enum ftp_phase { FTP_GREETING = 0, FTP_FEAT, FTP_AUTH, FTP_TLS, FTP_QUIT };

struct ftp_state {
    enum ftp_phase phase;
};

static enum recognition ftp_recognise(const uint8_t *data, size_t length)
{
    // FileZilla's names neither the protocol nor the word server alone.
    enum recognition found = reply_recognise(data, length, "FTP");
    return found == RECOGNITION_NOT_MINE ? reply_recognise(data, length, "FileZilla") : found;
}

static struct session_result ftp_goodbye(struct session *self)
{
    struct ftp_state *state = (struct ftp_state *)self->state;
    state->phase = FTP_QUIT;
    return session_send_text(self, QUIT) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

// Within the TLS that it was asked for nothing is new.
static struct session_result ftp_open(struct session *self)
{
    return session_upgraded(self) == NULL ? session_wait(self->env->answer_ms) : ftp_goodbye(self);
}

static struct session_result ftp_auth(struct session *self)
{
    struct ftp_state *state = (struct ftp_state *)self->state;
    state->phase = FTP_AUTH;
    self->observation->finished = self->observation->finished && session_upgrades_only(self);
    return session_send_text(self, AUTH) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

static struct session_result ftp_on_auth(struct session *self, const struct reply *reply)
{
    struct ftp_state *state = (struct ftp_state *)self->state;
    // Some list it without a certificate to show, and refuse it for good.
    if (!session_upgrades_only(self))
        learn_flag(self->observation, FIELD(ftp, starttls), reply->code < REFUSED_FOR_GOOD);
    if (reply->code != SECURITY_OKAY) {
        self->observation->finished = true; // it has said all that it says to us
        return ftp_goodbye(self);
    }
    state->phase = FTP_TLS;
    return session_upgrade(self);
}

static struct session_result ftp_on_greeting(struct session *self, const struct reply *reply)
{
    struct ftp_state *state = (struct ftp_state *)self->state;
    const struct errand later = {.kind = ERRAND_RETRY, .first = &session_ftp, .wait_ms = ERRAND_LATER_MS};
    if (!session_upgrades_only(self)) {
        learn_constant(self->observation, FIELD(root, service), "ftp");
        learn_text(self->observation, FIELD(ftp, greeting), reply->text.data, reply->text.length);
        self->observation->finished = false; // which a tunnel around it may have been
    }
    if (reply->code == READY_SOON)
        return session_wait(self->env->answer_ms);
    if (reply->code == SERVICE_CLOSING && self->below == NULL)
        (void)session_ask(self, &later);
    if (reply->code != SERVICE_READY || reply->cut)
        return session_done();
    if (session_upgrades_only(self))
        return ftp_auth(self);
    state->phase = FTP_FEAT;
    return session_send_text(self, FEAT) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

// " AUTH TLS", or "AUTH SSL;TLS-C;TLS-P;" with all names of one thing.
static bool feature_is_tls(struct bytes line)
{
    return line_begins(line, "AUTH TLS") || line_begins(line, "AUTH SSL");
}

// "211-Features:", a line each behind a blank, "211 End". Who refuses strangers has said all.
static struct session_result ftp_on_feat(struct session *self, const struct reply *reply)
{
    struct observation *observation = self->observation;
    struct bytes text = reply->text;
    struct bytes line;
    bool starttls = false;
    observation->finished = !reply->cut;
    if (reply->code != SYSTEM_STATUS)
        return ftp_goodbye(self);
    learn_list(observation, FIELD(ftp, features));
    (void)reply_line(&text, &line);
    while (reply_line(&text, &line) && (text.length > 0 || reply->cut)) {
        while (line.length > 0 && line.data[0] == ' ')
            (void)bytes_u8(&line);
        learn_name(observation, FIELD(ftp, features), line.data, line.length);
        starttls = starttls || feature_is_tls(line);
    }
    bool asks = starttls && self->below == NULL && !reply->cut;
    if (self->below == NULL && !asks && (starttls || !reply->cut))
        learn_flag(observation, FIELD(ftp, starttls), starttls);
    if (reply->cut)
        learn_cut(observation, FIELD(ftp, features));
    return asks ? ftp_auth(self) : ftp_goodbye(self);
}

static struct session_result ftp_bytes(struct session *self, struct bytes *input)
{
    const struct ftp_state *state = (const struct ftp_state *)self->state;
    struct session_result result = session_wait(self->env->answer_ms);
    struct reply reply;
    if (state->phase == FTP_TLS)
        return upgrade_bytes(self, input);
    if (state->phase == FTP_GREETING) {
        enum recognition found = reply_greeting(self, input);
        if (found != RECOGNITION_MINE)
            return found == RECOGNITION_UNDECIDED ? result : detect_other(self, input);
    }
    while (result.verb == SESSION_WAIT && reply_take(input, &reply) > 0)
        if (state->phase == FTP_GREETING)
            result = ftp_on_greeting(self, &reply);
        else if (state->phase == FTP_FEAT)
            result = ftp_on_feat(self, &reply);
        else if (state->phase == FTP_AUTH)
            result = ftp_on_auth(self, &reply);
        else
            result = session_done();
    return result;
}

static struct session_result ftp_event(struct session *self, enum session_event event)
{
    const struct ftp_state *state = (const struct ftp_state *)self->state;
    (void)event;
    if (state->phase != FTP_GREETING)
        return session_done();
    const uint8_t *data = buffer_bytes(&self->input);
    size_t length = self->input.length;
    if (length == 0 || session_upgrades_only(self) || !reply_names(data, length, "FTP"))
        return detect_nothing(self);
    // It began to greet, and did not come to an end.
    while (data[length - 1] == '\n' || data[length - 1] == '\r')
        length--;
    learn_constant(self->observation, FIELD(root, service), "ftp");
    learn_text(self->observation, FIELD(ftp, greeting), data, length);
    learn_cut(self->observation, FIELD(ftp, greeting));
    return session_done();
}

static const struct field *const ftp_overheard[] = {FIELD(ftp, greeting), NULL};

const struct session_ops session_ftp = {
    .name = "ftp",
    .state_size = sizeof(struct ftp_state),
    .start = SESSION_SERVER_FIRST,
    .upgrades = true,
    .recognise = ftp_recognise,
    .overheard = ftp_overheard,
    .says = ftp_says,
    .open = ftp_open,
    .bytes = ftp_bytes,
    .event = ftp_event,
    .seal = upgrade_seal,
};
