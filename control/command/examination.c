// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/examination.h"

#include <stdarg.h>
#include <stdio.h>

#include "config/printable.h"

enum { FOUND_MAX = 512 };

static const char *const marks[] = {[HEALTH_GOOD] = "ok", [HEALTH_LACK] = "!", [HEALTH_STOP] = "STOP"};
static const char *const names[] = {[HEALTH_GOOD] = "ok", [HEALTH_LACK] = "lacks", [HEALTH_STOP] = "stops"};

void examination_add(struct examination *examination, enum health health, const char *what, const char *remedy,
                     const char *format, ...)
{
    char found[FOUND_MAX];
    char shown[2 * FOUND_MAX];
    va_list values;
    va_start(values, format);
    vsnprintf(found, sizeof(found), format, values);
    va_end(values);
    examination->stops += health == HEALTH_STOP;
    if (health == HEALTH_GOOD)
        remedy = NULL;
    if (examination->rows != NULL) {
        (void)json_array_append_new(examination->rows, json_pack("{s:s,s:s,s:s,s:s*}", "what", what, "verdict",
                                                                 names[health], "found", found, "remedy", remedy));
        return;
    }
    (void)printable(found, shown, sizeof(shown));
    printf("%-4s %-13s %s\n", marks[health], what, shown);
    if (remedy != NULL)
        printf("     %-13s -> %s\n", "", remedy);
}

json_t *examination_json(struct examination *examination)
{
    json_t *rows = examination->rows;
    examination->rows = NULL;
    return json_pack("{s:b,s:o}", "scan_possible", examination->stops == 0, "findings", rows);
}
