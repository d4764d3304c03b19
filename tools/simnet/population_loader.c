// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/population_loader.h"

#include <errno.h>
#include <stdarg.h>

int loader_fail(const struct loader *loader, const char *format, ...)
{
    char text[POPULATION_ERROR_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    snprintf(loader->error, POPULATION_ERROR_MAX, "%.80s: %.160s", loader->path, text);
    return -EINVAL;
}
