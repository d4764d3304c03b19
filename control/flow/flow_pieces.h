// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What came too early: bytes behind a gap, kept until what is missing has come. One thread.

#include <stddef.h>
#include <stdint.h>

enum { FLOW_PIECES_MAX = 16 };

// What the flows of a lane may keep, all together.
struct flow_kept {
    size_t bytes;
    size_t limit;
    uint64_t pieces; // that were ever kept
};

struct flow_piece {
    struct flow_piece *next;
    uint32_t seq;
    uint16_t length;
    uint8_t data[];
};

// All-zero: nothing kept.
struct flow_pieces {
    struct flow_piece *first; // ascending
    size_t count;
};

// Keeps a copy. Without room, or memory, the bytes are dropped: the peer sends them again.
void flow_pieces_keep(struct flow_pieces *pieces, struct flow_kept *kept, uint32_t seq, const uint8_t *data,
                      size_t length);

// Takes out the first piece if it begins at seq or before; it is the caller's, for flow_piece_free. NULL when there is
// none.
struct flow_piece *flow_pieces_take(struct flow_pieces *pieces, struct flow_kept *kept, uint32_t seq);
void flow_piece_free(struct flow_piece *piece);

// Releases everything.
void flow_pieces_drop(struct flow_pieces *pieces, struct flow_kept *kept);
