// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What every form of a list of malicious addresses is read into: ranges of IPv4 addresses with the time in which the
// feed says that they were active. IPv6 is passed over.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "control/feeds/feed_input.h"
#include "control/feeds/json_stream.h"

enum { LISTING_NAME_BYTES = 64 };

struct listing_parsing {
    struct feed_input *input;
    sqlite3 *database;
    sqlite3_stmt *insert; // finalized by who began
    struct complaint *complaint;
    char feed[LISTING_NAME_BYTES];
};

struct listing {
    const char *value; // address, CIDR or range
    const char *category;
    int64_t from; // 0 = open on this side
    int64_t until;
    int confidence; // -1: not said
};

// Begins to read a feed of this name (NULL: its file's, up to the first dot), of which what was there is forgotten.
// parsing holds input, database and complaint. Returns 0, -EINVAL, -ENOMEM or -EIO with a complaint.
int listing_parsing_begin(struct listing_parsing *parsing, const char *name);

// Returns 0, or -EINVAL with a complaint for what is no address or wider than a /8.
int listing_store(struct listing_parsing *parsing, const struct listing *listing);

// A whole file by json_stream_read; use.context is set here to a struct listing_parsing.
int listing_json_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint, const char *name,
                       struct json_stream_use use);

// Of JSON: a member's text, NULL when it is none.
const char *listing_text_of(const json_t *object, const char *name);

// Whether the beginning of a file holds a text.
bool listing_head_holds(const char *head, size_t length, const char *text);
