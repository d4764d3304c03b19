// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/tunnel.h"

#include <string.h>

#include "probes/session/conversation.h"
#include "probes/session/registry.h"

// What is spoken under an identifier of IANA's registry of ALPN protocol IDs, where that is not its name. What there is
// no session for is heard by listening, and named by its greeting.
static const struct {
    const char *alpn;
    const char *session;
} protocols[] = {
    {"h2", "http2"},
    {"http/1.1", "http"},
    {"http/1.0", "http"},
    {"http/0.9", "http"},
};

static const struct session_ops *protocol_find(const char *alpn)
{
    const char *name = alpn;
    for (size_t row = 0; row < sizeof(protocols) / sizeof(protocols[0]); row++)
        if (strcmp(alpn, protocols[row].alpn) == 0)
            name = protocols[row].session;
    const struct session_ops *found = session_find(name);
    return found != NULL ? found : &session_listen;
}

const struct session_ops *tunnel_inner(struct session *self, const char *alpn)
{
    const struct agenda *agenda = session_agenda(self);
    const struct session_ops *inner = session_inner(self);
    bool further = agenda->inside.asked != 0;
    if (further && inner != NULL)
        return inner;
    if (alpn != NULL && alpn[0] != '\0')
        return protocol_find(alpn);
    if (inner != NULL)
        return inner;
    return observation_has(self->observation, PART_http) ? session_find("http") : &session_listen;
}
