// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The product rules of the tree.

#include <string.h>

#include <criterion/criterion.h>

#include "config/catalogue_load.h"

struct products {
    struct string_table strings;
    struct catalogue_storage storage;
};

static inline void products_init(struct products *products)
{
    struct complaint complaint;
    struct input input;
    memset(products, 0, sizeof(*products));
    cr_assert_eq(string_table_init(&products->strings), 0);
    cr_assert_eq(input_read(SONDE_TEST_SOURCE_ROOT "/config/products.json", 1 << 24, &input, &complaint), 0);
    cr_assert_eq(catalogue_read(&products->storage, CATALOGUE_PRODUCTS, "f", &input, &products->strings, &complaint), 0,
                 "%s", complaint.text);
    input_fini(&input);
}

static inline void products_fini(struct products *products)
{
    catalogue_storage_fini(&products->storage);
    string_table_fini(&products->strings);
}
