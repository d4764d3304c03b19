// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/catalogue_text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "control/command/planfile.h"

void catalogue_text_fini(struct catalogue_text *text)
{
    json_decref(text->values);
    catalogue_storage_fini(&text->storage);
    string_table_fini(&text->strings);
}

static int value_note(void *context, const char *path, const struct input *input)
{
    struct catalogue_text *text = context;
    struct complaint complaint;
    json_t *value;
    int error = keys_parse(path, input->text, input->length, &value, &complaint);
    return error != 0 ? error : json_array_append_new(text->values, value) == 0 ? 0 : -ENOMEM;
}

enum exit_status catalogue_text_load(const char *program, enum catalogue_file kind, struct catalogue_text *ret_text)
{
    struct catalogue_text text = {.values = json_array()};
    struct complaint complaint = {.text = "out of memory"};
    struct catalogue_places places;
    char folder[PATH_MAX];
    const struct catalogue_reading reading = {
        .places = &places, .storage = &text.storage, .strings = &text.strings, .note = value_note, .context = &text};
    enum exit_status status = planfile_places(program, NULL, &places, folder);
    int error = status != EXIT_DONE ? -EINVAL : string_table_init(&text.strings);
    if (error == 0)
        error = catalogue_files_read(&reading, kind, &complaint);
    if (error == 0) {
        *ret_text = text;
        return EXIT_DONE;
    }
    catalogue_text_fini(&text);
    if (status == EXIT_DONE)
        fprintf(stderr, "sonde: %s\n", complaint.text);
    return EXIT_FAILED;
}
