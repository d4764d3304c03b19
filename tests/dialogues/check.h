// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Plays a dialogue in every manner and compares: whole against what the dialogue says; byte by byte and split in two at
// every place against whole; ended early at every place against what was known when it was whole.

#include "tests/dialogues/play.h"

struct checked {
    size_t runs;
    char *problem; // "FILE:LINE: ...", NULL when all was right; free() it
};

struct checked check_script(const struct script *script, struct session_env *env);
