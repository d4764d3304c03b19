// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "control/report/columns.h"

static char *printed(const struct columns *columns, int indent)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    cr_assert_eq(columns_print(columns, indent, out), 0);
    fclose(out);
    return text;
}

Test(columns, numbers_stand_to_the_right_and_columns_fit_their_widest_cell)
{
    struct columns columns;
    columns_init(&columns, 3, 1U << 1);
    columns_add(&columns, (const char *[]){"a", "1,000", "x"});
    columns_add(&columns, (const char *[]){"longer", "5", ""});
    char *text = printed(&columns, 2);
    cr_assert_str_eq(text, "  a       1,000  x\n  longer      5  \n");
    free(text);
    columns_fini(&columns);
}

Test(columns, a_file_cannot_move_the_terminals_cursor)
{
    struct columns columns;
    columns_init(&columns, 2, 0);
    columns_add(&columns, (const char *[]){"EC2\x1b[2J", "x\ny"});
    char *text = printed(&columns, 0);
    cr_assert_str_eq(text, "EC2\\x1b[2J  x\\x0ay\n");
    free(text);
    columns_fini(&columns);
}

Test(columns, characters_are_counted_not_bytes)
{
    struct columns columns;
    columns_init(&columns, 2, 0);
    columns_add(&columns, (const char *[]){"\xc3\xbc", "x"});
    columns_add(&columns, (const char *[]){"ab", "y"});
    char *text = printed(&columns, 0);
    cr_assert_str_eq(text, "\xc3\xbc   x\nab  y\n");
    free(text);
    columns_fini(&columns);
}

Test(columns, a_thousand_rows_are_kept)
{
    struct columns columns;
    columns_init(&columns, 1, 0);
    for (int i = 0; i < 1000; i++)
        columns_add(&columns, (const char *[]){"row"});
    char *text = printed(&columns, 0);
    cr_assert_eq(strlen(text), 4000);
    free(text);
    columns_fini(&columns);
}
