// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/reply.h"

#include <string.h>
#include <strings.h>

#include "probes/session/detect.h"
#include "probes/session/line.h"

enum { CODE_DIGITS = 3 };

static bool is_digit(uint8_t octet)
{
    return octet >= '0' && octet <= '9';
}

// The code that a line begins with; 0 when it has none. *ret_last: nothing of the reply follows.
static uint16_t line_code(struct bytes line, bool *ret_last)
{
    if (line.length < CODE_DIGITS || !is_digit(line.data[0]) || !is_digit(line.data[1]) || !is_digit(line.data[2]))
        return 0;
    if (line.length > CODE_DIGITS && line.data[CODE_DIGITS] != ' ' && line.data[CODE_DIGITS] != '-')
        return 0;
    *ret_last = line.length == CODE_DIGITS || line.data[CODE_DIGITS] == ' ';
    return (uint16_t)((line.data[0] - '0') * 100 + (line.data[1] - '0') * 10 + line.data[2] - '0');
}

static struct reply reply_of(uint16_t code, const uint8_t *start, size_t length, bool cut)
{
    return (struct reply){.code = code, .text = bytes_of(start, length), .cut = cut};
}

size_t reply_take(struct bytes *input, struct reply *ret_reply)
{
    const uint8_t *start = input->data;
    struct bytes rest = bytes_of(start, input->length < REPLY_MAX_BYTES ? input->length : REPLY_MAX_BYTES);
    struct bytes line;
    size_t taken = 0;
    size_t more;
    uint16_t code = 0;
    // No line is as long as that, so each one that is taken is whole.
    while ((more = line_take(&rest, REPLY_MAX_BYTES + 1, &line)) > 0) {
        bool last = true;
        uint16_t its = line_code(line, &last);
        code = taken == 0 ? its : code;
        size_t end = taken + line.length;
        taken += more;
        if (code == 0 || (its == code && last)) {
            *ret_reply = reply_of(code, start, end, false);
            (void)bytes_take(input, taken);
            return taken;
        }
    }
    if (input->length < REPLY_MAX_BYTES)
        return 0;
    bool last;
    code = taken > 0 ? code : line_code(bytes_of(start, REPLY_MAX_BYTES), &last);
    *ret_reply = reply_of(code, start, REPLY_MAX_BYTES, true);
    (void)bytes_take(input, REPLY_MAX_BYTES);
    return REPLY_MAX_BYTES;
}

bool reply_line(struct bytes *text, struct bytes *ret_line)
{
    if (text->length == 0)
        return false;
    if (line_take(text, REPLY_MAX_BYTES + 1, ret_line) == 0)
        *ret_line = bytes_slice(text, text->length); // the last one, whose end was left out
    bool last;
    if (line_code(*ret_line, &last) != 0)
        (void)bytes_take(ret_line, ret_line->length > CODE_DIGITS ? CODE_DIGITS + 1 : CODE_DIGITS);
    return true;
}

static bool text_has(struct bytes text, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= text.length; i++)
        // Letters in either case; most places differ in the first one, and no call is made for them.
        if ((text.data[i] | 0x20) == (word[0] | 0x20) && strncasecmp((const char *)text.data + i, word, length) == 0)
            return true;
    return false;
}

// 120 and 220 greet, 421 and 554 have no time.
static enum recognition code_recognise(const uint8_t *data, size_t length)
{
    static const char *const codes[] = {"220", "120", "421", "554"};
    enum recognition best = RECOGNITION_NOT_MINE;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        enum recognition found = recognise_text(data, length, codes[i]);
        best = found > best ? found : best;
    }
    return best;
}

enum recognition reply_recognise(const uint8_t *data, size_t length, const char *word)
{
    enum recognition best = code_recognise(data, length);
    if (best != RECOGNITION_MINE)
        return best;
    struct bytes input = bytes_of(data, length);
    struct reply reply;
    if (length > CODE_DIGITS && data[CODE_DIGITS] != ' ' && data[CODE_DIGITS] != '-' && data[CODE_DIGITS] != '\r' &&
        data[CODE_DIGITS] != '\n')
        return RECOGNITION_NOT_MINE;
    if (reply_take(&input, &reply) == 0)
        return RECOGNITION_UNDECIDED;
    return reply.code != 0 && text_has(reply.text, word) ? RECOGNITION_MINE : RECOGNITION_NOT_MINE;
}

enum recognition reply_greeting(const struct session *self, const struct bytes *input)
{
    const struct session_ops *whose = NULL;
    enum recognition found = detect_recognise(input->data, input->length, &whose);
    if (found == RECOGNITION_MINE)
        return whose == self->ops ? RECOGNITION_MINE : RECOGNITION_NOT_MINE;
    return found == RECOGNITION_UNDECIDED ? found : code_recognise(input->data, input->length);
}

bool reply_names(const uint8_t *data, size_t length, const char *word)
{
    return code_recognise(data, length) == RECOGNITION_MINE && text_has(bytes_of(data, length), word);
}
