// SPDX-License-Identifier: BSD-3-Clause
// Consul (its HTTP API reference, "Agent"): GET /v1/agent/self, which `consul info` asks. With access control the
// anonymous token may not read the agent, and is told so; whoever may can register services, which run commands.

#include <string.h>

#include "probes/protocol/http/http_api.h"
#include "probes/session/member.h"
#include "probes/session/registry.h"

static const struct say consul_says[] = {HTTP_SAYS_GET("/v1/agent/self", "close"), SAYS_END};

// / leads to its pages, or says that they are switched off.
static enum recognition consul_hint(const struct http_answer *answer)
{
    bool pages = answer->status == 301 && answer->http != NULL && text_is(&answer->http->location, "/ui/");
    bool consul = pages || (answer->marks & HTTP_MARK_CONSUL) != 0 || http_api_body_begins(answer, "Consul Agent");
    return consul ? RECOGNITION_SHARED : RECOGNITION_NOT_MINE;
}

static bool consul_learn(struct observation *observation, size_t path, const struct http_answer *answer)
{
    (void)path;
    struct member datacenter = member_find(answer->body, "Config.Datacenter");
    if (answer->status == 200 && datacenter.kind == MEMBER_STRING) {
        learn_flag(observation, FIELD(root, open), true);
        (void)http_api_text(observation, FIELD(consul, version), answer, "Config.Version");
        (void)http_api_text(observation, FIELD(consul, datacenter), answer, "Config.Datacenter");
        (void)http_api_text(observation, FIELD(consul, node), answer, "Config.NodeName");
        return true;
    }
    if (answer->status != 403 || !(http_api_body_begins(answer, "Permission denied") ||
                                   http_api_body_begins(answer, "rpc error making call: Permission denied")))
        return false;
    learn_flag(observation, FIELD(root, open), false);
    http_api_words(observation, FIELD(consul, refusal), answer);
    return true;
}

const struct http_api http_api_consul = {
    .session = &session_consul,
    .paths = {"/v1/agent/self"},
    .hint = consul_hint,
    .learn = consul_learn,
};

HTTP_API_SESSION(consul);
