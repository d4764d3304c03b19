// SPDX-License-Identifier: BSD-3-Clause
#include "config/figures.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

const char *figure_count(uint64_t n, char text[static FIGURE_MAX])
{
    char plain[24];
    int digits = snprintf(plain, sizeof(plain), "%" PRIu64, n);
    char *to = text;
    for (int i = 0; i < digits; i++) {
        if (i > 0 && (digits - i) % 3 == 0)
            *to++ = ',';
        *to++ = plain[i];
    }
    *to = '\0';
    return text;
}

const char *figure_scaled(double value, const char *unit, char text[static FIGURE_MAX])
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T"};
    size_t i = 0;
    // 999.95 would be printed as "1000.0".
    while (value >= 999.95 && i + 1 < sizeof(prefixes) / sizeof(prefixes[0])) {
        value /= 1000;
        i++;
    }
    int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
    if (i == 0 && value == (double)(int)value)
        decimals = 0;
    snprintf(text, FIGURE_MAX, "%.*f %s%.16s", decimals, value, prefixes[i], unit);
    return text;
}

struct duration_unit {
    const char *name;
    uint64_t seconds;
};

const char *figure_duration(double seconds, char text[static FIGURE_MAX])
{
    static const struct duration_unit units[] = {
        {"d", 86400},
        {"h", 3600},
        {"min", 60},
        {"s", 1},
    };
    if (seconds < 9.95) {
        snprintf(text, FIGURE_MAX, "%.1f s", seconds < 0 ? 0.0 : seconds);
        return text;
    }
    if (seconds > 1e12) {
        snprintf(text, FIGURE_MAX, "for ever");
        return text;
    }
    uint64_t whole = (uint64_t)(seconds + 0.5);
    size_t i = 0;
    while (whole < units[i].seconds)
        i++;
    uint64_t large = whole / units[i].seconds;
    uint64_t rest = i + 1 < sizeof(units) / sizeof(units[0]) ? whole % units[i].seconds / units[i + 1].seconds : 0;
    if (rest == 0)
        snprintf(text, FIGURE_MAX, "%" PRIu64 " %s", large, units[i].name);
    else
        snprintf(text, FIGURE_MAX, "%" PRIu64 " %s %" PRIu64 " %s", large, units[i].name, rest, units[i + 1].name);
    return text;
}

const char *figure_clock(double seconds, char text[static FIGURE_MAX])
{
    uint64_t whole = seconds < 0 ? 0 : seconds > 1e12 ? UINT64_C(1000000000000) : (uint64_t)seconds;
    snprintf(text, FIGURE_MAX, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, whole / 3600, whole / 60 % 60, whole % 60);
    return text;
}
