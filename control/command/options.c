// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

enum { OPTION_HELP = OPTIONS_MAX + OPTION_KEYS_MAX, OPTION_FIRST_VALUE = 256 };

enum { TABLE_MAX = OPTION_HELP + 2 };

// getopt_long's form of a subcommand's options. An option's val is OPTION_FIRST_VALUE and its place: rows, keys, help.
struct table {
    struct option options[TABLE_MAX];
    char letters[2 * OPTIONS_MAX + 4];
};

static bool has_row(const struct subcommand *subcommand, const char *name)
{
    for (size_t i = 0; i < subcommand->option_count; i++)
        if (strcmp(subcommand->options[i].name, name) == 0)
            return true;
    return false;
}

size_t options_keys(const struct subcommand *subcommand, struct key_option ret_keys[static OPTION_KEYS_MAX])
{
    if (subcommand->keys == NULL)
        return 0;
    size_t count = keys_options(subcommand->keys, "", ret_keys, OPTION_KEYS_MAX);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!has_row(subcommand, ret_keys[i].name))
            ret_keys[kept++] = ret_keys[i];
    return kept;
}

static void table_make(const struct subcommand *subcommand, const struct key_option *keys, size_t key_count,
                       struct table *table)
{
    size_t count = 0;
    char *letter = table->letters;
    *letter++ = ':';
    *letter++ = 'h';
    for (size_t i = 0; i < subcommand->option_count; i++) {
        const struct option_row *row = &subcommand->options[i];
        table->options[count++] = (struct option){
            .name = row->name,
            .has_arg = row->argument != NULL ? required_argument : no_argument,
            .val = OPTION_FIRST_VALUE + (int)i,
        };
        if (row->letter == '\0')
            continue;
        *letter++ = row->letter;
        if (row->argument != NULL)
            *letter++ = ':';
    }
    for (size_t i = 0; i < key_count; i++)
        table->options[count++] = (struct option){
            .name = keys[i].name, .has_arg = required_argument, .val = OPTION_FIRST_VALUE + OPTIONS_MAX + (int)i};
    table->options[count++] = (struct option){.name = "help", .val = OPTION_FIRST_VALUE + OPTION_HELP};
    table->options[count] = (struct option){0};
    *letter = '\0';
}

// Words that getopt_long would read as letters.
static void aliases_replace(const struct subcommand *subcommand, int argc, char **argv)
{
    static char words[OPTIONS_MAX][KEY_OPTION_TEXT];
    for (size_t row = 0; row < subcommand->option_count; row++) {
        const struct option_row *option = &subcommand->options[row];
        if (option->alias == NULL)
            continue;
        snprintf(words[row], sizeof(words[row]), "--%s", option->name);
        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
            if (strcmp(argv[i], option->alias) == 0)
                argv[i] = words[row];
    }
}

// getopt_long takes the beginning of an option for it, which would let --rat be a rate: only whole names are taken.
static bool is_whole_name(const struct table *table, int code, char **argv)
{
    for (const struct option *option = table->options; option->name != NULL; option++) {
        if (option->val != code)
            continue;
        // The word is the last one taken, or the one before its argument.
        size_t length = strlen(option->name);
        for (int i = optind - 1; i >= 1 && i >= optind - 2; i--)
            if (strncmp(argv[i], "--", 2) == 0 && strncmp(argv[i] + 2, option->name, length) == 0 &&
                (argv[i][2 + length] == '\0' || argv[i][2 + length] == '='))
                return true;
    }
    return false;
}

static const struct option_row *letter_row(const struct subcommand *subcommand, int letter)
{
    for (size_t i = 0; i < subcommand->option_count; i++)
        if (subcommand->options[i].letter == letter)
            return &subcommand->options[i];
    return NULL;
}

static int operands_check(const struct subcommand *subcommand, int given, char message[static 256])
{
    if (given >= subcommand->operands_min && given <= subcommand->operands_max)
        return 0;
    if (subcommand->operands_max == 0)
        snprintf(message, 256, "%s: takes no argument", subcommand->name);
    else
        snprintf(message, 256, "%s: expected %s (see sonde help %s)", subcommand->name, subcommand->operands,
                 subcommand->name);
    return -EINVAL;
}

// What getopt_long refused: it leaves '?' for an unknown option and ':' for a missing argument, with the culprit behind
// optind, or the letter in optopt.
static int refusal_describe(const struct subcommand *subcommand, const struct table *table, int code, char **argv,
                            char message[static 256])
{
    char culprit[72];
    // An option taken by its beginning may have its argument behind it.
    int at = code >= OPTION_FIRST_VALUE && strncmp(argv[optind - 1], "--", 2) != 0 ? optind - 2 : optind - 1;
    const char *names[TABLE_MAX];
    size_t count = 0;
    if (code < OPTION_FIRST_VALUE && optopt > 0 && optopt < OPTION_FIRST_VALUE)
        snprintf(culprit, sizeof(culprit), "-%c", optopt);
    else
        snprintf(culprit, sizeof(culprit), "%.*s", (int)strcspn(argv[at], "="), argv[at]);
    while (table->options[count].name != NULL) {
        names[count] = table->options[count].name;
        count++;
    }
    const char *nearest = strncmp(culprit, "--", 2) == 0 ? keys_nearest(culprit + 2, names, count) : NULL;
    if (code == ':')
        snprintf(message, 256, "%s: %s needs an argument (see sonde help %s)", subcommand->name, culprit,
                 subcommand->name);
    else if (nearest != NULL && strcmp(nearest, culprit + 2) != 0)
        snprintf(message, 256, "%s: %s is not one of its options (did you mean --%s?)", subcommand->name, culprit,
                 nearest);
    else
        snprintf(message, 256, "%s: %s is not one of its options (see sonde help %s)", subcommand->name, culprit,
                 subcommand->name);
    return -EINVAL;
}

int options_parse(const struct subcommand *subcommand, int argc, char **argv, struct invocation *ret_invocation,
                  char message[static 256])
{
    static struct key_option keys[OPTION_KEYS_MAX];
    struct invocation invocation = {.subcommand = subcommand};
    if (subcommand->passes_through) {
        invocation.operands = argv + 1;
        invocation.operand_count = argc - 1;
        *ret_invocation = invocation;
        return 0;
    }
    struct table table;
    table_make(subcommand, keys, options_keys(subcommand, keys), &table);
    aliases_replace(subcommand, argc, argv);
    optind = 0; // GNU getopt: start afresh
    opterr = 0;
    int code;
    while ((code = getopt_long(argc, argv, table.letters, table.options, NULL)) != -1) {
        struct option_given given = {.value = optarg != NULL ? optarg : ""};
        int place = code - OPTION_FIRST_VALUE;
        if (code == 'h' || place == OPTION_HELP)
            return 1;
        if (code < OPTION_FIRST_VALUE)
            given.row = letter_row(subcommand, code);
        else if (place < OPTIONS_MAX)
            given.row = &subcommand->options[place];
        else
            given.key = &keys[place - OPTIONS_MAX];
        bool whole = code < OPTION_FIRST_VALUE || is_whole_name(&table, code, argv);
        if (!whole || (given.row == NULL && given.key == NULL))
            return refusal_describe(subcommand, &table, code, argv, message);
        if (invocation.given_count == OPTIONS_GIVEN_MAX) {
            snprintf(message, 256, "%s: more than %d options", subcommand->name, OPTIONS_GIVEN_MAX);
            return -EINVAL;
        }
        invocation.given[invocation.given_count++] = given;
        if (given.row != NULL)
            invocation.values[given.row - subcommand->options] = given.value;
    }
    invocation.operands = argv + optind;
    invocation.operand_count = argc - optind;
    int error = operands_check(subcommand, invocation.operand_count, message);
    if (error != 0)
        return error;
    *ret_invocation = invocation;
    return 0;
}

const char *options_value(const struct invocation *invocation, const char *name)
{
    const struct subcommand *subcommand = invocation->subcommand;
    for (size_t i = 0; i < subcommand->option_count; i++)
        if (strcmp(subcommand->options[i].name, name) == 0)
            return invocation->values[i];
    return NULL;
}

static void row_print(const struct option_row *row, FILE *out)
{
    char left[64];
    char letter[16] = "";
    if (row->letter != '\0')
        snprintf(letter, sizeof(letter), "-%c, ", row->letter);
    else if (row->alias != NULL)
        snprintf(letter, sizeof(letter), "%s, ", row->alias);
    snprintf(left, sizeof(left), "%s--%s%s%s", letter, row->name, row->argument != NULL ? " " : "",
             row->argument != NULL ? row->argument : "");
    fprintf(out, "  %-22s %s\n", left, row->help);
}

static const char *key_argument(const struct key *key)
{
    switch (key->type) {
    case KEY_BOOL:
        return "true|false";
    case KEY_COUNT:
    case KEY_COUNT32:
        return "N";
    case KEY_RATE:
        return "RATE";
    case KEY_DURATION:
        return "TIME";
    case KEY_SHARE:
        return "PERCENT";
    default:
        if (key->words == KEY_WORDS_PAIRS)
            return "NAME=FILE,...";
        return key->is_path ? "PATH" : key->words == KEY_WORDS_NUMBER ? "N" : "VALUE";
    }
}

static void keys_print(const struct subcommand *subcommand, FILE *out)
{
    struct key_option keys[OPTION_KEYS_MAX];
    size_t count = options_keys(subcommand, keys);
    if (count == 0)
        return;
    fputs("\nEvery key of a plan is an option, and wins over the plan's own (sonde help plan):\n\n", out);
    for (size_t i = 0; i < count; i++) {
        const struct key *key = keys[i].key;
        bool is_list = key->type == KEY_STRINGS || key->words == KEY_WORDS_LIST;
        fprintf(out, "  --%s %s\n", keys[i].name, is_list ? "VALUE,..." : key_argument(key));
    }
}

void options_print_help(const struct subcommand *subcommand, FILE *out)
{
    const char *space = subcommand->operands[0] != '\0' ? " " : "";
    fprintf(out, "usage: sonde %s%s%s%s\n\n%s\n\n", subcommand->name, space, subcommand->operands,
            subcommand->option_count > 0 ? " [OPTION]..." : "", subcommand->summary);
    for (size_t i = 0; i < subcommand->option_count; i++)
        row_print(&subcommand->options[i], out);
    if (subcommand->passes_through)
        return;
    row_print(&(struct option_row){.name = "help", .help = "print this and exit", .letter = 'h'}, out);
    keys_print(subcommand, out);
}
