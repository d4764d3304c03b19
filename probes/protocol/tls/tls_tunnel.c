// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_tunnel.h"

#include "probes/protocol/tls/tls_matrix.h"
#include "probes/session/registry.h"
#include "probes/session/tunnel.h"

struct session_result tls_tunnel_begin(struct session *self, const char *application)
{
    struct tls_observation *tls = observation_part(self->observation, PART_tls);
    if (tls == NULL)
        return session_failed();
    // What ended another attempt did not end this one.
    tls->known.alert = false;
    tls->alert = (struct text){0};
    learn_flag(self->observation, FIELD(tls, handshake_complete), true);
    const struct session_ops *inner = session_upgraded(self);
    if (inner == NULL) {
        inner = tunnel_inner(self, application);
        // An HTTP answer of an earlier connection was the plain-text one of a server that wanted TLS.
        observation_forget(self->observation, PART_http);
        learn_constant(self->observation, FIELD(root, tunnel), "tls");
    }
    self->observation->finished = true;
    tls_matrix_begin(self);
    return session_next(SESSION_OVER, inner);
}

void tls_service_learn(struct session *self)
{
    if (session_upgraded(self) != NULL)
        learn_flag(self->observation, FIELD(tls, starttls), true);
    else if (!observation_in_tls(self->observation)) // what has named itself in an earlier tunnel is known better
        learn_constant(self->observation, FIELD(root, service), "tls");
}

bool tls_ask_openssl(struct session *self)
{
    const struct errand errand = {.kind = ERRAND_MATRIX, .first = &session_tls_openssl, .inner = session_inner(self)};
    return (session_trials(self)->asked & session_bit(&session_tls_openssl)) == 0 && session_ask(self, &errand);
}
