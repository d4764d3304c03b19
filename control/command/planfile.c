// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/planfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/feeds/feeds.h"
#include "control/scan/programs.h"

enum exit_status planfile_catalogues(const char *program, char ret_folder[static PATH_MAX])
{
    if (catalogues_find(program, ret_folder) == 0)
        return EXIT_DONE;
    fprintf(stderr, "sonde: the catalogues (services.json) are neither beside sonde nor in %s\n", ret_folder);
    return EXIT_FAILED;
}

enum exit_status planfile_places(const char *program, const struct invocation *invocation,
                                 struct catalogue_places *ret_places, char folder[static PATH_MAX])
{
    const char *named = invocation == NULL ? NULL : options_value(invocation, "config");
    if (named == NULL)
        named = getenv("SONDE_CONFIG");
    bool is_named = named != NULL && named[0] != '\0';
    *ret_places = (struct catalogue_places){
        .folder = folder, .site = is_named ? named : CATALOGUE_SITE_FOLDER, .site_named = is_named};
    return planfile_catalogues(program, folder);
}

static enum exit_status load(const struct invocation *invocation, struct plan_files files, enum plan_need need,
                             struct plan **ret_plan)
{
    char catalogues[PATH_MAX];
    struct catalogue_places places;
    enum exit_status status = planfile_places(invocation->program, invocation, &places, catalogues);
    if (status != EXIT_DONE)
        return status;
    files.catalogues = places.folder;
    files.site = places.site;
    files.site_named = places.site_named;
    const char *feeds = options_value(invocation, "feeds");
    // The working folder's, not the plan's, as far as names on the command line and in the environment go.
    char *folder = realpath(feeds_folder(feeds), NULL);
    files.feeds = folder != NULL ? folder : feeds_folder(feeds);
    files.feeds_named = feeds != NULL;
    struct complaint complaint = {0};
    int error = plan_load(&files, need, ret_plan, &complaint);
    free(folder);
    if (error == 0)
        return EXIT_DONE;
    fprintf(stderr, "sonde: %s\n", complaint.text);
    return error == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

enum exit_status planfile_load(const struct invocation *invocation, enum plan_need need, struct plan **ret_plan)
{
    return load(invocation, (struct plan_files){.plan = invocation->operands[0]}, need, ret_plan);
}

static enum exit_status refuse(enum exit_status status, const char *who, const char *why)
{
    fprintf(stderr, "sonde: %s: %s\n", who, why);
    return status;
}

enum exit_status planfile_resume(const struct invocation *invocation, const struct output *output, const char *path,
                                 struct checkpoint *ret_checkpoint, struct plan **ret_plan)
{
    char message[512];
    struct checkpoint checkpoint;
    struct checkpoint_sweep sweep;
    int error = checkpoint_read(output->folder_fd, output->folder, &checkpoint, message);
    if (error != 0) {
        fprintf(stderr, "sonde: %s\n", message);
        return EXIT_USAGE;
    }
    if (checkpoint.complete)
        return refuse(EXIT_USAGE, output->folder, "the scan is complete: there is nothing to resume");
    // Where the plan names no seed, the scan's.
    struct plan_files files = {.plan = path != NULL ? path : checkpoint.plan, .seed = &checkpoint.sweep.seed};
    enum exit_status status = load(invocation, files, PLAN_NEED_SCAN, ret_plan);
    if (status != EXIT_DONE)
        return status;
    error = checkpoint_describe(*ret_plan, &sweep);
    if (error != 0)
        return refuse(EXIT_FAILED, output->folder, strerror(-error));
    if (checkpoint_compare(&checkpoint.sweep, &sweep, message) != 0)
        return refuse(EXIT_USAGE, (*ret_plan)->path, message);
    checkpoint.resumes++;
    *ret_checkpoint = checkpoint;
    return EXIT_DONE;
}
