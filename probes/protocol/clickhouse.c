// SPDX-License-Identifier: BSD-3-Clause
// ClickHouse's HTTP interface (its documentation, "HTTP Interface"): a query for the version by GET, which the server
// takes for read-only, without naming a user. Where the default user has a password, that is refused. The port of its
// own protocol tells HTTP clients where they are.

#include <string.h>

#include "probes/protocol/http/http_api.h"
#include "probes/session/registry.h"

enum { VERSION_MAX = 32 };

static const struct say clickhouse_says[] = {HTTP_SAYS_GET("/?query=SELECT%20version()", "close"), SAYS_END};

static enum recognition clickhouse_hint(const struct http_answer *answer)
{
    if (http_api_body_has(answer, "is for clickhouse-client program"))
        return RECOGNITION_MINE;
    bool ours = (answer->marks & HTTP_MARK_CLICKHOUSE) != 0 ||
                (answer->body.length == 4 && http_api_body_begins(answer, "Ok.\n"));
    return ours ? RECOGNITION_SHARED : RECOGNITION_NOT_MINE;
}

// "22.8.15.23\n" and nothing else. 0 when it is none.
static size_t version_length(struct bytes body)
{
    size_t length = 0;
    while (length < body.length && length < VERSION_MAX &&
           ((body.data[length] >= '0' && body.data[length] <= '9') || body.data[length] == '.'))
        length++;
    return length > 0 && length + 1 == body.length && body.data[length] == '\n' ? length : 0;
}

static bool clickhouse_learn(struct observation *observation, size_t path, const struct http_answer *answer)
{
    (void)path;
    size_t length = version_length(answer->body);
    bool marked = (answer->marks & HTTP_MARK_CLICKHOUSE) != 0;
    if (answer->status == 200 && length > 0) {
        learn_flag(observation, FIELD(root, open), true);
        learn_text(observation, FIELD(clickhouse, version), answer->body.data, length);
        return true;
    }
    if (!marked && !http_api_body_has(answer, "DB::Exception"))
        return false;
    // 192 to 194: unknown user, wrong password, password required; 516: authentication failed.
    static const char *const refusals[] = {"Code: 192", "Code: 193", "Code: 194", "Code: 516"};
    bool refused = answer->status == 401 || answer->status == 403;
    for (size_t at = 0; at < sizeof(refusals) / sizeof(refusals[0]); at++)
        refused = refused || http_api_body_begins(answer, refusals[at]);
    if (refused)
        learn_flag(observation, FIELD(root, open), false);
    if (answer->status != 200)
        http_api_words(observation, FIELD(clickhouse, refusal), answer);
    return true;
}

const struct http_api http_api_clickhouse = {
    .session = &session_clickhouse,
    .paths = {"/?query=SELECT%20version()"},
    .hint = clickhouse_hint,
    .learn = clickhouse_learn,
};

HTTP_API_SESSION(clickhouse);
