// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/agenda.h"

static const uint8_t budgets[ERRAND_KIND_COUNT] = {
#define X(enumerator, budget, help) [enumerator] = (budget),
    ERRAND_KINDS(X)
#undef X
};

bool agenda_put(struct agenda *agenda, const struct errand *errand)
{
    if (agenda->count == AGENDA_ERRANDS || agenda->spent[errand->kind] >= budgets[errand->kind])
        return false;
    agenda->spent[errand->kind]++;
    agenda->errands[(agenda->first + agenda->count++) % AGENDA_ERRANDS] = *errand;
    return true;
}

struct errand agenda_begin(struct agenda *agenda, const struct session_ops *first, const struct session_ops *inner)
{
    *agenda = (struct agenda){.inner = inner, .spent[ERRAND_DETECT] = 1};
    return (struct errand){.kind = ERRAND_DETECT, .first = first, .inner = inner};
}

bool agenda_take(struct agenda *agenda, struct errand *ret_errand)
{
    if (agenda->count == 0)
        return false;
    *ret_errand = agenda->errands[agenda->first];
    agenda->first = (uint8_t)((agenda->first + 1) % AGENDA_ERRANDS);
    agenda->count--;
    return true;
}
