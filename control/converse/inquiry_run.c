// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/inquiry_run.h"

#include <stdlib.h>

#include "control/converse/decoy.h"
#include "control/converse/denial.h"
#include "control/converse/ending.h"
#include "control/converse/inquiry_dialogue.h"
#include "control/converse/lane.h"
#include "control/converse/turn.h"

// The first connection: what the port's service begins with, else listening.
static struct errand errand_first(const struct lane *lane, uint16_t port, struct agenda *agenda)
{
    const struct image *image = lane->shared->image;
    const struct catalogue_service *service = catalogue_find_port(&image->catalogue, port);
    const struct session_ops *first = service == NULL ? NULL : session_find(image_string(image, service->session));
    const struct session_ops *inner = service == NULL ? NULL : session_find(image_string(image, service->inner));
    return agenda_begin(agenda, first != NULL ? first : session_find(""), inner);
}

static struct inquiry *inquiry_new(struct lane *lane, const struct target *target)
{
    struct inquiry *inquiry = pool_take(&lane->pool);
    if (inquiry == NULL)
        return NULL;
    inquiry->lane = lane;
    inquiry->target = *target;
    inquiry->patience_ns = lane->patience_ns;
    inquiry->silence_ns = FLOW_NEVER;
    inquiry->flow.retry_ns = FLOW_NEVER;
    inquiry->flow.close_ns = FLOW_NEVER;
    inquiry->errand = errand_first(lane, target->port, &inquiry->agenda);
    observation_init(&inquiry->observation);
    inquiry->hosts = &lane->hosts;
    inquiry->host = hosts_take(&lane->hosts, target->address);
    if (inquiry->host != NULL)
        inquiry->host->inquiries++;
    lane->parked++;
    lane->struck_open += target->strikes > 0;
    lane_handle(lane, target);
    return inquiry;
}

void inquiry_skip(struct lane *lane, const struct target *target, enum outcome outcome)
{
    struct observation nothing;
    observation_init(&nothing);
    if (target->answer != VERDICT_OPEN)
        outcome = denial_learn(target, &nothing);
    struct ending ending = {.target = target, .observation = &nothing, .outcome = outcome, .now_ns = lane->now_ns};
    ending_record(&lane->means, &ending);
}

static int tuple_register(struct inquiry *inquiry, uint16_t local_port)
{
    struct lane *lane = inquiry->lane;
    uint64_t key = tuple_key(inquiry->target.address, inquiry->target.port, local_port);
    int error = hash_put(&lane->by_tuple, key, inquiry->index);
    inquiry->registered = error == 0;
    if (error != 0)
        lane->counters[CONTROL_MEMORY_REFUSED]++;
    return error;
}

static void connection_count(struct inquiry *inquiry)
{
    inquiry->connections++;
    inquiry->began_ns = inquiry->lane->now_ns;
    inquiry->heard = 0;
    lane_slot_take(inquiry->lane, inquiry);
}

void inquiry_continue(struct lane *lane, const struct target *target, const struct verdict *verdict)
{
    struct inquiry *inquiry = inquiry_new(lane, target);
    if (inquiry == NULL) {
        lane->counters[CONTROL_MEMORY_REFUSED]++;
        inquiry_skip(lane, target, OUTCOME_PARTIAL);
        return;
    }
    flow_continue(&inquiry->flow, &lane->flows, verdict, lane->now_ns);
    turn_join(inquiry);
    connection_count(inquiry);
    lane->counters[CONTROL_CONNECTIONS_CONTINUED]++;
    if (tuple_register(inquiry, verdict->local_port) != 0)
        inquiry_abandon(inquiry);
    else
        inquiry_converse(inquiry);
    inquiry_settle(inquiry);
}

void inquiry_begin(struct lane *lane, const struct target *target)
{
    struct inquiry *inquiry = inquiry_new(lane, target);
    if (inquiry == NULL) {
        lane->counters[CONTROL_MEMORY_REFUSED]++;
        inquiry_skip(lane, target, OUTCOME_PARTIAL);
        return;
    }
    inquiry->wants_further = true;
    inquiry_settle(inquiry);
}

// Whether a SYN may leave now. If not, the inquiry is settled again when it may; until then it holds no turn.
static bool opening_due(struct inquiry *inquiry)
{
    struct lane *lane = inquiry->lane;
    if (!inquiry->opening)
        inquiry->further_ns = budget_open(&lane->budget, inquiry->target.address);
    inquiry->opening = true;
    return lane->now_ns >= inquiry->further_ns;
}

static void connection_open(struct inquiry *inquiry)
{
    struct lane *lane = inquiry->lane;
    inquiry->wants_further = false;
    inquiry->opening = false;
    connection_count(inquiry);
    lane->counters[CONTROL_CONNECTIONS_FURTHER]++;
    uint16_t local_port = lane_port(lane, &inquiry->target, inquiry->flow.local_port);
    if (tuple_register(inquiry, local_port) != 0)
        inquiry_abandon(inquiry);
    else
        flow_connect(&inquiry->flow, &lane->flows, inquiry->target.address, inquiry->target.port, local_port,
                     lane->now_ns);
}

// A host that accepts on every port and says nothing anywhere would keep its inquiries waiting for each other for
// minutes: once a further connection has heard nothing, those that heard nothing on their first one ask no more.
static void host_silence(struct inquiry *inquiry)
{
    if (inquiry->host == NULL || inquiry->host->explorer != inquiry || !inquiry_silent(inquiry))
        return;
    for (struct inquiry *next, *other = inquiry->host->line.first; other != NULL; other = next) {
        next = other->wait_next;
        if (!inquiry_silent(other))
            continue;
        other->host_silent = true;
        waiters_remove(other);
        lane_mark(inquiry->lane, other);
    }
}

static void connection_retire(struct inquiry *inquiry)
{
    struct lane *lane = inquiry->lane;
    if (!inquiry->registered)
        return;
    (void)hash_remove(&lane->by_tuple,
                      tuple_key(inquiry->target.address, inquiry->target.port, inquiry->flow.local_port));
    inquiry->registered = false;
    if (inquiry->rtt_us == 0)
        inquiry->rtt_us = inquiry->flow.rtt_us;
    free(inquiry->tail);
    inquiry->tail = NULL;
    inquiry->tail_length = 0;
    inquiry->tail_taken = 0;
    inquiry->spent_ns += lane->now_ns - inquiry->began_ns;
    lane_slot_give(lane, inquiry);
    host_silence(inquiry);
    turn_leave(inquiry);
}

static void timer_arm(struct inquiry *inquiry)
{
    uint64_t deadline = flow_deadline(&inquiry->flow);
    if (inquiry->conversation != NULL && inquiry->silence_ns < deadline)
        deadline = inquiry->silence_ns;
    uint64_t limit = inquiry_limit(inquiry, inquiry->lane->now_ns);
    if (limit < deadline)
        deadline = limit;
    if ((inquiry->wants_further || inquiry->opening) && inquiry->flow.state == FLOW_CLOSED &&
        inquiry->waits_in == NULL && inquiry->further_ns < deadline)
        deadline = inquiry->further_ns;
    if (inquiry->decoy.asking && inquiry->decoy.end_ns < deadline)
        deadline = inquiry->decoy.end_ns;
    // A timer that runs too early is set anew when it expires: cheaper than moving it at every segment.
    if (deadline != FLOW_NEVER && (!wheel_running(&inquiry->timer) || deadline < inquiry->timer.deadline_ns))
        wheel_set(&inquiry->lane->wheel, &inquiry->timer, deadline);
}

// True while the record has to wait for what the host makes of decoys.
static bool decoy_waits(struct inquiry *inquiry)
{
    while (!inquiry->decoy.asking) {
        if (!decoy_due(inquiry))
            return false;
        if (decoy_left(inquiry) && !opening_due(inquiry))
            return true;
        enum turn turn = turn_enter(inquiry);
        if (turn == TURN_WAIT)
            return true;
        if (turn == TURN_NOW)
            decoy_ask(inquiry);
        else
            decoy_stop(inquiry);
    }
    return true;
}

// Opens the further connection that is wanted, when its time has come, the host has a turn for it, and the lane a slot.
static void further_proceed(struct inquiry *inquiry)
{
    struct lane *lane = inquiry->lane;
    if (!inquiry->wants_further || inquiry->host_silent) {
        inquiry->wants_further = false;
        return;
    }
    if (lane->now_ns < inquiry->further_ns || inquiry->waits_in != NULL)
        return;
    if (lane->open >= lane->window) {
        waiters_put(&lane->ready, inquiry);
        return;
    }
    if (!opening_due(inquiry))
        return;
    enum turn turn = turn_enter(inquiry);
    if (turn == TURN_NOW)
        connection_open(inquiry);
    inquiry->wants_further = turn == TURN_WAIT;
}

// Gives its place in the pool back.
static void inquiry_release(struct inquiry *inquiry)
{
    struct lane *lane = inquiry->lane;
    turn_leave(inquiry);
    waiters_remove(inquiry);
    wheel_stop(&inquiry->timer);
    if (inquiry->host != NULL) {
        inquiry->host->inquiries--;
        turn_pass(lane, inquiry->host); // it may have been woken and not have used its turn
        hosts_settle(&lane->hosts, inquiry->host);
    }
    pool_give(&lane->pool, inquiry);
}

void inquiry_settle(struct inquiry *inquiry)
{
    struct lane *lane = inquiry->lane;
    lane_handle(lane, &inquiry->target);
    flow_push(&inquiry->flow, lane->now_ns);
    if (inquiry->flow.state == FLOW_CLOSED) {
        connection_retire(inquiry);
        further_proceed(inquiry);
        if (!inquiry->wants_further && inquiry->flow.state == FLOW_CLOSED && !decoy_waits(inquiry)) {
            inquiry_hush(inquiry);
            inquiry_record(inquiry);
            connection_retire(inquiry);
            inquiry_release(inquiry);
            return;
        }
    }
    timer_arm(inquiry);
}

void inquiry_expire(struct inquiry *inquiry)
{
    struct lane *lane = inquiry->lane;
    if (lane->now_ns >= inquiry_limit(inquiry, lane->now_ns)) {
        lane->counters[CONTROL_BUDGETS_EXCEEDED]++;
        inquiry_judge_waste(inquiry, lane->now_ns);
        inquiry_give_up(inquiry);
        return;
    }
    flow_timer(&inquiry->flow, lane->now_ns);
    decoy_expire(inquiry);
    inquiry_silence(inquiry);
}

void inquiries_settle(struct lane *lane)
{
    while (lane->dirty != NULL) {
        struct inquiry *inquiry = lane->dirty;
        lane->dirty = inquiry->dirty_next;
        inquiry->dirty = false;
        inquiry_settle(inquiry);
        lane_beat(lane);
    }
}
