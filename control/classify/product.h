// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The catalogue's product rules, compiled: which pattern over which field of an observation names which product. PCRE2
// with limits, because a banner may be made to keep a pattern busy. One thread.

#include <stdbool.h>
#include <stddef.h>

#include "config/image/catalogue.h"
#include "probes/observation/observation.h"

enum { PRODUCT_TEXT_MAX = 128, PRODUCT_CPE_MAX = 256 };

// What a product rule made of a banner; empty strings for what is not known.
struct product {
    char vendor[PRODUCT_TEXT_MAX];
    char name[PRODUCT_TEXT_MAX];
    char version[PRODUCT_TEXT_MAX];
    char update[PRODUCT_TEXT_MAX];
    char distribution[PRODUCT_TEXT_MAX];
    char package_version[PRODUCT_TEXT_MAX];
    char cpe[PRODUCT_CPE_MAX];
};

struct product_rules;

// NULL and errno: EINVAL for a pattern that does not compile or a field that no observation has, ENOMEM.
struct product_rules *product_rules_new(const struct catalogue *catalogue, const char *strings, size_t string_bytes);
void product_rules_free(struct product_rules *rules);

// The first rule that matches, in the catalogue's order. False when none does; *ret_product is then untouched.
bool product_find(const struct product_rules *rules, const struct observation *observation,
                  struct product *ret_product);
