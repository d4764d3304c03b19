// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/completed.h"

#include <string.h>

static bool has_word(const char *text, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (strstr(text, words[i]) != NULL)
            return true;
    return false;
}

static bool names_files(const char *argument)
{
    static const char *const words[] = {"FILE", "DIR", "PLAN", "OUT", "WHERE", "PATH", "OLD", NULL};
    return has_word(argument, words);
}

static struct completed_option row_describe(const struct option_row *row)
{
    return (struct completed_option){.name = row->name,
                                     .letter = row->letter,
                                     .alias = row->alias,
                                     .argument = row->argument,
                                     .help = row->help,
                                     .values = row->values,
                                     .files = row->argument != NULL && names_files(row->argument)};
}

static struct completed_option key_describe(const struct key_option *option)
{
    const struct key *key = option->key;
    return (struct completed_option){.name = option->name,
                                     .argument = key->name,
                                     .help = key->help,
                                     .values = key->type == KEY_BOOL ? "true false" : key->choices,
                                     .files = key->is_path};
}

size_t completed_options(const struct subcommand *subcommand, struct completed_option ret_options[COMPLETED_MAX])
{
    static struct key_option keys[OPTION_KEYS_MAX];
    static const struct option_row help = {.name = "help", .help = "print this and exit", .letter = 'h'};
    size_t count = 0;
    if (subcommand->passes_through)
        return 0;
    for (size_t i = 0; i < subcommand->option_count; i++)
        ret_options[count++] = row_describe(&subcommand->options[i]);
    ret_options[count++] = row_describe(&help);
    size_t key_count = options_keys(subcommand, keys);
    for (size_t i = 0; i < key_count; i++)
        ret_options[count++] = key_describe(&keys[i]);
    return count;
}

bool completed_files(const struct subcommand *subcommand)
{
    return names_files(subcommand->operands);
}
