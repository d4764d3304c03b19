// SPDX-License-Identifier: BSD-3-Clause
// The script for fish: a line for each subcommand and each option.
#include <string.h>

#include "control/command/completed.h"
#include "control/command/completion.h"
#include "control/command/topics.h"

static void quoted_print(const char *text, FILE *out)
{
    fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('\'', out);
}

// -a with the words, or with the command that lists them.
static void values_print(const char *values, FILE *out)
{
    if (values[0] == '@')
        fprintf(out, " -a '(__sonde_names %s)'", values + 1);
    else
        fprintf(out, " -a '%s'", values);
}

static void option_print(const struct subcommand *subcommand, const struct completed_option *option, FILE *out)
{
    fprintf(out, "complete -c sonde -n '__sonde_is %s' -l %s", subcommand->name, option->name);
    if (option->letter != '\0')
        fprintf(out, " -s %c", option->letter);
    if (option->alias != NULL)
        fprintf(out, " -o %s", option->alias + 1);
    if (option->argument != NULL)
        fputs(option->files ? " -r -F" : " -x", out);
    if (option->values != NULL)
        values_print(option->values, out);
    fputs(" -d ", out);
    quoted_print(option->help, out);
    fputc('\n', out);
}

static void name_print(const char *condition, const char *name, const char *summary, FILE *out)
{
    fprintf(out, "complete -c sonde -n '%s' -f -a %s -d ", condition, name);
    quoted_print(summary, out);
    fputc('\n', out);
}

static void subcommand_print(const struct subcommand *subcommand, FILE *out)
{
    struct completed_option options[COMPLETED_MAX];
    size_t count = completed_options(subcommand, options);
    name_print("__sonde_begins", subcommand->name, subcommand->summary, out);
    name_print("__sonde_is help; and __sonde_words 2", subcommand->name, subcommand->summary, out);
    if (!completed_files(subcommand))
        fprintf(out, "complete -c sonde -n '__sonde_is %s' -f\n", subcommand->name);
    if (subcommand->operand_words != NULL) {
        fprintf(out, "complete -c sonde -n '__sonde_is %s; and __sonde_words 2'", subcommand->name);
        values_print(subcommand->operand_words, out);
        fputc('\n', out);
    }
    for (size_t i = 0; i < count; i++)
        option_print(subcommand, &options[i], out);
}

void completion_fish(const struct subcommand *const *subcommands, FILE *out)
{
    fputs("# fish completion for sonde; made by: sonde completion fish\n"
          "\n"
          "function __sonde_words\n"
          "    test (count (commandline -opc)) -eq $argv[1]\n"
          "end\n"
          "function __sonde_begins\n"
          "    __sonde_words 1\n"
          "end\n"
          "function __sonde_is\n"
          "    set -l words (commandline -opc)\n"
          "    test (count $words) -ge 2; and test $words[2] = $argv[1]\n"
          "end\n"
          "# What a site may add to is asked for. A list with commas goes on behind the last one.\n"
          "function __sonde_names\n"
          "    set -l words (commandline -opc)\n"
          "    set -l before (string match -r '.*,' -- (commandline -ct))\n"
          "    $words[1] completion $argv[1] 2>/dev/null | string replace -r '^' -- \"$before\"\n"
          "end\n"
          "\n"
          "complete -c sonde -n '__sonde_begins' -f -l version -d 'print the version'\n"
          "complete -c sonde -n '__sonde_is help' -f\n",
          out);
    name_print("__sonde_begins", "help", "what a subcommand does, or a topic is about", out);
    for (size_t i = 0; topics[i] != NULL; i++)
        name_print("__sonde_is help; and __sonde_words 2", topics[i]->name, topics[i]->summary, out);
    for (size_t i = 0; subcommands[i] != NULL; i++)
        subcommand_print(subcommands[i], out);
}
