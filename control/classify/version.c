// SPDX-License-Identifier: BSD-3-Clause
#include "control/classify/version.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum run_kind { RUN_NONE = 0, RUN_LETTERS, RUN_DIGITS };

struct run {
    enum run_kind kind;
    const char *text;
    size_t length;
};

// What comes before the release that it is a try of.
static const char *const early[] = {"alpha", "beta",     "dev",       "pre", "preview",
                                    "rc",    "snapshot", "milestone", "cr",  "git"};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The next run, which is taken.
static struct run run_take(const char **at)
{
    while (**at != '\0' && !is_digit(**at) && !is_letter(**at))
        (*at)++;
    struct run run = {.text = *at, .kind = **at == '\0' ? RUN_NONE : is_digit(**at) ? RUN_DIGITS : RUN_LETTERS};
    if (run.kind == RUN_NONE)
        return run;
    while (**at != '\0' && (run.kind == RUN_DIGITS ? is_digit(**at) : is_letter(**at)))
        (*at)++;
    run.length = (size_t)(*at - run.text);
    return run;
}

static bool run_is_early(const struct run *run)
{
    if (run->kind != RUN_LETTERS)
        return false;
    for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++)
        if (strlen(early[i]) == run->length && strncasecmp(early[i], run->text, run->length) == 0)
            return true;
    return false;
}

static int digits_compare(struct run a, struct run b)
{
    for (; a.length > 1 && *a.text == '0'; a.length--)
        a.text++;
    for (; b.length > 1 && *b.text == '0'; b.length--)
        b.text++;
    if (a.length != b.length)
        return a.length < b.length ? -1 : 1;
    return memcmp(a.text, b.text, a.length);
}

static int letters_compare(const struct run *a, const struct run *b)
{
    size_t length = a->length < b->length ? a->length : b->length;
    int order = strncasecmp(a->text, b->text, length);
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

// Where a kind of run stands: before a release, nothing, letters, digits.
static int run_rank(const struct run *run)
{
    return run_is_early(run) ? 0 : run->kind == RUN_NONE ? 1 : run->kind == RUN_LETTERS ? 2 : 3;
}

int version_text_compare(const char *a, const char *b)
{
    for (;;) {
        struct run first = run_take(&a);
        struct run second = run_take(&b);
        int ranks[2] = {run_rank(&first), run_rank(&second)};
        if (ranks[0] != ranks[1])
            return ranks[0] < ranks[1] ? -1 : 1;
        if (first.kind == RUN_NONE)
            return 0;
        int order = first.kind == RUN_DIGITS ? digits_compare(first, second) : letters_compare(&first, &second);
        if (order != 0)
            return order < 0 ? -1 : 1;
    }
}

static bool lower_copy(const char *text, size_t length, char ret_text[static VERSION_BYTES])
{
    if (length >= VERSION_BYTES)
        return false;
    for (size_t i = 0; i < length; i++)
        ret_text[i] = (char)tolower((unsigned char)text[i]);
    ret_text[length] = '\0';
    return true;
}

// Whether an update is part of the version, as ProFTPD's 1.3.3a and 1.3.5rc3 are: one letter, or what comes before a
// release. NVD writes the same one both ways.
static bool update_belongs(const char *update)
{
    const char *at = update;
    struct run word = run_take(&at);
    if (word.kind != RUN_LETTERS || word.text != update)
        return false;
    struct run digits = run_take(&at);
    return word.length == 1 ? digits.kind == RUN_NONE
                            : run_is_early(&word) && *at == '\0' && digits.kind != RUN_LETTERS;
}

bool version_make(const char *number, const char *update, struct version *ret_version)
{
    size_t length = strlen(number);
    struct version version;
    if (strpbrk(number, "0123456789") == NULL)
        return false;
    // A patch level within the number: digits, p, digits to the end.
    size_t digits = length;
    while (digits > 0 && is_digit(number[digits - 1]))
        digits--;
    bool within = digits < length && digits > 1 && (number[digits - 1] | 0x20) == 'p' && is_digit(number[digits - 2]);
    size_t split = within ? digits - 1 : length;
    if (update == NULL || update[0] == '\0')
        update = number + split;
    if (!lower_copy(number, split, version.number) || !lower_copy(update, strlen(update), version.update))
        return false;
    if (split > 0 && is_digit(number[split - 1]) && update_belongs(version.update) &&
        split + strlen(version.update) < VERSION_BYTES) {
        strcpy(version.number + split, version.update);
        version.update[0] = '\0';
    }
    *ret_version = version;
    return true;
}

int version_compare(const struct version *a, const struct version *b)
{
    int order = version_text_compare(a->number, b->number);
    return order != 0 ? order : version_text_compare(a->update, b->update);
}

int version_bound_compare(const struct version *version, const struct version *bound)
{
    int order = version_text_compare(version->number, bound->number);
    return order != 0 || bound->update[0] == '\0' ? order : version_text_compare(version->update, bound->update);
}
