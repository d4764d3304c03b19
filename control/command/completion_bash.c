// SPDX-License-Identifier: BSD-3-Clause
// The script for bash: a table of what each subcommand takes, and one function that reads it. Needs no bash-completion.
#include <string.h>

#include "control/command/completed.h"
#include "control/command/completion.h"
#include "control/command/topics.h"

static const char beginning[] =
    "# bash completion for sonde; made by: sonde completion bash\n"
    "\n"
    "# _sonde_offer WORDS: those that go on with the current word, of a list with commas with its last part.\n"
    "_sonde_offer() {\n"
    "    local before=''\n"
    "    [[ $cur != *,* ]] || before=${cur%,*},\n"
    "    mapfile -t COMPREPLY < <(compgen -P \"$before\" -W \"$1\" -- \"${cur##*,}\")\n"
    "}\n"
    "\n"
    "_sonde_values() {\n"
    "    case $1 in\n"
    "    files)\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
    "        ;;\n"
    "    " COMPLETED_SERVICES " | " COMPLETED_FINDINGS
    ") _sonde_offer \"$(\"${COMP_WORDS[0]/#~\\//$HOME/}\" completion "
    "\"${1#@}\" 2>/dev/null)\" ;;\n"
    "    *) _sonde_offer \"$1\" ;;\n"
    "    esac\n"
    "}\n"
    "\n"
    "_sonde() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    COMPREPLY=()\n"
    "    # An = is a word of its own.\n"
    "    if [[ $cur == '=' ]]; then\n"
    "        cur=\n"
    "    elif [[ $option == '=' && $COMP_CWORD -ge 3 ]]; then\n"
    "        option=${COMP_WORDS[COMP_CWORD-2]}\n"
    "    fi\n";

static void option_words(const struct completed_option *option, FILE *out)
{
    fprintf(out, " --%s", option->name);
    if (option->letter != '\0')
        fprintf(out, " -%c", option->letter);
    if (option->alias != NULL)
        fprintf(out, " %s", option->alias);
}

// What an option's argument is: files, words, or nothing that could be offered.
static const char *option_values(const struct completed_option *option)
{
    return option->values != NULL ? option->values : option->files ? "files" : "";
}

static void arguments_print(const struct subcommand *subcommand, FILE *out)
{
    struct completed_option options[COMPLETED_MAX];
    size_t count = completed_options(subcommand, options);
    for (size_t i = 0; i < count; i++) {
        if (options[i].argument == NULL)
            continue;
        fprintf(out, "    '%s --%s'", subcommand->name, options[i].name);
        if (options[i].letter != '\0')
            fprintf(out, " | '%s -%c'", subcommand->name, options[i].letter);
        if (options[i].alias != NULL)
            fprintf(out, " | '%s %s'", subcommand->name, options[i].alias);
        fprintf(out, ") _sonde_values '%s' && return ;;\n", option_values(&options[i]));
    }
}

static void subcommand_print(const struct subcommand *subcommand, FILE *out)
{
    struct completed_option options[COMPLETED_MAX];
    size_t count = completed_options(subcommand, options);
    fprintf(out, "    %s)\n        options='", subcommand->name);
    for (size_t i = 0; i < count; i++)
        option_words(&options[i], out);
    const char *operands = subcommand->operand_words;
    fprintf(out, "'\n        operands='%s'\n        files=%s\n        ;;\n", operands != NULL ? operands : "",
            completed_files(subcommand) ? "yes" : "");
}

static void names_print(const struct subcommand *const *subcommands, FILE *out, bool topics_too)
{
    for (size_t i = 0; subcommands[i] != NULL; i++)
        fprintf(out, " %s", subcommands[i]->name);
    for (size_t i = 0; topics_too && topics[i] != NULL; i++)
        fprintf(out, " %s", topics[i]->name);
}

void completion_bash(const struct subcommand *const *subcommands, FILE *out)
{
    fputs(beginning, out);
    fputs("    if ((COMP_CWORD == 1)); then\n        _sonde_offer 'help --help --version", out);
    names_print(subcommands, out, false);
    fputs("'\n        return\n    fi\n    case \"${COMP_WORDS[1]} $option\" in\n", out);
    for (size_t i = 0; subcommands[i] != NULL; i++)
        arguments_print(subcommands[i], out);
    fputs("    esac\n    local options='' operands='' files=''\n    case ${COMP_WORDS[1]} in\n    help) operands='",
          out);
    names_print(subcommands, out, true);
    fputs("' ;;\n", out);
    for (size_t i = 0; subcommands[i] != NULL; i++)
        subcommand_print(subcommands[i], out);
    fputs("    esac\n"
          "    if [[ $cur == -* ]]; then\n"
          "        _sonde_offer \"$options\"\n"
          "    elif [[ -n $operands && $COMP_CWORD -eq 2 ]]; then\n"
          "        _sonde_values \"$operands\"\n"
          "    elif [[ -n $files ]]; then\n"
          "        _sonde_values files\n"
          "    fi\n"
          "}\n"
          "complete -F _sonde sonde\n",
          out);
}
