// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the journal of an earlier run says is settled, for the dataplane of a resumed one.

#include <stdint.h>

// Reads the journal (not in use by a control; a torn tail is cut) and writes the positions it holds, ascending and each
// once, into a sealed memfd of uint64_t. Returns 0 and the descriptor, -EPROTO for the journal of another scan, or
// -errno.
int settled_read(int journal_fd, uint64_t seed, int *ret_fd, uint64_t *ret_count);
