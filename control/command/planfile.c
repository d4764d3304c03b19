// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/planfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/plan/device.h"
#include "config/printable.h"
#include "control/command/line.h"
#include "control/scan/folder.h"
#include "control/scan/interface.h"
#include "control/feeds/feeds.h"
#include "control/scan/programs.h"
#include "control/scan/route.h"
#include "probes/address.h"

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

// Prints nothing, unless there are no catalogues.
static int load_quietly(const struct invocation *invocation, struct plan_files files, enum plan_need need,
                        struct plan **ret_plan, struct complaint *complaint)
{
    char catalogues[PATH_MAX];
    struct catalogue_places places;
    *complaint = (struct complaint){0};
    if (planfile_places(invocation->program, invocation, &places, catalogues) != EXIT_DONE)
        return -ENOENT;
    files.catalogues = places.folder;
    files.site = places.site;
    files.site_named = places.site_named;
    const char *feeds = options_value(invocation, "feeds");
    // The working folder's, not the plan's, as far as names on the command line and in the environment go.
    char *folder = realpath(feeds_folder(feeds), NULL);
    files.feeds = folder != NULL ? folder : feeds_folder(feeds);
    files.feeds_named = feeds != NULL;
    int error = plan_load(&files, need, ret_plan, complaint);
    free(folder);
    return error;
}

static enum exit_status load(const struct invocation *invocation, struct plan_files files, enum plan_need need,
                             struct plan **ret_plan)
{
    struct complaint complaint;
    int error = load_quietly(invocation, files, need, ret_plan, &complaint);
    if (error == 0)
        return EXIT_DONE;
    if (error != -ENOENT)
        fprintf(stderr, "sonde: %s\n", complaint.text);
    return error == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

// What a line quotes may come from a pipe.
static enum exit_status complaint_print(int error, const char *message)
{
    char shown[2 * LINE_MESSAGE_MAX];
    (void)printable(message, shown, sizeof(shown));
    fprintf(stderr, "sonde: %s\n", shown);
    return error == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

// The interface by which the kernel sends to the first target. EXIT_DONE, or the status after a line.
static enum exit_status interface_choose(const struct plan *plan, char ret_interface[static IF_NAMESIZE])
{
    char message[INTERFACE_MESSAGE_MAX];
    char text[ADDRESS_TEXT_MAX];
    char usable[96];
    struct route route;
    uint32_t first = plan->addresses.items[0].first;
    int error = route_find(first, NULL, &route);
    address_text(first, text);
    if (error == 0 && route.is_local)
        snprintf(message, sizeof(message), "targets: %s is an address of this machine, which no scan can reach", text);
    else if (error != 0)
        snprintf(message, sizeof(message),
                 "targets: the kernel has no route to %s; give --device-vdev net_af_packet0,iface=NAME (%s)", text,
                 interface_list(usable, sizeof(usable)));
    else if (if_indextoname(route.ifindex, ret_interface) != NULL && interface_check(ret_interface, message) == 0)
        return EXIT_DONE;
    fprintf(stderr, "sonde: %s\n", message);
    return EXIT_USAGE;
}

// A line need not say what to scan with: the way to the first target does.
static enum exit_status device_put(const struct plan *plan, const struct invocation *invocation, json_t *keys)
{
    char interface[IF_NAMESIZE] = "";
    enum exit_status status = interface_choose(plan, interface);
    if (status != EXIT_DONE)
        return status;
    json_t *device = json_object_get(keys, "device");
    if (device == NULL && json_object_set_new(keys, "device", device = json_object()) != 0)
        return EXIT_FAILED;
    if (json_object_set_new(device, "vdev", json_sprintf("net_af_packet0,iface=%s", interface)) != 0)
        return EXIT_FAILED;
    if (options_value(invocation, "quiet") == NULL)
        fprintf(stderr, "sonde: through interface %s (net_af_packet)\n", interface);
    return EXIT_DONE;
}

static enum exit_status load_line(const struct invocation *invocation, const struct line *line, enum plan_need need,
                                  struct plan **ret_plan)
{
    const struct plan_files files = {.plan = line->plan, .line = line->keys};
    if (line->keys == NULL || need != PLAN_NEED_SCAN)
        return load(invocation, files, need, ret_plan);
    struct plan *plan;
    enum exit_status status = load(invocation, files, PLAN_NEED_TARGETS, &plan);
    if (status != EXIT_DONE)
        return status;
    if (!device_has_card(&plan->device) && !device_has_vdev(&plan->device))
        status = device_put(plan, invocation, line->keys);
    plan_free(plan);
    return status == EXIT_DONE ? load(invocation, files, need, ret_plan) : status;
}

enum exit_status planfile_load(const struct invocation *invocation, enum plan_need need, struct plan **ret_plan,
                               json_t **ret_whole)
{
    char message[LINE_MESSAGE_MAX];
    struct line line;
    int error = line_read(invocation, &line, message);
    if (error != 0)
        return complaint_print(error, message);
    enum exit_status status = load_line(invocation, &line, need, ret_plan);
    bool wanted = line.keys != NULL || options_value(invocation, "print-plan") != NULL;
    if (status == EXIT_DONE && ret_whole != NULL && wanted) {
        error = line_whole(&line, ret_whole, message);
        if (error != 0) {
            status = complaint_print(error, message);
            plan_free(*ret_plan);
            *ret_plan = NULL;
        }
    }
    line_fini(&line);
    return status;
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

int planfile_scanned(const struct invocation *invocation, const char *folder, struct checkpoint *ret_checkpoint,
                     struct plan **ret_plan, char message[static 512])
{
    struct checkpoint checkpoint = {0};
    struct checkpoint_sweep sweep;
    struct complaint complaint;
    struct plan *plan = NULL;
    struct stat status;
    int fd = -1;
    if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode)) {
        (void)snprintf(message, 512, "it is no folder that a scan left");
        return -ENOTDIR;
    }
    int error = folder_open(folder, &fd, message);
    if (error == 0)
        error = checkpoint_read(fd, folder, &checkpoint, message);
    if (fd >= 0)
        close(fd);
    if (error == -ENOENT)
        (void)snprintf(message, 512, "there is no checkpoint in it");
    if (error != 0)
        return error;
    const struct plan_files files = {.plan = checkpoint.plan, .seed = &checkpoint.sweep.seed};
    error = load_quietly(invocation, files, PLAN_NEED_TARGETS, &plan, &complaint);
    if (error == 0 && (error = checkpoint_describe(plan, &sweep)) != 0)
        (void)snprintf(message, 512, "%s", strerror(-error));
    else if (error != 0)
        (void)snprintf(message, 512, "its plan cannot be read again: %.400s", complaint.text);
    else if (checkpoint_compare(&checkpoint.sweep, &sweep, message) != 0) {
        (void)snprintf(message, 512, "%.400s no longer describes what was scanned", checkpoint.plan);
        error = -ESTALE;
    }
    if (error == 0) {
        *ret_checkpoint = checkpoint;
        *ret_plan = plan;
    } else {
        plan_free(plan);
        message[511] = '\0';
    }
    explicit_bzero(&checkpoint, sizeof(checkpoint));
    return error;
}
