// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/command/options.h"

enum { ROW_FAST, ROW_FILE, ROW_COUNT };

static const struct option_row rows[] = {
    [ROW_FAST] = {"fast", NULL, "go faster"},
    [ROW_FILE] = {"file", "FILE", "read FILE", 'f', "-iF"},
};

static const struct key inner[] = {{.name = "depth", .type = KEY_COUNT32, .help = "Depth."}, {0}};

static const struct key keys[] = {
    {.name = "file", .type = KEY_STRING, .help = "A row has this name."},
    {.name = "max_rate", .type = KEY_RATE, .help = "A rate."},
    {.name = "well", .type = KEY_OBJECT, .keys = inner, .help = "A well."},
    {0},
};

static enum exit_status run_nothing(const struct invocation *invocation)
{
    return invocation->operand_count > 0 ? EXIT_DONE : EXIT_FAILED;
}

static const struct subcommand example = {
    .name = "example",
    .operands = "PLAN",
    .summary = "an example",
    .options = rows,
    .option_count = ROW_COUNT,
    .keys = keys,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_nothing,
};

// What an invocation points into stays valid until the next parse, as the real argv does.
static int parse(int argc, const char *const *words, struct invocation *ret_invocation, char message[static 256])
{
    static char kept[8][32];
    static char *argv[9];
    memset(argv, 0, sizeof(argv));
    for (int i = 0; i < argc && i < 8; i++) {
        snprintf(kept[i], sizeof(kept[i]), "%s", words[i]);
        argv[i] = kept[i];
    }
    return options_parse(&example, argc, argv, ret_invocation, message);
}

Test(options, switches_and_arguments_are_found_on_either_side_of_the_operand)
{
    struct invocation got;
    char message[256];
    cr_assert_eq(parse(5, (const char *[]){"example", "--fast", "p.json", "--file", "x"}, &got, message), 0);
    cr_assert_str_eq(got.values[ROW_FAST], "");
    cr_assert_str_eq(got.values[ROW_FILE], "x");
    cr_assert_eq(got.operand_count, 1);
    cr_assert_str_eq(got.operands[0], "p.json");
    cr_assert_eq(parse(3, (const char *[]){"example", "--file=a=b", "p.json"}, &got, message), 0);
    cr_assert_null(got.values[ROW_FAST]);
    cr_assert_str_eq(got.values[ROW_FILE], "a=b");
}

Test(options, letters_and_other_words_stand_for_rows)
{
    struct invocation got;
    char message[256];
    cr_assert_eq(parse(4, (const char *[]){"example", "-f", "x", "p.json"}, &got, message), 0);
    cr_assert_str_eq(got.values[ROW_FILE], "x");
    cr_assert_eq(parse(3, (const char *[]){"example", "-fy", "p.json"}, &got, message), 0);
    cr_assert_str_eq(got.values[ROW_FILE], "y");
    cr_assert_eq(parse(4, (const char *[]){"example", "p.json", "-iF", "z"}, &got, message), 0);
    cr_assert_str_eq(got.values[ROW_FILE], "z");
    cr_assert_eq(parse(2, (const char *[]){"example", "-h"}, &got, message), 1);
}

Test(options, keys_are_options_and_all_that_was_given_is_kept_in_order)
{
    struct invocation got;
    char message[256];
    cr_assert_eq(parse(8,
                       (const char *[]){"example", "--well-depth", "3", "--file", "x", "--max-rate=5", "p.json", "-fy"},
                       &got, message),
                 0, "%s", message);
    cr_assert_eq(got.given_count, 4);
    cr_expect_str_eq(got.given[0].key->path, "well.depth");
    cr_expect_str_eq(got.given[0].value, "3");
    cr_expect_eq(got.given[1].row, &rows[ROW_FILE]); // not the key of that name
    cr_expect_str_eq(got.given[2].key->path, "max_rate");
    cr_expect_str_eq(got.given[3].value, "y");
    cr_expect_str_eq(got.values[ROW_FILE], "y");
}

Test(options, a_lone_dash_is_an_operand_and_two_end_the_options)
{
    struct invocation got;
    char message[256];
    cr_assert_eq(parse(2, (const char *[]){"example", "-"}, &got, message), 0);
    cr_assert_str_eq(got.operands[0], "-");
    cr_assert_eq(parse(3, (const char *[]){"example", "--", "--fast"}, &got, message), 0);
    cr_assert_str_eq(got.operands[0], "--fast");
    cr_assert_null(got.values[ROW_FAST]);
}

Test(options, mistakes_are_one_line_that_names_the_culprit)
{
    static const struct {
        const char *words[4];
        int count;
        const char *culprit;
    } cases[] = {
        {{"example", "--slow", "p.json"}, 3, "--slow"},
        {{"example", "--fas", "p.json"}, 3, "did you mean --fast?"},
        {{"example", "--max-rat", "3", "p.json"}, 4, "--max-rat is not one of its options (did you mean --max-rate?)"},
        {{"example", "--max-rat=3", "p.json"}, 3, "--max-rat is not one of its options (did you mean --max-rate?)"},
        {{"example", "p.json", "-f"}, 3, "-f needs an argument"},
        {{"example", "p.json", "--file"}, 3, "--file"},
        {{"example", "--fast=1", "p.json"}, 3, "--fast"},
        {{"example", "-x", "p.json"}, 3, "-x"},
        {{"example"}, 1, "PLAN"},
        {{"example", "a", "b"}, 3, "PLAN"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct invocation got;
        char message[256] = "";
        cr_expect_eq(parse(cases[i].count, cases[i].words, &got, message), -EINVAL, "case %zu", i);
        cr_expect_not_null(strstr(message, cases[i].culprit), "case %zu: \"%s\"", i, message);
        cr_expect_null(strchr(message, '\n'), "case %zu: \"%s\"", i, message);
    }
}

Test(options, help_is_everywhere_and_names_every_row)
{
    struct invocation got;
    char message[256];
    cr_assert_eq(parse(2, (const char *[]){"example", "--help"}, &got, message), 1);
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    options_print_help(&example, out);
    fclose(out);
    cr_assert_not_null(strstr(text, "usage: sonde example PLAN [OPTION]..."));
    cr_assert_not_null(strstr(text, "--fast "));
    cr_assert_not_null(strstr(text, "-f, --file FILE "));
    cr_assert_not_null(strstr(text, "read FILE"));
    cr_assert_not_null(strstr(text, "--help"));
    cr_assert_not_null(strstr(text, "--well-depth N"));
    cr_assert_not_null(strstr(text, "--max-rate RATE"));
    free(text);
}
