// SPDX-License-Identifier: BSD-3-Clause
// etcd (server/etcdserver/api/etcdhttp of its source): GET /version. That is answered whether or not etcd asks for a
// password, so that it does not tell whether a stranger is let in; to be answered at all took no client certificate.

#include "probes/protocol/http/http_api.h"
#include "probes/session/member.h"
#include "probes/session/registry.h"

static const struct say etcd_says[] = {HTTP_SAYS_GET("/version", "close"), SAYS_END};

// It has nothing at /, and says so as any server does that was written with Go's library.
static enum recognition etcd_hint(const struct http_answer *answer)
{
    bool go = answer->status == 404 && http_api_body_begins(answer, "404 page not found");
    return go ? RECOGNITION_SHARED : RECOGNITION_NOT_MINE;
}

static bool etcd_learn(struct observation *observation, size_t path, const struct http_answer *answer)
{
    (void)path;
    struct member server = member_find(answer->body, "etcdserver");
    if (answer->status != 200 || server.kind != MEMBER_STRING)
        return false;
    (void)http_api_text(observation, FIELD(etcd, version), answer, "etcdserver");
    (void)http_api_text(observation, FIELD(etcd, cluster_version), answer, "etcdcluster");
    return true;
}

const struct http_api http_api_etcd = {
    .session = &session_etcd,
    .paths = {"/version"},
    .hint = etcd_hint,
    .learn = etcd_learn,
};

HTTP_API_SESSION(etcd);
