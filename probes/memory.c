// SPDX-License-Identifier: BSD-3-Clause
#include "probes/memory.h"

#include <malloc.h>
#include <stdlib.h>

// Signed: what one thread took before the others began may be given back by another.
static _Thread_local int64_t held;

void *memory_change(void *memory, size_t bytes)
{
    int64_t before = (int64_t)malloc_usable_size(memory);
    void *changed = realloc(memory, bytes);
    if (changed != NULL)
        held += (int64_t)malloc_usable_size(changed) - before;
    return changed;
}

void memory_give(void *memory)
{
    held -= (int64_t)malloc_usable_size(memory);
    free(memory);
}

uint64_t memory_held(void)
{
    return held > 0 ? (uint64_t)held : 0;
}
