// SPDX-License-Identifier: BSD-3-Clause
#include "config/catalogue_files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Where a site adds to a kind; NULL: it does not. A plan has services of its own.
static const char *const site_folders[CATALOGUE_FILES] = {
    [CATALOGUE_FINDINGS] = "findings.d",
    [CATALOGUE_PRODUCTS] = "products.d",
};

static int file_read(const struct catalogue_reading *reading, enum catalogue_file kind, const char *path,
                     struct complaint *complaint)
{
    struct input input;
    int error = input_read(path, CATALOGUE_FILE_BYTES_MAX, &input, complaint);
    // Every file named here has to be there: a link to nothing is meant to be something.
    if (error != 0)
        return error == -ENOMEM ? error : -EINVAL;
    error = catalogue_read(reading->storage, kind, path, &input, reading->strings, complaint);
    if (error == 0 && reading->note != NULL)
        error = reading->note(reading->context, path, &input);
    input_fini(&input);
    return error;
}

// What an editor leaves beside a file, and what is hidden, is not meant.
static int is_catalogue(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int site_read(const struct catalogue_reading *reading, enum catalogue_file kind, struct complaint *complaint)
{
    char folder[PATH_MAX];
    char path[PATH_MAX];
    struct dirent **entries = NULL;
    int error = 0;
    if (snprintf(folder, sizeof(folder), "%s/%s", reading->places->site, site_folders[kind]) >= PATH_MAX)
        return complain(complaint, reading->places->site, "", "the path is too long");
    int count = scandir(folder, &entries, is_catalogue, by_name);
    if (count < 0)
        return errno == ENOENT   ? 0
               : errno == ENOMEM ? -ENOMEM
                                 : complain(complaint, folder, "", "cannot be read: %s", strerror(errno));
    if (count > CATALOGUE_SITE_FILES_MAX)
        error = complain(complaint, folder, "", "has %d files, expected at most %d", count, CATALOGUE_SITE_FILES_MAX);
    for (int i = 0; i < count; i++) {
        if (error == 0 && snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name) >= PATH_MAX)
            error = complain(complaint, folder, "", "the path of %s is too long", entries[i]->d_name);
        if (error == 0)
            error = file_read(reading, kind, path, complaint);
        free(entries[i]);
    }
    free(entries);
    return error;
}

static int site_check(const struct catalogue_places *places, struct complaint *complaint)
{
    DIR *folder = places->site == NULL || !places->site_named ? NULL : opendir(places->site);
    if (places->site != NULL && places->site_named && folder == NULL)
        return complain(complaint, places->site, "", "cannot be read: %s", strerror(errno));
    if (folder != NULL)
        (void)closedir(folder);
    return 0;
}

int catalogue_files_read(const struct catalogue_reading *reading, enum catalogue_file kind,
                         struct complaint *ret_complaint)
{
    const struct catalogue_places *places = reading->places;
    bool has_site = places->site != NULL && site_folders[kind] != NULL;
    char path[PATH_MAX];
    int error = site_check(places, ret_complaint);
    if (error == 0 && snprintf(path, sizeof(path), "%s/%s", places->folder, catalogue_file_names[kind]) >= PATH_MAX)
        error = complain(ret_complaint, places->folder, "", "the path is too long");
    // The first rule that matches a product counts; of findings all do.
    if (error == 0 && has_site && kind == CATALOGUE_PRODUCTS)
        error = site_read(reading, kind, ret_complaint);
    if (error == 0)
        error = file_read(reading, kind, path, ret_complaint);
    if (error == 0 && has_site && kind != CATALOGUE_PRODUCTS)
        error = site_read(reading, kind, ret_complaint);
    if (error == -ENOMEM)
        (void)complain(ret_complaint, path, "", "out of memory");
    return error;
}
