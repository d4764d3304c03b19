// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/topics.h"

#include <stddef.h>
#include <string.h>

const struct topic *const topics[] = {
#define X(name) &topic_##name,
    TOPICS(X)
#undef X
        NULL,
};

const struct topic *topic_find(const char *name)
{
    for (size_t i = 0; topics[i] != NULL; i++)
        if (strcmp(topics[i]->name, name) == 0)
            return topics[i];
    return NULL;
}
