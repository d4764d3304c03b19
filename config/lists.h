// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Plain lists of networks: one address, CIDR or range a line, "#" starts a comment. A line that is none of these
// refuses the whole list, because a line that is passed over may be somebody's wish not to be scanned.

#include <stdbool.h>

#include "config/input.h"
#include "config/intervals.h"
#include "config/pairs.h"

enum { LIST_LINE_MAX = 1024 };

// Walks the lines of a text; begins all-zero but for text.
struct list_lines {
    const char *text;
    size_t length;
    size_t number;            // of the current line, from 1
    char line[LIST_LINE_MAX]; // without comment and surrounding blanks
};

// The next line that holds anything. Returns 1, 0 at the end, -EINVAL for a line too long or with a NUL in it (`number`
// says which).
int list_next(struct list_lines *lines);

// Appends a list's IPv4 networks to set (not sealed), and where `pairs` is not NULL lines like "192.0.2.1:8080" to it
// (not settled). IPv6 ones are passed over. Returns 0, or -EINVAL or -ENOMEM with
// a complaint. *ret_lines counts the networks; it may be NULL.
int list_read(const char *file, const struct input *input, struct interval_set *set, struct pair_list *pairs,
              size_t *ret_lines, struct complaint *ret_complaint);

// What a target may be that has a port of its own.
#define PAIR_EXPECTED "an address and a port like 192.0.2.1:443"

// Whether a text that is none was meant to be one: a colon, and one alone.
bool list_means_pair(const char *text);

// The complaint about a text that prefix_parse refused with error, IPv6 apart.
int list_complain(struct complaint *complaint, const char *file, const char *path, const char *text, int error);
