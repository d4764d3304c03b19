// SPDX-License-Identifier: BSD-3-Clause
#include "control/classify/dpkg.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

// A piece of a version, not ended by a NUL.
struct piece {
    const char *at;
    const char *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Where a character stands among those that are no digits: ~ below the end, letters below all others.
static int weight_of(const struct piece *piece)
{
    if (piece->at == piece->end || is_digit(*piece->at))
        return 0;
    if (*piece->at == '~')
        return -1;
    bool letter = (*piece->at >= 'a' && *piece->at <= 'z') || (*piece->at >= 'A' && *piece->at <= 'Z');
    return letter ? (unsigned char)*piece->at : (unsigned char)*piece->at + 256;
}

static bool has_digit(const struct piece *piece)
{
    return piece->at < piece->end && is_digit(*piece->at);
}

// Characters that are no digits and digits in turn.
static int piece_compare(struct piece a, struct piece b)
{
    while (a.at < a.end || b.at < b.end) {
        int longer = 0;
        while ((a.at < a.end && !is_digit(*a.at)) || (b.at < b.end && !is_digit(*b.at))) {
            int weights[2] = {weight_of(&a), weight_of(&b)};
            if (weights[0] != weights[1])
                return weights[0] - weights[1];
            a.at += a.at < a.end;
            b.at += b.at < b.end;
        }
        while (has_digit(&a) && *a.at == '0')
            a.at++;
        while (has_digit(&b) && *b.at == '0')
            b.at++;
        // The first difference counts, if they are as long as each other.
        while (has_digit(&a) && has_digit(&b)) {
            longer = longer != 0 ? longer : *a.at - *b.at;
            a.at++;
            b.at++;
        }
        if (has_digit(&a))
            return 1;
        if (has_digit(&b))
            return -1;
        if (longer != 0)
            return longer;
    }
    return 0;
}

static struct piece epoch_take(const char **version)
{
    static const char none[] = "";
    const char *colon = strchr(*version, ':');
    struct piece epoch = {none, none};
    if (colon != NULL) {
        epoch = (struct piece){*version, colon};
        *version = colon + 1;
    }
    return epoch;
}

// The revision stands behind the last hyphen; without one it is "0", which is as good as nothing.
static void version_split(const char *version, struct piece *ret_upstream, struct piece *ret_revision)
{
    const char *end = version + strlen(version);
    const char *hyphen = strrchr(version, '-');
    *ret_upstream = (struct piece){version, hyphen != NULL ? hyphen : end};
    *ret_revision = (struct piece){hyphen != NULL ? hyphen + 1 : end, end};
}

int dpkg_compare(const char *a, const char *b)
{
    struct piece upstreams[2];
    struct piece revisions[2];
    int order = piece_compare(epoch_take(&a), epoch_take(&b));
    if (order != 0)
        return order;
    version_split(a, &upstreams[0], &revisions[0]);
    version_split(b, &upstreams[1], &revisions[1]);
    order = piece_compare(upstreams[0], upstreams[1]);
    return order != 0 ? order : piece_compare(revisions[0], revisions[1]);
}
