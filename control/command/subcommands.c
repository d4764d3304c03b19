// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/subcommands.h"

#include <string.h>

const struct subcommand *const subcommands[] = {
#define X(name) &subcommand_##name,
    SUBCOMMANDS(X)
#undef X
        NULL,
};

const struct subcommand *subcommand_find(const char *name)
{
    for (size_t i = 0; subcommands[i] != NULL; i++)
        if (strcmp(subcommands[i]->name, name) == 0)
            return subcommands[i];
    return NULL;
}
