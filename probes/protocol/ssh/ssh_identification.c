// SPDX-License-Identifier: BSD-3-Clause
// Up to the identification (RFC 4253 section 4.2): what precedes it, and what stands in its place.

#include <string.h>

#include "probes/protocol/ssh/ssh_session.h"
#include "probes/session/detect.h"
#include "probes/session/registry.h"

enum {
    IDENT_MAX = 255,         // with CR LF
    PREAMBLE_MAX = 32 << 10, // of lines that precede the identification
};

// What OpenSSH says in place of its identification, and then closes (MaxStartups, PerSourcePenalties).
static const char *const refusals[] = {"Exceeded MaxStartups", "Not allowed at this time"};

static enum recognition refusal_recognise(const uint8_t *data, size_t length)
{
    enum recognition best = RECOGNITION_NOT_MINE;
    for (size_t at = 0; at < sizeof(refusals) / sizeof(refusals[0]); at++) {
        enum recognition found = recognise_text(data, length, refusals[at]);
        best = found > best ? found : best;
    }
    return best;
}

enum recognition ssh_recognise(const uint8_t *data, size_t length)
{
    enum recognition found = recognise_text(data, length, "SSH-");
    return found != RECOGNITION_NOT_MINE ? found : refusal_recognise(data, length);
}

// Learns what precedes the separator and takes it; false when there is none. What then ends a line that is not whole
// may be the beginning of what was meant.
static bool piece_learn(struct observation *observation, const struct field *field, struct bytes *line, char separator,
                        bool whole)
{
    const uint8_t *found = line->length == 0 ? NULL : memchr(line->data, separator, line->length);
    size_t length = found == NULL ? line->length : (size_t)(found - line->data);
    struct bytes piece = bytes_slice(line, length);
    (void)bytes_take(line, found == NULL ? 0 : 1);
    if (piece.length > 0)
        learn_text(observation, field, piece.data, piece.length);
    if (piece.length > 0 && found == NULL && !whole)
        learn_cut(observation, field);
    return found != NULL;
}

// "SSH-protoversion-softwareversion SP comments", and the lines before it. What is not there was not learnt.
static void identification_learn(struct observation *observation, struct bytes preamble, struct bytes line, bool whole)
{
    if (preamble.length > 0)
        learn_text(observation, FIELD(ssh, preamble), preamble.data, preamble.length);
    learn_text(observation, FIELD(ssh, identification), line.data, line.length);
    if (!whole)
        learn_cut(observation, FIELD(ssh, identification));
    (void)bytes_take(&line, strlen("SSH-"));
    learn_constant(observation, FIELD(root, service), "ssh");
    if (piece_learn(observation, FIELD(ssh, protocol), &line, '-', whole) &&
        piece_learn(observation, FIELD(ssh, software), &line, ' ', whole))
        (void)piece_learn(observation, FIELD(ssh, comment), &line, '\n', whole);
    observation->finished = false; // which a tunnel around it may have been
}

// The server is one of SSH, and has no time for strangers now: it is asked once more, later.
static struct session_result ssh_refused(struct session *self)
{
    const struct errand later = {.kind = ERRAND_RETRY, .first = &session_ssh, .wait_ms = ERRAND_LATER_MS};
    learn_constant(self->observation, FIELD(root, service), "ssh");
    if (self->below == NULL)
        (void)session_ask(self, &later);
    return session_done();
}

// The line at `at` of the input, whose length without LF this is, is the identification.
static struct bytes line_take_up(struct session *self, struct bytes *input, size_t at, size_t length)
{
    struct bytes preamble = bytes_slice(input, at);
    struct bytes line = bytes_slice(input, length);
    (void)bytes_u8(input);
    line.length -= length > 0 && line.data[length - 1] == '\r' ? 1 : 0;
    identification_learn(self->observation, preamble, line, true);
    return line;
}

// Finds the line that begins with "SSH-"; others may precede it. No line is looked at twice.
struct session_result ssh_identify(struct session *self, struct bytes *input, struct bytes *ret_line)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    const struct session_ops *whose = NULL;
    if (state->wanted == NULL && detect_recognise(input->data, input->length, &whose) == RECOGNITION_MINE &&
        whose != self->ops)
        return detect_other(self, input);
    if (refusal_recognise(input->data, input->length) == RECOGNITION_MINE)
        return state->wanted == NULL ? ssh_refused(self) : session_done();
    while (state->scanned < input->length && state->scanned < PREAMBLE_MAX) {
        size_t at = state->scanned;
        const uint8_t *line = input->data + at;
        size_t left = input->length - at;
        bool ours = left >= 4 && memcmp(line, "SSH-", 4) == 0;
        const uint8_t *feed = memchr(line, '\n', left);
        size_t length = feed == NULL ? left : (size_t)(feed - line);
        if (ours && length >= IDENT_MAX) {
            // Too long to be one, and it says so itself: what fits is kept, and nothing else can follow.
            struct bytes preamble = bytes_slice(input, at);
            identification_learn(self->observation, preamble, bytes_of(line, IDENT_MAX), false);
            return session_done();
        }
        if (feed == NULL)
            break;
        if (ours) {
            *ret_line = line_take_up(self, input, at, length);
            return ssh_wait(self);
        }
        state->scanned += (uint32_t)length + 1;
    }
    if (input->length < PREAMBLE_MAX + IDENT_MAX)
        return ssh_wait(self);
    return state->wanted == NULL ? session_next(SESSION_BECOME, &session_listen) : session_done();
}

// An identification whose line end does not come names its server all the same.
struct session_result ssh_unidentified(struct session *self)
{
    const struct ssh_state *state = (const struct ssh_state *)self->state;
    struct bytes rest = bytes_of(buffer_bytes(&self->input), self->input.length);
    if (state->wanted != NULL)
        return session_done();
    if (rest.length <= state->scanned)
        return detect_nothing(self);
    struct bytes preamble = bytes_slice(&rest, state->scanned);
    if (recognise_text(rest.data, rest.length, "SSH-") != RECOGNITION_MINE)
        return detect_nothing(self);
    bool whole = rest.data[rest.length - 1] == '\r';
    rest.length -= whole ? 1 : 0;
    identification_learn(self->observation, preamble, rest, whole);
    return session_done();
}
