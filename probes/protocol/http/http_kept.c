// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/http/http_kept.h"

#include <ctype.h>
#include <string.h>

#include "probes/session/env.h"

enum { NAME_MAX_BYTES = 63 };

// Whether a name is one of words with blanks between.
static bool has_word(const char *words, const char *name, size_t length)
{
    while (*words != '\0') {
        size_t word = strcspn(words, " ");
        if (word == length && memcmp(words, name, length) == 0)
            return true;
        words += word;
        words += strspn(words, " ");
    }
    return false;
}

void http_header_keep(const struct session *self, struct observation *learnt, struct bytes name, struct bytes value)
{
    const char *wanted = self->env->http_headers;
    char text[NAME_MAX_BYTES + 1];
    if (wanted[0] == '\0')
        return;
    size_t length = name.length < NAME_MAX_BYTES ? name.length : NAME_MAX_BYTES;
    for (size_t at = 0; at < length; at++)
        text[at] = (char)tolower(name.data[at]);
    if (strcmp(wanted, "*") != 0 && (name.length > NAME_MAX_BYTES || !has_word(wanted, text, length)))
        return;
    void *row = learn_row(learnt, FIELD(http, headers));
    if (row == NULL)
        return;
    learn_text_in(learnt, row, FIELD(http_header, name), text, length);
    learn_text_in(learnt, row, FIELD(http_header, value), value.data, value.length);
}

void http_headers_cut(struct observation *learnt)
{
    if (learnt->http != NULL && learnt->http->known.headers)
        learn_cut(learnt, FIELD(http, headers));
}

bool http_asks_root(const struct session *self)
{
    return strcmp(self->env->http_path, "/") == 0;
}

void http_path_learn(const struct session *self)
{
    if (!http_asks_root(self))
        learn_text(self->observation, FIELD(http, path), self->env->http_path, strlen(self->env->http_path));
}
