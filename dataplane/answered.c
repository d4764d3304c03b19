// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/answered.h"

#include <errno.h>
#include <sys/mman.h>

static void *words_map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    // Replies land anywhere in up to 512 MB: with small pages nearly each one would miss the TLB too. Only a hint.
    (void)madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
}

int answered_init(struct answered *answered, uint64_t first, uint64_t end, uint64_t segment_positions)
{
    if (end <= first || segment_positions == 0 || segment_positions % 64 != 0)
        return -EINVAL;
    uint64_t most = end - first < segment_positions ? end - first : segment_positions;
    *answered = (struct answered){
        .segment_positions = segment_positions,
        .first_position = first,
        .end_position = end,
        .bytes = (size_t)((most + 63) / 64 * 8),
    };
    answered->memory[0] = words_map(answered->bytes);
    answered->memory[1] = end - first > segment_positions ? words_map(answered->bytes) : answered->memory[0];
    for (int i = 0; i < 2; i++)
        answered->words[i] = (_Atomic uint64_t *)answered->memory[i];
    if (answered->words[0] != NULL && answered->words[1] != NULL)
        return 0;
    answered_fini(answered);
    return -ENOMEM;
}

void answered_fini(struct answered *answered)
{
    if (answered->memory[1] != NULL && answered->memory[1] != answered->memory[0])
        munmap(answered->memory[1], answered->bytes);
    if (answered->memory[0] != NULL)
        munmap(answered->memory[0], answered->bytes);
    for (int i = 0; i < 2; i++) {
        answered->memory[i] = NULL;
        answered->words[i] = NULL;
    }
}

void answered_clear(struct answered *answered, uint32_t segment)
{
    // Private anonymous pages read as zeros again afterwards, madvise(2).
    (void)madvise(answered->memory[segment & 1], answered->bytes, MADV_DONTNEED);
}
