// SPDX-License-Identifier: BSD-3-Clause
#include "config/plan/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/plan/plan_private.h"
#include "config/printable.h"

int plan_add_note(struct plan *plan, const char *format, ...)
{
    char **notes = reallocarray(plan->notes, plan->note_count + 1, sizeof(*notes));
    if (notes == NULL)
        return -ENOMEM;
    plan->notes = notes;
    va_list list;
    va_start(list, format);
    char *text = NULL;
    int length = vasprintf(&text, format, list);
    va_end(list);
    if (length < 0)
        return -ENOMEM;
    size_t capacity = PRINTABLE_GROWTH * (size_t)length + 1;
    char *note = malloc(capacity);
    if (note != NULL) {
        printable(text, note, capacity);
        notes[plan->note_count++] = note;
    }
    free(text);
    return note != NULL ? 0 : -ENOMEM;
}

int plan_add_input(struct plan *plan, const char *path, const struct input *input)
{
    struct plan_input *inputs = reallocarray(plan->inputs, plan->input_count + 1, sizeof(*inputs));
    if (inputs == NULL)
        return -ENOMEM;
    plan->inputs = inputs;
    struct plan_input *row = &inputs[plan->input_count];
    row->path = strdup(path);
    memcpy(row->sha256, input->sha256, sizeof(row->sha256));
    if (row->path == NULL)
        return -ENOMEM;
    plan->input_count++;
    return 0;
}

char *plan_resolve(const struct plan *plan, const char *name)
{
    const char *slash = strrchr(plan->path, '/');
    char *resolved;
    if (name[0] == '/' || slash == NULL)
        return strdup(name);
    if (asprintf(&resolved, "%.*s/%s", (int)(slash - plan->path), plan->path, name) < 0)
        return NULL;
    return resolved;
}

int plan_open_input(struct plan *plan, const char *name, char **ret_path, struct input *ret_input,
                    struct complaint *complaint)
{
    struct input input;
    char *path = plan_resolve(plan, name);
    if (path == NULL)
        return -ENOMEM;
    int error = input_read(path, PLAN_FILE_MAX, &input, complaint);
    if (error != 0) {
        free(path);
        return error == -ENOENT ? -EINVAL : error;
    }
    error = plan_add_input(plan, path, &input);
    if (error != 0) {
        free(path);
        input_fini(&input);
        return error;
    }
    *ret_path = path;
    *ret_input = input;
    return 0;
}

int plan_finding_severity(const struct plan *plan, const char *id, size_t length)
{
    const struct plan_private *own = plan_private_const(plan);
    for (size_t i = 0; i < own->catalogue.finding_count; i++) {
        const char *name = own->ranges.strings.bytes + own->catalogue.findings[i].id;
        if (strlen(name) == length && memcmp(name, id, length) == 0)
            return (int)own->catalogue.findings[i].severity;
    }
    return -1;
}
