// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A folder of feeds: one SQLite file a kind, and intel.image, which is made of them. A new feed takes its place when it
// has been read whole and its image is whole; until then what was there is used.

#include <limits.h>
#include <stdbool.h>

#include "config/keys.h"
#include "control/classify/intel.h"

// Of a folder: --feeds, else $SONDE_FEEDS, else this.
#define FEEDS_FOLDER "/var/lib/sonde/feeds"
const char *feeds_folder(const char *option);

// Makes it, with what it stands in. Returns 0 or -errno with a complaint.
int feeds_folder_make(const char *folder, struct complaint *ret_complaint);

struct feeds_import {
    const char *folder;
    const char *file;  // what it is read from
    const char *names; // path of cpe.json
    int64_t now_s;
    const char *source;   // where it came from, for messages and status; NULL = the file
    uint32_t kinds;       // a bit each of those that it may be of; 0 = whatever its content says
    const char *provider; // whose ranges it lists; NULL = as its form or name says
    int64_t published_s;  // when its server says that it has changed; 0. What the file itself says comes first.
};

struct feeds_imported {
    enum intel_kind kind;
    const char *format;
    uint64_t rows;
};

// Reads one file into its kind's SQLite file. The image is as it was. Returns 0, or -errno with a complaint.
int feeds_import(const struct feeds_import *import, struct feeds_imported *ret_imported,
                 struct complaint *ret_complaint);

// Makes intel.image of all SQLite files, and of providers' ranges RANGES_OF_FEEDS. Returns 0, or -errno with a
// complaint.
int feeds_build(const char *folder, const char *names, struct complaint *ret_complaint);

// Maps the folder's image. Returns 0 with an intel for intel_unmap; -ENOENT when there is none; else -errno with a
// complaint that says what to do.
int feeds_open(const char *folder, struct intel *ret_intel, int *ret_fd, struct complaint *ret_complaint);

// After how many days without an import a kind is old; 0: it is not spoken.
unsigned int feeds_old_days(enum intel_kind kind);

// What a provider may be called: 1 to 63 printable bytes.
bool feeds_provider_fits(const char *provider);

extern const char *const feeds_kind_names[INTEL_KIND_COUNT];
extern const char *const feeds_kind_help[INTEL_KIND_COUNT];
