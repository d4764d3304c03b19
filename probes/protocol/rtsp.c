// SPDX-License-Identifier: BSD-3-Clause
// RTSP (RFC 2326): OPTIONS and DESCRIBE of the server's root, as players begin. The description of a stream is not read
// and no stream is set up. Other paths are not guessed, so one that is not found says nothing.

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/line.h"
#include "probes/session/registry.h"

enum {
    LINE_MAX_BYTES = 1024,
    HEADERS_MAX = 64,
    BODY_MAX_BYTES = 64 << 10,
    REQUEST_MAX_BYTES = 1024,
    AGENT_MAX_BYTES = 512,
    URL_MAX_BYTES = 253 + 6, // a host's name or its address, and the port
};

static const struct say rtsp_says[] = {SAY("OPTIONS rtsp://"),
                                       SAY_ANY(URL_MAX_BYTES),
                                       SAY("/ RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: "),
                                       SAY_ANY(AGENT_MAX_BYTES),
                                       SAY("\r\n\r\n"),
                                       SAY_END,
                                       SAY("DESCRIBE rtsp://"),
                                       SAY_ANY(URL_MAX_BYTES),
                                       SAY("/ RTSP/1.0\r\nCSeq: 2\r\nUser-Agent: "),
                                       SAY_ANY(AGENT_MAX_BYTES),
                                       SAY("\r\nAccept: application/sdp\r\n\r\n"),
                                       SAY_END,
                                       SAYS_END};

struct rtsp_state {
    bool described; // DESCRIBE is being answered, else OPTIONS
    bool headed;    // the status line was read
    bool ended;     // the headers were read, and only the body is to come
    uint32_t headers;
    uint32_t body; // bytes of it that are still to come once the headers are read
    int64_t status;
};

static enum recognition rtsp_recognise(const uint8_t *data, size_t length)
{
    return recognise_text(data, length, "RTSP/1.0 ");
}

static struct session_result rtsp_ask(struct session *self, const char *method, unsigned number, const char *more)
{
    char address[ADDRESS_TEXT_MAX];
    char request[REQUEST_MAX_BYTES];
    int length =
        snprintf(request, sizeof(request), "%s rtsp://%s:%u/ RTSP/1.0\r\nCSeq: %u\r\nUser-Agent: %.*s\r\n%s\r\n",
                 method, self->name != NULL ? self->name : address_text(self->address, address), self->port, number,
                 AGENT_MAX_BYTES, self->env->user_agent, more);
    if (length < 0 || (size_t)length >= sizeof(request))
        return session_done();
    return session_send_text(self, request) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

static struct session_result rtsp_open(struct session *self)
{
    return rtsp_ask(self, "OPTIONS", 1, "");
}

// "RTSP/1.0 200 OK"
static bool status_take(struct bytes line, int64_t *ret_status)
{
    (void)bytes_take(&line, strlen("RTSP/1.0 "));
    const uint8_t *digits = bytes_take(&line, 3);
    if (digits == NULL)
        return false;
    int64_t status = 0;
    for (size_t i = 0; i < 3; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return false;
        status = status * 10 + (digits[i] - '0');
    }
    *ret_status = status;
    return true;
}

// What stands behind the name of a header and its colon, without blanks before it.
static bool header_take(struct bytes line, const char *name, struct bytes *ret_value)
{
    size_t length = strlen(name);
    if (line.length <= length || line.data[length] != ':' || strncasecmp((const char *)line.data, name, length) != 0)
        return false;
    (void)bytes_take(&line, length + 1);
    while (line.length > 0 && line.data[0] == ' ')
        (void)bytes_take(&line, 1);
    *ret_value = line;
    return true;
}

static void methods_learn(struct observation *observation, struct bytes value)
{
    learn_list(observation, FIELD(rtsp, methods));
    while (value.length > 0) {
        size_t length = 0;
        while (length < value.length && value.data[length] != ',' && value.data[length] != ' ')
            length++;
        struct bytes method = bytes_slice(&value, length);
        if (length > 0)
            learn_name(observation, FIELD(rtsp, methods), method.data, method.length);
        (void)bytes_take(&value, value.length > 0 ? 1 : 0);
    }
}

static void header_learn(struct session *self, struct bytes line)
{
    struct rtsp_state *state = (struct rtsp_state *)self->state;
    struct observation *observation = self->observation;
    struct bytes value;
    if (header_take(line, "Server", &value)) {
        learn_text(observation, FIELD(rtsp, server), value.data, value.length);
    } else if (header_take(line, "Public", &value)) {
        methods_learn(observation, value);
    } else if (header_take(line, "WWW-Authenticate", &value)) {
        learn_text(observation, FIELD(rtsp, authenticate), value.data, value.length);
    } else if (header_take(line, "Content-Length", &value)) {
        state->body = 0;
        for (size_t i = 0; i < value.length && value.data[i] >= '0' && value.data[i] <= '9'; i++)
            state->body =
                state->body < BODY_MAX_BYTES ? state->body * 10 + (uint32_t)(value.data[i] - '0') : BODY_MAX_BYTES;
    }
}

static bool is_refusal(int64_t status)
{
    return status == 401 || status == 403;
}

// The headers of an answer are all there.
static struct session_result rtsp_on_answer(struct session *self)
{
    struct rtsp_state *state = (struct rtsp_state *)self->state;
    struct observation *observation = self->observation;
    bool described = state->described;
    if (is_refusal(state->status) || (described && state->status == 200)) {
        learn_flag(observation, FIELD(root, open), state->status == 200);
        observation->finished = true;
        return session_done();
    }
    if (described || state->status != 200) {
        observation->finished = described;
        return session_done();
    }
    state->ended = true;
    return session_wait(self->env->answer_ms);
}

static struct session_result rtsp_on_line(struct session *self, struct bytes line)
{
    struct rtsp_state *state = (struct rtsp_state *)self->state;
    struct observation *observation = self->observation;
    if (!state->headed) {
        if (rtsp_recognise(line.data, line.length) != RECOGNITION_MINE || !status_take(line, &state->status))
            return session_done();
        state->headed = true;
        learn_constant(observation, FIELD(root, service), "rtsp");
        observation->finished = false; // which a tunnel around it may have been
        learn_number(observation, state->described ? FIELD(rtsp, describe_status) : FIELD(rtsp, status), state->status);
        return session_wait(self->env->answer_ms);
    }
    if (line.length > 0 && ++state->headers < HEADERS_MAX) {
        header_learn(self, line);
        return session_wait(self->env->answer_ms);
    }
    return rtsp_on_answer(self);
}

// Behind the answer to OPTIONS comes what it says there is, and then the second question.
static struct session_result rtsp_on_end(struct session *self, struct bytes *input)
{
    struct rtsp_state *state = (struct rtsp_state *)self->state;
    size_t taken = input->length < state->body ? input->length : state->body;
    (void)bytes_take(input, taken);
    state->body -= (uint32_t)taken;
    if (state->body > 0)
        return session_wait(self->env->answer_ms);
    *state = (struct rtsp_state){.described = true};
    return rtsp_ask(self, "DESCRIBE", 2, "Accept: application/sdp\r\n");
}

static struct session_result rtsp_bytes(struct session *self, struct bytes *input)
{
    struct rtsp_state *state = (struct rtsp_state *)self->state;
    struct session_result result = session_wait(self->env->answer_ms);
    if (!state->headed && !state->described) {
        enum recognition found = rtsp_recognise(input->data, input->length);
        if (found != RECOGNITION_MINE)
            return found == RECOGNITION_UNDECIDED ? result : detect_other(self, input);
    }
    struct bytes line;
    while (result.verb == SESSION_WAIT && !state->ended && line_take(input, LINE_MAX_BYTES, &line) > 0)
        result = rtsp_on_line(self, line);
    return result.verb == SESSION_WAIT && state->ended ? rtsp_on_end(self, input) : result;
}

static struct session_result rtsp_event(struct session *self, enum session_event event)
{
    (void)event;
    return observation_has(self->observation, PART_rtsp) ? session_done() : detect_nothing(self);
}

const struct session_ops session_rtsp = {
    .name = "rtsp",
    .state_size = sizeof(struct rtsp_state),
    .start = SESSION_CLIENT_FIRST,
    .recognise = rtsp_recognise,
    .says = rtsp_says,
    .open = rtsp_open,
    .bytes = rtsp_bytes,
    .event = rtsp_event,
};
