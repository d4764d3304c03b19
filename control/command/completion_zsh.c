// SPDX-License-Identifier: BSD-3-Clause
// The script for zsh: _arguments of each subcommand. Works as a file of $fpath, and sourced after compinit.
#include <string.h>

#include "control/command/completed.h"
#include "control/command/completion.h"
#include "control/command/topics.h"

// text inside '[...]' of an option's specification, which is in single quotes.
static void help_print(const char *text, FILE *out)
{
    for (; *text != '\0'; text++)
        if (*text == '\'')
            fputs("'\\''", out);
        else if (strchr("[]:\\", *text) != NULL)
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
}

// What is done to complete an argument, behind its last colon. Values of lists go on behind a comma.
static void action_print(const char *values, bool files, FILE *out)
{
    if (values == NULL)
        fputs(files ? "_files" : " ", out);
    else if (values[0] == '@')
        fprintf(out, " _sonde_names %s", values + 1); // the blank keeps _arguments from adding words
    else
        fprintf(out, "(%s)", values);
}

static void specification_print(const struct completed_option *option, const char *dashed, FILE *out)
{
    fprintf(out, "            '%s[", dashed);
    help_print(option->help, out);
    fputc(']', out);
    if (option->argument != NULL) {
        fputc(':', out);
        help_print(option->argument, out);
        fputc(':', out);
        action_print(option->values, option->files, out);
    }
    fputs("' \\\n", out);
}

static void subcommand_print(const struct subcommand *subcommand, FILE *out)
{
    struct completed_option options[COMPLETED_MAX];
    char dashed[KEY_OPTION_TEXT + 4];
    size_t count = completed_options(subcommand, options);
    fprintf(out, "    %s)\n        _arguments \\\n", subcommand->name);
    for (size_t i = 0; i < count; i++) {
        snprintf(dashed, sizeof(dashed), "--%s%s", options[i].name, options[i].argument != NULL ? "=" : "");
        specification_print(&options[i], dashed, out);
        snprintf(dashed, sizeof(dashed), "-%c", options[i].letter);
        if (options[i].letter != '\0')
            specification_print(&options[i], dashed, out);
        if (options[i].alias != NULL)
            specification_print(&options[i], options[i].alias, out);
    }
    const char *words = subcommand->operand_words;
    if (words != NULL) {
        fputs("            '1: :", out);
        action_print(words, false, out);
        fputs("' \\\n", out);
    }
    if (completed_files(subcommand))
        fputs("            '*: :_files' \\\n", out);
    fputs("            && return\n        ;;\n", out);
}

static void described_print(const char *name, const char *summary, FILE *out)
{
    fprintf(out, "            '%s:", name);
    help_print(summary, out);
    fputs("'\n", out);
}

static void names_print(const struct subcommand *const *subcommands, FILE *out, bool topics_too)
{
    for (size_t i = 0; subcommands[i] != NULL; i++)
        described_print(subcommands[i]->name, subcommands[i]->summary, out);
    for (size_t i = 0; topics_too && topics[i] != NULL; i++)
        described_print(topics[i]->name, topics[i]->summary, out);
}

void completion_zsh(const struct subcommand *const *subcommands, FILE *out)
{
    fputs("#compdef sonde\n"
          "# zsh completion for sonde; made by: sonde completion zsh\n"
          "\n"
          "# What a site may add to is asked for.\n"
          "_sonde_names() {\n"
          "    local -a names\n"
          "    names=(${(f)\"$(_call_program names ${(q)sonde_program} completion $1 2>/dev/null)\"})\n"
          "    _values -s , $1 $names\n"
          "}\n"
          "\n"
          "_sonde() {\n"
          "    local sonde_program=$words[1] ret=1\n"
          "    local -a names\n"
          "    if ((CURRENT == 2)); then\n"
          "        names=(\n"
          "            'help:what a subcommand does, or a topic is about'\n",
          out);
    names_print(subcommands, out, false);
    fputs("        )\n        _describe -t commands subcommand names\n        return\n    fi\n"
          "    shift words\n    ((CURRENT--))\n    case $words[1] in\n    help)\n        names=(\n",
          out);
    names_print(subcommands, out, true);
    fputs("        )\n        ((CURRENT == 2)) && _describe -t commands topic names && return\n        ;;\n", out);
    for (size_t i = 0; subcommands[i] != NULL; i++)
        subcommand_print(subcommands[i], out);
    fputs("    esac\n"
          "    return ret\n"
          "}\n"
          "\n"
          "# Sourced, it says itself what it is for; as a file of $fpath it is the function.\n"
          "if [[ $funcstack[1] == _sonde ]]; then\n"
          "    _sonde \"$@\"\n"
          "else\n"
          "    compdef _sonde sonde\n"
          "fi\n",
          out);
}
