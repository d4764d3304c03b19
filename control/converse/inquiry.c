// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/inquiry.h"

#include <stdlib.h>

void inquiry_fini(struct inquiry *inquiry)
{
    conversation_free(inquiry->conversation);
    flow_fini(&inquiry->flow);
    observation_fini(&inquiry->observation);
    free(inquiry->tail);
}

static bool recognised(const struct observation *observation)
{
    bool known = observation_service(observation)[0] != '\0';
    for (int part = 0; !known && part < PART_COUNT; part++)
        known =
            part != PART_root && observation->parts[part] != NULL && observation_has(observation, (enum part_id)part);
    return known;
}

// Of all its connections together.
static uint64_t time_limit(const struct inquiry *inquiry)
{
    uint64_t strange_ns = INQUIRY_STRANGE_PATIENCE * inquiry->patience_ns;
    return strange_ns < INQUIRY_TIME_NS && recognised(&inquiry->observation) ? INQUIRY_TIME_NS : strange_ns;
}

// When the current connection will have brought too little, unless it brings more.
static uint64_t progress_limit(const struct inquiry *inquiry)
{
    uint64_t paid_ns = inquiry->heard * (UINT64_C(1000000000) / INQUIRY_PROGRESS_BYTES);
    uint64_t least_ns = INQUIRY_PROGRESS_PATIENCE * inquiry->patience_ns;
    return inquiry->began_ns + (paid_ns < least_ns ? least_ns : paid_ns);
}

// Its host's budget apart.
static uint64_t own_limit(const struct inquiry *inquiry)
{
    uint64_t time_ns = time_limit(inquiry);
    uint64_t limit = inquiry->spent_ns < time_ns ? inquiry->began_ns + time_ns - inquiry->spent_ns : inquiry->began_ns;
    uint64_t progress = inquiry->conversation == NULL ? FLOW_NEVER : progress_limit(inquiry);
    return progress < limit ? progress : limit;
}

uint64_t inquiry_limit(const struct inquiry *inquiry, uint64_t now_ns)
{
    if (inquiry->recorded || !inquiry->registered)
        return FLOW_NEVER;
    uint64_t limit = own_limit(inquiry);
    uint64_t host = inquiry->host == NULL ? FLOW_NEVER : now_ns + hosts_left(inquiry->hosts, inquiry->host, now_ns);
    return host < limit ? host : limit;
}

void inquiry_judge_waste(struct inquiry *inquiry, uint64_t now_ns)
{
    bool own = inquiry->bytes > INQUIRY_BYTES_MAX || now_ns >= own_limit(inquiry);
    if (own && inquiry->heard > 0 && !inquiry->recorded && !recognised(&inquiry->observation))
        inquiry->target.suspect |= SUSPECT_TARPIT;
}

bool inquiry_spent(const struct inquiry *inquiry, uint64_t now_ns)
{
    return inquiry->spent_ns >= time_limit(inquiry) || now_ns >= inquiry_limit(inquiry, now_ns) ||
           (inquiry->host != NULL && hosts_left(inquiry->hosts, inquiry->host, now_ns) == 0);
}
