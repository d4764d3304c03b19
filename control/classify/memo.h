// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What was worked out before, by the bytes that it depends on: a scan sees few banners many times. Bounded in entries
// and bytes, and in how many of them a stranger can make fall together. One thread.

#include <stddef.h>
#include <stdint.h>

#include "probes/observation/observation.h"

// The beginning of an entry, which is one piece of malloc: the user's own, its key and whatever belongs to it.
struct memo_entry {
    struct memo_entry *next;
    const void *key; // close behind: a look-up misses the cache less often
    uint64_t hash;
    uint32_t key_bytes;
    uint32_t bytes; // of the piece
};

struct memo;

// An entry of a memo that is remembered elsewhere. All-zero: none.
struct memo_hint {
    uint64_t generation;
    struct memo_entry *entry;
};

// NULL without memory.
struct memo *memo_new(void);
void memo_free(struct memo *memo);

// Forgets all entries.
void memo_clear(struct memo *memo);

// The entry of this key, or NULL. It stays until the next memo_keep.
struct memo_entry *memo_find(const struct memo *memo, const void *key, size_t key_bytes);

// Takes over an entry whose key is none of those there. Where there is no room, others go: what is seen again is soon
// back.
void memo_keep(struct memo *memo, struct memo_entry *entry);

// Remembers an entry that is there; and the entry again, or NULL when some have gone since. A hint is of one memo.
struct memo_hint memo_hint(const struct memo *memo, struct memo_entry *entry);
struct memo_entry *memo_recall(const struct memo *memo, const struct memo_hint *hint);

// How many bytes the texts of some rows of a part take, with a NUL each; and copying them, one behind another, to where
// there is so much room. Each row then points to its copies. Returns the place behind the last one.
size_t memo_texts_bytes(const struct part *part, const void *rows, uint32_t count);
char *memo_texts_copy(const struct part *part, void *rows, uint32_t count, char *to);
