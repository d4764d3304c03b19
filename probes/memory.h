// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Memory that strangers can make us hold, counted per thread, so that a thread with too much of it takes on nothing new
// (control/converse/lane.h): buffers, observations, and whatever OpenSSL allocates. libc only.

#include <stddef.h>
#include <stdint.h>

// As realloc: NULL takes. NULL on failure, with what there was as it was. bytes is not 0. Given back with memory_give,
// by the same thread if the count is to stay right.
void *memory_change(void *memory, size_t bytes);

// As free.
void memory_give(void *memory);

// What this thread holds, in bytes of the allocator's blocks.
uint64_t memory_held(void);
