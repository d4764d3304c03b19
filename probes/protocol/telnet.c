// SPDX-License-Identifier: BSD-3-Clause
// Telnet (RFC 854, RFC 1143): every option is refused once, nothing is typed, and what the server shows in the end is a
// question for somebody's name, or the prompt of a shell that anybody may type at.

#include <stdio.h>
#include <string.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    SHOWN_MAX_BYTES = 8192, // negotiation and text together
    SE = 240,
    SB = 250,
    WILL = 251,
    WONT = 252,
    DO = 253,
    DONT = 254,
    IAC = 255,
    OPTION_BYTES = 256 / 8,
    PROMPT_MAX_BYTES = 127,
    TAIL_BYTES = 512,
};

static const struct say telnet_says[] = {SAY("\xff\xfc"), SAY_ANY(1), SAY_END, SAY("\xff\xfe"),
                                         SAY_ANY(1),      SAY_END,    SAYS_END};

struct telnet_state {
    uint32_t looked;            // bytes whose negotiation was answered
    bool negotiated;            // there was some
    uint8_t wont[OPTION_BYTES]; // refused already
    uint8_t dont[OPTION_BYTES];
};

// One thing of a stream: a byte of text, or a command.
struct item {
    size_t length; // 0: it is not whole
    bool text;
    uint8_t byte;   // of text; of a command its verb
    uint8_t option; // of WILL, WONT, DO, DONT
};

static enum recognition telnet_recognise(const uint8_t *data, size_t length)
{
    if (length >= 2 && (data[1] < WILL || data[1] > DONT))
        return RECOGNITION_NOT_MINE;
    static const int16_t command[] = {IAC, RECOGNISE_ANY, RECOGNISE_ANY};
    return recognise_octets(data, length, command, sizeof(command) / sizeof(command[0]));
}

static struct session_result telnet_open(struct session *self)
{
    return session_wait(self->env->silence_ms);
}

// How long a subnegotiation is, up to IAC SE; 0 while its end has not come.
static size_t subnegotiation_length(struct bytes stream)
{
    for (size_t at = 2; at + 1 < stream.length; at++) {
        if (stream.data[at] != IAC)
            continue;
        if (stream.data[at + 1] == SE)
            return at + 2;
        at++; // an escaped 255, or what does not belong here
    }
    return 0;
}

static struct item item_read(struct bytes stream)
{
    struct bytes rest = stream;
    uint8_t first = bytes_u8(&rest);
    if (rest.failed || first != IAC)
        return (struct item){.length = rest.failed ? 0 : 1, .text = true, .byte = first};
    uint8_t verb = bytes_u8(&rest);
    if (rest.failed)
        return (struct item){0};
    if (verb == IAC)
        return (struct item){.length = 2, .text = true, .byte = IAC};
    if (verb == SB)
        return (struct item){.length = subnegotiation_length(stream), .byte = verb};
    if (verb < WILL)
        return (struct item){.length = 2, .byte = verb};
    uint8_t option = bytes_u8(&rest);
    return (struct item){.length = rest.failed ? 0 : 3, .byte = verb, .option = option};
}

// A server that repeats what was refused gets no second answer, or the two would go on for ever (RFC 1143).
static int option_refuse(struct session *self, struct item item)
{
    struct telnet_state *state = (struct telnet_state *)self->state;
    uint8_t *refused = item.byte == DO ? state->wont : state->dont;
    uint8_t bit = (uint8_t)(1 << item.option % 8);
    char name[16];
    if ((refused[item.option / 8] & bit) != 0)
        return 0;
    refused[item.option / 8] |= bit;
    int length = snprintf(name, sizeof(name), "%s-%u", item.byte == DO ? "do" : "will", item.option);
    learn_name(self->observation, FIELD(telnet, options), name, (size_t)length);
    const uint8_t answer[] = {IAC, item.byte == DO ? WONT : DONT, item.option};
    return session_send(self, answer, sizeof(answer));
}

// Answers the negotiation in what was not looked at so far. The bytes stay in the input: they may be a banner yet.
static int negotiation_answer(struct session *self, struct bytes stream)
{
    struct telnet_state *state = (struct telnet_state *)self->state;
    (void)bytes_take(&stream, state->looked);
    for (struct item item = item_read(stream); item.length > 0; item = item_read(stream)) {
        state->negotiated = state->negotiated || !item.text;
        if ((item.byte == DO || item.byte == WILL) && !item.text && option_refuse(self, item) != 0)
            return -1;
        (void)bytes_take(&stream, item.length);
        state->looked += (uint32_t)item.length;
    }
    return 0;
}

// The text of it alone, without NUL bytes.
static void text_collect(struct bytes stream, struct buffer *ret_text)
{
    for (struct item item = item_read(stream); item.length > 0; item = item_read(stream)) {
        if (item.text && item.byte != 0)
            buffer_put_u8(ret_text, item.byte);
        (void)bytes_take(&stream, item.length);
    }
}

// Where an escape sequence of a terminal ends that begins here: behind ESC [ ... and a letter, or ESC and one byte.
static size_t escape_length(struct bytes text)
{
    size_t at = 1;
    if (text.length < 2)
        return text.length;
    if (text.data[1] != '[')
        return 2;
    for (at = 2; at < text.length && (text.data[at] < 0x40 || text.data[at] > 0x7e); at++)
        continue;
    return at < text.length ? at + 1 : at;
}

// The last line that is not empty, without escape sequences and blanks around it. Returns its length.
static size_t prompt_find(struct bytes text, char ret_prompt[static PROMPT_MAX_BYTES + 1])
{
    size_t length = 0;
    bool ended = false;
    while (text.length > 0) {
        uint8_t byte = text.data[0];
        size_t taken = byte == 0x1b ? escape_length(text) : 1;
        (void)bytes_take(&text, taken);
        bool line_end = byte == '\r' || byte == '\n';
        bool shown = byte > ' ' || (byte == ' ' && length > 0);
        if (line_end)
            ended = true;
        if (byte == 0x1b || line_end || !shown)
            continue;
        length = ended ? 0 : length;
        ended = false;
        if (length < PROMPT_MAX_BYTES && !(length == 0 && byte == ' '))
            ret_prompt[length++] = (char)byte;
    }
    // Nobody waits behind a line that has ended.
    length = ended ? 0 : length;
    while (length > 0 && ret_prompt[length - 1] == ' ')
        length--;
    ret_prompt[length] = '\0';
    return length;
}

enum prompt_kind { PROMPT_OTHER = 0, PROMPT_LOGIN, PROMPT_SHELL };

// A colon behind a word for a name or a password; or what shells end their prompts with. "Press <ENTER>" is none.
static enum prompt_kind prompt_judge(const char *prompt, size_t length)
{
    static const char *const words[] = {"login", "user",     "name",     "passw",   "passcode",   "account",
                                        "ident", "benutzer", "kennwort", "usuario", "utilisateur"};
    char last = length == 0 ? '\0' : prompt[length - 1];
    if (last == ':')
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            if (strcasestr(prompt, words[i]) != NULL)
                return PROMPT_LOGIN;
    // A line drawn with them is no prompt either.
    if (length > 1 && strspn(prompt, "#$>") == length)
        return PROMPT_OTHER;
    if (last == '#' || last == '$' || (last == '>' && strchr(prompt, '<') == NULL))
        return PROMPT_SHELL;
    return PROMPT_OTHER;
}

// By the end of it, which is all that matters to whoever waits; so that a byte at a time costs no more than it should.
static enum prompt_kind stream_judge(struct bytes stream)
{
    struct buffer text = {0};
    char prompt[PROMPT_MAX_BYTES + 1];
    (void)bytes_take(&stream, stream.length > TAIL_BYTES ? stream.length - TAIL_BYTES : 0);
    text_collect(stream, &text);
    size_t length = prompt_find(bytes_of(buffer_bytes(&text), text.length), prompt);
    enum prompt_kind kind = text.failed ? PROMPT_OTHER : prompt_judge(prompt, length);
    buffer_fini(&text);
    return kind;
}

static struct session_result telnet_learn(struct session *self, struct bytes stream)
{
    struct observation *observation = self->observation;
    struct buffer text = {0};
    char prompt[PROMPT_MAX_BYTES + 1];
    text_collect(stream, &text);
    observation->failed = observation->failed || text.failed;
    size_t length = prompt_find(bytes_of(buffer_bytes(&text), text.length), prompt);
    enum prompt_kind kind = prompt_judge(prompt, length);
    learn_constant(observation, FIELD(root, service), "telnet");
    if (text.length > 0)
        learn_text(observation, FIELD(telnet, banner), buffer_bytes(&text), text.length);
    if (length > 0)
        learn_text(observation, FIELD(telnet, prompt), prompt, length);
    if (kind != PROMPT_OTHER)
        learn_flag(observation, FIELD(root, open), kind == PROMPT_SHELL);
    observation->finished = kind != PROMPT_OTHER;
    buffer_fini(&text);
    return session_done();
}

static struct session_result telnet_bytes(struct session *self, struct bytes *input)
{
    const struct telnet_state *state = (const struct telnet_state *)self->state;
    const struct session_ops *whose = NULL;
    if (!state->negotiated && detect_recognise(input->data, input->length, &whose) == RECOGNITION_MINE &&
        whose != self->ops)
        return detect_other(self, input);
    struct bytes shown = bytes_of(input->data, input->length < SHOWN_MAX_BYTES ? input->length : SHOWN_MAX_BYTES);
    if (negotiation_answer(self, shown) != 0)
        return session_failed();
    if (input->length >= SHOWN_MAX_BYTES)
        return state->negotiated ? telnet_learn(self, shown) : session_next(SESSION_BECOME, &session_listen);
    return session_wait(stream_judge(shown) == PROMPT_OTHER ? self->env->answer_ms : self->env->quiet_ms);
}

// It waits for us now, or has gone. Without any negotiation only who asks for a name is taken for a telnet server.
static struct session_result telnet_event(struct session *self, enum session_event event)
{
    const struct telnet_state *state = (const struct telnet_state *)self->state;
    struct bytes shown = bytes_of(buffer_bytes(&self->input), self->input.length);
    (void)event;
    if (state->negotiated || stream_judge(shown) == PROMPT_LOGIN)
        return telnet_learn(self, shown);
    return detect_nothing(self);
}

const struct session_ops session_telnet = {
    .name = "telnet",
    .state_size = sizeof(struct telnet_state),
    .start = SESSION_SERVER_FIRST,
    .recognise = telnet_recognise,
    .says = telnet_says,
    .open = telnet_open,
    .bytes = telnet_bytes,
    .event = telnet_event,
};
