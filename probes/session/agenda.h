// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What else a host and port is to be asked, on connections of their own, one after the other. Any session of a
// conversation queues errands, stacked ones too; whoever makes the connections takes the next when a conversation is
// done. Each kind has a budget, because it is the server's words that make us ask.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session_ops;

// Why a connection is made. X(enumerator, budget, help)
#define ERRAND_KINDS(X)                                                                                                \
    X(ERRAND_DETECT, 5, "to find out what is spoken; the first connection is one of them")                             \
    X(ERRAND_RETRY, 1, "the server had no time for us, and is asked the same again")                                   \
    X(ERRAND_MATRIX, 6, "another version or variant of a protocol that is known")

enum errand_kind {
#define X(enumerator, budget, help) enumerator,
    ERRAND_KINDS(X)
#undef X
        ERRAND_KIND_COUNT
};

enum {
    AGENDA_ERRANDS = 8,     // queued at once
    ERRAND_LATER_MS = 4000, // before a server is asked again that had no time for us
#define X(enumerator, budget, help) enumerator##_BUDGET = (budget),
    ERRAND_KINDS(X)
#undef X
#define X(enumerator, budget, help) +(budget)
        AGENDA_CONNECTIONS_MAX = 0 ERRAND_KINDS(X)
#undef X
};

struct errand {
    enum errand_kind kind;
    const struct session_ops *first;   // the session to begin with
    const struct session_ops *inner;   // what is wanted inside a tunnel that it makes; NULL: nothing was said about it
    uint32_t wait_ms;                  // before the connection
    const struct session_ops *through; // asks for TLS on the connection before `first` begins; NULL: nobody has to
    uint32_t argument;                 // the session's own: which version, say
};

// Which sessions were tried on one layer, and what came of it; a bit for each row of the registry. Written by the
// conversations, read by detection.
struct trials {
    uint64_t asked;     // a connection began with it
    uint64_t again;     // and a second one
    uint64_t answered;  // what came while it was speaking was somebody's, or nobody's, and not cut off before that
    uint64_t heard;     // and it has taken it for its own
    uint64_t cut;       // the server has hung up behind the beginning of an answer that could be anybody's
    uint64_t overheard; // its protocol was heard in answer to another's words
    uint64_t own;       // what the first one on this layer began with
    bool hung_up;       // some connection was ended by the server before it had said anything
};

// All-zero is an agenda without errands. A value: it owns nothing.
struct agenda {
    struct errand errands[AGENDA_ERRANDS];
    const struct session_ops *inner; // what is wanted inside a tunnel; NULL: nothing was said about it
    struct trials clear;             // on connections
    struct trials inside;            // in tunnels
    uint8_t first;
    uint8_t count;
    uint8_t spent[ERRAND_KIND_COUNT];
};

// Queues an errand behind the others. False when the budget of its kind is spent or nothing more fits; then nothing
// has changed.
bool agenda_put(struct agenda *agenda, const struct errand *errand);

// The errand of the first connection of all: counted, and taken at once.
struct errand agenda_begin(struct agenda *agenda, const struct session_ops *first, const struct session_ops *inner);

// Takes the next one; false when there is none.
bool agenda_take(struct agenda *agenda, struct errand *ret_errand);
