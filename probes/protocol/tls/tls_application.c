// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/tls/tls_application.h"

#include "probes/protocol/tls/der.h"
#include "probes/protocol/tls/tls_matrix.h"
#include "probes/session/conversation.h"
#include "probes/session/registry.h"

static const struct {
    const char *name;
    const struct session_ops *session;
} applications[TLS_APPLICATIONS_MAX] = {{"h2", &session_http2}, {"http/1.1", &session_http}};

size_t tls_application_offer(const struct session *self, const char *ret_names[static TLS_APPLICATIONS_MAX])
{
    const struct tls_observation *tls = self->observation->tls;
    const struct session_ops *inner = session_inner(self);
    // A further connection that was made for one protocol is for that one alone.
    bool any = session_agenda(self)->inside.asked == 0 && (inner == NULL || inner == &session_http);
    // What our own client has left to OpenSSL's is older than HTTP/2 (RFC 9113 section 9.2), whatever it would agree
    // to.
    bool older = self->ops == &session_tls_openssl && (session_trials(self)->asked & session_bit(&session_tls)) != 0;
    size_t count = 0;
    if (session_upgraded(self) != NULL || (tls != NULL && text_is(&tls->alert, "no_application_protocol")))
        return 0;
    for (size_t at = 0; at < TLS_APPLICATIONS_MAX; at++)
        if (inner == applications[at].session || (any && !(older && applications[at].session == &session_http2)))
            ret_names[count++] = applications[at].name;
    return count;
}

const char *tls_application_learn(struct session *self, struct bytes name)
{
    tls_matrix_alpn(self, name);
    for (size_t at = 0; at < TLS_APPLICATIONS_MAX; at++)
        if (der_equal(name, applications[at].name, strlen(applications[at].name)))
            return applications[at].name;
    return NULL;
}
