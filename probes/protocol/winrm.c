// SPDX-License-Identifier: BSD-3-Clause
// Windows Remote Management (MS-WSMV): its path, /wsman, takes POST alone and says so to GET (405), where any other
// path of Windows' HTTP server says 404. Whoever may log in is not asked: every request wants a credential.

#include "probes/protocol/http/http_api.h"
#include "probes/session/registry.h"

static const struct say winrm_says[] = {HTTP_SAYS_GET("/wsman", "close"), SAYS_END};

static const char windows[] = "Microsoft-HTTPAPI/";

static enum recognition winrm_hint(const struct http_answer *answer)
{
    bool windows_404 = answer->status == 404 && http_api_field_begins(answer, FIELD(http, server), windows);
    return windows_404 ? RECOGNITION_SHARED : RECOGNITION_NOT_MINE;
}

static bool winrm_learn(struct observation *observation, size_t path, const struct http_answer *answer)
{
    (void)path;
    if (answer->status != 405 || !http_api_field_begins(answer, FIELD(http, server), windows))
        return false;
    learn_number(observation, FIELD(winrm, status), answer->status);
    learn_text(observation, FIELD(winrm, server), answer->http->server.data, answer->http->server.length);
    return true;
}

const struct http_api http_api_winrm = {
    .session = &session_winrm,
    .paths = {"/wsman"},
    .hint = winrm_hint,
    .learn = winrm_learn,
};

HTTP_API_SESSION(winrm);
