// SPDX-License-Identifier: BSD-3-Clause
// Hosts that mean harm with what they say, whatever the protocol: silence, what a file says in hex (lengths that lie,
// escapes for terminals, what is no UTF-8), talk without end, echoes, and pages that inflate. With a manner of TCP
// besides, there are as many more. Nothing is claimed about their records but that there is one.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tools/simnet/personality/personality.h"

// Behind each other: what is said first, and what is said to whatever comes.
struct raw {
    size_t opening_bytes;
    size_t reply_bytes;
    uint8_t bytes[];
};

struct raw_state {
    size_t heard;
    bool carries; // inner has begun
    struct visit inner;
};

struct babble_state {
    double said;
};

struct bomb {
    size_t length;
    uint8_t bytes[];
};

static void nothing_truth(const struct service *service, const struct identity *identity, json_t *record)
{
    (void)service;
    (void)identity;
    (void)record;
}

static void nothing_bytes(struct visit *visit, struct bytes *input)
{
    (void)visit;
    (void)bytes_take(input, input->length);
}

// The bytes of a text of hex digits; NULL is none. -1 when it is something else.
static long hex_read(const char *text, uint8_t *ret_bytes)
{
    size_t length = text == NULL ? 0 : strlen(text);
    for (size_t i = 0; i < length; i++)
        if (length % 2 != 0 || !isxdigit((unsigned char)text[i]))
            return -1;
    for (size_t i = 0; i < length; i += 2)
        ret_bytes[i / 2] = (uint8_t)strtoul((char[3]){text[i], text[i + 1], '\0'}, NULL, 16);
    return (long)(length / 2);
}

static int raw_prepare(struct service *service, char error[static POPULATION_ERROR_MAX])
{
    const struct population_service *said = service->said;
    size_t room = (said->opening == NULL ? 0 : strlen(said->opening)) + (said->reply == NULL ? 0 : strlen(said->reply));
    struct raw *raw = calloc(1, sizeof(*raw) + room);
    if (raw == NULL)
        return -ENOMEM;
    service->prepared = raw;
    if ((said->takes > 0) != (service->inside != NULL)) {
        snprintf(error, POPULATION_ERROR_MAX, "services.%.60s: expected both `takes` and `inside`, or none of them",
                 said->name);
        return -EINVAL;
    }
    long opening = hex_read(said->opening, raw->bytes);
    long reply = opening < 0 ? -1 : hex_read(said->reply, raw->bytes + opening);
    if (reply < 0 || opening + reply == 0) {
        snprintf(error, POPULATION_ERROR_MAX, "services.%.60s: expected an opening or a reply in hex", said->name);
        return -EINVAL;
    }
    raw->opening_bytes = (size_t)opening;
    raw->reply_bytes = (size_t)reply;
    return 0;
}

static void raw_begin(struct visit *visit)
{
    const struct raw *raw = visit->service->prepared;
    buffer_put(&visit->output, raw->bytes, raw->opening_bytes);
}

static void raw_bytes(struct visit *visit, struct bytes *input)
{
    const struct raw *raw = visit->service->prepared;
    struct raw_state *state = visit->state;
    size_t takes = (size_t)visit->service->said->takes;
    if (takes == 0 || state->carries) {
        if (state->carries)
            visit_carry(visit, &state->inner, input);
        else
            buffer_put(&visit->output, raw->bytes + raw->opening_bytes, raw->reply_bytes);
        (void)bytes_take(input, input->length);
        return;
    }
    size_t length = takes - state->heard < input->length ? takes - state->heard : input->length;
    (void)bytes_take(input, length);
    state->heard += length;
    if (state->heard < takes)
        return;
    buffer_put(&visit->output, raw->bytes + raw->opening_bytes, raw->reply_bytes);
    state->carries = true;
    visit->over = !visit_begin(&state->inner, visit->service->inside, 0, visit->crypto);
    if (!visit->over)
        visit_carry(visit, &state->inner, input);
}

static void raw_more(struct visit *visit)
{
    struct raw_state *state = visit->state;
    if (state->carries)
        visit_carry(visit, &state->inner, &(struct bytes){0});
}

static void raw_end(struct visit *visit)
{
    struct raw_state *state = visit->state;
    if (state->carries)
        visit_end(&state->inner);
}

static int babble_prepare(struct service *service, char error[static POPULATION_ERROR_MAX])
{
    const struct population_service *said = service->said;
    if ((said->page != NULL && said->page[0] != '\0') || (said->banner != NULL && said->banner[0] != '\0'))
        return 0;
    snprintf(error, POPULATION_ERROR_MAX, "services.%.60s: expected a banner or a page", said->name);
    return -EINVAL;
}

static void babble_begin(struct visit *visit)
{
    const struct population_service *said = visit->service->said;
    if (said->page != NULL && said->banner != NULL)
        buffer_put(&visit->output, said->banner, strlen(said->banner));
}

static void babble_more(struct visit *visit)
{
    const struct population_service *said = visit->service->said;
    struct babble_state *state = visit->state;
    const char *text = said->page != NULL && said->page[0] != '\0' ? said->page : said->banner;
    size_t length = strlen(text);
    while (visit->output.length < VISIT_MORE_BELOW && !visit->output.failed && !visit->over) {
        buffer_put(&visit->output, text, length);
        state->said += (double)length;
        visit->over = said->amount > 0 && state->said >= said->amount;
    }
}

static void echo_bytes(struct visit *visit, struct bytes *input)
{
    size_t length = input->length;
    buffer_put(&visit->output, bytes_take(input, length), length);
}

// A page of `amount` zeros, as gzip (RFC 1952) makes them small.
static int bomb_prepare(struct service *service, char error[static POPULATION_ERROR_MAX])
{
    static const char FORMAT[] = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n"
                                 "Content-Length: %zu\r\nConnection: close\r\n\r\n";
    static uint8_t zeros[65536];
    enum { GZIP_WINDOW = 15 + 16, HEAD_MAX = 160 };
    (void)error;
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    size_t pieces = (size_t)service->said->amount / sizeof(zeros) + 1;
    size_t room = deflateBound(&stream, pieces * sizeof(zeros)) / 500 + 4096; // a thousandth is what zeros become
    struct bomb *bomb = malloc(sizeof(*bomb) + HEAD_MAX + room);
    uint8_t *body = malloc(room);
    service->prepared = bomb;
    stream.next_out = body;
    stream.avail_out = (uInt)room;
    int status = bomb == NULL || body == NULL ? Z_MEM_ERROR : Z_OK;
    for (size_t i = 0; i < pieces && status == Z_OK; i++) {
        stream.next_in = zeros;
        stream.avail_in = sizeof(zeros);
        status = deflate(&stream, i + 1 == pieces ? Z_FINISH : Z_NO_FLUSH);
    }
    if (status == Z_STREAM_END) {
        bomb->length = (size_t)snprintf((char *)bomb->bytes, HEAD_MAX, FORMAT, (size_t)stream.total_out);
        memcpy(bomb->bytes + bomb->length, body, stream.total_out);
        bomb->length += stream.total_out;
    }
    (void)deflateEnd(&stream);
    free(body);
    return status == Z_STREAM_END ? 0 : -ENOMEM;
}

static void bomb_bytes(struct visit *visit, struct bytes *input)
{
    const struct bomb *bomb = visit->service->prepared;
    if (memmem(input->data, input->length, "\r\n\r\n", 4) == NULL)
        return;
    (void)bytes_take(input, input->length);
    buffer_put(&visit->output, bomb->bytes, bomb->length);
    visit->over = true;
}

const struct personality personality_mute = {
    .name = "mute",
    .help = "acknowledges everything and never says a word",
    .bytes = nothing_bytes,
    .truth = nothing_truth,
};

const struct personality personality_raw = {
    .name = "raw",
    .help = "says `opening` at once and `reply` to whatever it hears, both bytes in hex",
    .state_bytes = sizeof(struct raw_state),
    .prepare = raw_prepare,
    .begin = raw_begin,
    .bytes = raw_bytes,
    .more = raw_more,
    .end = raw_end,
    .truth = nothing_truth,
};

const struct personality personality_babble = {
    .name = "babble",
    .help = "says `banner`, and then `page` again and again (or `banner`), `amount` bytes or without end",
    .state_bytes = sizeof(struct babble_state),
    .prepare = babble_prepare,
    .begin = babble_begin,
    .bytes = nothing_bytes,
    .more = babble_more,
    .truth = nothing_truth,
};

const struct personality personality_echo = {
    .name = "echo",
    .help = "says what it hears",
    .bytes = echo_bytes,
    .truth = nothing_truth,
};

const struct personality personality_bomb = {
    .name = "bomb",
    .help = "answers an HTTP request with a page of `amount` zeros, compressed",
    .prepare = bomb_prepare,
    .bytes = bomb_bytes,
    .truth = nothing_truth,
};
