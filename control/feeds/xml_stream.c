// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/xml_stream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>

enum { CHUNK_BYTES = 64 << 10 };

struct stream {
    struct feed_input *input;
    const struct xml_stream_use *use;
    XML_Parser parser;
    size_t depth;
    size_t text_length;
    int error;
    char text[XML_TEXT_BYTES];
};

static void stop(struct stream *stream, int error)
{
    stream->error = error;
    (void)XML_StopParser(stream->parser, XML_FALSE);
}

static void wrong(struct stream *stream, const char *what)
{
    stream->input->line = XML_GetCurrentLineNumber(stream->parser);
    stop(stream, feed_complain(stream->input, "%s", what));
}

// "linux-def:evr" is called evr: which prefix a namespace has is the file's own choice.
static const char *name_of(const char *qualified)
{
    const char *colon = strrchr(qualified, ':');
    return colon == NULL ? qualified : colon + 1;
}

static void XMLCALL element_begin(void *context, const char *name, const char **attributes)
{
    struct stream *stream = context;
    // Callbacks come on for a while after a parser was stopped.
    if (stream->error != 0)
        return;
    stream->text_length = 0;
    if (++stream->depth > XML_DEPTH_MAX) {
        wrong(stream, "nested too deep");
        return;
    }
    // What a callback complains of is here.
    stream->input->line = XML_GetCurrentLineNumber(stream->parser);
    int error = stream->use->begin == NULL
                    ? 0
                    : stream->use->begin(stream->use->context, name_of(name), (const char *const *)attributes);
    if (error != 0)
        stop(stream, error);
}

static void XMLCALL element_end(void *context, const char *name)
{
    struct stream *stream = context;
    if (stream->error != 0)
        return;
    stream->depth--;
    stream->text[stream->text_length] = '\0';
    stream->input->line = XML_GetCurrentLineNumber(stream->parser);
    int error = stream->use->end == NULL ? 0 : stream->use->end(stream->use->context, name_of(name), stream->text);
    stream->text_length = 0;
    if (error != 0)
        stop(stream, error);
}

static void XMLCALL text_take(void *context, const char *text, int length)
{
    struct stream *stream = context;
    size_t room = sizeof(stream->text) - 1 - stream->text_length;
    size_t taken = (size_t)length < room ? (size_t)length : room;
    memcpy(stream->text + stream->text_length, text, taken);
    stream->text_length += taken;
}

static void XMLCALL doctype_refuse(void *context, const char *name, const char *system_id, const char *public_id,
                                   int has_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_subset;
    wrong(context, "declares a document type, which no feed has: entities are not read");
}

static struct stream *stream_new(struct feed_input *input, const struct xml_stream_use *use)
{
    struct stream *stream = malloc(sizeof(*stream));
    if (stream == NULL)
        return NULL;
    stream->input = input;
    stream->use = use;
    stream->depth = 0;
    stream->text_length = 0;
    stream->error = 0;
    stream->parser = XML_ParserCreate(NULL);
    if (stream->parser == NULL) {
        free(stream);
        return NULL;
    }
    XML_SetUserData(stream->parser, stream);
    XML_SetElementHandler(stream->parser, element_begin, element_end);
    XML_SetCharacterDataHandler(stream->parser, text_take);
    XML_SetStartDoctypeDeclHandler(stream->parser, doctype_refuse);
    return stream;
}

static int parser_complain(struct stream *stream)
{
    enum XML_Error code = XML_GetErrorCode(stream->parser);
    if (stream->error != 0)
        return stream->error;
    if (code == XML_ERROR_NO_MEMORY)
        return -ENOMEM;
    stream->input->line = XML_GetCurrentLineNumber(stream->parser);
    return feed_complain(stream->input, "%s", XML_ErrorString(code));
}

// One piece of the file. What expat keeps until the end of a tag is bounded here.
static int chunk_parse(struct stream *stream, uint64_t *bytes, bool *ret_done)
{
    void *chunk = XML_GetBuffer(stream->parser, CHUNK_BYTES);
    ssize_t got = chunk == NULL ? -ENOMEM : feed_input_read(stream->input, chunk, CHUNK_BYTES);
    if (got < 0)
        return (int)got;
    *bytes += (uint64_t)got;
    *ret_done = got == 0;
    if (XML_ParseBuffer(stream->parser, (int)got, got == 0) != XML_STATUS_OK)
        return parser_complain(stream);
    XML_Index at = XML_GetCurrentByteIndex(stream->parser);
    if (at >= 0 && *bytes > (uint64_t)at && *bytes - (uint64_t)at > XML_TAG_BYTES)
        wrong(stream, "a tag of more than 1 MiB");
    return stream->error;
}

int xml_stream_read(struct feed_input *input, const struct xml_stream_use *use)
{
    struct stream *stream = stream_new(input, use);
    uint64_t bytes = 0;
    bool done = false;
    int error = stream == NULL ? -ENOMEM : 0;
    while (error == 0 && !done)
        error = chunk_parse(stream, &bytes, &done);
    if (stream != NULL)
        XML_ParserFree(stream->parser);
    free(stream);
    return error;
}

const char *xml_attribute(const char *const *attributes, const char *name)
{
    for (; attributes[0] != NULL; attributes += 2)
        if (strcmp(name_of(attributes[0]), name) == 0)
            return attributes[1];
    return NULL;
}
