// SPDX-License-Identifier: BSD-3-Clause
// Kubernetes API server (Kubernetes documentation, "Controlling Access to the Kubernetes API"): GET /version, which is
// answered to anybody by default and so says nothing of who is let in, and GET /, the list of what there is, which is
// for those alone who may do more. A refusal is an object of kind Status.

#include "probes/protocol/http/http_api.h"
#include "probes/session/member.h"
#include "probes/session/registry.h"

enum { PATH_VERSION = 0 };

static const struct say kubernetes_says[] = {HTTP_SAYS_GET("/version", "keep-alive"), HTTP_SAYS_GET("/", "close"),
                                             SAYS_END};

static bool is_refusal(const struct http_answer *answer)
{
    struct member kind = member_find(answer->body, "kind");
    struct member version = member_find(answer->body, "apiVersion");
    return (answer->status == 401 || answer->status == 403) && member_is(&kind, "Status") && member_is(&version, "v1");
}

static bool is_list(const struct http_answer *answer)
{
    return answer->status == 200 && member_find(answer->body, "paths").kind == MEMBER_ARRAY &&
           http_api_body_has(answer, "\"/api/v1\"");
}

static enum recognition kubernetes_hint(const struct http_answer *answer)
{
    return is_refusal(answer) || is_list(answer) ? RECOGNITION_SHARED : RECOGNITION_NOT_MINE;
}

static bool version_learn(struct observation *observation, const struct http_answer *answer)
{
    if (answer->status != 200 || !http_api_text(observation, FIELD(kubernetes, version), answer, "gitVersion"))
        return false;
    (void)http_api_text(observation, FIELD(kubernetes, platform), answer, "platform");
    return true;
}

static bool kubernetes_learn(struct observation *observation, size_t path, const struct http_answer *answer)
{
    if (path == PATH_VERSION && version_learn(observation, answer))
        return true;
    bool refused = is_refusal(answer);
    if (refused)
        (void)http_api_text(observation, FIELD(kubernetes, refusal), answer, "message");
    // Who is refused the version is refused more than is usual.
    if (refused || (path != PATH_VERSION && is_list(answer)))
        learn_flag(observation, FIELD(root, open), !refused);
    return refused || (path != PATH_VERSION && is_list(answer));
}

const struct http_api http_api_kubernetes = {
    .session = &session_kubernetes,
    .paths = {"/version", "/"},
    .hint = kubernetes_hint,
    .learn = kubernetes_learn,
};

HTTP_API_SESSION(kubernetes);
