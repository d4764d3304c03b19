// SPDX-License-Identifier: BSD-3-Clause
#include "tests/fuzz/change.h"

#include <stdlib.h>
#include <string.h>

#include "tests/dialogues/random.h"
#include "tests/fuzz/entry.h"

// As in feed.c.
#define STEP_CPU_NS UINT64_C(150000000)

enum { RECORD_BYTES_MAX = 16384, ROUNDS_MAX = 100 };

enum act {
    ACT_PASS = 0,
    ACT_CHANGE,  // a byte
    ACT_INSTEAD, // other bytes
    ACT_TWICE,
    ACT_DROP,
    ACT_CUT,    // in two records
    ACT_APPEND, // bytes behind it
    ACT_BEFORE, // a record before it
    ACT_TYPE,   // of another type
    ACT_RAW,    // bytes that are no record
    ACT_MANY,   // the same again and again
    ACT_REMOVE, // bytes within it
    ACT_COUNT
};

struct content {
    enum act what;
    uint8_t type;
    struct buffer bytes;
};

static void act(struct change_script *script, const struct change_sink *sink, struct content *content)
{
    enum act what = content->what;
    uint8_t type = content->type;
    struct buffer *bytes = &content->bytes;
    size_t at = bytes_u16(&script->input);
    at = bytes->length == 0 ? 0 : at % bytes->length;
    size_t length = bytes_u8(&script->input);
    struct bytes other = bytes_slice(&script->input, length < script->input.length ? length : script->input.length);
    uint8_t *data = bytes->data + bytes->start;
    switch (what) {
    case ACT_CHANGE:
        if (bytes->length > 0)
            data[at] ^= (uint8_t)length;
        break;
    case ACT_INSTEAD:
        sink->put(sink->self, type, other.data, other.length);
        return;
    case ACT_TWICE:
        sink->put(sink->self, type, data, bytes->length);
        break;
    case ACT_DROP:
        return;
    case ACT_CUT:
        sink->put(sink->self, type, data, at);
        data += at;
        sink->put(sink->self, type, data, bytes->length - at);
        return;
    case ACT_APPEND:
        buffer_put(bytes, other.data, other.length);
        break;
    case ACT_BEFORE:
        sink->put(sink->self, (uint8_t)at, other.data, other.length);
        break;
    case ACT_TYPE:
        type = (uint8_t)length;
        break;
    case ACT_RAW:
        sink->put_raw(sink->self, other.data, other.length);
        break;
    case ACT_MANY:
        for (size_t count = 0; count < length; count++)
            sink->put(sink->self, (uint8_t)at, other.data, other.length);
        break;
    default:
        if (length > bytes->length - at)
            length = bytes->length - at;
        memmove(data + at, data + at + length, bytes->length - at - length);
        bytes->length -= length;
        break;
    }
    if (bytes->length <= RECORD_BYTES_MAX)
        sink->put(sink->self, type, bytes->data + bytes->start, bytes->length);
}

void change_pass(struct change_script *script, const struct change_sink *sink, uint8_t type, struct bytes content)
{
    struct content copy = {.type = type};
    copy.what = script->input.length == 0 ? ACT_PASS : (enum act)(bytes_u8(&script->input) % ACT_COUNT);
    if (copy.what == ACT_PASS) {
        sink->put(sink->self, type, content.data, content.length);
        return;
    }
    script->changed = true;
    buffer_put(&copy.bytes, content.data, content.length);
    act(script, sink, &copy);
    buffer_fini(&copy.bytes);
}

static struct conversation_step feed(struct conversation *conversation, struct buffer *answer, size_t piece)
{
    struct conversation_step step = {.verb = CONVERSATION_WAIT};
    while (step.verb == CONVERSATION_WAIT && answer->length > 0) {
        size_t length = piece != 0 && piece < answer->length ? piece : answer->length;
        struct buffer exact = {0};
        buffer_put(&exact, buffer_bytes(answer), length);
        uint64_t began_ns = fuzz_cpu_ns();
        step = conversation_bytes(conversation, buffer_bytes(&exact), length);
        if (fuzz_cpu_ns() - began_ns > STEP_CPU_NS)
            abort();
        buffer_fini(&exact);
        buffer_drop(answer, length);
    }
    buffer_fini(answer);
    return step;
}

char *change_play(struct session_env *env, struct peer *peer, size_t piece)
{
    struct agenda agenda;
    struct observation observation;
    struct buffer answer = {0};
    random_repeat();
    observation_init(&observation);
    const struct errand errand = agenda_begin(&agenda, session_find("tls"), session_find("http"));
    struct conversation *conversation = conversation_new(env, &errand, 0x0a010203, 443, &agenda, &observation);
    if (conversation == NULL)
        abort();
    peer->begin(peer);
    peer->closed = false;
    struct conversation_step step = conversation_open(conversation);
    for (size_t round = 0; step.verb == CONVERSATION_WAIT && round < ROUNDS_MAX; round++) {
        size_t length = 0;
        const uint8_t *said = conversation_output(conversation, &length);
        if (length > 0 && !peer->closed)
            peer->answer(peer, said, length, &answer);
        conversation_output_take(conversation, length);
        step = answer.length > 0 ? feed(conversation, &answer, piece) : conversation_closed(conversation);
    }
    if (step.verb == CONVERSATION_WAIT || step.verb == CONVERSATION_FAILED)
        abort();
    conversation_free(conversation);
    char *text = told_all(&observation);
    observation_fini(&observation);
    return text;
}
