// SPDX-License-Identifier: BSD-3-Clause
#include "config/lists.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/prefix.h"

// Copies a line into lines->line without its comment and the blanks around it.
static int list_take(struct list_lines *lines, const char *line, size_t length)
{
    const char *comment = memchr(line, '#', length);
    if (memchr(line, '\0', length) != NULL)
        return -EINVAL;
    length = comment != NULL ? (size_t)(comment - line) : length;
    while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
        length--;
    while (length > 0 && strchr(" \t", line[0]) != NULL) {
        line++;
        length--;
    }
    if (length >= sizeof(lines->line))
        return -EINVAL;
    memcpy(lines->line, line, length);
    lines->line[length] = '\0';
    return 0;
}

int list_next(struct list_lines *lines)
{
    while (lines->length > 0) {
        const char *line = lines->text;
        const char *end = memchr(line, '\n', lines->length);
        size_t length = end != NULL ? (size_t)(end - line) : lines->length;
        size_t taken = end != NULL ? length + 1 : length;
        lines->text += taken;
        lines->length -= taken;
        lines->number++;
        if (list_take(lines, line, length) != 0)
            return -EINVAL;
        if (lines->line[0] != '\0')
            return 1;
    }
    return 0;
}

bool list_means_pair(const char *text)
{
    const char *colon = strchr(text, ':');
    return colon != NULL && strchr(colon + 1, ':') == NULL;
}

int list_complain(struct complaint *complaint, const char *file, const char *path, const char *text, int error)
{
    struct interval network;
    char near[32];
    if (error == -ERANGE && strchr(text, '/') != NULL && prefix_parse_cidr(text, &network) == -ERANGE) {
        prefix_print(network, near);
        return complain(complaint, file, path, "\"%s\" has bits set behind its length (did you mean \"%s\"?)", text,
                        near);
    }
    if (error == -ERANGE)
        return complain(complaint, file, path, "\"%s\" ends before it begins", text);
    return complain(complaint, file, path, "\"%s\": expected " PREFIX_EXPECTED, text);
}

int list_read(const char *file, const struct input *input, struct interval_set *set, struct pair_list *pairs,
              size_t *ret_lines, struct complaint *ret_complaint)
{
    struct list_lines lines = {.text = input->text, .length = input->length};
    size_t count = 0;
    char where[300];
    int more;
    while ((more = list_next(&lines)) == 1) {
        struct interval interval;
        struct pair pair;
        bool is_pair = pairs != NULL && pair_parse(lines.line, &pair) == 0;
        int error = is_pair ? 0 : prefix_parse(lines.line, &interval);
        if (error == -EAFNOSUPPORT)
            continue;
        if (error != 0) {
            (void)snprintf(where, sizeof(where), "%s:%zu", file, lines.number);
            if (pairs != NULL && list_means_pair(lines.line))
                return complain(ret_complaint, where, "", "\"%s\": expected " PAIR_EXPECTED, lines.line);
            return list_complain(ret_complaint, where, "", lines.line, error);
        }
        if ((is_pair ? pair_list_add(pairs, pair) : interval_set_add(set, interval)) != 0) {
            (void)complain(ret_complaint, file, "", "out of memory");
            return -ENOMEM;
        }
        count++;
    }
    if (more < 0) {
        (void)snprintf(where, sizeof(where), "%s:%zu", file, lines.number);
        return complain(ret_complaint, where, "", "no line of text, expected " PREFIX_EXPECTED);
    }
    if (ret_lines != NULL)
        *ret_lines = count;
    return 0;
}
