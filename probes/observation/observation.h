// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What is known of one host and port: what its conversations have taught, over all its connections, what
// classification made of it, and whom it concerns. Sessions write it, classification reads it and adds to it, the
// record is written from it and read back into it. Parts and bytes lie in one bounded arena, so an idle flow stays
// small and a talkative host has an end. One thread.

#include "probes/observation/arena.h"
#include "probes/observation/parts.h"

struct observation {
    union {
        void *parts[PART_COUNT]; // NULL until something of it was learnt
        struct {
#define X(part, fields, help) struct part##_observation *part;
            PARTS(X)
#undef X
        };
    };
    struct arena arena;
    uint32_t lent; // not 0: its `vulnerabilities` are another's, and the same ones wherever this number stands
    bool failed;   // out of memory: something learnt is missing
    bool finished; // the conversation learnt all it set out to learn: the record's outcome is `complete`
    bool spoke;    // at least one byte came from the service
};

// All-empty. observation_fini releases everything and makes it all-empty again; observation_reset keeps some memory.
void observation_init(struct observation *observation);
void observation_fini(struct observation *observation);
void observation_reset(struct observation *observation);

// Forgets a part, or a field of one: what an earlier connection had learnt was wrong, or is about to be learnt anew.
void observation_forget(struct observation *observation, enum part_id part);
void observation_forget_field(struct observation *observation, const struct field *field);

// True when something of a part is known, or was too much to keep.
bool observation_has(const struct observation *observation, enum part_id part);

// The protocol that was recognised; "" when none was.
static inline const char *observation_service(const struct observation *observation)
{
    return observation->root == NULL ? "" : text_of(&observation->root->service);
}

// True when service was spoken inside TLS.
static inline bool observation_in_tls(const struct observation *observation)
{
    return observation->root != NULL && text_is(&observation->root->tunnel, "tls");
}

// Writing down. field is FIELD(part, name) of a part of PARTS; its part is made when needed. Without memory
// observation->failed is set; what does not fit the field's size or the arena is cut and marked so.
void learn_text(struct observation *observation, const struct field *field, const void *data, size_t length);
void learn_word(struct observation *observation, const struct field *field, const char *text);
void learn_number(struct observation *observation, const struct field *field, int64_t value); // and MILLI, the times
void learn_flag(struct observation *observation, const struct field *field, bool value);
void learn_address(struct observation *observation, const struct field *field, struct address address);

// Keeps no copy: text must outlive the observation.
void learn_constant(struct observation *observation, const struct field *field, const char *text);

// Makes a list known and empty; adds one whole name to it; adds those of a text between separators, leaving empty ones
// out. learn_name makes the list known too.
void learn_list(struct observation *observation, const struct field *field);
void learn_name(struct observation *observation, const struct field *field, const void *data, size_t length);
void learn_names(struct observation *observation, const struct field *field, const void *data, size_t length,
                 char separator);

// Marks a TEXT, LIST or ROWS: more would have come than was read.
void learn_cut(struct observation *observation, const struct field *field);

// A further row of a ROWS field, all unknown, to be written with the functions below. NULL when there is no room; the
// mark is set. It stays where it is until the next learn_row of the same field.
void *learn_row(struct observation *observation, const struct field *field);

// The same for a field of nested rows: part is what learn_row returned.
void learn_text_in(struct observation *observation, void *part, const struct field *field, const void *data,
                   size_t length);
void learn_constant_in(struct observation *observation, void *part, const struct field *field, const char *text,
                       size_t length);
void learn_number_in(struct observation *observation, void *part, const struct field *field, int64_t value);
void learn_flag_in(struct observation *observation, void *part, const struct field *field, bool value);
void learn_list_in(struct observation *observation, void *part, const struct field *field);
void learn_name_in(struct observation *observation, void *part, const struct field *field, const void *data,
                   size_t length, bool copy);
void *learn_row_in(struct observation *observation, void *part, const struct field *field);

// The part's struct, made all unknown when it was not there; NULL without memory.
void *observation_part(struct observation *observation, enum part_id part);
