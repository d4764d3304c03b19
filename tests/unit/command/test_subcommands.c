// SPDX-License-Identifier: BSD-3-Clause
// Walks the tables of subcommands and compares them with the man page, both ways.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/image/catalogue.h"
#include "config/plan/plan.h"
#include "control/command/subcommands.h"
#include "control/command/topics.h"
#include "control/record/record.h"
#include "probes/packet/suspect.h"

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

enum { MANUAL_MAX = 1 << 20 };

static char *manual_read(void)
{
    FILE *file = fopen(getenv("SONDE_MANUAL"), "r");
    cr_assert_not_null(file, "SONDE_MANUAL names the man page");
    char *text = calloc(1, MANUAL_MAX);
    size_t length = fread(text, 1, MANUAL_MAX, file);
    cr_assert(length > 0 && length < MANUAL_MAX);
    fclose(file);
    return text;
}

// A chapter, from its .Sh line to the next.
static char *chapter_of(const char *manual, const char *name)
{
    char start[64];
    snprintf(start, sizeof(start), "\n.Sh %s\n", name);
    const char *from = strstr(manual, start);
    cr_assert_not_null(from, "sonde.1 has no chapter %s", name);
    const char *end = strstr(from + 1, "\n.Sh ");
    return strndup(from, end != NULL ? (size_t)(end - from) + 1 : strlen(from));
}

// A subcommand's section, from its .Ss line to the next section.
static char *section_of(const char *manual, const char *name)
{
    char start[64];
    snprintf(start, sizeof(start), "\n.Ss %s\n", name);
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
            snprintf(item, sizeof(item), ".It Fl Fl %s%s%s\n", row->name, row->argument != NULL ? " Ar " : "",
                     row->argument != NULL ? row->argument : "");
            cr_expect_not_null(strstr(section, item), "%s: sonde.1 lacks \"%s\"", subcommand->name, item);
        }
        free(section);
    }
    size_t sections = 0;
    char *chapter = chapter_of(manual, "DESCRIPTION");
    for (const char *at = strstr(chapter, "\n.Ss "); at != NULL; at = strstr(at + 1, "\n.Ss ")) {
        char name[32];
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 5, "\n"), at + 5);
        sections += subcommand_find(name) != NULL ? 1 : 1000;
    }
    cr_expect_lt(sections, 1000, "sonde.1 has a section of a subcommand that is not there");
    for (size_t i = 0; topics[i] != NULL; i++) {
        char name[64];
        snprintf(name, sizeof(name), "\n.Cm help %s\n", topics[i]->name);
        cr_expect_not_null(strstr(chapter, name), "sonde.1 lacks the topic %s", topics[i]->name);
    }
    free(chapter);
    free(manual);
}

static size_t items_count(const char *section)
{
    size_t items = 0;
    for (const char *item = strstr(section, "\n.It Cm "); item != NULL; item = strstr(item + 1, "\n.It Cm "))
        items++;
    return items;
}

// An item with this line, and right below it the help as a sentence.
static void item_expect(const char *section, const char *item, const char *help)
{
    char text[128];
    snprintf(text, sizeof(text), "\n.It Cm %s\n", item);
    const char *at = strstr(section, text);
    cr_expect_not_null(at, "sonde.1 lacks the item \"%s\"", item);
    if (at == NULL)
        return;
    at += strlen(text);
    size_t length = strlen(help);
    cr_expect(strncasecmp(at, help, 1) == 0 && strncmp(at + 1, help + 1, length - 1) == 0 &&
                  strncmp(at + length, ".\n", 2) == 0,
              "sonde.1 says of \"%s\" not \"%s.\" but \"%.*s\"", item, help, (int)strcspn(at, "\n"), at);
}

// Checks that each key of a table has an item in the plan's section, and counts them.
static size_t keys_check(const char *section, const struct key *keys, const char *prefix)
{
    size_t count = 0;
    for (const struct key *key = keys; key->name != NULL; key++) {
        char name[64];
        char item[96];
        snprintf(name, sizeof(name), "%s%s", prefix, key->name);
        snprintf(item, sizeof(item), ".It Cm %s\n", name);
        cr_expect_not_null(strstr(section, item), "sonde.1 lacks the plan's key %s", name);
        count++;
        if (key->type != KEY_OBJECT)
            continue;
        snprintf(name, sizeof(name), "%s%s.", prefix, key->name);
        count += keys_check(section, key->keys, name);
    }
    return count;
}

Test(subcommands, the_man_page_has_every_key_of_a_plan_and_no_other)
{
    char *manual = manual_read();
    char *chapter = chapter_of(manual, "THE PLAN");
    size_t keys = keys_check(chapter, plan_keys, "");
    size_t items = items_count(chapter);
    cr_expect_eq(items, keys, "%zu keys in the manual, %zu in the table", items, keys);
    free(chapter);
    free(manual);
}

// Returns how many items a part has, those of nested rows included.
static size_t fields_check(const char *section, const struct part *part, const char *prefix)
{
    size_t count = part->field_count;
    for (size_t i = 0; i < part->field_count; i++) {
        const struct field *field = &part->fields[i];
        char text[128];
        snprintf(text, sizeof(text), "%s%s Pq %s", prefix, field->name, field_kind_names[field->kind]);
        item_expect(section, text, field->help);
        if (field->kind != FIELD_ROWS)
            continue;
        snprintf(text, sizeof(text), "%s%s[].", prefix, field->name);
        count += fields_check(section, field->nested, text);
    }
    return count;
}

Test(subcommands, the_man_page_has_every_field_of_a_record_outcome_and_mark_and_no_other)
{
    char *manual = manual_read();
    char *chapter = chapter_of(manual, "RECORDS");
    size_t rows = 1 + OUTCOME_COUNT; // and `truncated`
    for (size_t i = 0; i < PART_COUNT; i++) {
        char text[128];
        snprintf(text, sizeof(text), "%s%s", parts[i]->name, parts[i]->name[0] == '\0' ? "" : ".");
        rows += fields_check(chapter, parts[i], text);
        snprintf(text, sizeof(text), "\n.Ss %s\n", parts[i]->help);
        cr_expect_not_null(strcasestr(chapter, text), "sonde.1 has no section \"%s\"", parts[i]->help);
    }
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        item_expect(chapter, outcome_names[i], outcome_help[i]);
#define X(enumerator, bit, name, help)                                                                                 \
    item_expect(chapter, name, help);                                                                                  \
    rows++;
    SUSPECTS(X)
#undef X
    char schema[32];
    snprintf(schema, sizeof(schema), "\nis %d.\n", RECORD_SCHEMA);
    cr_expect_not_null(strstr(chapter, schema), "sonde.1 describes another schema than %d", RECORD_SCHEMA);
    cr_expect_not_null(strstr(chapter, record_truncated));
    cr_expect_eq(items_count(chapter), rows, "%zu in the manual, %zu in the tables", items_count(chapter), rows);
    free(chapter);
    free(manual);
}

Test(subcommands, the_man_page_has_every_word_of_a_condition_and_no_other)
{
    // Two words that no node has: "in" is another "is", "none" the opposite of "any".
    static const char *const words[] = {"in", "none",
#define X(enumerator, word) word,
                                        CONDITION_OPS(X)
#undef X
    };
    char *manual = manual_read();
    char *chapter = chapter_of(manual, "FINDINGS");
    const char *section = strstr(chapter, "\n.Ss Conditions\n");
    cr_assert_not_null(section);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "\n.It Cm %s\n", words[i]);
        cr_expect_not_null(strstr(section, text), "sonde.1 lacks the word %s of a condition", words[i]);
    }
    cr_expect_eq(items_count(section), sizeof(words) / sizeof(words[0]));
    free(chapter);
    free(manual);
}
