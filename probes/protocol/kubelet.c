// SPDX-License-Identifier: BSD-3-Clause
// The agent of a Kubernetes node (Kubernetes documentation, "Kubelet authentication/authorization"): GET /healthz with
// every check named, of which syncloop is its own. Whoever is answered may read what the other paths say, of which none
// is asked: those list pods. Without a credential it says 401, or 403 in words of its own.

#include <string.h>

#include "probes/protocol/http/http_api.h"
#include "probes/session/registry.h"

static const struct say kubelet_says[] = {HTTP_SAYS_GET("/healthz?verbose", "close"), SAYS_END};

static const char forbidden[] = "Forbidden (user=system:anonymous, verb=";

static enum recognition kubelet_hint(const struct http_answer *answer)
{
    bool refused = answer->status == 403 && http_api_body_begins(answer, forbidden);
    return refused ? RECOGNITION_SHARED : RECOGNITION_NOT_MINE;
}

static bool text_has(const struct text *text, const char *word)
{
    return text->length > 0 && memmem(text->data, text->length, word, strlen(word)) != NULL;
}

// The certificate that it makes for itself is issued by "node-ca@" with the time; one of the cluster names the node.
static bool certificate_is_node(const struct observation *observation)
{
    const struct tls_observation *tls = observation->tls;
    return tls != NULL && (text_has(&tls->issuer, "-ca@") || text_has(&tls->subject, "system:node:"));
}

static bool kubelet_learn(struct observation *observation, size_t path, const struct http_answer *answer)
{
    (void)path;
    bool open = answer->status == 200 && http_api_body_has(answer, "[+]syncloop ok");
    bool refused =
        (answer->status == 403 && http_api_body_begins(answer, forbidden)) ||
        (answer->status == 401 && http_api_body_begins(answer, "Unauthorized") && certificate_is_node(observation));
    if (!open && !refused)
        return false;
    learn_flag(observation, FIELD(root, open), open);
    learn_number(observation, FIELD(kubelet, status), answer->status);
    if (refused)
        http_api_words(observation, FIELD(kubelet, refusal), answer);
    return true;
}

const struct http_api http_api_kubelet = {
    .session = &session_kubelet,
    .paths = {"/healthz?verbose"},
    .hint = kubelet_hint,
    .learn = kubelet_learn,
};

HTTP_API_SESSION(kubelet);
