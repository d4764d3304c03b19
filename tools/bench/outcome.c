// SPDX-License-Identifier: BSD-3-Clause
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sonde_build.h"
#include "tools/bench/bench.h"

void outcome_add(struct bench_outcome *outcome, const char *name, const char *unit, double value, double bar)
{
    if (outcome->figure_count == FIGURES_MAX) {
        outcome_fail(outcome, "more than %d figures", FIGURES_MAX);
        return;
    }
    struct figure *figure = &outcome->figures[outcome->figure_count++];
    *figure = (struct figure){.value = value, .bar = bar};
    snprintf(figure->name, sizeof(figure->name), "%s", name);
    snprintf(figure->unit, sizeof(figure->unit), "%s", unit);
}

void outcome_fail(struct bench_outcome *outcome, const char *format, ...)
{
    if (outcome->error[0] != '\0')
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(outcome->error, sizeof(outcome->error), format, arguments);
    va_end(arguments);
}

void outcome_note(struct bench_outcome *outcome, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(outcome->note, sizeof(outcome->note), format, arguments);
    va_end(arguments);
}

const char *bench_catalogues(void)
{
    return access(BENCH_CATALOGUES "/services.json", R_OK) == 0 ? BENCH_CATALOGUES : SONDE_DATA;
}

static int double_compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return a < b ? -1 : a > b;
}

double median_of(double *values, unsigned count)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof(*values), double_compare);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}
