// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Which files the catalogues are read from: those of the program, and what a site adds to them without touching it,
// SITE/findings.d/*.json and SITE/products.d/*.json, in the same form, by their names' order. A site's product rules
// are tried before the program's, so that they may say more of a product that it knows.

#include <stdbool.h>

#include "config/catalogue_load.h"

#define CATALOGUE_SITE_FOLDER "/etc/sonde"

enum { CATALOGUE_FILE_BYTES_MAX = 16 << 20, CATALOGUE_SITE_FILES_MAX = 256 };

struct catalogue_places {
    const char *folder; // services.json, findings.json, products.json
    const char *site;   // NULL: none. Neither it nor the folders in it need be there, unless:
    bool site_named;    // somebody has named it, and then it has to be a folder
};

struct catalogue_reading {
    const struct catalogue_places *places;
    struct catalogue_storage *storage;
    struct string_table *strings;
    // Told of every file that was read; not 0 ends the reading. May be NULL.
    int (*note)(void *context, const char *path, const struct input *input);
    void *context;
};

// Reads all files of one kind. Returns 0, what `note` returned, or -EINVAL or -ENOMEM with a complaint that names the
// file; storage is to be released in any case.
int catalogue_files_read(const struct catalogue_reading *reading, enum catalogue_file kind,
                         struct complaint *ret_complaint);
