// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The catalogue's product rules, compiled: which pattern over which field of an observation names which product. PCRE2
// with limits, because a banner may be made to keep a pattern busy. One thread.

#include <stddef.h>

#include "config/image/catalogue.h"
#include "control/classify/memo.h"
#include "probes/observation/observation.h"

struct product_rules;

// NULL and errno: EINVAL for a pattern that does not compile or a field that no observation has, ENOMEM.
struct product_rules *product_rules_new(const struct catalogue *catalogue, const char *strings, size_t string_bytes);
void product_rules_free(struct product_rules *rules);

// Writes what the first rule that matches, in the catalogue's order, makes of it, and a row for each of the components
// that rules find, no product twice. Nothing when none does. What is there already has to be forgotten before. What the
// rules made of the same texts before is taken from there: its bytes are the rules', good until the next call. Returns
// where what depends on product and components alone may be remembered until then; NULL: nowhere.
struct memo_hint *product_learn(const struct product_rules *rules, struct observation *observation);

// Forgets what was made and remembered so far.
void product_rules_forget(struct product_rules *rules);
