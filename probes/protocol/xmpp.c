// SPDX-License-Identifier: BSD-3-Clause
// XMPP (RFC 6120): the opening of a stream, the features that answer it, STARTTLS where that is among them, the
// features behind it, and the end of the stream. Nobody logs in. A server is asked for the domain that its address is;
// where it knows none of that name and says which it is from, it is asked once more for that one.

#include <stdio.h>
#include <string.h>

#include "probes/address.h"
#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"
#include "probes/session/tag.h"

enum {
    PORT_SERVERS = 5269, // where servers speak with each other
    TAGS_MAX = 256,
    DOMAIN_MAX = 253,
    OPENING_MAX = 512,
    XMPP_BY_DOMAIN = 1 // argument of an errand: ask for the domain that was learnt
};

#define OPENING  "<?xml version='1.0'?><stream:stream to='"
#define CLIENTS  "' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
#define SERVERS  "' xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define CLOSING  "</stream:stream>"

static const struct say xmpp_says[] = {SAY(OPENING),  SAY_ANY(DOMAIN_MAX),
                                       SAY(CLIENTS),  SAY_END,
                                       SAY(OPENING),  SAY_ANY(DOMAIN_MAX),
                                       SAY(SERVERS),  SAY_END,
                                       SAY(STARTTLS), SAY_END,
                                       SAY(CLOSING),  SAY_END,
                                       SAYS_END};

enum xmpp_phase { XMPP_STREAM = 0, XMPP_FEATURES, XMPP_ERROR, XMPP_STARTTLS, XMPP_TLS, XMPP_LEAVING };

struct xmpp_state {
    enum xmpp_phase phase;
    uint32_t tags;
    bool features;   // within them
    bool mechanisms; // likewise
    bool starttls;
};

// An XML declaration may stand before the stream.
static enum recognition xmpp_recognise(const uint8_t *data, size_t length)
{
    static const char declaration[] = "<?xml ";
    enum { DECLARATION_MAX = 128 };
    enum recognition found = recognise_text(data, length, declaration);
    if (found == RECOGNITION_UNDECIDED)
        return found;
    size_t at = 0;
    if (found == RECOGNITION_MINE) {
        size_t looked = length < DECLARATION_MAX ? length : DECLARATION_MAX;
        const uint8_t *end = memmem(data, looked, "?>", 2);
        if (end == NULL)
            return looked < DECLARATION_MAX ? RECOGNITION_UNDECIDED : RECOGNITION_NOT_MINE;
        at = (size_t)(end - data) + 2;
        while (at < looked && (data[at] == ' ' || data[at] == '\r' || data[at] == '\n'))
            at++;
    }
    return at == length ? RECOGNITION_UNDECIDED : recognise_text(data + at, length - at, "<stream:stream");
}

static struct session_result xmpp_say(struct session *self, enum xmpp_phase phase, const char *words)
{
    struct xmpp_state *state = (struct xmpp_state *)self->state;
    state->phase = phase;
    return session_send_text(self, words) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

// Whom it is asked for: its name where one is known, which servers of many domains need.
static const char *xmpp_asked(const struct session *self, char address[static ADDRESS_TEXT_MAX])
{
    return self->name != NULL ? self->name : address_text(self->address, address);
}

static struct session_result xmpp_open(struct session *self)
{
    const struct xmpp_observation *xmpp = self->observation->xmpp;
    const char *behind = self->port == PORT_SERVERS ? SERVERS : CLIENTS;
    char address[ADDRESS_TEXT_MAX];
    char opening[OPENING_MAX];
    bool domain = (session_upgraded(self) != NULL || session_argument(self) == XMPP_BY_DOMAIN) && xmpp != NULL &&
                  xmpp->known.domain;
    snprintf(opening, sizeof(opening), OPENING "%.*s%s", DOMAIN_MAX,
             domain ? text_of(&xmpp->domain) : xmpp_asked(self, address), behind);
    return xmpp_say(self, XMPP_STREAM, opening);
}

// A domain that may be said: what comes back is a stranger's.
static bool is_domain(struct bytes name)
{
    for (size_t at = 0; at < name.length; at++)
        if (!((name.data[at] | 0x20) >= 'a' && (name.data[at] | 0x20) <= 'z') &&
            !(name.data[at] >= '0' && name.data[at] <= '9') && name.data[at] != '.' && name.data[at] != '-')
            return false;
    return name.length > 0 && name.length <= DOMAIN_MAX;
}

static void stream_learn(struct session *self, const struct tag *tag)
{
    struct observation *observation = self->observation;
    struct bytes from = tag_attribute(tag, "from");
    struct bytes version = tag_attribute(tag, "version");
    char address[ADDRESS_TEXT_MAX];
    const char *asked = xmpp_asked(self, address);
    // That is what it was asked for.
    bool ours = !from.failed && from.length == strlen(asked) && memcmp(from.data, asked, from.length) == 0;
    learn_constant(observation, FIELD(root, service), "xmpp");
    observation->finished = false; // which a tunnel around it may have been
    if (!from.failed && !ours && is_domain(from) && !field_known(observation->xmpp, FIELD(xmpp, domain)))
        learn_text(observation, FIELD(xmpp, domain), from.data, from.length);
    if (!version.failed && !field_known(observation->xmpp, FIELD(xmpp, version)))
        learn_text(observation, FIELD(xmpp, version), version.data, version.length);
}

static const struct field *auth_field(const struct session *self)
{
    return session_upgraded(self) == NULL ? FIELD(xmpp, auth) : FIELD(xmpp, starttls_auth);
}

static void mechanism_learn(struct session *self, const struct tag *tag)
{
    struct xmpp_state *state = (struct xmpp_state *)self->state;
    if (tag_is(tag, "mechanism") && tag->ends && tag->text.length > 0)
        learn_name(self->observation, auth_field(self), tag->text.data, tag->text.length);
    if (!tag_is(tag, "mechanisms"))
        return;
    state->mechanisms = !tag->ends && !tag->empty;
    if (!tag->ends)
        learn_list(self->observation, auth_field(self));
}

static void feature_take(struct session *self, const struct tag *tag)
{
    struct xmpp_state *state = (struct xmpp_state *)self->state;
    bool offered = tag_is(tag, "starttls") && self->below == NULL && !tag->ends;
    state->starttls = state->starttls || offered;
    if (session_upgrades_only(self))
        return;
    if (offered)
        learn_flag(self->observation, FIELD(xmpp, starttls), true);
    if (state->starttls && !tag->ends && (offered || tag_is(tag, "required")))
        learn_flag(self->observation, FIELD(xmpp, starttls_required), !offered);
    mechanism_learn(self, tag);
}

static struct session_result features_over(struct session *self)
{
    struct xmpp_state *state = (struct xmpp_state *)self->state;
    const struct xmpp_observation *xmpp = self->observation->xmpp;
    const struct field *auth = auth_field(self);
    if (state->starttls)
        return xmpp_say(self, XMPP_STARTTLS, STARTTLS);
    if (session_upgrades_only(self))
        return xmpp_say(self, XMPP_LEAVING, CLOSING);
    if (self->below == NULL)
        learn_flag(self->observation, FIELD(xmpp, starttls), false);
    if (field_known(xmpp, auth) && !field_cut(xmpp, auth) &&
        !list_has((const struct list *)field_value_const(xmpp, auth), "ANONYMOUS"))
        learn_flag(self->observation, FIELD(root, open), false);
    self->observation->finished = true;
    return xmpp_say(self, XMPP_LEAVING, CLOSING);
}

// <stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>
static struct session_result xmpp_on_error(struct session *self, const struct tag *tag)
{
    const struct errand again = {.kind = ERRAND_MATRIX, .first = &session_xmpp, .argument = XMPP_BY_DOMAIN};
    const struct xmpp_observation *xmpp = self->observation->xmpp;
    if (!field_known(xmpp, FIELD(xmpp, error)))
        learn_text(self->observation, FIELD(xmpp, error), tag->name.data, tag->name.length);
    bool asked = session_argument(self) == XMPP_BY_DOMAIN || session_upgrades_only(self) || self->below != NULL;
    if (tag_is(tag, "host-unknown") && !asked && field_known(xmpp, FIELD(xmpp, domain)))
        (void)session_ask(self, &again);
    return session_done();
}

// Nothing more comes, or is read.
static struct session_result xmpp_over(struct session *self)
{
    if (((const struct xmpp_state *)self->state)->mechanisms)
        learn_cut(self->observation, auth_field(self));
    return session_done();
}

static struct session_result xmpp_on_tag(struct session *self, const struct tag *tag)
{
    struct xmpp_state *state = (struct xmpp_state *)self->state;
    if (++state->tags > TAGS_MAX || (tag_is(tag, "stream:stream") && tag->ends))
        return xmpp_over(self);
    if (state->phase == XMPP_ERROR)
        return xmpp_on_error(self, tag);
    if (state->phase == XMPP_STARTTLS) {
        if (!tag_is(tag, "proceed")) {
            self->observation->finished = true; // it has said all that it says to us
            return xmpp_say(self, XMPP_LEAVING, CLOSING);
        }
        state->phase = XMPP_TLS;
        return session_upgrade(self);
    }
    // A connection that is for TLS alone teaches nothing else.
    if (tag_is(tag, "stream:stream") && !session_upgrades_only(self))
        stream_learn(self, tag);
    else if (tag_is(tag, "stream:error"))
        state->phase = XMPP_ERROR;
    else if (tag_is(tag, "stream:features"))
        state->features = !tag->ends && !tag->empty;
    else if (state->features)
        feature_take(self, tag);
    bool over = tag_is(tag, "stream:features") && (tag->ends || tag->empty) && state->phase == XMPP_STREAM;
    return over ? features_over(self) : session_wait(self->env->answer_ms);
}

static struct session_result xmpp_bytes(struct session *self, struct bytes *input)
{
    const struct xmpp_state *state = (const struct xmpp_state *)self->state;
    struct session_result result = session_wait(self->env->answer_ms);
    if (state->phase == XMPP_TLS)
        return upgrade_bytes(self, input);
    if (!self->believed) {
        enum recognition found = xmpp_recognise(input->data, input->length);
        if (found != RECOGNITION_MINE)
            return found == RECOGNITION_UNDECIDED ? result : detect_other(self, input);
    }
    struct tag tag;
    enum tag_status status = TAG_WAIT;
    while (result.verb == SESSION_WAIT && state->phase != XMPP_TLS && (status = tag_take(input, &tag)) == TAG_TAKEN)
        result = xmpp_on_tag(self, &tag);
    return status == TAG_NONE ? xmpp_over(self) : result;
}

static struct session_result xmpp_event(struct session *self, enum session_event event)
{
    (void)event;
    return self->believed ? xmpp_over(self) : detect_nothing(self);
}

static const struct field *const xmpp_overheard[] = {FIELD(xmpp, domain), FIELD(xmpp, version), NULL};

const struct session_ops session_xmpp = {
    .name = "xmpp",
    .state_size = sizeof(struct xmpp_state),
    .start = SESSION_CLIENT_FIRST,
    .upgrades = true,
    .recognise = xmpp_recognise,
    .overheard = xmpp_overheard,
    .says = xmpp_says,
    .open = xmpp_open,
    .bytes = xmpp_bytes,
    .event = xmpp_event,
    .seal = upgrade_seal,
};
