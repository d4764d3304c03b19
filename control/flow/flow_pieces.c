// SPDX-License-Identifier: BSD-3-Clause
#include "control/flow/flow_pieces.h"

#include <stdlib.h>
#include <string.h>

void flow_pieces_keep(struct flow_pieces *pieces, struct flow_kept *kept, uint32_t seq, const uint8_t *data,
                      size_t length)
{
    struct flow_piece **link = &pieces->first;
    while (*link != NULL && (int32_t)((*link)->seq - seq) < 0)
        link = &(*link)->next;
    if (*link != NULL && (*link)->seq == seq && (*link)->length >= length)
        return;
    size_t bytes = sizeof(struct flow_piece) + length;
    if (pieces->count >= FLOW_PIECES_MAX || kept->limit - kept->bytes < bytes)
        return;
    struct flow_piece *piece = malloc(bytes);
    if (piece == NULL)
        return;
    *piece = (struct flow_piece){.next = *link, .seq = seq, .length = (uint16_t)length};
    memcpy(piece->data, data, length);
    *link = piece;
    pieces->count++;
    kept->bytes += bytes;
    kept->pieces++;
}

struct flow_piece *flow_pieces_take(struct flow_pieces *pieces, struct flow_kept *kept, uint32_t seq)
{
    struct flow_piece *piece = pieces->first;
    if (piece == NULL || (int32_t)(piece->seq - seq) > 0)
        return NULL;
    pieces->first = piece->next;
    pieces->count--;
    kept->bytes -= sizeof(*piece) + piece->length;
    return piece;
}

void flow_piece_free(struct flow_piece *piece)
{
    free(piece);
}

void flow_pieces_drop(struct flow_pieces *pieces, struct flow_kept *kept)
{
    while (pieces->first != NULL)
        flow_piece_free(flow_pieces_take(pieces, kept, pieces->first->seq));
}
