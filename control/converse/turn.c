// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/turn.h"

#include "control/converse/inquiry.h"
#include "control/converse/lane.h"

// A quarter of the slots at most, so that no host has them all where there are few.
static uint32_t turns_most(const struct lane *lane)
{
    uint64_t share = lane->window / 4;
    return share == 0 ? 1 : share < HOST_CONNECTIONS_MAX ? (uint32_t)share : HOST_CONNECTIONS_MAX;
}

// Ports that say nothing are explored one at a time: when one more connection hears nothing either, the others need
// none (inquiry_run.c, host_silence).
static bool explores(const struct inquiry *inquiry)
{
    return inquiry_silent(inquiry);
}

static bool turn_free(const struct inquiry *inquiry)
{
    const struct host *host = inquiry->host;
    return host->open < turns_most(inquiry->lane) && (host->explorer == NULL || !explores(inquiry));
}

enum turn turn_enter(struct inquiry *inquiry)
{
    struct host *host = inquiry->host;
    if (inquiry->host_turn || host == NULL)
        return TURN_NOW; // without memory for turns nobody is made to wait
    if (inquiry->waits_in != NULL)
        return TURN_WAIT;
    if (hosts_left(&inquiry->lane->hosts, host, inquiry->lane->now_ns) == 0)
        return TURN_NEVER;
    if (!turn_free(inquiry)) {
        waiters_put(&host->line, inquiry);
        return TURN_WAIT;
    }
    if (explores(inquiry))
        host->explorer = inquiry;
    turn_join(inquiry);
    return TURN_NOW;
}

enum turn turn_forecast(const struct lane *lane, uint32_t address)
{
    const struct host *host = hosts_find(&lane->hosts, address);
    if (host != NULL && hosts_left(&lane->hosts, host, lane->now_ns) == 0)
        return TURN_NEVER;
    if (host != NULL && host->open >= turns_most(lane))
        return TURN_WAIT;
    bool full = networks_full(&lane->networks, address, lane_taken(lane), lane->window, lane->now_ns);
    return full ? TURN_WAIT : TURN_NOW;
}

void turn_join(struct inquiry *inquiry)
{
    if (inquiry->host == NULL || inquiry->host_turn)
        return;
    inquiry->host_turn = true;
    host_open(inquiry->host, inquiry->lane->now_ns);
}

void turn_leave(struct inquiry *inquiry)
{
    struct host *host = inquiry->host;
    if (!inquiry->host_turn)
        return;
    inquiry->host_turn = false;
    host_close(host, inquiry->lane->now_ns);
    if (host->explorer == inquiry)
        host->explorer = NULL;
    turn_pass(inquiry->lane, host);
}

void turn_pass(struct lane *lane, struct host *host)
{
    bool spent = hosts_left(&lane->hosts, host, lane->now_ns) == 0;
    uint32_t most = turns_most(lane);
    uint32_t room = host->open < most ? most - host->open : 0;
    if (spent && !host->spent) {
        host->spent = true;
        lane->counters[CONTROL_HOSTS_SPENT]++;
    }
    for (struct inquiry *next, *waits = host->line.first; waits != NULL && (spent || room > 0); waits = next) {
        next = waits->wait_next;
        if (!spent && !turn_free(waits))
            continue;
        waiters_remove(waits);
        lane_mark(lane, waits);
        room -= room > 0 ? 1 : 0;
    }
    struct target target;
    while ((spent || room > host->released) && hosts_release(&lane->hosts, host, &target))
        if (queue_put(&lane->queue, &target) != 0) {
            host->released--;
            lane->counters[CONTROL_RECORDS_LOST]++; // the journal still has it
        }
}
