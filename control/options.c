// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/control.h"

// Reads count decimal numbers with the separator between them, and nothing else. Returns 0 or -EINVAL.
static int numbers_read(const char *text, char separator, uint32_t *ret_numbers, int count)
{
    for (int i = 0; i < count; i++) {
        char *end = NULL;
        errno = 0;
        unsigned long value = text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 10) : 0;
        if (end == NULL || errno != 0 || value > UINT32_MAX || *end != (i + 1 < count ? separator : '\0'))
            return -EINVAL;
        ret_numbers[i] = (uint32_t)value;
        text = end + 1;
    }
    return 0;
}

static const struct option option_table[] = {
    {"image", required_argument, NULL, 'i'},
    {"up", required_argument, NULL, 'u'},
    {"down", required_argument, NULL, 'd'},
    {"records", required_argument, NULL, 'r'},
    {"journal", required_argument, NULL, 'j'},
    {"geometry", required_argument, NULL, 'g'},
    {"user", required_argument, NULL, 'U'},
    {"resume", no_argument, NULL, 'R'},
    {"died", no_argument, NULL, 'D'},
    {"intel", required_argument, NULL, 'n'},
    {NULL, 0, NULL, 0},
};

static const char *option_name(int letter)
{
    for (size_t i = 0; option_table[i].name != NULL; i++)
        if (option_table[i].val == letter)
            return option_table[i].name;
    return NULL;
}

static int option_take(int letter, const char *value, struct control_options *options)
{
    uint32_t numbers[5];
    bool list = letter == 'g' || letter == 'U';
    int count = letter == 'g' ? 5 : letter == 'U' ? 2 : 1;
    if (numbers_read(value, letter == 'g' ? ',' : ':', numbers, count) != 0 || (!list && numbers[0] > INT32_MAX))
        return -EINVAL;
    if (letter == 'i')
        options->image_fd = (int)numbers[0];
    else if (letter == 'n')
        options->intel_fd = (int)numbers[0];
    else if (letter == 'u')
        options->up_fd = (int)numbers[0];
    else if (letter == 'd')
        options->down_fd = (int)numbers[0];
    else if (letter == 'r')
        options->records_fd = (int)numbers[0];
    else if (letter == 'j')
        options->journal_fd = (int)numbers[0];
    else if (letter == 'U')
        options->user = numbers[0], options->group = numbers[1];
    else
        options->geometry = (struct channel_geometry){.workers = numbers[0],
                                                      .lanes = numbers[1],
                                                      .verdict_slots = numbers[2],
                                                      .segment_slots = numbers[3],
                                                      .request_slots = numbers[4]};
    return 0;
}

int control_options_read(int argc, char **argv, struct control_options *ret_options)
{
    struct control_options options = {.intel_fd = -1};
    const char *required = "iudrjgU";
    uint32_t given = 0;
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(argc, argv, "", option_table, NULL)) != -1) {
        const char *name = option_name(letter);
        if (letter == 'R' || letter == 'D') {
            options.resume = options.resume || letter == 'R';
            options.died = options.died || letter == 'D';
            continue;
        }
        if (name == NULL || option_take(letter, optarg, &options) != 0) {
            fprintf(stderr, "sonde-control: %s%s: not understood\n", name == NULL ? "" : "--",
                    name == NULL ? argv[optind - 1] : name);
            return -EINVAL;
        }
        for (int i = 0; required[i] != '\0'; i++)
            given |= required[i] == letter ? 1U << i : 0;
    }
    for (int i = 0; required[i] != '\0'; i++) {
        if (!(given >> i & 1)) {
            fprintf(stderr, "sonde-control: --%s is missing; this program is started by `sonde scan`\n",
                    option_name(required[i]));
            return -EINVAL;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "sonde-control: %s: not understood\n", argv[optind]);
        return -EINVAL;
    }
    *ret_options = options;
    return 0;
}
