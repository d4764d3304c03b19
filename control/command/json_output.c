// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/json_output.h"

#include <errno.h>
#include <string.h>

int json_print(json_t *value, FILE *out)
{
    // In ASCII no character of a file's text can move a terminal's cursor.
    const size_t style = JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII;
    int error = value == NULL || json_dumpf(value, out, style) < 0 ? -ENOMEM : 0;
    fputc('\n', out);
    json_decref(value);
    return error;
}

enum exit_status output_finish(int error)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        fprintf(stderr, "sonde: standard output: %s\n", strerror(errno));
        return EXIT_FAILED;
    }
    if (error != 0) {
        fprintf(stderr, "sonde: %s\n", strerror(-error));
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}
