// SPDX-License-Identifier: BSD-3-Clause
// X Window System (X11R7.7 protocol, 8 and appendix B, "Connection Setup"): a client without authorisation, which is
// let in, refused, or asked for more. Who is let in leaves at once: no request is sent.

#include <stdio.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    HEAD_BYTES = 8,
    SETUP_FAILED = 0,
    SETUP_SUCCESS = 1,
    SETUP_AUTHENTICATE = 2,
    SUCCESS_MIN_BYTES = 32, // up to the vendor's name
    UNIT_BYTES = 4,
};

// Little-endian, version 11.0, no authorisation.
#define SETUP "l\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00"

static const struct say x11_says[] = {SAY(SETUP), SAY_END, SAYS_END};

static struct session_result x11_open(struct session *self)
{
    return SESSION_ASK_LITERAL(self, SETUP);
}

// Result, a byte, version 11 or older (10 was the last before it), and how much follows.
static enum recognition answer_recognise(const struct bytes *input)
{
    struct bytes head = *input;
    uint8_t result = bytes_u8(&head);
    uint8_t reason = bytes_u8(&head);
    uint16_t major = bytes_u16le(&head);
    (void)bytes_u16le(&head);
    size_t length = (size_t)bytes_u16le(&head) * UNIT_BYTES;
    if (result > SETUP_AUTHENTICATE || (input->length >= 4 && major != 11))
        return RECOGNITION_NOT_MINE;
    if (head.failed)
        return RECOGNITION_UNDECIDED;
    bool sensible = result == SETUP_FAILED    ? length >= reason
                    : result == SETUP_SUCCESS ? length >= SUCCESS_MIN_BYTES
                                              : length > 0;
    return sensible ? RECOGNITION_MINE : RECOGNITION_NOT_MINE;
}

static bool text_begins(struct bytes text, const char *beginning)
{
    size_t length = strlen(beginning);
    return text.length >= length && memcmp(text.data, beginning, length) == 0;
}

// What is told to anybody, whoever he is.
static void refusal_learn(struct observation *observation, struct bytes reason)
{
    bool full = text_begins(reason, "Maximum number of clients reached");
    while (reason.length > 0 && (reason.data[reason.length - 1] == '\n' || reason.data[reason.length - 1] == 0))
        reason.length--;
    learn_text(observation, FIELD(x11, refusal), reason.data, reason.length);
    if (!full)
        learn_flag(observation, FIELD(root, open), false);
    observation->finished = !full;
}

static void success_learn(struct observation *observation, struct bytes body)
{
    uint32_t release = bytes_u32le(&body);
    (void)bytes_take(&body, 12);
    uint16_t length = bytes_u16le(&body);
    (void)bytes_take(&body, SUCCESS_MIN_BYTES - 18);
    struct bytes vendor = bytes_slice(&body, length);
    learn_number(observation, FIELD(x11, release), release);
    if (!vendor.failed)
        learn_text(observation, FIELD(x11, vendor), vendor.data, vendor.length);
    learn_flag(observation, FIELD(root, open), true);
    observation->finished = true;
}

static struct session_result x11_on_answer(struct session *self, uint8_t result, uint8_t reason, struct bytes body)
{
    struct observation *observation = self->observation;
    if (result == SETUP_SUCCESS)
        success_learn(observation, body);
    else
        refusal_learn(observation, bytes_slice(&body, result == SETUP_FAILED ? reason : body.length));
    return session_done();
}

static struct session_result x11_bytes(struct session *self, struct bytes *input)
{
    char version[12];
    enum recognition found = answer_recognise(input);
    if (found == RECOGNITION_NOT_MINE)
        return detect_other(self, input);
    struct bytes stream = *input;
    uint8_t result = bytes_u8(&stream);
    uint8_t reason = bytes_u8(&stream);
    uint16_t major = bytes_u16le(&stream);
    uint16_t minor = bytes_u16le(&stream);
    size_t length = (size_t)bytes_u16le(&stream) * UNIT_BYTES;
    struct bytes body = bytes_slice(&stream, length);
    if (found == RECOGNITION_UNDECIDED || body.failed)
        return session_wait(self->env->answer_ms);
    *input = stream;
    int written = snprintf(version, sizeof(version), "%u.%u", major, minor);
    learn_constant(self->observation, FIELD(root, service), "x11");
    learn_text(self->observation, FIELD(x11, protocol), version, (size_t)written);
    return x11_on_answer(self, result, reason, body);
}

static struct session_result x11_event(struct session *self, enum session_event event)
{
    (void)event;
    return detect_nothing(self);
}

const struct session_ops session_x11 = {
    .name = "x11",
    .start = SESSION_CLIENT_FIRST,
    .says = x11_says,
    .open = x11_open,
    .bytes = x11_bytes,
    .event = x11_event,
};
