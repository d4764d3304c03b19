// SPDX-License-Identifier: BSD-3-Clause
// HTTP/2 by prior knowledge (RFC 9113 section 3.3) as one GET of "/": for servers that answer HTTP/1.1 with frames, and
// inside TLS for those that have chosen h2. Frames are read here; fields are unpacked by libnghttp2's HPACK (RFC 7541).

#include <nghttp2/nghttp2.h>
#include <string.h>

#include "probes/memory.h"
#include "probes/protocol/http/http2_request.h"
#include "probes/protocol/http/http_kept.h"
#include "probes/protocol/http/http_page.h"
#include "probes/protocol/http/http_suggest.h"
#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    FRAME_HEADER = 9,
    FRAME_MAX = 16384,   // as long as nothing else is agreed (RFC 9113 section 6.5.2)
    WINDOW = 65535,      // likewise; we never widen it
    GREETING_MAX = 1024, // bytes of settings that a greeting has: no more than a few are known
    GOAWAY_MIN = 8,
    ACKNOWLEDGED_MAX = 8,
    FIELDS_MAX_BYTES = 64 << 10,
    FIELD_OVERHEAD = 32, // of one field (RFC 9113 section 6.5.2)
    SETTING = 6,
    OUR_STREAM = 1,
};

enum frame_type {
    FRAME_DATA = 0,
    FRAME_HEADERS = 1,
    FRAME_RST_STREAM = 3,
    FRAME_SETTINGS = 4,
    FRAME_PUSH_PROMISE = 5,
    FRAME_GOAWAY = 7,
    FRAME_CONTINUATION = 9
};

enum frame_flag { FLAG_ACK = 1, FLAG_END_STREAM = 1, FLAG_END_HEADERS = 4, FLAG_PADDED = 8, FLAG_PRIORITY = 32 };

struct frame {
    uint8_t type;
    uint8_t flags;
    uint32_t stream;
    struct bytes payload;
};

struct http2_state {
    nghttp2_mem memory;            // of the inflater, counted as ours
    nghttp2_hd_inflater *inflater; // NULL until the first block of fields
    uint32_t status;               // of the answer whose fields are read, 0 while none has come
    uint32_t field_bytes;
    uint32_t seen;  // of what the window counts
    uint32_t marks; // enum http_mark
    bool sized;     // the answer says how long its content is
    uint8_t acknowledged;
    bool recognised;
    bool in_block;          // fields that have not ended: only CONTINUATION may follow
    bool last;              // the block ends the stream
    bool answered;          // the fields of the real answer are whole
    struct http_page *page; // NULL until the server has begun
};

// A server begins with its settings (RFC 9113 section 3.4). Some answer what is no HTTP/2 with GOAWAY alone.
static enum recognition http2_recognise(const uint8_t *data, size_t length)
{
    struct bytes begin = bytes_of(data, length);
    uint32_t payload = length < 3 ? 0 : bytes_u24(&begin);
    if (data[0] != 0 || payload > GREETING_MAX)
        return RECOGNITION_NOT_MINE;
    if (length > 3 && data[3] != FRAME_SETTINGS && data[3] != FRAME_GOAWAY)
        return RECOGNITION_NOT_MINE;
    if (length > 3 && (data[3] == FRAME_SETTINGS ? payload % SETTING != 0 : payload < GOAWAY_MIN))
        return RECOGNITION_NOT_MINE;
    for (size_t at = 4; at < length && at < FRAME_HEADER; at++)
        if (data[at] != 0)
            return RECOGNITION_NOT_MINE;
    return length < FRAME_HEADER ? RECOGNITION_UNDECIDED : RECOGNITION_MINE;
}

static struct session_result http2_open(struct session *self)
{
    struct buffer message = {0};
    http2_request_write(self, &message);
    int error = message.failed ? -1 : session_send(self, buffer_bytes(&message), message.length);
    buffer_fini(&message);
    return error != 0 ? session_failed() : session_wait(self->env->answer_ms);
}

// `whole`: the answer has ended, or what is looked at of it.
static struct session_result http2_over(struct session *self, bool whole)
{
    const struct http2_state *state = (const struct http2_state *)self->state;
    http_page_learn(state->page, self->env->charsets, whole, self->observation);
    http_path_learn(self);
    if (!state->answered)
        http_headers_cut(self->observation);
    self->observation->finished = whole;
    const struct http_answer answer = {.status = state->status,
                                       .marks = state->marks,
                                       .http = self->observation->http,
                                       .whole = whole,
                                       .body = http_page_kept(state->page)};
    if (state->answered && http_asks_root(self))
        (void)http_suggest(self, &answer);
    else if (!state->answered && self->below != NULL)
        // It has chosen h2 and does not answer in it, as where a login belongs to the connection (RFC 9113 section 7,
        // HTTP_1_1_REQUIRED).
        (void)detect_ask(self, &session_http);
    return session_done();
}

static void *hpack_take(size_t bytes, void *context)
{
    (void)context;
    return memory_change(NULL, bytes);
}

static void hpack_give(void *memory, void *context)
{
    (void)context;
    memory_give(memory);
}

static void *hpack_take_items(size_t items, size_t bytes, void *context)
{
    (void)context;
    void *memory = memory_change(NULL, items * bytes);
    return memory == NULL ? NULL : memset(memory, 0, items * bytes);
}

static void *hpack_change(void *memory, size_t bytes, void *context)
{
    (void)context;
    return memory_change(memory, bytes);
}

static bool is_interim(uint32_t status)
{
    return status < 200;
}

// RFC 9113 section 8.3.2: three digits, in front of all other fields.
static void status_take(struct session *self, struct bytes value)
{
    struct http2_state *state = (struct http2_state *)self->state;
    uint32_t status = 0;
    bool digits = value.length == 3;
    for (size_t at = 0; at < value.length && digits; at++) {
        digits = value.data[at] >= '0' && value.data[at] <= '9';
        status = status * 10 + (uint32_t)(value.data[at] - '0');
    }
    if (!digits || status < 100 || state->status != 0)
        return;
    state->status = status;
    if (!is_interim(status))
        learn_number(self->observation, FIELD(http, status), status);
}

static void field_take(struct session *self, const nghttp2_nv *field)
{
    static const char status[] = ":status";
    static const char length[] = "content-length"; // names are in lower case (RFC 9113 section 8.2.1)
    struct http2_state *state = (struct http2_state *)self->state;
    const struct bytes name = bytes_of(field->name, field->namelen);
    const struct bytes value = bytes_of(field->value, field->valuelen);
    state->field_bytes += (uint32_t)(name.length + value.length + FIELD_OVERHEAD);
    if (state->answered)
        return; // a trailer
    if (name.length == sizeof(status) - 1 && memcmp(name.data, status, name.length) == 0)
        status_take(self, value);
    else if (state->status != 0 && !is_interim(state->status)) {
        http_page_field(state->page, self->observation, name, value);
        http_header_keep(self, self->observation, name, value);
        state->marks |= http_mark_of(name);
        state->sized =
            state->sized || (name.length == sizeof(length) - 1 && memcmp(name.data, length, name.length) == 0);
    }
}

// Some of a block of fields. WAIT: it is read.
static struct session_result block_read(struct session *self, struct bytes block, bool final)
{
    struct http2_state *state = (struct http2_state *)self->state;
    state->memory = (nghttp2_mem){NULL, hpack_take, hpack_give, hpack_take_items, hpack_change};
    if (state->inflater == NULL && nghttp2_hd_inflate_new2(&state->inflater, &state->memory) != 0)
        return session_failed();
    for (;;) {
        nghttp2_nv field;
        int flags = 0;
        ssize_t taken =
            nghttp2_hd_inflate_hd2(state->inflater, &field, &flags, block.data, block.length, final ? 1 : 0);
        if (taken == NGHTTP2_ERR_NOMEM)
            return session_failed();
        if (taken < 0)
            return http2_over(self, false);
        (void)bytes_take(&block, (size_t)taken);
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
            field_take(self, &field);
        if (state->field_bytes > FIELDS_MAX_BYTES)
            return http2_over(self, state->status != 0 && !is_interim(state->status));
        if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0)
            (void)nghttp2_hd_inflate_end_headers(state->inflater);
        if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0 || ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && block.length == 0))
            return session_wait(self->env->answer_ms);
    }
}

// The block is whole: is there anything left to learn?
static struct session_result block_end(struct session *self)
{
    struct http2_state *state = (struct http2_state *)self->state;
    if (state->answered || state->status == 0)
        return state->last || state->status == 0 ? http2_over(self, state->answered)
                                                 : session_wait(self->env->answer_ms);
    if (is_interim(state->status)) {
        state->status = 0;
        return state->last ? http2_over(self, false) : session_wait(self->env->answer_ms);
    }
    state->answered = true;
    if (self->observation->http == NULL)
        return session_failed();
    uint32_t keeps = state->sized ? HTTP_HINT_BYTES : 0; // as of HTTP/1.1
    bool worth = http_page_begin(state->page, self->observation->http, false, keeps, false);
    if (state->last || !worth)
        return http2_over(self, true);
    return session_wait(self->env->answer_ms);
}

// Takes the padding off (RFC 9113 section 6.1), and the priority that may stand before fields. False when it is longer
// than what it stands in.
static bool frame_unpad(struct frame *frame)
{
    size_t padding = (frame->flags & FLAG_PADDED) != 0 ? bytes_u8(&frame->payload) : 0;
    if (frame->type == FRAME_HEADERS && (frame->flags & FLAG_PRIORITY) != 0)
        (void)bytes_take(&frame->payload, 5);
    if (frame->payload.failed || padding > frame->payload.length)
        return false;
    frame->payload.length -= padding;
    return true;
}

static struct session_result fields_read(struct session *self, struct frame *frame)
{
    struct http2_state *state = (struct http2_state *)self->state;
    bool first = frame->type == FRAME_HEADERS;
    bool final = (frame->flags & FLAG_END_HEADERS) != 0;
    if (frame->stream != OUR_STREAM || first == state->in_block || (first && !frame_unpad(frame)))
        return http2_over(self, false);
    state->in_block = !final;
    if (first)
        state->last = (frame->flags & FLAG_END_STREAM) != 0;
    struct session_result result = block_read(self, frame->payload, final);
    return result.verb == SESSION_WAIT && final ? block_end(self) : result;
}

static struct session_result data_read(struct session *self, struct frame *frame)
{
    struct http2_state *state = (struct http2_state *)self->state;
    state->seen += (uint32_t)frame->payload.length;
    if (frame->stream != OUR_STREAM || !state->answered || !frame_unpad(frame))
        return http2_over(self, false);
    if (!http_page_read(state->page, frame->payload.data, frame->payload.length))
        return session_failed();
    bool ended = (frame->flags & FLAG_END_STREAM) != 0 || state->page->done || state->seen >= WINDOW;
    return ended ? http2_over(self, true) : session_wait(self->env->answer_ms);
}

static struct session_result frame_read(struct session *self, struct frame *frame)
{
    struct http2_state *state = (struct http2_state *)self->state;
    if (state->in_block && frame->type != FRAME_CONTINUATION)
        return http2_over(self, false);
    switch (frame->type) {
    case FRAME_DATA:
        return data_read(self, frame);
    case FRAME_HEADERS:
    case FRAME_CONTINUATION:
        return fields_read(self, frame);
    case FRAME_SETTINGS:
        if ((frame->flags & FLAG_ACK) != 0 || state->acknowledged++ >= ACKNOWLEDGED_MAX)
            return session_wait(self->env->answer_ms);
        return http2_acknowledge(self) == 0 ? session_wait(self->env->answer_ms) : session_failed();
    case FRAME_RST_STREAM:
    case FRAME_PUSH_PROMISE:
        return http2_over(self, false);
    case FRAME_GOAWAY: // what it has begun it may still end
        return (bytes_u32(&frame->payload) & INT32_MAX) < OUR_STREAM ? http2_over(self, false)
                                                                     : session_wait(self->env->answer_ms);
    default: // a PING is not answered: nobody waits for it with a page
        return session_wait(self->env->answer_ms);
    }
}

// The next frame, once it is whole. False while it is not.
static bool frame_take(struct bytes *input, struct frame *ret_frame, bool *ret_long)
{
    struct bytes ahead = *input;
    size_t length = bytes_u24(&ahead);
    ret_frame->type = bytes_u8(&ahead);
    ret_frame->flags = bytes_u8(&ahead);
    ret_frame->stream = bytes_u32(&ahead) & INT32_MAX;
    *ret_long = !ahead.failed && length > FRAME_MAX;
    if (ahead.failed || *ret_long || ahead.length < length)
        return false;
    ret_frame->payload = bytes_slice(&ahead, length);
    *input = ahead;
    return true;
}

static struct session_result http2_bytes(struct session *self, struct bytes *input)
{
    struct http2_state *state = (struct http2_state *)self->state;
    struct frame frame;
    bool too_long = false;
    if (!state->recognised && input->length > 0) {
        enum recognition found = http2_recognise(input->data, input->length);
        if (found == RECOGNITION_NOT_MINE)
            return detect_other(self, input);
        if (found == RECOGNITION_UNDECIDED)
            return session_wait(self->env->answer_ms);
        state->recognised = true;
        state->page = http_page_new();
        if (state->page == NULL)
            return session_failed();
        observation_forget(self->observation, PART_http);
        learn_constant(self->observation, FIELD(root, service), "http");
        learn_constant(self->observation, FIELD(http, version), "HTTP/2");
        self->observation->finished = false;
    }
    while (frame_take(input, &frame, &too_long)) {
        struct session_result result = frame_read(self, &frame);
        if (result.verb != SESSION_WAIT)
            return result;
    }
    return too_long ? http2_over(self, false) : session_wait(self->env->answer_ms);
}

static struct session_result http2_event(struct session *self, enum session_event event)
{
    const struct http2_state *state = (const struct http2_state *)self->state;
    (void)event;
    return state->recognised ? http2_over(self, false) : detect_nothing(self);
}

static void http2_fini(struct session *self)
{
    struct http2_state *state = (struct http2_state *)self->state;
    if (state->inflater != NULL)
        nghttp2_hd_inflate_del(state->inflater);
    http_page_free(state->page);
}

const struct session_ops session_http2 = {
    .name = "http2",
    .service = "http",
    .start = SESSION_CLIENT_FIRST,
    .recognise = http2_recognise,
    .says = http2_request_says,
    .state_size = sizeof(struct http2_state),
    .open = http2_open,
    .bytes = http2_bytes,
    .event = http2_event,
    .fini = http2_fini,
};
