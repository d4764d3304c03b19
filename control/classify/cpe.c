// SPDX-License-Identifier: BSD-3-Clause
#include "control/classify/cpe.h"

#include <ctype.h>
#include <string.h>

// One attribute up to the next colon without a backslash, or the end.
static bool attribute_read(const char **at, char ret_text[static CPE_BYTES], unsigned char *ret_kind)
{
    const char *first = *at;
    size_t length = 0;
    bool escaped = false;
    while (**at != '\0' && **at != ':') {
        if (**at == '\\') {
            escaped = true;
            (*at)++;
            if (**at == '\0')
                return false;
        }
        if (length + 1 >= CPE_BYTES)
            return false;
        ret_text[length++] = (char)tolower((unsigned char)*(*at)++);
    }
    ret_text[length] = '\0';
    bool single = *at - first == 1 && !escaped;
    *ret_kind = single && *first == '*' ? CPE_ANY : single && *first == '-' ? CPE_NA : CPE_VALUE;
    if (*ret_kind != CPE_VALUE)
        ret_text[0] = '\0';
    return *at > first;
}

bool cpe_read(const char *text, struct cpe *ret_cpe)
{
    static const char begin[] = "cpe:2.3:";
    if (strncmp(text, begin, sizeof(begin) - 1) != 0)
        return false;
    const char *at = text + sizeof(begin) - 1;
    for (size_t i = 0; i < CPE_ATTRIBUTES; i++) {
        if (!attribute_read(&at, ret_cpe->texts[i], &ret_cpe->kinds[i]))
            return false;
        if (*at != (i + 1 < CPE_ATTRIBUTES ? ':' : '\0'))
            return false;
        at += *at == ':' ? 1 : 0;
    }
    return true;
}

bool cpe_is_narrow(const struct cpe *cpe)
{
    for (size_t i = CPE_EDITION; i < CPE_ATTRIBUTES; i++)
        if (cpe->kinds[i] == CPE_VALUE)
            return true;
    return false;
}
