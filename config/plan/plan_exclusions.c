// SPDX-License-Identifier: BSD-3-Clause
// What is taken away from the targets: the plan's own exclusions, the special-purpose networks, the site's list.
#include "config/plan/plan_private.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/lists.h"
#include "config/reserved.h"

// Subtracts a set and notes what that took. A source that took nothing is noted only when `always`.
static int exclude(struct plan *plan, const char *source, const char *what, const struct interval_set *set, bool always)
{
    uint64_t removed;
    int error = interval_set_subtract(&plan->addresses, set, &removed);
    if (error != 0 || (removed == 0 && !always))
        return error;
    struct plan_exclusion *rows = reallocarray(plan->exclusions, plan->exclusion_count + 1, sizeof(*rows));
    if (rows == NULL)
        return -ENOMEM;
    plan->exclusions = rows;
    struct plan_exclusion row = {.source = strdup(source), .what = strdup(what), .addresses = removed};
    rows[plan->exclusion_count++] = row;
    return row.source == NULL || row.what == NULL ? -ENOMEM : 0;
}

static int exclude_pieces(struct plan *plan)
{
    const struct plan_private *own = plan_private(plan);
    for (size_t i = 0; i < own->piece_count; i++) {
        const struct plan_piece *piece = &own->pieces[i];
        int error = exclude(plan, piece->path, piece->what, &piece->set, true);
        if (error != 0)
            return error;
    }
    return 0;
}

static int exclude_reserved(struct plan *plan)
{
    for (size_t i = 0; i < reserved_network_count; i++) {
        struct interval_set set;
        interval_set_init(&set);
        int error = interval_set_add(&set, reserved_networks[i].interval);
        if (error == 0)
            error = interval_set_subtract(&set, &plan_private(plan)->allowed, NULL);
        if (error == 0)
            error = exclude(plan, "special-purpose registry", reserved_networks[i].title, &set, false);
        interval_set_fini(&set);
        if (error != 0)
            return error;
    }
    return 0;
}

// Whether path, or a folder on the way to it, is a link to nothing: somebody has meant something to be there.
static bool path_dangles(const char *path)
{
    char start[PATH_MAX];
    struct stat status;
    for (const char *at = path; *at != '\0';) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        size_t length = (size_t)(at - path);
        if (length >= sizeof(start))
            return true;
        memcpy(start, path, length);
        start[length] = '\0';
        if (lstat(start, &status) != 0)
            return errno != ENOENT;
        if (stat(start, &status) != 0)
            return true;
    }
    return false;
}

static int exclusions_absent(struct plan *plan, const char *path, struct complaint *complaint)
{
    if (path_dangles(path))
        return complain(complaint, path, "", "is a link to nothing, expected the site's list, or no such name at all");
    plan->exclusions_missing = strdup(path);
    return plan->exclusions_missing != NULL ? 0 : -ENOMEM;
}

// The site's list applies to every plan. It need not be there; but a list that cannot be read or understood stops all
// scans, because it may name somebody who asked not to be scanned.
static int exclude_site(struct plan *plan, struct complaint *complaint)
{
    const struct plan_files *files = plan_private(plan)->files;
    const char *path = files->exclusions != NULL ? files->exclusions : PLAN_EXCLUSIONS_PATH;
    struct input input = {0};
    struct interval_set set;
    char what[64];
    size_t lines = 0;
    int error = input_read(path, PLAN_FILE_MAX, &input, complaint);
    if (error == -ENOENT)
        return exclusions_absent(plan, path, complaint);
    interval_set_init(&set);
    if (error == 0)
        error = list_read(path, &input, &set, NULL, &lines, complaint);
    if (error == 0)
        error = plan_add_input(plan, path, &input);
    if (error == 0) {
        interval_set_seal(&set);
        (void)snprintf(what, sizeof(what), "%zu networks that opted out", lines);
        error = exclude(plan, path, what, &set, true);
    }
    interval_set_fini(&set);
    input_fini(&input);
    return error;
}

// Whether any target lies outside every special-purpose network. Returns 0 or -ENOMEM.
static int find_public(const struct plan *plan, bool *ret_public)
{
    struct interval_set rest;
    struct interval_set reserved;
    interval_set_init(&rest);
    interval_set_init(&reserved);
    int error = 0;
    for (size_t i = 0; i < plan->addresses.count && error == 0; i++)
        error = interval_set_add(&rest, plan->addresses.items[i]);
    for (size_t i = 0; i < reserved_network_count && error == 0; i++)
        error = interval_set_add(&reserved, reserved_networks[i].interval);
    interval_set_seal(&reserved);
    if (error == 0)
        error = interval_set_subtract(&rest, &reserved, NULL);
    if (error == 0)
        *ret_public = rest.count > 0;
    interval_set_fini(&rest);
    interval_set_fini(&reserved);
    return error;
}

// Names the exclusion that took most, since nothing is left.
static int complain_empty(const struct plan *plan, struct complaint *complaint)
{
    const struct plan_exclusion *most = NULL;
    for (size_t i = 0; i < plan->exclusion_count; i++)
        if (most == NULL || plan->exclusions[i].addresses > most->addresses)
            most = &plan->exclusions[i];
    if (most == NULL)
        return complain(complaint, plan->path, "targets", "hold no IPv4 address");
    const char *hint = strcmp(most->source, "special-purpose registry") == 0
                           ? "; networks of one's own are named in \"allow_reserved\""
                           : "";
    return complain(complaint, plan->path, "targets", "nothing is left: %s (%s) took %llu addresses%s", most->source,
                    most->what, (unsigned long long)most->addresses, hint);
}

int plan_apply_exclusions(struct plan *plan, struct complaint *complaint)
{
    bool public = false;
    int error = exclude_pieces(plan);
    if (error == 0)
        error = exclude_reserved(plan);
    if (error == 0)
        error = exclude_site(plan, complaint);
    if (error == 0)
        error = find_public(plan, &public);
    if (error != 0)
        return error;
    if (plan->addresses.count == 0)
        return complain_empty(plan, complaint);
    if (public && plan->contact[0] == '\0')
        return complain(complaint, plan->path, "contact",
                        "is missing, expected a mail address or URL, because targets include public addresses");
    return 0;
}
