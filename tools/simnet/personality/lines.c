// SPDX-License-Identifier: BSD-3-Clause
// A service of text lines, as its population file writes it: a banner, and an answer to each line by what the line
// holds. Whoever says QUIT, LOGOUT or EXIT is hung up on once that was answered.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/simnet/personality/personality.h"

enum { LINES_ANSWERS_MAX = 32 };

struct lines_answer {
    const char *heard; // "": any line
    const char *said;
};

struct lines_state {
    bool carries; // inner has begun
    struct visit inner;
};

struct lines {
    json_t *object; // owns the texts
    size_t count;
    struct lines_answer answers[LINES_ANSWERS_MAX];
};

static int lines_prepare(struct service *service, char error[static POPULATION_ERROR_MAX])
{
    struct lines *lines = calloc(1, sizeof(*lines));
    const char *heard;
    json_t *said;
    service->prepared = lines;
    if (lines == NULL)
        return -ENOMEM;
    if ((service->said->starttls == NULL) != (service->inside == NULL)) {
        snprintf(error, POPULATION_ERROR_MAX, "services.%.60s: expected both `starttls` and `inside`, or none of them",
                 service->said->name);
        return -EINVAL;
    }
    if (service->said->answers == NULL)
        return 0;
    lines->object = json_loads(service->said->answers, 0, NULL);
    json_object_foreach(lines->object, heard, said)
    {
        if (lines->count == LINES_ANSWERS_MAX || !json_is_string(said)) {
            snprintf(error, POPULATION_ERROR_MAX, "services.%.60s.answers: expected at most %d strings",
                     service->said->name, LINES_ANSWERS_MAX);
            return -EINVAL;
        }
        lines->answers[lines->count++] = (struct lines_answer){heard, json_string_value(said)};
    }
    return 0;
}

static void lines_dispose(struct service *service)
{
    struct lines *lines = service->prepared;
    if (lines != NULL)
        json_decref(lines->object);
}

static void lines_begin(struct visit *visit)
{
    const char *banner = visit->service->said->banner;
    if (banner != NULL)
        buffer_put(&visit->output, banner, strlen(banner));
}

static bool line_holds(struct bytes line, const char *text)
{
    return memmem(line.data, line.length, text, strlen(text)) != NULL;
}

// The first answer in the file's order whose key the line holds; "" is last wherever it stands.
static const char *answer_find(const struct lines *lines, struct bytes line)
{
    const char *otherwise = NULL;
    for (size_t i = 0; i < lines->count; i++)
        if (lines->answers[i].heard[0] == '\0')
            otherwise = lines->answers[i].said;
        else if (line_holds(line, lines->answers[i].heard))
            return lines->answers[i].said;
    return otherwise;
}

static void lines_bytes(struct visit *visit, struct bytes *input)
{
    const struct lines *lines = visit->service->prepared;
    const char *starttls = visit->service->said->starttls;
    struct lines_state *state = visit->state;
    while (!visit->over && !state->carries && input->length > 0) {
        const uint8_t *end = memchr(input->data, '\n', input->length);
        if (end == NULL)
            return;
        size_t length = (size_t)(end - input->data) + 1;
        const struct bytes line = bytes_of(bytes_take(input, length), length);
        const char *said = answer_find(lines, line);
        if (said != NULL)
            buffer_put(&visit->output, said, strlen(said));
        visit->over = line_holds(line, "QUIT") || line_holds(line, "LOGOUT") || line_holds(line, "EXIT");
        if (starttls != NULL && line_holds(line, starttls) && !visit->over) {
            state->carries = true;
            visit->over = !visit_begin(&state->inner, visit->service->inside, 0, visit->crypto);
        }
    }
    if (state->carries && !visit->over)
        visit_carry(visit, &state->inner, input);
}

static void lines_more(struct visit *visit)
{
    struct lines_state *state = visit->state;
    if (state->carries)
        visit_carry(visit, &state->inner, &(struct bytes){0});
}

static void lines_end(struct visit *visit)
{
    struct lines_state *state = visit->state;
    if (state->carries)
        visit_end(&state->inner);
}

// The file's "record" says what there is to know.
static void lines_truth(const struct service *service, const struct identity *identity, json_t *record)
{
    (void)service;
    (void)identity;
    (void)record;
}

const struct personality personality_lines = {
    .name = "lines",
    .help = "a protocol of lines: says `banner`, and of `answers` what fits each line; `record` is its truth",
    .state_bytes = sizeof(struct lines_state),
    .prepare = lines_prepare,
    .dispose = lines_dispose,
    .begin = lines_begin,
    .bytes = lines_bytes,
    .more = lines_more,
    .end = lines_end,
    .truth = lines_truth,
};
