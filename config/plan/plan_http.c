// SPDX-License-Identifier: BSD-3-Clause
// What a plan says of HTTP: the path that is asked for, and which headers of answers are kept.
#include "config/plan/plan_private.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Headers: as many as a record has rows of http.headers; a name fits its field.
enum { PATH_MAX_BYTES = 127, HEADERS_MAX = 32, HEADER_NAME_MAX = 63 };

static const char well_known[] = "/.well-known/";
static const char alphanumeric[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

// Unreserved characters of RFC 3986 in segments: a page of a server, and nothing that could be a question with an
// argument, a way out of its folder, or an attempt.
static bool path_is_plain(const char *text)
{
    size_t length = strlen(text);
    if (text[0] != '/' || length > PATH_MAX_BYTES)
        return false;
    for (size_t at = 0; at < length; at++)
        if (strchr(alphanumeric, text[at]) == NULL && strchr("/-._~", text[at]) == NULL)
            return false;
    // What begins with a dot is hidden, but for pages that are there to be asked for (RFC 8615).
    const char *shown = strncmp(text, well_known, sizeof(well_known) - 1) == 0 ? text + 2 : text;
    return strstr(text, "//") == NULL && strstr(shown, "/.") == NULL;
}

int plan_read_http_path(struct key_context *context, const char *path, const json_t *value)
{
    struct plan *plan = context->target;
    const char *text = json_string_value(value);
    if (text == NULL || json_string_length(value) != strlen(text) || !path_is_plain(text))
        return key_complain(context, path,
                            "expected a path like \"/status.html\", of at most %d letters, digits and -._~/, without "
                            "empty or hidden parts: sonde asks for pages, and for nothing else",
                            PATH_MAX_BYTES);
    free(plan->http_path);
    plan->http_path = strdup(text);
    return plan->http_path == NULL ? -ENOMEM : 0;
}

// A token of RFC 9110 section 5.6.2, or all.
static bool is_header(const char *text)
{
    size_t length = strlen(text);
    if (strcmp(text, "*") == 0)
        return true;
    for (size_t at = 0; at < length; at++)
        if (strchr(alphanumeric, text[at]) == NULL && strchr("!#$%&'+-.^_`|~", text[at]) == NULL)
            return false;
    return length > 0 && length <= HEADER_NAME_MAX;
}

// As struct session_env_settings has them: in lower case, blanks between.
int plan_read_http_headers(struct key_context *context, const char *path, const json_t *value)
{
    struct plan *plan = context->target;
    char text[HEADERS_MAX * (HEADER_NAME_MAX + 1) + 1] = "";
    size_t used = 0;
    bool all = false;
    size_t at;
    const json_t *item;
    if (!json_is_array(value) || json_array_size(value) > HEADERS_MAX)
        return key_complain(context, path, "expected an array of at most %d names of headers, or [\"*\"]", HEADERS_MAX);
    json_array_foreach(value, at, item)
    {
        char where[64];
        const char *name = json_string_value(item);
        (void)snprintf(where, sizeof(where), "%s[%zu]", path, at);
        if (name == NULL || json_string_length(item) != strlen(name) || !is_header(name))
            return key_complain(context, where, "expected the name of a header, like \"X-Frame-Options\"");
        all = all || name[0] == '*';
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used > 0 ? " " : "", name);
    }
    for (char *letter = text; *letter != '\0'; letter++)
        *letter = (char)tolower((unsigned char)*letter);
    free(plan->http_headers);
    plan->http_headers = strdup(all ? "*" : text);
    return plan->http_headers == NULL ? -ENOMEM : 0;
}
