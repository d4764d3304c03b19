// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A feed: a file that somebody publishes, read into one SQLite file a kind, and from there into intel.image. A format
// is one row of feed_formats, and a kind one row of feed_kinds; everything that reads a file's bytes runs in a child
// that can write nothing but that SQLite file (control/feeds/child.h).

#include <stdbool.h>
#include <stddef.h>

#include <sqlite3.h>

#include "config/keys.h"
#include "control/classify/intel_build.h"
#include "control/feeds/cpe_names.h"
#include "control/feeds/feed_input.h"

enum { FEED_HEAD_BYTES = 4096, FEED_TAIL_BYTES = 128 << 10 };

// Of a format that is read by name: the file, unpacked, in the folder in which `parse` runs.
#define FEED_UNPACKED "unpacked"

struct feed_format {
    const char *name; // "NVD 2.0"
    enum intel_kind kind;
    // Whether a file that begins so, unpacked, is of this format.
    bool (*recognise)(const char *head, size_t length);
    // The same by its last FEED_TAIL_BYTES; asked when no format has recognised the beginning. Either may be NULL.
    bool (*recognise_tail)(const char *tail, size_t length);
    // Its library wants the name of a file: FEED_UNPACKED.
    bool by_name;
    // Reads all of it into the kind's tables, within a transaction of the caller's. Returns 0, or -EINVAL with a
    // complaint that names file and place, or -ENOMEM or -EIO.
    int (*parse)(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint);
};

struct feed_kind {
    enum intel_kind kind;
    const char *schema;    // SQL that makes its tables where they are not there
    const char *rows;      // SQL whose one value is the number of rows
    unsigned int old_days; // `status` warns when it is older
    // Appends its sections. Returns 0 or -errno, with a complaint.
    int (*build)(sqlite3 *database, const struct cpe_names *names, struct intel_builder *builder,
                 struct complaint *ret_complaint);
    bool grows; // a file adds to what is there (NVD by year); else it takes its place
};

// A statement, its values, and what SQLite says when it cannot: for parsers. feed_step runs and resets it; values are
// bound in the order of the SQL, texts may be NULL.
int feed_prepare(sqlite3 *database, const char *sql, sqlite3_stmt **ret_statement, struct complaint *ret_complaint);
int feed_step(sqlite3 *database, sqlite3_stmt *statement, struct complaint *ret_complaint);
int feed_fail(sqlite3 *database, struct complaint *ret_complaint);

// "2024-07-01T13:15:06.467", "2024-07-01" or with a Z: seconds since 1970, 0 when it is none of these.
int64_t feed_time(const char *text);

// When a feed says at its beginning (a text) that it was published: seconds since 1970, 0 when it does not.
int64_t feed_published(const char *head);

// "CVE-2024-6387" and nothing else.
bool feed_cve_read(const char *text, uint32_t *ret_year, uint32_t *ret_number);
