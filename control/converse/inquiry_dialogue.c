// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/inquiry_dialogue.h"

#include <stdlib.h>
#include <string.h>

#include "control/converse/decoy.h"
#include "control/converse/ending.h"
#include "control/converse/lane.h"

// The flow is an inquiry's first member.
static struct inquiry *inquiry_of(struct flow *flow)
{
    return (struct inquiry *)flow;
}

static enum outcome outcome_of(const struct inquiry *inquiry)
{
    const struct observation *observation = &inquiry->observation;
    if (inquiry->cut_off)
        return OUTCOME_INTERRUPTED;
    if (observation->finished)
        return OUTCOME_COMPLETE;
    if (observation_service(observation)[0] != '\0')
        return OUTCOME_PARTIAL;
    if (observation->spoke)
        return OUTCOME_NOT_RECOGNISED;
    if (inquiry->was_refused)
        return OUTCOME_REFUSED;
    return inquiry->hung_up ? OUTCOME_RESET : OUTCOME_TIMEOUT;
}

void inquiry_record(struct inquiry *inquiry)
{
    struct lane *lane = inquiry->lane;
    if (inquiry->recorded)
        return;
    decoy_count(inquiry);
    inquiry->target.suspect |= decoy_suspicion(lane, inquiry->target.address);
    struct ending ending = {
        .target = &inquiry->target,
        .observation = &inquiry->observation,
        .outcome = outcome_of(inquiry),
        .rtt_us = inquiry->rtt_us != 0 ? inquiry->rtt_us : inquiry->flow.rtt_us,
        .now_ns = lane->now_ns,
    };
    ending_record(&lane->means, &ending);
    lane_slot_give(lane, inquiry);
    inquiry->recorded = true;
    lane->parked--;
    if (inquiry->target.strikes > 0) {
        lane->struck_open--;
        lane->struck_most = lane->struck_most * 2 < LANE_STRUCK ? lane->struck_most * 2 : LANE_STRUCK;
    }
    observation_fini(&inquiry->observation);
}

void inquiry_hush(struct inquiry *inquiry)
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
    inquiry_hush(inquiry);
    flow_close(&inquiry->flow, inquiry->lane->now_ns);
}

void inquiry_abandon(struct inquiry *inquiry)
{
    inquiry_hush(inquiry);
    inquiry->wants_further = false;
    waiters_remove(inquiry);
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
    if (step.verb == CONVERSATION_AGAIN && lane->stop_ns == 0 && !inquiry_spent(inquiry, lane->now_ns)) {
        bool silent = inquiry->hung_up && !inquiry->observation.spoke;
        uint64_t wait_ns = (uint64_t)step.wait_ms * 1000000;
        inquiry->errand = step.errand;
        inquiry->reopenings = 0;
        inquiry->wants_further = true;
        inquiry->further_ns = lane->now_ns + (silent && wait_ns < INQUIRY_RETRY_NS ? INQUIRY_RETRY_NS : wait_ns);
        return;
    }
    if (!decoy_due(inquiry))
        inquiry_record(inquiry);
}

void inquiry_give_up(struct inquiry *inquiry)
{
    inquiry_hush(inquiry);
    inquiry->wants_further = false;
    flow_abort(&inquiry->flow);
}

void inquiry_cut_off(struct inquiry *inquiry)
{
    inquiry->cut_off = !inquiry->recorded;
    inquiry_abandon(inquiry);
}

void inquiry_converse(struct inquiry *inquiry)
{
    inquiry->conversation = conversation_new(inquiry->lane->conversations, &inquiry->errand, inquiry->target.address,
                                             inquiry->target.port, &inquiry->agenda, &inquiry->observation);
    if (inquiry->conversation == NULL) {
        step_take(inquiry, (struct conversation_step){.verb = CONVERSATION_FAILED});
        return;
    }
    conversation_name(inquiry->conversation, image_name_of(inquiry->lane->shared->image, inquiry->target.address));
    step_take(inquiry, conversation_open(inquiry->conversation));
}

void inquiry_silence(struct inquiry *inquiry)
{
    if (inquiry->conversation == NULL || inquiry->lane->now_ns < inquiry->silence_ns)
        return;
    // While our own words are under way the other side is not silent: it may not have heard us.
    if (flow_in_flight(&inquiry->flow) && inquiry->lane->now_ns < inquiry->silence_end_ns)
        inquiry->silence_ns = inquiry->lane->now_ns + 200000000;
    else
        step_take(inquiry, conversation_silence(inquiry->conversation));
}

static void flow_transmit(struct flow *flow, const struct flow_packet *packet)
{
    struct inquiry *inquiry = inquiry_of(flow);
    lane_send(inquiry->lane, &inquiry->target, flow->local_port, packet);
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
    inquiry->heard += (uint32_t)length;
    if (inquiry->host != NULL)
        inquiry->host->bytes += length;
    inquiry->spoke = true;
    inquiry->lane->counters[CONTROL_BYTES_IN] += length;
    if (inquiry->conversation == NULL)
        return;
    step_take(inquiry, conversation_bytes(inquiry->conversation, data, length));
    bool host_spent = inquiry->host != NULL && inquiry->host->bytes >= HOST_BYTES_MAX;
    if ((inquiry->bytes > INQUIRY_BYTES_MAX || host_spent) && inquiry->conversation != NULL) {
        inquiry->lane->counters[CONTROL_BUDGETS_EXCEEDED]++;
        inquiry_judge_waste(inquiry, inquiry->lane->now_ns);
        inquiry_abandon(inquiry);
    }
}

// A further connection was not to be had.
static bool reopens(struct inquiry *inquiry, enum flow_event event)
{
    const struct lane *lane = inquiry->lane;
    if (event != FLOW_TIMED_OUT || inquiry->conversation != NULL || inquiry->recorded || lane->stop_ns != 0 ||
        inquiry->reopenings >= INQUIRY_REOPENINGS || inquiry_spent(inquiry, lane->now_ns))
        return false;
    inquiry->reopenings++;
    inquiry->wants_further = true;
    inquiry->further_ns = lane->now_ns;
    return true;
}

static void flow_happened(struct flow *flow, enum flow_event event)
{
    struct inquiry *inquiry = inquiry_of(flow);
    if (event == FLOW_DONE)
        return;
    if (event == FLOW_OPENED) {
        inquiry_converse(inquiry);
        return;
    }
    if (reopens(inquiry, event))
        return;
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
