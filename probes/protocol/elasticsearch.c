// SPDX-License-Identifier: BSD-3-Clause
// Elasticsearch and OpenSearch (their REST API references, "Info API"): GET / names cluster, node and version. Whoever
// gets that without a credential may ask for more; with security on, the answer is a refusal that names itself.

#include <string.h>

#include "probes/protocol/http/http_api.h"
#include "probes/session/member.h"
#include "probes/session/registry.h"

static const struct say elasticsearch_says[] = {HTTP_SAYS_GET("/", "close"), SAYS_END};

static bool is_refusal(const struct http_answer *answer)
{
    struct member type = member_find(answer->body, "error.type");
    return (answer->status == 401 || answer->status == 403) &&
           (member_is(&type, "security_exception") || (answer->marks & HTTP_MARK_ELASTIC) != 0 ||
            http_api_field_begins(answer, FIELD(http, authenticate), "Basic realm=\"OpenSearch Security\""));
}

static bool is_greeting(const struct http_answer *answer)
{
    struct member tagline = member_find(answer->body, "tagline");
    static const char opensearch[] = "The OpenSearch Project";
    return member_is(&tagline, "You Know, for Search") ||
           (tagline.kind == MEMBER_STRING && tagline.text.length >= sizeof(opensearch) - 1 &&
            memcmp(tagline.text.data, opensearch, sizeof(opensearch) - 1) == 0);
}

static enum recognition elasticsearch_hint(const struct http_answer *answer)
{
    return is_greeting(answer) || is_refusal(answer) ? RECOGNITION_SHARED : RECOGNITION_NOT_MINE;
}

static bool elasticsearch_learn(struct observation *observation, size_t path, const struct http_answer *answer)
{
    (void)path;
    if (is_refusal(answer)) {
        learn_flag(observation, FIELD(root, open), false);
        if (http_api_field_begins(answer, FIELD(http, authenticate), "Basic realm=\"OpenSearch"))
            learn_constant(observation, FIELD(elasticsearch, distribution), "opensearch");
        return true;
    }
    if (!is_greeting(answer))
        return false;
    if (answer->status == 200)
        learn_flag(observation, FIELD(root, open), true);
    bool own = !http_api_text(observation, FIELD(elasticsearch, distribution), answer, "version.distribution");
    if (own)
        learn_constant(observation, FIELD(elasticsearch, distribution), "elasticsearch");
    (void)http_api_text(observation, own ? FIELD(elasticsearch, version) : FIELD(elasticsearch, opensearch_version),
                        answer, "version.number");
    (void)http_api_text(observation, FIELD(elasticsearch, cluster), answer, "cluster_name");
    (void)http_api_text(observation, FIELD(elasticsearch, node), answer, "name");
    return true;
}

const struct http_api http_api_elasticsearch = {
    .session = &session_elasticsearch,
    .paths = {"/"},
    .hint = elasticsearch_hint,
    .learn = elasticsearch_learn,
};

HTTP_API_SESSION(elasticsearch);
