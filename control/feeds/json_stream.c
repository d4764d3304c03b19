// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/json_stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 256 << 10, VALUE_FIRST = 64 << 10, SPACES_MAX = 1 << 20 };

struct stream {
    struct feed_input *input;
    const struct json_stream_use *use;
    char *chunk; // [CHUNK_BYTES]
    size_t at;
    size_t length;
    char *value; // of the element that is being read
    size_t value_length;
    size_t value_room;
    bool inside; // the member `within`
    int error;
};

// The next byte, -1 at the end or with stream->error. It is not taken.
static int byte_peek(struct stream *stream)
{
    if (stream->at == stream->length && stream->error == 0) {
        ssize_t got = feed_input_read(stream->input, stream->chunk, CHUNK_BYTES);
        stream->at = 0;
        stream->length = got > 0 ? (size_t)got : 0;
        stream->error = got < 0 ? (int)got : 0;
    }
    return stream->at < stream->length ? (unsigned char)stream->chunk[stream->at] : -1;
}

static void byte_take(struct stream *stream)
{
    stream->input->line += stream->chunk[stream->at] == '\n';
    stream->at++;
}

static int wrong(struct stream *stream, const char *what)
{
    if (stream->error == 0)
        stream->error = feed_complain(stream->input, "%s", what);
    return stream->error;
}

// The next byte that is no white space; -1 at the end. A file of nothing but spaces is told so before long.
static int token_peek(struct stream *stream)
{
    int byte;
    uint64_t spaces = 0;
    while ((byte = byte_peek(stream)) == ' ' || byte == '\t' || byte == '\n' || byte == '\r') {
        byte_take(stream);
        if (++spaces > SPACES_MAX) {
            (void)wrong(stream, "more than a million spaces in a row: this is no feed");
            return -1;
        }
    }
    return byte;
}

static bool token_take(struct stream *stream, char wanted, const char *what)
{
    if (token_peek(stream) != wanted) {
        (void)wrong(stream, byte_peek(stream) < 0 ? "the file ends too early: fetch it again" : what);
        return false;
    }
    byte_take(stream);
    return true;
}

static bool value_put(struct stream *stream, int byte)
{
    if (stream->value_length == stream->value_room) {
        size_t room = stream->value_room == 0 ? VALUE_FIRST : stream->value_room * 2;
        char *value = room > JSON_ELEMENT_BYTES ? NULL : realloc(stream->value, room);
        if (value == NULL) {
            if (room > JSON_ELEMENT_BYTES)
                (void)wrong(stream, "an element of more than 16 MiB");
            else
                stream->error = -ENOMEM;
            return false;
        }
        stream->value = value;
        stream->value_room = room;
    }
    stream->value[stream->value_length++] = (char)byte;
    byte_take(stream);
    return true;
}

// A string, quotes included, into the value.
static bool string_read(struct stream *stream)
{
    bool escaped = false;
    if (!value_put(stream, '"'))
        return false;
    for (;;) {
        int byte = byte_peek(stream);
        if (byte < 0) {
            (void)wrong(stream, "the file ends in a text: fetch it again");
            return false;
        }
        if (!value_put(stream, byte))
            return false;
        if (byte == '"' && !escaped)
            return true;
        escaped = byte == '\\' && !escaped;
    }
}

// A whole value as it stands. What is wrong within it jansson finds.
static bool value_read(struct stream *stream)
{
    size_t depth = 0;
    stream->value_length = 0;
    for (;;) {
        int byte = token_peek(stream);
        if (byte < 0) {
            (void)wrong(stream, "the file ends too early: fetch it again");
            return false;
        }
        if (byte == '"') {
            if (!string_read(stream))
                return false;
        } else if (byte == '{' || byte == '[') {
            if (++depth > JSON_ELEMENT_DEPTH) {
                (void)wrong(stream, "nested too deep");
                return false;
            }
            if (!value_put(stream, byte))
                return false;
            continue;
        } else if (byte == '}' || byte == ']') {
            if (depth == 0 || !value_put(stream, byte))
                return wrong(stream, "a bracket that closes nothing") == 0;
            depth--;
        } else if (byte == ',' || byte == ':') {
            if (depth == 0 || !value_put(stream, byte))
                return wrong(stream, "a value is missing") == 0;
            continue;
        } else {
            while (byte > ' ' && strchr(",:[]{}\"", byte) == NULL) {
                if (!value_put(stream, byte))
                    return false;
                byte = byte_peek(stream);
            }
            // Two words stay two.
            if (depth > 0 && byte >= 0 && byte <= ' ' && !value_put(stream, byte))
                return false;
        }
        if (depth == 0)
            return true;
    }
}

static json_t *value_parse(struct stream *stream)
{
    json_error_t error;
    json_t *value = json_loadb(stream->value, stream->value_length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (value == NULL)
        (void)wrong(stream, error.text);
    return value;
}

static bool elements_read(struct stream *stream)
{
    if (!token_take(stream, '[', "expected an array"))
        return false;
    if (token_peek(stream) == ']') {
        byte_take(stream);
        return true;
    }
    for (size_t number = 0; stream->error == 0; number++) {
        json_t *element = value_read(stream) ? value_parse(stream) : NULL;
        if (element == NULL)
            return false;
        stream->error = stream->use->element(stream->use->context, element, number);
        json_decref(element);
        if (stream->error != 0)
            return false;
        if (token_peek(stream) == ']') {
            byte_take(stream);
            return true;
        }
        if (!token_take(stream, ',', "expected a comma or the end of the array"))
            return false;
    }
    return false;
}

static bool members_read(struct stream *stream, bool *found);

// The member that stands for the outermost value; it is not looked for again in itself.
static bool within_read(struct stream *stream, bool *found)
{
    stream->inside = true;
    bool whole = token_peek(stream) == '{' ? members_read(stream, found) : elements_read(stream);
    *found = *found || whole;
    stream->inside = false;
    return whole;
}

static bool member_read(struct stream *stream, bool *found)
{
    char name[128];
    if (token_peek(stream) != '"' || !value_read(stream))
        return wrong(stream, "expected a member's name") == 0;
    size_t length = stream->value_length - 2;
    length = length < sizeof(name) - 1 ? length : sizeof(name) - 1;
    memcpy(name, stream->value + 1, length);
    name[length] = '\0';
    if (!token_take(stream, ':', "expected a colon"))
        return false;
    if (stream->use->within != NULL && !stream->inside && strcmp(name, stream->use->within) == 0)
        return within_read(stream, found);
    if (stream->use->array != NULL && strcmp(name, stream->use->array) == 0) {
        if (*found)
            return wrong(stream, "the array stands there twice") == 0;
        *found = true;
        return elements_read(stream);
    }
    json_t *value = value_read(stream) ? value_parse(stream) : NULL;
    if (value == NULL)
        return false;
    if (stream->use->container != NULL && json_is_object(value)) {
        *found = true;
        stream->error = stream->use->container(stream->use->context, name, value);
    }
    if (stream->use->member != NULL && !json_is_object(value) && !json_is_array(value))
        stream->error = stream->use->member(stream->use->context, name, value);
    json_decref(value);
    return stream->error == 0;
}

static bool members_read(struct stream *stream, bool *found)
{
    if (!token_take(stream, '{', "expected an object"))
        return false;
    if (token_peek(stream) != '}')
        for (;;) {
            if (!member_read(stream, found))
                return false;
            if (token_peek(stream) == '}')
                break;
            if (!token_take(stream, ',', "expected a comma or the end of the object"))
                return false;
        }
    byte_take(stream);
    return true;
}

static bool object_read(struct stream *stream)
{
    bool found = false;
    if (!members_read(stream, &found))
        return false;
    if (!found)
        (void)feed_complain(stream->input, "holds no \"%s\"",
                            stream->use->array == NULL ? "object" : stream->use->array);
    stream->error = found ? stream->error : -EINVAL;
    return found;
}

static bool sequence_read(struct stream *stream)
{
    for (size_t number = 0; token_peek(stream) >= 0; number++) {
        if (byte_peek(stream) == '[') {
            if (!elements_read(stream))
                return false;
            continue;
        }
        json_t *value = value_read(stream) ? value_parse(stream) : NULL;
        if (value == NULL)
            return false;
        stream->error = stream->use->element(stream->use->context, value, number);
        json_decref(value);
        if (stream->error != 0)
            return false;
    }
    return stream->error == 0;
}

static bool objects_read(struct stream *stream)
{
    do {
        if (!object_read(stream))
            return false;
    } while (token_peek(stream) == '{');
    return stream->error == 0;
}

static bool file_read(struct stream *stream)
{
    const struct json_stream_use *use = stream->use;
    if (use->sequence)
        return sequence_read(stream);
    if (use->repeated)
        return objects_read(stream);
    bool is_array = use->within != NULL && token_peek(stream) == '[';
    return is_array || (use->array == NULL && use->container == NULL) ? elements_read(stream) : object_read(stream);
}

int json_stream_read(struct feed_input *input, const struct json_stream_use *use)
{
    struct stream stream = {.input = input, .use = use, .chunk = malloc(CHUNK_BYTES)};
    if (stream.chunk == NULL)
        return -ENOMEM;
    // A byte order mark (RFC 8259 section 8.1 lets a reader ignore it).
    for (const char *mark = "\xef\xbb\xbf"; *mark != '\0' && byte_peek(&stream) == (unsigned char)*mark; mark++)
        byte_take(&stream);
    if (file_read(&stream) && token_peek(&stream) >= 0)
        (void)wrong(&stream, "something behind the end");
    free(stream.value);
    free(stream.chunk);
    return stream.error;
}
