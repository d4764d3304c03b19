// SPDX-License-Identifier: BSD-3-Clause
#include "config/units.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    double factor;
};

enum { NUMBER_MAX = 32 };

// Digits with at most one point: no sign, exponent, hexadecimal, "inf" or "nan".
static int number_parse(const char *text, double *ret_number, const char **ret_unit)
{
    char copy[NUMBER_MAX];
    size_t length = strspn(text, "0123456789.");
    if (length == 0 || length >= sizeof(copy) || text[0] == '.')
        return -EINVAL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    char *point = strchr(copy, '.');
    if (point != NULL && (strchr(point + 1, '.') != NULL || point[1] == '\0'))
        return -EINVAL;
    char *end;
    double number = strtod(copy, &end);
    if (*end != '\0' || !isfinite(number))
        return -EINVAL;
    *ret_number = number;
    *ret_unit = text[length] == ' ' ? text + length + 1 : text + length;
    return 0;
}

static int unit_find(const struct unit *units, size_t count, const char *name, size_t *ret_index)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(units[i].name, name) == 0) {
            *ret_index = i;
            return 0;
        }
    }
    return -EINVAL;
}

// A number and one of the units: their product, and which unit it was.
static int quantity_parse(const char *text, const struct unit *units, size_t count, double *ret_value,
                          size_t *ret_index)
{
    double number;
    const char *name;
    if (number_parse(text, &number, &name) != 0 || unit_find(units, count, name, ret_index) != 0)
        return -EINVAL;
    *ret_value = number * units[*ret_index].factor;
    return 0;
}

int units_rate(const char *text, struct key_rate *ret_rate)
{
    static const struct unit units[] = {{"pps", 1},   {"kpps", 1e3},   {"Mpps", 1e6},   {"Gpps", 1e9},
                                        {"bit/s", 1}, {"kbit/s", 1e3}, {"Mbit/s", 1e6}, {"Gbit/s", 1e9}};
    double per_second;
    size_t index;
    if (quantity_parse(text, units, sizeof(units) / sizeof(units[0]), &per_second, &index) != 0)
        return -EINVAL;
    *ret_rate = (struct key_rate){.per_second = per_second, .bits = index >= 4};
    return 0;
}

int units_duration(const char *text, uint64_t *ret_ns)
{
    static const struct unit units[] = {{"ns", 1},   {"us", 1e3},   {"ms", 1e6},   {"s", 1e9},
                                        {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
    double ns;
    size_t index;
    if (quantity_parse(text, units, sizeof(units) / sizeof(units[0]), &ns, &index) != 0)
        return -EINVAL;
    if (ns >= (double)INT64_MAX)
        return -EINVAL;
    *ret_ns = (uint64_t)llround(ns);
    return 0;
}

int units_bytes(const char *text, uint64_t *ret_bytes)
{
    static const struct unit units[] = {{"B", 1}, {"kB", 1e3},   {"MB", 1e6},      {"GB", 1e9},          {"TB", 1e12},
                                        {"", 1},  {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824.0}};
    double bytes;
    size_t index;
    if (quantity_parse(text, units, sizeof(units) / sizeof(units[0]), &bytes, &index) != 0)
        return -EINVAL;
    if (bytes >= (double)INT64_MAX)
        return -EINVAL;
    *ret_bytes = (uint64_t)bytes;
    return 0;
}

int units_share(const char *text, double *ret_share)
{
    double number;
    const char *name;
    if (number_parse(text, &number, &name) != 0 || strcmp(name, "%") != 0)
        return -EINVAL;
    *ret_share = number / 100;
    return 0;
}
