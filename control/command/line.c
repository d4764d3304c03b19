// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/input.h"
#include "config/plan/plan.h"
#include "config/prefix.h"
#include "control/command/line_targets.h"

enum { PLAN_BYTES_MAX = 64 << 20 };

// A file that is no list of targets but a plan: its name says so, or it begins like one.
static bool is_plan(const char *word)
{
    size_t length = strlen(word);
    struct stat status;
    char first = '\0';
    if (length > 5 && strcmp(word + length - 5, ".json") == 0)
        return true;
    if (stat(word, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    FILE *file = fopen(word, "re");
    if (file == NULL)
        return true; // and says why it cannot be read
    bool found = fscanf(file, " %c", &first) == 1;
    fclose(file);
    return found && first == '{';
}

static int services_add(json_t *keys, const char *text)
{
    char *copy = strdup(text);
    char *rest = copy;
    int error = copy == NULL ? -ENOMEM : 0;
    for (char *part = strsep(&rest, ","); error == 0 && part != NULL; part = strsep(&rest, ","))
        error = line_list_add(keys, "services", json_string(part));
    free(copy);
    return error;
}

static int provider_add(json_t *keys, const struct invocation *invocation, const char *provider)
{
    const char *region = options_value(invocation, "region");
    const char *service = options_value(invocation, "cloud-service");
    return line_list_add(keys, "targets",
                         json_pack("{s:s,s:s*,s:s*}", "provider", provider, "service", service, "region", region));
}

// A row of LINE_OPTIONS, or of a subcommand that stands for a key.
static int row_put(json_t *keys, const struct invocation *invocation, const struct option_given *given, bool *used,
                   char message[static LINE_MESSAGE_MAX])
{
    const char *name = given->row->name;
    *used = true;
    if (strcmp(name, "ports") == 0 || strcmp(name, "services") == 0)
        return services_add(keys, given->value);
    if (strcmp(name, "targets-file") == 0)
        return line_targets_file(keys, given->value, message);
    if (strcmp(name, "provider") == 0)
        return provider_add(keys, invocation, given->value);
    *used = false;
    return 0;
}

static int options_put(json_t *keys, const struct invocation *invocation, bool *ret_used,
                       char message[static LINE_MESSAGE_MAX])
{
    int error = 0;
    for (size_t i = 0; i < invocation->given_count && error == 0; i++) {
        const struct option_given *given = &invocation->given[i];
        bool used = true;
        if (given->key != NULL)
            error = key_option_put(given->key, given->value, keys);
        else
            error = row_put(keys, invocation, given, &used, message);
        *ret_used |= used;
    }
    return error;
}

static int operands_put(json_t *keys, const struct invocation *invocation, struct line *line, bool *ret_used,
                        char message[static LINE_MESSAGE_MAX])
{
    int error = 0;
    for (int i = 0; i < invocation->operand_count && error == 0; i++) {
        const char *word = invocation->operands[i];
        struct interval interval;
        if (strcmp(word, "-") == 0) {
            error = line_targets_stdin(keys, message);
        } else if (prefix_parse(word, &interval) == -EINVAL && is_plan(word)) {
            if (line->plan != NULL) {
                snprintf(message, LINE_MESSAGE_MAX, "%.200s and %.200s are both plans, expected one", line->plan, word);
                error = -EINVAL;
            }
            line->plan = word;
            continue;
        } else {
            error = line_target(keys, word, message);
        }
        *ret_used = true;
    }
    return error;
}

// What a plan has to say and a line need not.
static int defaults_put(json_t *keys, const struct invocation *invocation, const struct line *line)
{
    int error = 0;
    if (line->plan != NULL)
        return 0;
    if (json_object_get(keys, "services") == NULL)
        error = line_list_add(keys, "services", json_string("all"));
    if (error == 0 && options_value(invocation, "provider") != NULL && json_object_get(keys, "ranges") == NULL &&
        json_object_set_new(keys, "ranges", json_string("feeds")) != 0)
        error = -ENOMEM;
    return error;
}

static int plan_file_read(const char *path, json_t **ret_plan, char message[static LINE_MESSAGE_MAX])
{
    struct complaint complaint;
    struct input input = {0};
    json_t *plan = NULL;
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup("") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    int error = folder == NULL ? -ENOMEM : input_read(path, PLAN_BYTES_MAX, &input, &complaint);
    if (error == 0)
        error = keys_parse(path, input.text, input.length, &plan, &complaint);
    if (error == 0)
        error = keys_absolute(plan_keys, folder, plan);
    else if (error != -ENOMEM)
        snprintf(message, LINE_MESSAGE_MAX, "%.510s", complaint.text);
    input_fini(&input);
    free(folder);
    if (error == 0)
        *ret_plan = plan;
    else
        json_decref(plan);
    return error == 0 || error == -ENOMEM ? error : -EINVAL;
}

// The plan file's targets with their host names looked up stand in the line instead of them, so that a resumed scan has
// the same.
static int plan_names_put(struct line *line, bool *ret_used, char message[static LINE_MESSAGE_MAX])
{
    json_t *plan = NULL;
    if (line->plan == NULL || json_object_get(line->keys, "targets") != NULL)
        return 0;
    int error = plan_file_read(line->plan, &plan, message);
    if (error == -EINVAL)
        return 0; // which is said where it is read
    json_t *targets = json_object_get(plan, "targets");
    if (error == 0 && line_targets_named(targets)) {
        error = line_targets_resolve(targets, message);
        if (error == 0 && json_object_set(line->keys, "targets", targets) != 0)
            error = -ENOMEM;
        *ret_used = true;
    }
    json_decref(plan);
    return error;
}

int line_read(const struct invocation *invocation, struct line *ret_line, char message[static LINE_MESSAGE_MAX])
{
    struct line line = {.keys = json_object()};
    bool used = false;
    snprintf(message, LINE_MESSAGE_MAX, "out of memory");
    int error = line.keys == NULL ? -ENOMEM : 0;
    if (error == 0)
        error = operands_put(line.keys, invocation, &line, &used, message);
    if (error == 0)
        error = options_put(line.keys, invocation, &used, message);
    if (error == 0)
        error = plan_names_put(&line, &used, message);
    if (error == 0 && line.plan == NULL && json_object_get(line.keys, "targets") == NULL) {
        snprintf(message, LINE_MESSAGE_MAX, "%s: expected a plan, or targets like 192.0.2.0/24 (see sonde help %s)",
                 invocation->subcommand->name, invocation->subcommand->name);
        error = -EINVAL;
    }
    if (error == 0)
        error = defaults_put(line.keys, invocation, &line);
    if (error != 0 || !used) {
        json_decref(line.keys);
        line.keys = NULL;
    }
    *ret_line = line;
    return error;
}

void line_fini(struct line *line)
{
    json_decref(line->keys);
    line->keys = NULL;
}

int line_whole(const struct line *line, json_t **ret_plan, char message[static LINE_MESSAGE_MAX])
{
    json_t *plan = NULL;
    int error = 0;
    snprintf(message, LINE_MESSAGE_MAX, "out of memory");
    if (line->plan != NULL)
        error = plan_file_read(line->plan, &plan, message);
    else if ((plan = json_object()) == NULL)
        error = -ENOMEM;
    if (error == 0 && line->keys != NULL)
        error = plan_merge(plan, line->keys);
    if (error != 0)
        json_decref(plan);
    else
        *ret_plan = plan;
    return error;
}
