// SPDX-License-Identifier: BSD-3-Clause
// An rsync daemon (exchange_protocols and send_listing in clientserver.c of its source): its greeting is answered with
// ours and `#list`. No module is selected, so nobody is asked for a password, and no file is named.

#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/line.h"
#include "probes/session/registry.h"

enum { GREETING_MAX_BYTES = 512, LIST_MAX_BYTES = 32 << 10 };

// From 32.0 on a server refuses clients whose greeting has no digests, and we have no use for any.
#define GREETING "@RSYNCD: 31.0\n"
#define LIST     "#list\n"

static const char greeting[] = "@RSYNCD: ";
static const struct say rsync_says[] = {SAY(GREETING), SAY_END, SAY(LIST), SAY_END, SAYS_END};

struct rsync_state {
    bool greeted;
    uint32_t looked; // bytes behind the greeting that were looked at: lines of which none ends the list
    uint32_t motd;   // so many of them are the message of the day
};

static enum recognition rsync_recognise(const uint8_t *data, size_t length)
{
    return recognise_text(data, length, greeting);
}

static struct session_result rsync_open(struct session *self)
{
    return session_wait(self->env->silence_ms);
}

// "@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4"; before rsync 3.2.7 without digests.
static struct session_result rsync_on_greeting(struct session *self, struct bytes line)
{
    (void)bytes_take(&line, strlen(greeting));
    const uint8_t *space = line.length == 0 ? NULL : memchr(line.data, ' ', line.length);
    struct bytes version = bytes_slice(&line, space == NULL ? line.length : (size_t)(space - line.data));
    learn_constant(self->observation, FIELD(root, service), "rsync");
    learn_text(self->observation, FIELD(rsync, protocol), version.data, version.length);
    if (line.length > 0)
        learn_names(self->observation, FIELD(rsync, digests), line.data, line.length, ' ');
    return session_send_text(self, GREETING LIST) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

// The name in a line of the list, "name           \tcomment"; without a byte when the line is not one.
static struct bytes module_name(struct bytes line)
{
    const uint8_t *tab = line.length == 0 ? NULL : memchr(line.data, '\t', line.length);
    size_t length = tab == NULL ? 0 : (size_t)(tab - line.data);
    while (length > 0 && line.data[length - 1] == ' ')
        length--;
    return bytes_of(line.data, length);
}

static void motd_learn(struct observation *observation, struct bytes text)
{
    struct bytes line;
    while (line_take(&text, LIST_MAX_BYTES + 1, &line) > 0)
        if (line.length > 0)
            learn_name(observation, FIELD(rsync, motd), line.data, line.length);
}

// An empty list says nothing of what a stranger gets who knows a name.
static void modules_learn(struct observation *observation, struct bytes text)
{
    struct bytes line;
    learn_list(observation, FIELD(rsync, modules));
    while (line_take(&text, LIST_MAX_BYTES + 1, &line) > 0) {
        struct bytes name = module_name(line);
        learn_name(observation, FIELD(rsync, modules), name.data, name.length);
        learn_flag(observation, FIELD(root, open), true);
    }
}

// Says whether strangers are kept out. All other errors, such as of too many connections, are told to anybody.
static bool refusal_learn(struct observation *observation, struct bytes line)
{
    static const char *const closed[] = {"@ERROR: access denied", "@ERROR: auth failed", "@RSYNCD: AUTHREQD"};
    bool locked = false;
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
        locked = locked || line_begins(line, closed[i]);
    learn_text(observation, FIELD(rsync, refusal), line.data, line.length);
    if (locked)
        learn_flag(observation, FIELD(root, open), false);
    return locked;
}

static void list_learn(struct observation *observation, const struct rsync_state *state, const struct bytes *input)
{
    struct bytes text = bytes_of(input->data, state->looked);
    motd_learn(observation, bytes_slice(&text, state->motd));
    modules_learn(observation, text);
}

static struct session_result rsync_on_refusal(struct session *self, struct bytes line, struct bytes before)
{
    motd_learn(self->observation, before);
    self->observation->finished = refusal_learn(self->observation, line);
    return session_done();
}

// The input is kept until the list ends: only then is it known what of it was the message of the day. That is all up to
// the last line that can be no module; rsync has an empty one behind a file that ends as a text should.
static struct session_result rsync_on_lines(struct session *self, const struct bytes *input)
{
    struct rsync_state *state = (struct rsync_state *)self->state;
    struct bytes rest = bytes_of(input->data, input->length < LIST_MAX_BYTES ? input->length : LIST_MAX_BYTES);
    struct bytes line;
    size_t taken;
    (void)bytes_take(&rest, state->looked);
    // No line is as long as that, so each one that is taken is whole.
    while ((taken = line_take(&rest, LIST_MAX_BYTES + 1, &line)) > 0) {
        if (line_begins(line, "@RSYNCD: EXIT")) {
            list_learn(self->observation, state, input);
            self->observation->finished = true;
            return session_done();
        }
        if (line_begins(line, "@ERROR") || line_begins(line, "@RSYNCD: AUTHREQD"))
            return rsync_on_refusal(self, line, bytes_of(input->data, state->motd));
        state->looked += (uint32_t)taken;
        state->motd = module_name(line).length == 0 ? state->looked : state->motd;
    }
    if (input->length < LIST_MAX_BYTES)
        return session_wait(self->env->answer_ms);
    list_learn(self->observation, state, input);
    learn_cut(self->observation, FIELD(rsync, modules));
    return session_done();
}

static struct session_result rsync_bytes(struct session *self, struct bytes *input)
{
    struct rsync_state *state = (struct rsync_state *)self->state;
    if (state->greeted)
        return rsync_on_lines(self, input);
    struct bytes line;
    enum recognition found = rsync_recognise(input->data, input->length);
    if (found == RECOGNITION_NOT_MINE)
        return detect_other(self, input);
    if (found == RECOGNITION_UNDECIDED || line_take(input, GREETING_MAX_BYTES, &line) == 0)
        return session_wait(self->env->answer_ms);
    state->greeted = true;
    struct session_result result = rsync_on_greeting(self, line);
    return result.verb == SESSION_WAIT ? rsync_on_lines(self, input) : result;
}

static struct session_result rsync_event(struct session *self, enum session_event event)
{
    const struct rsync_state *state = (const struct rsync_state *)self->state;
    (void)event;
    return state->greeted ? session_done() : detect_nothing(self);
}

static const struct field *const rsync_overheard[] = {FIELD(rsync, protocol), FIELD(rsync, digests), NULL};

const struct session_ops session_rsync = {
    .name = "rsync",
    .state_size = sizeof(struct rsync_state),
    .start = SESSION_SERVER_FIRST,
    .recognise = rsync_recognise,
    .overheard = rsync_overheard,
    .says = rsync_says,
    .open = rsync_open,
    .bytes = rsync_bytes,
    .event = rsync_event,
};
