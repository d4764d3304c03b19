// SPDX-License-Identifier: BSD-3-Clause
// Walks the tables of subcommands and compares them with the man page, both ways.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/plan/plan.h"
#include "control/command/subcommands.h"
#include "control/command/topics.h"

#define each_subcommand(subcommand)                                                                                    \
    for (const struct subcommand *const *at = subcommands, *subcommand; (subcommand = *at) != NULL; at++)

Test(subcommands, every_row_is_complete_and_every_name_unique)
{
    each_subcommand(subcommand)
    {
        cr_expect_eq(subcommand_find(subcommand->name), subcommand, "%s", subcommand->name);
        cr_expect_not_null(subcommand->run, "%s", subcommand->name);
        cr_expect_gt(strlen(subcommand->summary), 10, "%s", subcommand->name);
        cr_expect_leq(subcommand->option_count, OPTIONS_MAX, "%s", subcommand->name);
        for (size_t i = 0; i < subcommand->option_count; i++) {
            const struct option_row *row = &subcommand->options[i];
            cr_expect(row->name != NULL && row->name[0] != '\0', "%s: row %zu", subcommand->name, i);
            cr_expect(row->help != NULL && strlen(row->help) > 10, "%s: row %zu", subcommand->name, i);
            cr_expect_neq(row->help[strlen(row->help) - 1], '.', "%s --%s: a phrase", subcommand->name, row->name);
            cr_expect_str_neq(row->name, "help", "%s: --help is everybody's", subcommand->name);
            for (size_t j = 0; j < i; j++)
                cr_expect_str_neq(row->name, subcommand->options[j].name, "%s", subcommand->name);
        }
    }
    cr_expect_null(subcommand_find("scam"));
    cr_expect_null(subcommand_find(""));
}

Test(subcommands, every_topic_of_help_is_complete_and_its_name_unique)
{
    for (size_t i = 0; topics[i] != NULL; i++) {
        cr_expect_eq(topic_find(topics[i]->name), topics[i], "%s", topics[i]->name);
        cr_expect_null(subcommand_find(topics[i]->name), "%s is a subcommand", topics[i]->name);
        cr_expect_not_null(topics[i]->print, "%s", topics[i]->name);
        cr_expect_gt(strlen(topics[i]->summary), 10, "%s", topics[i]->name);
    }
    cr_expect_null(topic_find("plans"));
}

static char *manual_read(void)
{
    FILE *file = fopen(getenv("SONDE_MANUAL"), "r");
    cr_assert_not_null(file, "SONDE_MANUAL names the man page");
    char *text = calloc(1, 65536);
    cr_assert_gt(fread(text, 1, 65535, file), 0);
    fclose(file);
    return text;
}

// A subcommand's section, from its .Ss line to the next section.
static char *section_of(const char *manual, const char *name)
{
    char start[64];
    snprintf(start, sizeof start, "\n.Ss %s\n", name);
    const char *from = strstr(manual, start);
    cr_assert_not_null(from, "sonde.1 has no section %s", name);
    from += strlen(start);
    const char *end = strstr(from, "\n.Ss ");
    const char *chapter = strstr(from, "\n.Sh ");
    if (end == NULL || (chapter != NULL && chapter < end))
        end = chapter;
    return strndup(from, end != NULL ? (size_t)(end - from) + 1 : strlen(from));
}

Test(subcommands, the_man_page_has_every_option_and_no_other)
{
    char *manual = manual_read();
    each_subcommand(subcommand)
    {
        char *section = section_of(manual, subcommand->name);
        size_t documented = 0;
        for (const char *item = strstr(section, ".It Fl Fl "); item != NULL; item = strstr(item + 1, ".It Fl Fl "))
            documented++;
        cr_expect_eq(documented, subcommand->option_count, "%s: %zu in the manual, %zu in the table", subcommand->name,
                     documented, subcommand->option_count);
        for (size_t i = 0; i < subcommand->option_count; i++) {
            const struct option_row *row = &subcommand->options[i];
            char item[96];
            snprintf(item, sizeof item, ".It Fl Fl %s%s%s\n", row->name, row->argument != NULL ? " Ar " : "",
                     row->argument != NULL ? row->argument : "");
            cr_expect_not_null(strstr(section, item), "%s: sonde.1 lacks \"%s\"", subcommand->name, item);
        }
        free(section);
    }
    size_t sections = 0;
    for (const char *at = strstr(manual, "\n.Ss "); at != NULL; at = strstr(at + 1, "\n.Ss ")) {
        char name[32];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at + 5, "\n"), at + 5);
        sections += subcommand_find(name) != NULL ? 1 : 1000;
    }
    cr_expect_lt(sections, 1000, "sonde.1 has a section of a subcommand that is not there");
    free(manual);
}

// Checks that each key of a table has an item in the plan's section, and counts them.
static size_t keys_check(const char *section, const struct key *keys, const char *prefix)
{
    size_t count = 0;
    for (const struct key *key = keys; key->name != NULL; key++) {
        char name[64];
        char item[96];
        snprintf(name, sizeof name, "%s%s", prefix, key->name);
        snprintf(item, sizeof item, ".It Cm %s\n", name);
        cr_expect_not_null(strstr(section, item), "sonde.1 lacks the plan's key %s", name);
        count++;
        if (key->type != KEY_OBJECT)
            continue;
        snprintf(name, sizeof name, "%s%s.", prefix, key->name);
        count += keys_check(section, key->keys, name);
    }
    return count;
}

Test(subcommands, the_man_page_has_every_key_of_a_plan_and_no_other)
{
    char *manual = manual_read();
    char *from = strstr(manual, "\n.Sh THE PLAN\n");
    cr_assert_not_null(from);
    char *end = strstr(from + 1, "\n.Sh ");
    cr_assert_not_null(end);
    end[1] = '\0';
    size_t keys = keys_check(from, plan_keys, "");
    size_t items = 0;
    for (const char *item = strstr(from, "\n.It Cm "); item != NULL; item = strstr(item + 1, "\n.It Cm "))
        items++;
    cr_expect_eq(items, keys, "%zu keys in the manual, %zu in the table", items, keys);
    free(manual);
}
