// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "control/command/table.h"

static char *printed(const struct table *table, int indent)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    cr_assert_eq(table_print(table, indent, out), 0);
    fclose(out);
    return text;
}

Test(table, numbers_stand_to_the_right_and_columns_fit_their_widest_cell)
{
    struct table table;
    table_init(&table, 3, 1U << 1);
    table_add(&table, (const char *[]){"a", "1,000", "x"});
    table_add(&table, (const char *[]){"longer", "5", ""});
    char *text = printed(&table, 2);
    cr_assert_str_eq(text, "  a       1,000  x\n  longer      5  \n");
    free(text);
    table_fini(&table);
}

Test(table, characters_are_counted_not_bytes)
{
    struct table table;
    table_init(&table, 2, 0);
    table_add(&table, (const char *[]){"\xc3\xbc", "x"});
    table_add(&table, (const char *[]){"ab", "y"});
    char *text = printed(&table, 0);
    cr_assert_str_eq(text, "\xc3\xbc   x\nab  y\n");
    free(text);
    table_fini(&table);
}

Test(table, a_thousand_rows_are_kept)
{
    struct table table;
    table_init(&table, 1, 0);
    for (int i = 0; i < 1000; i++)
        table_add(&table, (const char *[]){"row"});
    char *text = printed(&table, 0);
    cr_assert_eq(strlen(text), 4000);
    free(text);
    table_fini(&table);
}
