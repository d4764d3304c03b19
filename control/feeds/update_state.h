// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the parts of an update share: what is kept of each address between two updates (FOLDER/updates.json), and how a
// file is fetched and imported.

#include <limits.h>
#include <stdbool.h>

#include <jansson.h>

#include "control/feeds/fetch.h"
#include "control/feeds/update.h"

enum { UPDATE_URL_BYTES = 2048, UPDATE_SHA256_HEX = 64 };

// A running update.
struct updating {
    const struct update *update;
    json_t *state; // by URL: etag, modified, sha256 of what is in use; part_etag, part_modified
    char state_path[PATH_MAX];
};

// One file.
struct item {
    char url[UPDATE_URL_BYTES];
    char meta[UPDATE_URL_BYTES]; // ""
    enum intel_kind kind;
    const char *provider; // NULL
    char part[PATH_MAX];  // as far as it has come
    char sha256[UPDATE_SHA256_HEX + 1];
};

// What is kept of an address under a name; "" for nothing.
const char *update_state_text(const json_t *state, const char *url, const char *key);
void update_state_set(struct updating *updating, const char *url, const char *key, const char *text);

// What is lost with it is a condition: the next update fetches more than it had to.
void update_state_write(const struct updating *updating);

// A fetch of an address into fd, in the bounds of the sources.
struct fetch update_fetch(const struct updating *updating, const char *url, int fd);

// Whether something of a kind was imported.
bool update_kind_is_there(const struct update *update, enum intel_kind kind);

// Imports item->part, which the server said `answer` of. Returns as feeds_import.
int update_import(const struct updating *updating, const struct item *item, const struct fetch_answer *answer,
                  struct update_told *told, struct complaint *ret_complaint);
