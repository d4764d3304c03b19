// SPDX-License-Identifier: BSD-3-Clause
#include "config/plan/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "config/catalogue_files.h"
#include "config/plan/device.h"
#include "config/plan/plan_private.h"

static int catalogue_note(void *context, const char *path, const struct input *input)
{
    return plan_add_input(context, path, input);
}

static int read_catalogues(struct plan *plan, struct complaint *complaint)
{
    struct plan_private *own = plan_private(plan);
    const struct catalogue_places places = {
        .folder = own->files->catalogues, .site = own->files->site, .site_named = own->files->site_named};
    const struct catalogue_reading reading = {.places = &places,
                                              .storage = &own->catalogue,
                                              .strings = &own->ranges.strings,
                                              .note = catalogue_note,
                                              .context = plan};
    int error = 0;
    for (enum catalogue_file file = 0; file < CATALOGUE_FILES && error == 0; file++)
        error = catalogue_files_read(&reading, file, complaint);
    return error;
}

int plan_merge(json_t *plan, json_t *line)
{
    static const char name[] = "exclude";
    json_t *before = json_object_get(plan, name);
    json_t *more = json_object_get(line, name);
    json_t *both = json_is_array(before) && json_is_array(more) ? json_copy(before) : NULL;
    int error = both != NULL && json_array_extend(both, more) != 0 ? -ENOMEM : 0;
    if (error == 0 && json_object_update_recursive(plan, line) != 0)
        error = -ENOMEM;
    if (error == 0 && both != NULL && json_object_set(plan, name, both) != 0)
        error = -ENOMEM;
    json_decref(both);
    return error;
}

static int read_file(struct plan *plan, struct input *input, json_t **ret_value, struct complaint *complaint)
{
    int error = input_read(plan->path, PLAN_FILE_MAX, input, complaint);
    if (error == 0)
        error = plan_add_input(plan, plan->path, input);
    return error == 0 ? keys_parse(plan->path, input->text, input->length, ret_value, complaint) : error;
}

static int read_keys(struct plan *plan, struct complaint *complaint)
{
    const struct plan_files *files = plan_private(plan)->files;
    struct input input = {0};
    json_t *value = NULL;
    int error = 0;
    if (files->plan != NULL)
        error = read_file(plan, &input, &value, complaint);
    else if ((value = json_object()) == NULL)
        error = -ENOMEM;
    if (error == 0 && files->line != NULL && json_is_object(value))
        error = plan_merge(value, files->line);
    struct key_context context = {.file = plan->path,
                                  .text = input.text,
                                  .line = files->line,
                                  .target = plan_private(plan),
                                  .complaint = complaint};
    if (error == 0)
        error = keys_apply(&context, plan_keys, "", value);
    json_decref(value);
    input_fini(&input);
    return error;
}

static int path_resolve(const struct plan *plan, char **path)
{
    char *resolved = plan_resolve(plan, *path);
    if (resolved == NULL)
        return -ENOMEM;
    free(*path);
    *path = resolved;
    return 0;
}

// A system without authorities can scan all the same; a file that somebody has named has to be there.
static int check_trust_store(struct plan *plan, struct complaint *complaint)
{
    if (plan->trust_store[0] == '\0')
        return 0;
    int error = path_resolve(plan, &plan->trust_store);
    if (error != 0 || access(plan->trust_store, R_OK) == 0)
        return error;
    if (strcmp(plan->trust_store, PLAN_TRUST_STORE) == 0)
        return plan_add_note(plan, "no authorities in %s: certificate chains are not verified", plan->trust_store);
    return complain(complaint, plan->path, "trust_store", "cannot read %s: %s", plan->trust_store, strerror(errno));
}

// The device, and what a scan needs besides what check and targets do.
static int check_need(struct plan *plan, enum plan_need need, struct complaint *complaint)
{
    const struct plan_device *device = &plan->device;
    int error = check_trust_store(plan, complaint);
    if (error == 0 && plan->output[0] != '\0' && strcmp(plan->output, "-") != 0)
        error = path_resolve(plan, &plan->output);
    if (error == 0 && plan->feeds[0] != '\0')
        error = path_resolve(plan, &plan->feeds);
    if (error == 0)
        error = device_check(device, plan->path, complaint);
    if (error != 0 || need != PLAN_NEED_SCAN || device_has_card(device) || device_has_vdev(device))
        return error;
    return complain(complaint, plan->path, "device", "names nothing to scan with, expected \"vdev\" or \"port\"");
}

// So that a seed can be written down again by whatever reads the summary, it is a whole number of a double (RFC 8259,
// section 6).
#define SEED_MASK ((UINT64_C(1) << 53) - 1)

static int choose_seed(struct plan *plan)
{
    const uint64_t *earlier = plan_private(plan)->files->seed;
    if (plan->seed_given)
        return 0;
    if (earlier != NULL) {
        plan->seed = *earlier;
        return 0;
    }
    if (getrandom(&plan->seed, sizeof(plan->seed), 0) != sizeof(plan->seed))
        return -errno;
    plan->seed &= SEED_MASK;
    return 0;
}

static int load(struct plan *plan, enum plan_need need, struct complaint *complaint)
{
    int error = read_catalogues(plan, complaint);
    if (error == 0)
        error = read_keys(plan, complaint);
    if (error == 0)
        error = choose_seed(plan);
    if (error == 0)
        error = check_need(plan, need, complaint);
    if (error == 0)
        error = plan_finish_names(plan);
    if (error == 0)
        error = plan_apply_exclusions(plan, complaint);
    if (error == 0)
        error = plan_finish_pairs(plan);
    if (error == 0)
        error = plan_finish_ports(plan, complaint);
    if (error == 0)
        error = plan_finish_amounts(plan, complaint);
    if (error == 0)
        error = range_list_attribute(&plan_private(plan)->ranges, &plan_private(plan)->attribution);
    if (error == 0)
        error = plan_count_targets(plan);
    return error;
}

int plan_load(const struct plan_files *files, enum plan_need need, struct plan **ret_plan,
              struct complaint *ret_complaint)
{
    struct plan_private *own = calloc(1, sizeof(*own));
    (void)complain(ret_complaint, files->plan != NULL ? files->plan : KEYS_LINE, "", "out of memory");
    if (own == NULL)
        return -ENOMEM;
    struct plan *plan = &own->plan;
    own->files = files;
    plan->path = strdup(files->plan != NULL ? files->plan : KEYS_LINE);
    int error = plan->path == NULL ? -ENOMEM : range_list_init(&own->ranges);
    if (error == 0)
        error = load(plan, need, ret_complaint);
    own->files = NULL;
    if (error != 0) {
        plan_free(plan);
        return error == -ENOMEM ? error : -EINVAL;
    }
    *ret_plan = plan;
    return 0;
}

static void free_lists(struct plan *plan)
{
    struct plan_private *own = plan_private(plan);
    for (size_t i = 0; i < plan->exclusion_count; i++) {
        free(plan->exclusions[i].source);
        free(plan->exclusions[i].what);
    }
    for (size_t i = 0; i < plan->input_count; i++)
        free(plan->inputs[i].path);
    for (size_t i = 0; i < plan->note_count; i++)
        free(plan->notes[i]);
    for (size_t i = 0; i < own->piece_count; i++) {
        free(own->pieces[i].path);
        free(own->pieces[i].what);
        interval_set_fini(&own->pieces[i].set);
    }
    free(plan->exclusions);
    free(plan->exclusions_missing);
    free(plan->inputs);
    free(plan->notes);
    free(own->pieces);
    free(own->names);
    pair_list_fini(&own->pairs);
    free(own->listed.items);
    free(own->listed.ports);
    free(own->listed.common);
}

void plan_free(struct plan *plan)
{
    if (plan == NULL)
        return;
    struct plan_private *own = plan_private(plan);
    keys_release(plan_keys, own);
    free_lists(plan);
    free(plan->path);
    free(plan->contact);
    free(plan->http_path);
    free(plan->http_headers);
    free(plan->trust_store);
    free(plan->ports);
    free(plan->counts);
    interval_set_fini(&plan->addresses);
    interval_set_fini(&plan->source.on_link);
    interval_set_fini(&own->common_addresses);
    interval_set_fini(&own->allowed);
    range_attribution_fini(&own->attribution);
    range_list_fini(&own->ranges);
    catalogue_storage_fini(&own->catalogue);
    free(own);
}
