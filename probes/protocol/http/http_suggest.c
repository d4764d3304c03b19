// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/http/http_suggest.h"

#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/registry.h"

static const struct http_api *const apis[] = {
#define X(name) &http_api_##name,
    HTTP_APIS(X)
#undef X
};

bool http_suggest(struct session *self, const struct http_answer *answer)
{
    for (size_t at = 0; at < sizeof(apis) / sizeof(apis[0]); at++) {
        const struct http_api *api = apis[at];
        enum recognition found = api->hint == NULL ? RECOGNITION_NOT_MINE : api->hint(answer);
        // What was asked for its own path has been judged by the answer to that.
        if (found == RECOGNITION_NOT_MINE || (session_trials(self)->asked & session_bit(api->session)) != 0)
            continue;
        bool learnt = strcmp(api->paths[0], "/") == 0 && api->learn(self->observation, 0, answer);
        if (found == RECOGNITION_MINE || learnt)
            learn_constant(self->observation, FIELD(root, service), session_service(api->session));
        else
            (void)detect_ask(self, api->session);
        return true;
    }
    return false;
}
