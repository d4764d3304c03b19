// SPDX-License-Identifier: BSD-3-Clause
// What dialogues cannot say of the APIs over HTTP: answers inside TLS, with the certificate that came before them.
#include <string.h>

#include <criterion/criterion.h>

#include "probes/protocol/http/http_suggest.h"

static struct http_answer answer(uint32_t status, const char *body)
{
    return (struct http_answer){.status = status, .body = bytes_of(body, strlen(body)), .whole = true};
}

static bool kubelet_with(const char *subject, const char *issuer, struct observation *observation)
{
    const struct http_answer unauthorized = answer(401, "Unauthorized");
    observation_init(observation);
    learn_word(observation, FIELD(tls, subject), subject);
    learn_word(observation, FIELD(tls, issuer), issuer);
    return http_api_kubelet.learn(observation, 0, &unauthorized);
}

Test(http_api, who_says_unauthorized_is_a_kubelet_when_the_certificate_names_a_node)
{
    static const struct {
        const char *subject, *issuer;
        bool node;
    } cases[] = {
        {"CN=node-7@1700000000", "CN=node-7-ca@1700000000", true},
        {"CN=system:node:ip-10-1-2-3.ec2.internal,O=system:nodes", "CN=kubernetes", true},
        {"CN=www.example", "CN=Example CA", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct observation observation;
        cr_expect_eq(kubelet_with(cases[i].subject, cases[i].issuer, &observation), cases[i].node, "%s",
                     cases[i].subject);
        cr_expect_eq(observation.root != NULL && observation.root->known.open, cases[i].node);
        observation_fini(&observation);
    }
}

// No two have a claim to the same answer to GET /: what comes first in the list would hide what comes behind it.
Test(http_api, an_answer_is_one_services)
{
    static const struct http_api *const apis[] = {
#define X(name) &http_api_##name,
        HTTP_APIS(X)
#undef X
    };
    const struct http_answer answers[] = {
        answer(200, "{\"version\":{\"number\":\"7.17.9\"},\"tagline\":\"You Know, for Search\"}"),
        answer(401, "{\"error\":{\"type\":\"security_exception\"},\"status\":401}"),
        answer(403, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"message\":\"forbidden\"}"),
        answer(403, "Forbidden (user=system:anonymous, verb=get, resource=nodes, subresource=proxy)"),
        answer(404, "404 page not found\n"),
        answer(200, "Ok.\n"),
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        size_t claims = 0;
        for (size_t j = 0; j < sizeof(apis) / sizeof(apis[0]); j++)
            claims += apis[j]->hint(&answers[i]) != RECOGNITION_NOT_MINE ? 1 : 0;
        cr_expect_eq(claims, 1, "answer %zu: %zu", i, claims);
    }
}
