// SPDX-License-Identifier: BSD-3-Clause
// LDAP (RFC 4511): the root DSE, which is there to be read by anybody, then one entry of the directory without any of
// its attributes, StartTLS where that is offered (4.14), and unbind. Nobody binds. Only a server that shows the entry
// lets strangers in.

#include <string.h>

#include "probes/session/ber.h"
#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    MESSAGE_MAX_BYTES = 64 << 10,
    BASE_MAX_BYTES = 200, // the root of a longer name is not asked for
    SEARCH_ENTRY = 0x64,
    SEARCH_DONE = 0x65,
    EXTENDED_RESPONSE = 0x78, // of message 0: the server says why it hangs up
    ROOT_MESSAGE = 1,
    ENTRY_MESSAGE = 2,
    STARTTLS_MESSAGE = 3,
};

// Message 1: a search at "", base object, never dereferencing, no limits, present(objectClass), for what follows.
#define SEARCH_ROOT                                                                                                    \
    "\x30\x81\xce\x02\x01\x01\x63\x81\xc8\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00"         \
    "\x87\x0bobjectClass\x30\x81\xa7"                                                                                  \
    "\x04\x0bobjectClass\x04\x0enamingContexts"                                                                        \
    "\x04\x14"                                                                                                         \
    "defaultNamingContext\x04\x0avendorName"                                                                           \
    "\x04\x0dvendorVersion\x04\x17supportedSASLMechanisms\x04\x12supportedExtension"                                   \
    "\x04\x0b"                                                                                                         \
    "dnsHostName\x04\x1d"                                                                                              \
    "domainControllerFunctionality"
// Message 2, behind the name of a root: the same for one entry at most, and none of its attributes.
#define ENTRY_HEAD "\x02\x01\x02"
#define ENTRY_REST                                                                                                     \
    "\x0a\x01\x00\x0a\x01\x00\x02\x01\x01\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass\x30\x05\x04\x03"                  \
    "1.1"
#define STARTTLS                                                                                                       \
    "\x30\x1d\x02\x01\x03\x77\x18\x80\x16"                                                                             \
    "1.3.6.1.4.1.1466.20037"
#define UNBIND "\x30\x05\x02\x01\x04\x42\x00"

static const struct say ldap_says[] = {SAY(SEARCH_ROOT),
                                       SAY_END,
                                       SAY("\x30"),
                                       SAY_ANY(3),
                                       SAY(ENTRY_HEAD "\x63"),
                                       SAY_ANY(6 + BASE_MAX_BYTES),
                                       SAY(ENTRY_REST),
                                       SAY_END,
                                       SAY(STARTTLS),
                                       SAY_END,
                                       SAY(UNBIND),
                                       SAY_END,
                                       SAYS_END};

struct ldap_state {
    bool carries;    // TLS was begun on this connection
    uint8_t message; // which is being answered
    bool shown;      // there was an entry
    uint8_t base_length;
    uint8_t base[BASE_MAX_BYTES];
};

static struct session_result ldap_starttls(struct session *self)
{
    ((struct ldap_state *)self->state)->message = STARTTLS_MESSAGE;
    return SESSION_ASK_LITERAL(self, STARTTLS);
}

// Within the TLS that it was asked for nothing is new.
static struct session_result ldap_open(struct session *self)
{
    if (session_upgraded(self) != NULL)
        return SESSION_END_LITERAL(self, UNBIND);
    if (session_upgrades_only(self))
        return ldap_starttls(self);
    ((struct ldap_state *)self->state)->message = ROOT_MESSAGE;
    return SESSION_ASK_LITERAL(self, SEARCH_ROOT);
}

static bool bytes_are(struct bytes bytes, const char *text)
{
    return bytes.length == strlen(text) && memcmp(bytes.data, text, bytes.length) == 0;
}

// The root whose entry is asked for: Active Directory names the one that is meant, of others the first counts.
static void base_keep(struct ldap_state *state, struct bytes name, bool always)
{
    if (name.length == 0 || name.length > BASE_MAX_BYTES || (state->base_length > 0 && !always))
        return;
    state->base_length = (uint8_t)name.length;
    memcpy(state->base, name.data, name.length);
}

static void value_learn(struct session *self, struct bytes type, struct bytes value)
{
    static const char own_class[] = "rootDSE";
    struct ldap_state *state = (struct ldap_state *)self->state;
    struct observation *observation = self->observation;
    size_t tail = strlen(own_class);
    if (bytes_are(type, "namingContexts")) {
        learn_name(observation, FIELD(ldap, naming_contexts), value.data, value.length);
        base_keep(state, value, false);
    } else if (bytes_are(type, "defaultNamingContext")) {
        base_keep(state, value, true);
    } else if (bytes_are(type, "supportedSASLMechanisms")) {
        learn_name(observation, FIELD(ldap, sasl_mechanisms), value.data, value.length);
    } else if (bytes_are(type, "supportedExtension")) {
        bool starttls = bytes_are(value, "1.3.6.1.4.1.1466.20037");
        if (starttls || !field_known(observation->ldap, FIELD(ldap, starttls)))
            learn_flag(observation, FIELD(ldap, starttls), starttls);
    } else if (bytes_are(type, "vendorName")) {
        learn_text(observation, FIELD(ldap, vendor_name), value.data, value.length);
    } else if (bytes_are(type, "vendorVersion")) {
        learn_text(observation, FIELD(ldap, vendor_version), value.data, value.length);
    } else if (bytes_are(type, "dnsHostName")) {
        learn_text(observation, FIELD(ldap, dns_host), value.data, value.length);
    } else if (bytes_are(type, "domainControllerFunctionality")) {
        learn_text(observation, FIELD(ldap, functionality), value.data, value.length);
    } else if (bytes_are(type, "objectClass") && value.length > tail &&
               memcmp(value.data + value.length - tail, own_class, tail) == 0) {
        learn_text(observation, FIELD(ldap, root_class), value.data, value.length);
    }
}

// A name, and attributes: of a type and a set of values each.
static void root_learn(struct session *self, struct bytes entry)
{
    (void)ber_content(&entry, BER_OCTETS);
    struct bytes attributes = ber_content(&entry, BER_SEQUENCE);
    while (!attributes.failed && attributes.length > 0) {
        struct bytes attribute = ber_content(&attributes, BER_SEQUENCE);
        struct bytes type = ber_content(&attribute, BER_OCTETS);
        struct bytes values = ber_content(&attribute, BER_SET);
        if (values.failed)
            return;
        while (values.length > 0) {
            struct bytes value = ber_content(&values, BER_OCTETS);
            if (value.failed)
                return;
            value_learn(self, type, value);
        }
    }
}

// Asks for the entry of the root that was named.
static struct session_result ldap_ask_entry(struct session *self)
{
    struct ldap_state *state = (struct ldap_state *)self->state;
    struct buffer operation = {0};
    struct buffer message = {0};
    struct buffer whole = {0};
    ber_put(&operation, BER_OCTETS, state->base, state->base_length);
    buffer_put(&operation, ENTRY_REST, sizeof(ENTRY_REST) - 1);
    buffer_put(&message, ENTRY_HEAD, sizeof(ENTRY_HEAD) - 1);
    ber_put(&message, 0x63, buffer_bytes(&operation), operation.length);
    ber_put(&whole, BER_SEQUENCE, buffer_bytes(&message), message.length);
    state->message = ENTRY_MESSAGE;
    bool failed = operation.failed || message.failed || whole.failed ||
                  session_send(self, buffer_bytes(&whole), whole.length) != 0;
    buffer_fini(&operation);
    buffer_fini(&message);
    buffer_fini(&whole);
    return failed ? session_failed() : session_wait(self->env->answer_ms);
}

// Codes that say that one has to bind first, or that nobody may (RFC 4511, appendix A): Active Directory says
// operationsError, OpenLDAP unwillingToPerform. A root that is not there says nothing: it may be empty, or hidden.
static bool is_refusal(int64_t code)
{
    static const uint8_t codes[] = {1, 8, 48, 49, 50, 53};
    return code >= 0 && code <= UINT8_MAX && memchr(codes, (int)code, sizeof(codes)) != NULL;
}

static struct session_result ldap_on_done(struct session *self, struct bytes result)
{
    struct ldap_state *state = (struct ldap_state *)self->state;
    struct observation *observation = self->observation;
    int64_t code = ber_number(ber_content(&result, BER_ENUMERATED));
    (void)ber_content(&result, BER_OCTETS);
    struct bytes diagnostic = ber_content(&result, BER_OCTETS);
    if (state->message == ROOT_MESSAGE && code == 0 && state->base_length > 0)
        return ldap_ask_entry(self);
    if (code >= 0 && (state->message == ENTRY_MESSAGE || code != 0))
        learn_number(observation, FIELD(ldap, result), code);
    if (diagnostic.length > 0)
        learn_text(observation, FIELD(ldap, diagnostic), diagnostic.data, diagnostic.length);
    if (is_refusal(code) || (code == 0 && state->shown))
        learn_flag(observation, FIELD(root, open), code == 0);
    observation->finished = code >= 0;
    bool starttls = self->below == NULL && observation->ldap != NULL && observation->ldap->known.starttls &&
                    observation->ldap->starttls;
    return starttls ? ldap_starttls(self) : SESSION_END_LITERAL(self, UNBIND);
}

// Success of StartTLS, or why not.
static struct session_result ldap_on_starttls(struct session *self, struct bytes result)
{
    struct ldap_state *state = (struct ldap_state *)self->state;
    if (ber_number(ber_content(&result, BER_ENUMERATED)) != 0)
        return SESSION_END_LITERAL(self, UNBIND);
    state->carries = true;
    return session_upgrade(self);
}

static struct session_result ldap_on_operation(struct session *self, struct ber operation)
{
    struct ldap_state *state = (struct ldap_state *)self->state;
    if (state->message == STARTTLS_MESSAGE)
        return operation.tag == EXTENDED_RESPONSE ? ldap_on_starttls(self, operation.content) : session_done();
    learn_constant(self->observation, FIELD(root, service), "ldap");
    self->observation->finished = false; // which a tunnel around it may have been
    if (operation.tag == SEARCH_ENTRY && state->message == ROOT_MESSAGE)
        root_learn(self, operation.content);
    state->shown = state->shown || (operation.tag == SEARCH_ENTRY && state->message == ENTRY_MESSAGE);
    if (operation.tag == SEARCH_DONE || operation.tag == EXTENDED_RESPONSE)
        return ldap_on_done(self, operation.content);
    return session_wait(self->env->answer_ms);
}

// Somebody else's bytes: only before the first message was read.
static struct session_result ldap_strange(struct session *self, struct bytes *input)
{
    return self->observation->ldap == NULL && !recognise_named(self) ? detect_other(self, input) : session_done();
}

static struct session_result ldap_bytes(struct session *self, struct bytes *input)
{
    const struct ldap_state *state = (const struct ldap_state *)self->state;
    struct session_result result = session_wait(self->env->answer_ms);
    if (state->carries)
        return upgrade_bytes(self, input);
    while (result.verb == SESSION_WAIT && input->length > 0) {
        struct bytes rest = *input;
        struct ber message = {0};
        struct ber operation = {0};
        if (input->data[0] != BER_SEQUENCE)
            return ldap_strange(self, input);
        enum ber_found found = ber_take(&rest, &message);
        if (found == BER_WRONG || message.length > MESSAGE_MAX_BYTES)
            return ldap_strange(self, input);
        if (found == BER_SHORT)
            return result;
        int64_t number = ber_number(ber_content(&message.content, BER_INTEGER));
        if ((number != state->message && number != 0) || ber_take(&message.content, &operation) != BER_WHOLE)
            return ldap_strange(self, input);
        result = ldap_on_operation(self, operation);
        *input = rest;
    }
    return result;
}

static struct session_result ldap_event(struct session *self, enum session_event event)
{
    (void)event;
    return !recognise_named(self) ? detect_nothing(self) : session_done();
}

const struct session_ops session_ldap = {
    .name = "ldap",
    .state_size = sizeof(struct ldap_state),
    .start = SESSION_CLIENT_FIRST,
    .upgrades = true,
    .says = ldap_says,
    .open = ldap_open,
    .bytes = ldap_bytes,
    .event = ldap_event,
    .seal = upgrade_seal,
};
