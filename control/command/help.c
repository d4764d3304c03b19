// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/help.h"

#include "config/keys.h"
#include "control/command/json_output.h"
#include "control/command/subcommands.h"
#include "control/command/topics.h"

enum { NAMES_MAX = 64 };

void help_print_usage(FILE *out)
{
    fprintf(out, "usage: sonde SUBCOMMAND [OPTION]... [ARGUMENT]...\n\n");
    for (size_t i = 0; subcommands[i] != NULL; i++)
        fprintf(out, "  %-10s %s\n", subcommands[i]->name, subcommands[i]->summary);
    fprintf(out, "  %-10s %s\n\nusage: sonde help TOPIC\n\n", "help",
            "print what a subcommand does (sonde help SUBCOMMAND) or what a topic is about");
    for (size_t i = 0; topics[i] != NULL; i++)
        fprintf(out, "  %-10s %s\n", topics[i]->name, topics[i]->summary);
    fprintf(out, "\nsonde --version prints the version. The manual is sonde(1).\n");
}

// prefix and what say where the name stood: "help: ", "subcommand or topic".
static enum exit_status name_refuse(const char *prefix, const char *what, const char *name, bool with_topics)
{
    const char *names[NAMES_MAX] = {"help"};
    size_t count = with_topics ? 0 : 1;
    for (size_t i = 0; subcommands[i] != NULL && count < NAMES_MAX; i++)
        names[count++] = subcommands[i]->name;
    for (size_t i = 0; with_topics && topics[i] != NULL && count < NAMES_MAX; i++)
        names[count++] = topics[i]->name;
    const char *nearest = keys_nearest(name, names, count);
    fprintf(stderr, "sonde: %sthere is no %s \"%s\"%s%s%s (see sonde help)\n", prefix, what, name,
            nearest != NULL ? ", did you mean \"" : "", nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
    return EXIT_USAGE;
}

enum exit_status help_refuse(const char *name)
{
    return name_refuse("", "subcommand", name, false);
}

enum exit_status help_run(const char *program, const char *name)
{
    if (name == NULL) {
        help_print_usage(stdout);
        return output_finish(0);
    }
    const struct topic *topic = topic_find(name);
    if (topic != NULL)
        return topic->print(program);
    const struct subcommand *subcommand = subcommand_find(name);
    if (subcommand == NULL)
        return name_refuse("help: ", "subcommand or topic", name, true);
    options_print_help(subcommand, stdout);
    return output_finish(0);
}
