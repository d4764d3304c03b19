// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Fetches feeds and imports what has changed. What servers said about the versions in use stands in
// FOLDER/updates.json; what was fetched in part stays in FOLDER/downloads for the next attempt. A file that cannot be
// fetched, is not what its checksum says, or is refused by the import leaves what was there in use.

#include <stdbool.h>
#include <stdint.h>

#include "control/feeds/feed_sources.h"
#include "control/feeds/feeds.h"

// UPDATE_ONGOING: of an address that is asked for page after page; more will be told of it.
enum update_outcome { UPDATE_FAILED = 0, UPDATE_UNCHANGED, UPDATE_IMPORTED, UPDATE_ONGOING };

struct update_told {
    const char *url;
    enum update_outcome outcome;
    struct feeds_imported imported;    // UPDATE_IMPORTED
    const struct complaint *complaint; // UPDATE_FAILED
    uint64_t rows;                     // UPDATE_ONGOING: so many have come
    uint64_t rows_in_all;
};

struct update {
    const char *folder;
    const char *names; // path of cpe.json
    const struct feed_sources *sources;
    const char *key; // NVD's API key, which goes to its API alone and to no mirror (fetch_key_fits); "" = none
    uint32_t kinds;  // a bit each
    int64_t now_s;
    void (*tell)(const struct update_told *told); // after each file, and each page but the last
};

struct update_counts {
    uint32_t failed;
    uint32_t unchanged;
    uint32_t imported;
};

// The image is as it was: feeds_build when something was imported. Returns 0 with counts, or -errno with a complaint
// when nothing could be begun (the folder, or another update at work in it).
int update_run(const struct update *update, struct update_counts *ret_counts, struct complaint *ret_complaint);
