// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Lines of text protocols, taken from a stream however it was cut.

#include <stdbool.h>
#include <stddef.h>

#include "probes/bytes.h"

// Takes the next line, which ends with LF, and leaves that and a CR before it out of *ret_line. Of a line of more than
// `most` bytes the first so many are one, and what follows is the next. Returns the bytes that were taken, 0 while the
// line is not whole.
size_t line_take(struct bytes *input, size_t most, struct bytes *ret_line);

// Whether a line begins with all of this text.
bool line_begins(struct bytes line, const char *text);
