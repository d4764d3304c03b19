// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A dialogue, read from its file: what happens on each connection, and what must be known when all is over. README.md
// in this folder is the format.

#include "probes/observation/observation.h"
#include "tests/dialogues/pieces.h"

enum step_kind {
    STEP_HEAR = 0,   // what sonde must have said by now
    STEP_SAY,        // what the server says
    STEP_SILENCE,    // sonde has waited for as long as it wanted
    STEP_CLOSE,      // the server has closed the connection, or reset it
    STEP_CONNECTION, // sonde opens a further connection, and it is accepted
    STEP_REFUSED,    // sonde would open a further connection, and cannot
};

struct step {
    enum step_kind kind;
    unsigned line;
    struct pieces pieces; // of STEP_HEAR
    struct buffer bytes;  // of STEP_SAY
    long after_ms;        // of STEP_CONNECTION: how much later, -1 = does not matter
};

// What a field must be, with its line in the file.
struct learnt {
    const struct field *field; // NULL: the whole part
    enum part_id part;
    unsigned line;
    char *value; // as value_read gives it; NULL when it must not be known, or may differ
};

struct learnts {
    struct learnt *items;
    size_t count;
};

enum { SCRIPT_CONNECTIONS_MAX = 16 };

struct script {
    const char *file;
    char *first; // session
    char *name;  // of the host, NULL: it has none
    char *path;  // that HTTP servers are asked for, NULL: the usual one
    char *keeps; // headers of HTTP that are kept, NULL: none
    unsigned long port;
    uint32_t argument; // of the first errand
    bool tls_matrix;   // TLS servers are asked for every version
    struct step *steps;
    size_t step_count;
    size_t connections;
    size_t lengths[SCRIPT_CONNECTIONS_MAX]; // what the server says on each
    struct learnts known;
    struct learnts unknown;
    struct learnts varying; // known in another way, or not, where the server ended early
    bool finish_varies;     // and so may be whether all was learnt
    bool finished;
    unsigned nothing_line; // of `nothing else`, 0 = there may be more
    unsigned finished_line;
    unsigned last_line;
    char problem[CURSOR_PROBLEM_MAX];
};

enum { SCRIPT_ADDRESS = 0x0a010203 };
extern const char script_agent[];

// Returns 0, or -1 with a problem. script_fini in either case. file is not copied.
int script_load(struct script *script, const char *file);
void script_fini(struct script *script);

// True when one of them is about the field.
bool learnts_have(const struct learnts *learnts, const struct field *field);
