// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/registry.h"

#include <string.h>

#include "probes/session/conversation.h"

#define SESSION_ROW(name) &session_##name,
static const struct session_ops *const rows[] = {SESSIONS(SESSION_ROW)};
#undef SESSION_ROW

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
_Static_assert((unsigned)ROWS <= 64, "the masks of struct trials have one bit a session");

const struct session_ops *session_row(size_t row)
{
    return row < ROWS ? rows[row] : NULL;
}

const struct session_ops *session_find(const char *name)
{
    for (size_t row = 0; row < ROWS; row++)
        // Most differ in their first letter, and no call is made for them: this is asked for every connection.
        if (rows[row]->name[0] == name[0] && strcmp(rows[row]->name, name) == 0)
            return rows[row];
    return NULL;
}

const char *session_service(const struct session_ops *ops)
{
    return ops->service != NULL ? ops->service : ops->name;
}

uint64_t session_bit(const struct session_ops *ops)
{
    for (size_t row = 0; row < ROWS; row++)
        if (rows[row] == ops)
            return UINT64_C(1) << row;
    return 0;
}
