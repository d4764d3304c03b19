// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The key table: one row per key of a JSON object (name, type, range, default, help) from which come the parser, its
// error lines, the help text and the man page check. Over jansson; rows write into a struct of the caller's by offset.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

// One line for the operator: file, line when known, JSON path, what is wrong and what was expected.
struct complaint {
    char text[768];
};

// What complaints call the command line.
#define KEYS_LINE "command line"

struct key_strings {
    char **items;
    size_t count;
};

enum key_type {
    KEY_CUSTOM = 0, // read by the row's own function
    KEY_STRING,     // char *
    KEY_STRINGS,    // struct key_strings: an array of strings
    KEY_BOOL,       // bool
    KEY_COUNT,      // uint64_t, an integer
    KEY_COUNT32,    // uint32_t, an integer
    KEY_RATE,       // struct key_rate: "20 kpps", "1 Gbit/s", or a number of packets per second
    KEY_DURATION,   // uint64_t nanoseconds: "2 s", "250 ms", "10 m", or a number of seconds
    KEY_SHARE,      // double, 0 to 1: "1 %", or a number of percent
    KEY_CHOICE,     // uint32_t: index in the space-separated words of `choices`
    KEY_OBJECT,     // a nested table, writing into the same struct
};

// A rate is packets, or bits on the wire, per second.
struct key_rate {
    double per_second;
    bool bits;
};

struct key_context {
    const char *file;
    const char *text;            // the file's text, to name lines; NULL = no lines are named
    const json_t *line;          // what came from a command line instead, as an object of the same keys; may be NULL
    void *target;                // the struct that rows write into
    struct complaint *complaint; // filled on -EINVAL
};

// How a KEY_CUSTOM value is written in one word of a command line (config/keys_line.h).
enum key_words { KEY_WORDS_ONE = 0, KEY_WORDS_LIST, KEY_WORDS_NUMBER, KEY_WORDS_PAIRS };

struct key {
    const char *name;
    enum key_type type;
    enum key_words words;
    bool required;
    bool is_path; // the value names a file or folder, or each of a list of pairs does
    size_t offset;
    double minimum; // numbers, rates (per second), durations (seconds), shares (percent); both 0 = any
    double maximum;
    const char *fallback;   // the default as JSON text, NULL = none
    const char *choices;    // KEY_CHOICE
    const char *expected;   // shape of a KEY_CUSTOM value, for messages and help: "array of CIDRs, ranges or files"
    const char *help;       // one sentence
    const struct key *keys; // KEY_OBJECT
    // KEY_CUSTOM: reads value (never NULL) found at path. Returns 0, -EINVAL after complain(), or -ENOMEM.
    int (*read)(struct key_context *context, const char *path, const json_t *value);
};

// Fills the complaint with "file: path: text" and returns -EINVAL. `file` and `path` may be "".
int complain(struct complaint *complaint, const char *file, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// The same for a value being read: the context's complaint, with its file and the line that path stands on.
int key_complain(const struct key_context *context, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// The line (from 1) on which the value at path begins in a valid JSON text, or 0.
size_t keys_locate(const char *text, const char *path);

// "a string", "an object", ...
const char *keys_type_name(const json_t *value);

// Parses a text as JSON with duplicate keys refused. Returns 0 and a value for json_decref, or -EINVAL with a
// complaint.
int keys_parse(const char *file, const char *text, size_t length, json_t **ret_value, struct complaint *ret_complaint);

// Applies defaults and then object's members to context->target. Unknown keys, wrong types, values out of range and
// missing required keys are complaints. path is "" for the outermost object.
int keys_apply(struct key_context *context, const struct key *keys, const char *path, const json_t *object);

// Releases what rows of these types allocated (strings) in target.
void keys_release(const struct key *keys, void *target);

// The keys as lines of text: name, type and range, default, help. prefix stands before nested names ("device.").
void keys_print_help(FILE *out, const struct key *keys, const char *prefix);

// The word among candidates (count of them) nearest to a mistyped one, or NULL when none is near.
const char *keys_nearest(const char *word, const char *const *candidates, size_t count);
