// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a scanner must not believe: forged answers whose cookie is wrong, frames with impossible headers, frames cut
// short. A const table of shapes; each one is a proper SYN-ACK with one thing changed. No state, any thread.

#include <stddef.h>
#include <stdint.h>

#include "tools/simnet/answer.h"

enum shape_class { SHAPE_FORGED = 0, SHAPE_MALFORMED, SHAPE_TRUNCATED };

// Number of shapes of a class, and the name of each.
size_t shape_count(enum shape_class class);
const char *shape_name(enum shape_class class, size_t index);

// Writes the index-th shape of a class (modulo their number) for the question that was just asked. chance is random.
// Returns the frame's length: at least ANSWER_FRAME_MIN, but 6 to 57 bytes for SHAPE_TRUNCATED.
size_t shape_write(enum shape_class class, size_t index, uint32_t chance, const struct question *question,
                   uint8_t frame[static ANSWER_MAX]);
