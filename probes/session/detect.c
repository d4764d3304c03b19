// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/detect.h"

#include <string.h>

#include "probes/session/registry.h"

enum { TLS_MAJOR = 3, TLS_ALERT = 21, TLS_HANDSHAKE = 22 };

static enum spoken spoken_text(const uint8_t *data, size_t length, const char *text, enum spoken found)
{
    size_t whole = strlen(text);
    size_t compared = length < whole ? length : whole;
    if (memcmp(data, text, compared) != 0) {
        return SPOKEN_UNKNOWN;
    }
    return compared == whole ? found : SPOKEN_UNDECIDED;
}

// RFC 8446 section 5.1: type, version, length. Minor versions up to 4 have been seen in records.
static enum spoken spoken_tls(const uint8_t *data, size_t length)
{
    if (data[0] != TLS_ALERT && data[0] != TLS_HANDSHAKE) {
        return SPOKEN_UNKNOWN;
    }
    if ((length >= 2 && data[1] != TLS_MAJOR) || (length >= 3 && data[2] > 4)) {
        return SPOKEN_UNKNOWN;
    }
    return length >= 3 ? SPOKEN_TLS : SPOKEN_UNDECIDED;
}

// What OpenSSH says in place of its identification, and then closes (MaxStartups, PerSourcePenalties).
static const char *const ssh_refusals[] = {"Exceeded MaxStartups", "Not allowed at this time"};

static enum spoken spoken_ssh_refused(const uint8_t *data, size_t length)
{
    enum spoken found = SPOKEN_UNKNOWN;
    for (size_t at = 0; found == SPOKEN_UNKNOWN && at < sizeof(ssh_refusals) / sizeof(ssh_refusals[0]); at++) {
        found = spoken_text(data, length, ssh_refusals[at], SPOKEN_SSH);
    }
    return found;
}

bool spoken_is_refusal(const uint8_t *data, size_t length)
{
    return length > 0 && spoken_ssh_refused(data, length) == SPOKEN_SSH;
}

enum spoken spoken_find(const uint8_t *data, size_t length)
{
    if (length == 0) {
        return SPOKEN_UNDECIDED;
    }
    enum spoken found = spoken_tls(data, length);
    if (found == SPOKEN_UNKNOWN) {
        found = spoken_text(data, length, "SSH-", SPOKEN_SSH);
    }
    if (found == SPOKEN_UNKNOWN) {
        found = spoken_ssh_refused(data, length);
    }
    return found != SPOKEN_UNKNOWN ? found : spoken_text(data, length, "HTTP/", SPOKEN_HTTP);
}

static const struct session_ops *spoken_session(enum spoken found)
{
    switch (found) {
    case SPOKEN_SSH:
        return &session_ssh;
    case SPOKEN_TLS:
        return &session_tls;
    case SPOKEN_HTTP:
        return &session_http;
    case SPOKEN_UNKNOWN:
    case SPOKEN_UNDECIDED:
        break;
    }
    return NULL;
}

static bool session_tried(const struct session *self, const struct session_ops *ops)
{
    return (self->observation->tried & session_bit(ops)) != 0;
}

struct session_result detect_other(const struct session *self, enum spoken found)
{
    const struct session_ops *next = spoken_session(found);
    // Inside a tunnel there is one conversation: what comes is written down, and that is all.
    if (next != NULL && self->below == NULL && !session_tried(self, next)) {
        return session_next(SESSION_AGAIN, next);
    }
    return self->ops == &session_listen ? session_done() : session_next(SESSION_BECOME, &session_listen);
}

struct session_result detect_nothing(const struct session *self)
{
    if (self->below != NULL) {
        return session_done();
    }
    if (self->input.length > 0) {
        return session_next(SESSION_BECOME, &session_listen);
    }
    if (self->observation->spoke) {
        return session_done();
    }
    // Only these two wait for the client. Each is asked once, whatever order the port suggested.
    static const struct session_ops *const waiting[] = {&session_http, &session_tls};
    for (size_t at = 0; at < sizeof(waiting) / sizeof(waiting[0]); at++) {
        if (!session_tried(self, waiting[at])) {
            return session_next(SESSION_AGAIN, waiting[at]);
        }
    }
    return session_done();
}
