// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/inquiry.h"

#include <stdlib.h>
#include <string.h>

#include "control/converse/lane.h"
#include "control/converse/turn.h"

// The flow is an inquiry's first member.
static struct inquiry *inquiry_of(struct flow *flow)
{
    return (struct inquiry *)flow;
}

static const struct session_ops *session_first(const struct lane *lane, uint16_t port)
{
    const struct image *image = lane->shared->image;
    const struct catalogue_service *service = catalogue_find_port(&image->catalogue, port);
    const struct session_ops *session = service == NULL ? NULL : session_find(image_string(image, service->session));
    if (session != NULL)
        return session;
    return session_find("");
}

static enum outcome outcome_of(const struct inquiry *inquiry)
{
    const struct observation *observation = &inquiry->observation;
    if (observation->finished)
        return OUTCOME_COMPLETE;
    if (observation->service[0] != '\0')
        return OUTCOME_PARTIAL;
    if (observation->spoke)
        return OUTCOME_NOT_RECOGNISED;
    if (inquiry->was_refused)
        return OUTCOME_REFUSED;
    return inquiry->hung_up ? OUTCOME_RESET : OUTCOME_TIMEOUT;
}

static void inquiry_record(struct inquiry *inquiry)
{
    struct lane *lane = inquiry->lane;
    if (inquiry->recorded)
        return;
    inquiry->target.suspect |= decoy_suspicion(lane, inquiry->target.address);
    struct ending ending = {
        .target = &inquiry->target,
        .observation = &inquiry->observation,
        .outcome = outcome_of(inquiry),
        .rtt_us = inquiry->rtt_us != 0 ? inquiry->rtt_us : inquiry->flow.rtt_us,
        .now_ns = lane->now_ns,
    };
    recorder_add(lane->recorder, &ending);
    inquiry->recorded = true;
    lane->open--;
    observation_fini(&inquiry->observation);
}

static void conversation_drop(struct inquiry *inquiry)
{
    conversation_free(inquiry->conversation);
    inquiry->conversation = NULL;
    inquiry->silence_ns = FLOW_NEVER;
}

// The dialogue is over: its last words are kept for sending, its memory (TLS state above all) is not.
static void hang_up(struct inquiry *inquiry)
{
    size_t length = 0;
    const uint8_t *output = inquiry->conversation == NULL ? NULL : conversation_output(inquiry->conversation, &length);
    if (length > 0 && inquiry->flow.state == FLOW_ESTABLISHED) {
        inquiry->tail = malloc(length);
        inquiry->tail_length = inquiry->tail == NULL ? 0 : length;
        inquiry->tail_taken = 0;
        if (inquiry->tail != NULL)
            memcpy(inquiry->tail, output, length);
    }
    conversation_drop(inquiry);
    flow_close(&inquiry->flow, inquiry->lane->now_ns);
}

void inquiry_abandon(struct inquiry *inquiry)
{
    conversation_drop(inquiry);
    inquiry->wants_further = false;
    decoy_stop(inquiry);
    flow_abort(&inquiry->flow);
    inquiry_record(inquiry);
}

static void step_take(struct inquiry *inquiry, struct conversation_step step)
{
    struct lane *lane = inquiry->lane;
    if (step.verb == CONVERSATION_WAIT) {
        uint64_t wait_ns = (uint64_t)step.wait_ms * 1000000;
        inquiry->silence_ns = wait_ns == 0 ? FLOW_NEVER : lane->now_ns + wait_ns;
        inquiry->silence_end_ns = lane->now_ns + 3 * wait_ns;
        return;
    }
    if (step.verb == CONVERSATION_FAILED) {
        lane->counters[CONTROL_MEMORY_REFUSED]++;
        inquiry_abandon(inquiry);
        return;
    }
    hang_up(inquiry);
    if (step.verb == CONVERSATION_AGAIN && step.next != NULL && inquiry->connections < INQUIRY_CONNECTIONS_MAX &&
        lane->stop_ns == 0 && lane->now_ns < inquiry->over_ns) {
        bool silent = inquiry->hung_up && !inquiry->observation.spoke;
        inquiry->next = step.next;
        inquiry->wants_further = true;
        inquiry->further_ns = lane->now_ns + (silent ? INQUIRY_RETRY_NS : (uint64_t)step.wait_ms * 1000000);
        return;
    }
    if (!decoy_due(inquiry))
        inquiry_record(inquiry);
}

static void conversation_begin(struct inquiry *inquiry)
{
    inquiry->began_ns = inquiry->lane->now_ns;
    inquiry->conversation = conversation_new(inquiry->lane->conversations, inquiry->next, inquiry->target.address,
                                             inquiry->target.port, &inquiry->observation);
    if (inquiry->conversation == NULL)
        step_take(inquiry, (struct conversation_step){.verb = CONVERSATION_FAILED});
    else
        step_take(inquiry, conversation_open(inquiry->conversation));
}

static void flow_transmit(struct flow *flow, const struct flow_packet *packet)
{
    struct inquiry *inquiry = inquiry_of(flow);
    lane_send(inquiry->lane, inquiry->worker, &inquiry->target, flow->local_port, packet);
}

static const uint8_t *flow_output(struct flow *flow, size_t *ret_length)
{
    struct inquiry *inquiry = inquiry_of(flow);
    if (inquiry->conversation != NULL)
        return conversation_output(inquiry->conversation, ret_length);
    *ret_length = inquiry->tail_length - inquiry->tail_taken;
    return inquiry->tail == NULL ? NULL : inquiry->tail + inquiry->tail_taken;
}

static void flow_acked(struct flow *flow, size_t length)
{
    struct inquiry *inquiry = inquiry_of(flow);
    size_t left = inquiry->tail_length - inquiry->tail_taken;
    if (inquiry->conversation != NULL)
        conversation_output_take(inquiry->conversation, length);
    else
        inquiry->tail_taken += length < left ? length : left;
}

static void flow_received(struct flow *flow, const uint8_t *data, size_t length)
{
    struct inquiry *inquiry = inquiry_of(flow);
    inquiry->bytes += (uint32_t)length;
    if (!inquiry->spoke)
        admission_sample(&inquiry->lane->admission, inquiry->began_ns, inquiry->lane->now_ns);
    inquiry->spoke = true;
    inquiry->lane->counters[CONTROL_BYTES_IN] += length;
    if (inquiry->conversation == NULL)
        return;
    step_take(inquiry, conversation_bytes(inquiry->conversation, data, length));
    if (inquiry->bytes > INQUIRY_BYTES_MAX && inquiry->conversation != NULL) {
        inquiry->lane->counters[CONTROL_BUDGETS_EXCEEDED]++;
        inquiry_abandon(inquiry);
    }
}

static void flow_happened(struct flow *flow, enum flow_event event)
{
    struct inquiry *inquiry = inquiry_of(flow);
    if (event == FLOW_DONE)
        return;
    if (event == FLOW_OPENED) {
        conversation_begin(inquiry);
        return;
    }
    inquiry->hung_up = inquiry->hung_up || event == FLOW_PEER_FIN || event == FLOW_RESET;
    inquiry->was_refused = inquiry->was_refused || event == FLOW_REFUSED;
    struct conversation_step step = {.verb = CONVERSATION_CLOSE};
    if (inquiry->conversation != NULL)
        step = conversation_closed(inquiry->conversation);
    if (step.verb == CONVERSATION_WAIT)
        step.verb = CONVERSATION_CLOSE; // there is nothing left to wait for
    step_take(inquiry, step);
}

const struct flow_ops inquiry_flow_ops = {
    .transmit = flow_transmit,
    .output = flow_output,
    .acked = flow_acked,
    .received = flow_received,
    .event = flow_happened,
};

static struct inquiry *inquiry_new(struct lane *lane, const struct target *target)
{
    struct inquiry *inquiry = pool_take(&lane->pool);
    if (inquiry == NULL)
        return NULL;
    inquiry->lane = lane;
    inquiry->target = *target;
    inquiry->silence_ns = FLOW_NEVER;
    inquiry->over_ns = FLOW_NEVER;
    inquiry->flow.retry_ns = FLOW_NEVER;
    inquiry->flow.close_ns = FLOW_NEVER;
    inquiry->next = session_first(lane, target->port);
    observation_init(&inquiry->observation);
    lane->open++;
    return inquiry;
}

void inquiry_skip(struct lane *lane, const struct target *target, enum outcome outcome)
{
    struct observation nothing;
    observation_init(&nothing);
    struct ending ending = {.target = target, .observation = &nothing, .outcome = outcome, .now_ns = lane->now_ns};
    recorder_add(lane->recorder, &ending);
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

static void first_connection(struct inquiry *inquiry)
{
    inquiry->connections++;
    if (inquiry->over_ns == FLOW_NEVER)
        inquiry->over_ns = inquiry->lane->now_ns + INQUIRY_TIME_NS;
}

void inquiry_continue(struct lane *lane, const struct target *target, const struct verdict *verdict, uint32_t worker)
{
    struct inquiry *inquiry = inquiry_new(lane, target);
    if (inquiry == NULL) {
        lane->counters[CONTROL_MEMORY_REFUSED]++;
        inquiry_skip(lane, target, OUTCOME_PARTIAL);
        return;
    }
    inquiry->worker = (uint16_t)worker;
    flow_continue(&inquiry->flow, &lane->flows, verdict, lane->now_ns);
    first_connection(inquiry);
    lane->counters[CONTROL_CONNECTIONS_CONTINUED]++;
    if (tuple_register(inquiry, verdict->local_port) != 0)
        inquiry_abandon(inquiry);
    else
        conversation_begin(inquiry);
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
    inquiry->worker = (uint16_t)(target->address % lane->shared->channel->geometry.workers);
    inquiry->wants_further = true;
    inquiry_settle(inquiry);
}

static void connection_open(struct inquiry *inquiry)
{
    struct lane *lane = inquiry->lane;
    inquiry->wants_further = false;
    first_connection(inquiry);
    lane->counters[CONTROL_CONNECTIONS_FURTHER]++;
    uint16_t local_port = lane_port(lane, &inquiry->target);
    if (tuple_register(inquiry, local_port) != 0)
        inquiry_abandon(inquiry);
    else
        flow_connect(&inquiry->flow, &lane->flows, inquiry->target.address, inquiry->target.port, local_port,
                     lane_random(lane), lane->now_ns);
}

static bool silent(const struct inquiry *inquiry)
{
    return !inquiry->spoke && !inquiry->hung_up && !inquiry->was_refused && inquiry->connections > 0;
}

// A host that accepts on every port and says nothing anywhere would keep its inquiries waiting for each other for
// minutes: once a further connection has heard nothing, those that heard nothing on their first one ask no more.
static void host_silence(struct inquiry *inquiry)
{
    if (!inquiry->host_turn || !silent(inquiry))
        return;
    for (struct inquiry *other = inquiry->host_next; other != NULL; other = other->host_next)
        other->host_silent = silent(other);
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
    host_silence(inquiry);
    turn_leave(inquiry);
}

static void timer_arm(struct inquiry *inquiry)
{
    uint64_t deadline = flow_deadline(&inquiry->flow);
    if (inquiry->conversation != NULL && inquiry->silence_ns < deadline)
        deadline = inquiry->silence_ns;
    if (!inquiry->recorded && inquiry->over_ns < deadline)
        deadline = inquiry->over_ns;
    if (inquiry->wants_further && inquiry->flow.state == FLOW_CLOSED && !inquiry->host_waiting &&
        inquiry->further_ns < deadline)
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
        if (!turn_enter(inquiry))
            return true;
        decoy_ask(inquiry);
    }
    return true;
}

void inquiry_settle(struct inquiry *inquiry)
{
    struct lane *lane = inquiry->lane;
    flow_push(&inquiry->flow, lane->now_ns);
    if (inquiry->flow.state == FLOW_CLOSED) {
        connection_retire(inquiry);
        if (inquiry->wants_further && lane->now_ns >= inquiry->further_ns && turn_enter(inquiry)) {
            if (inquiry->host_silent)
                inquiry->wants_further = false;
            else
                connection_open(inquiry);
        }
        if (!inquiry->wants_further && inquiry->flow.state == FLOW_CLOSED && !decoy_waits(inquiry)) {
            conversation_drop(inquiry);
            inquiry_record(inquiry);
            connection_retire(inquiry);
            turn_leave(inquiry);
            if (inquiry->host_waiting)
                return; // others wait behind it; its turn will come
            wheel_stop(&inquiry->timer);
            pool_give(&lane->pool, inquiry);
            return;
        }
    }
    timer_arm(inquiry);
}

void inquiry_expire(struct inquiry *inquiry)
{
    struct lane *lane = inquiry->lane;
    if (!inquiry->recorded && lane->now_ns >= inquiry->over_ns) {
        lane->counters[CONTROL_BUDGETS_EXCEEDED]++;
        inquiry_abandon(inquiry);
        return;
    }
    flow_timer(&inquiry->flow, lane->now_ns);
    decoy_expire(inquiry);
    if (inquiry->conversation == NULL || lane->now_ns < inquiry->silence_ns)
        return;
    // While our own words are under way the other side is not silent: it may not have heard us.
    if (flow_in_flight(&inquiry->flow) && lane->now_ns < inquiry->silence_end_ns)
        inquiry->silence_ns = lane->now_ns + 200000000;
    else
        step_take(inquiry, conversation_silence(inquiry->conversation));
}
