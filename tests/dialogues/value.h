// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Values of fields as a dialogue writes them: "text", ["a", "b"], 200, true, 2026-01-31T00:00:00Z, 12.500 (MILLI), and
// rows as [{name: "a", open: true}]. Both what was learnt and what is expected become the same text, and the texts are
// compared.

#include "probes/observation/observation.h"
#include "tests/dialogues/pieces.h"

// The field's value as text; NULL when it is not known. free() it. A value that was cut ends with " cut".
char *value_of(const struct observation *observation, const struct field *field);

// Reads what the statement has next, with a word `cut` at its end or not. NULL when the cursor has failed. free() it.
char *value_read(struct cursor *cursor, const struct phrases *phrases);

// True when the cut value is what the beginning of the whole one is: fewer bytes, fewer names.
bool value_is_beginning(const char *cut, const char *whole);
