// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Fetches feeds and imports what has changed. What servers said about the versions in use stands in
// FOLDER/updates.json; what was fetched in part stays in FOLDER/downloads for the next attempt. A file that cannot be
// fetched, is not what its checksum says, or is refused by the import leaves what was there in use.

#include <stdbool.h>
#include <stdint.h>

#include "control/feeds/feed_sources.h"
#include "control/feeds/feeds.h"

enum update_outcome { UPDATE_FAILED = 0, UPDATE_UNCHANGED, UPDATE_IMPORTED };

struct update_told {
    const char *url;
    enum update_outcome outcome;
    struct feeds_imported imported;    // UPDATE_IMPORTED
    const struct complaint *complaint; // UPDATE_FAILED
};

struct update {
    const char *folder;
    const char *names; // path of cpe.json
    const struct feed_sources *sources;
    uint32_t kinds; // a bit each
    int64_t now_s;
    void (*tell)(const struct update_told *told); // after each file
};

struct update_counts {
    uint32_t failed;
    uint32_t unchanged;
    uint32_t imported;
};

// The image is as it was: feeds_build when something was imported. Returns 0 with counts, or -errno with a complaint
// when nothing could be begun (the folder, or another update at work in it).
int update_run(const struct update *update, struct update_counts *ret_counts, struct complaint *ret_complaint);
