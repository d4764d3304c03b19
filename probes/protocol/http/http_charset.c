// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/http/http_charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "probes/session/env.h"

#define NO_CONVERTER ((iconv_t)-1)

enum { REPLACEMENT_BYTES = 3 };

static const char replacement[] = "\xef\xbf\xbd";

// One row a charset, in the order of the enumerators, which begin with CHARSET_UNKNOWN.
static const struct {
    const char *iconv_name;
    const char *labels;
} rows[CHARSET_COUNT] = {{NULL, ""},
#define X(enumerator, iconv_name, labels) {(iconv_name), (labels)},
                         HTTP_CHARSETS(X)
#undef X
};

struct http_charsets {
    iconv_t converters[CHARSET_COUNT];
};

struct http_charsets *http_charsets_new(void)
{
    struct http_charsets *charsets = calloc(1, sizeof(*charsets));
    if (charsets == NULL)
        return NULL;
    for (size_t i = 0; i < CHARSET_COUNT; i++)
        charsets->converters[i] = rows[i].iconv_name == NULL ? NO_CONVERTER : iconv_open("UTF-8", rows[i].iconv_name);
    return charsets;
}

void http_charsets_free(struct http_charsets *charsets)
{
    if (charsets == NULL)
        return;
    for (size_t i = 0; i < CHARSET_COUNT; i++)
        if (charsets->converters[i] != NO_CONVERTER)
            (void)iconv_close(charsets->converters[i]);
    free(charsets);
}

// What stops the converter is replaced, a byte each, but for bytes of ASCII: no quote or tag is part of a character
// that is none. False when it does not fit.
static bool byte_replace(struct bytes *text, struct http_utf8 *ret)
{
    bool ascii = text->data[0] < 0x80;
    size_t bytes = ascii ? 1 : REPLACEMENT_BYTES;
    if (ret->size - ret->length < bytes)
        return false;
    memcpy(ret->text + ret->length, ascii ? (const void *)text->data : replacement, bytes);
    ret->length += bytes;
    ret->replaced = true;
    (void)bytes_u8(text);
    return true;
}

// One step of the converter; false when it is the last.
static bool decode_step(iconv_t converter, struct bytes *text, struct http_utf8 *ret)
{
    char *from = (char *)(uintptr_t)text->data; // iconv does not write to it
    char *to = ret->text + ret->length;
    size_t left = text->length;
    size_t room = ret->size - ret->length;
    size_t status = iconv(converter, &from, &left, &to, &room);
    int error = errno;
    (void)bytes_take(text, text->length - left);
    ret->length = ret->size - room;
    if (status != (size_t)-1 || error == E2BIG)
        return false;
    ret->unended = error == EINVAL;
    return !ret->unended && byte_replace(text, ret);
}

void http_charset_decode(const struct http_charsets *charsets, enum http_charset charset, struct bytes text,
                         struct http_utf8 *ret)
{
    iconv_t converter = charsets->converters[charset];
    ret->length = 0;
    ret->replaced = false;
    ret->unended = false;
    if (converter == NO_CONVERTER) {
        while (text.length > 0 && byte_replace(&text, ret))
            ;
        return;
    }
    (void)iconv(converter, NULL, NULL, NULL, NULL);
    while (text.length > 0 && decode_step(converter, &text, ret))
        ;
    // Some keep a character back, until they know whether another one combines with it.
    char *to = ret->text + ret->length;
    size_t room = ret->size - ret->length;
    (void)iconv(converter, NULL, NULL, &to, &room);
    ret->length = ret->size - room;
}

enum label_phase { LABEL_SEARCH = 0, LABEL_EQUALS, LABEL_BEGIN, LABEL_VALUE, LABEL_END };

static uint8_t lower(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet + ('a' - 'A')) : octet;
}

static void label_put(struct http_label *label, uint8_t octet)
{
    // Of a label that is too long nothing stays: it is none of those we know.
    if (label->length == HTTP_LABEL_MAX)
        label->text[0] = '\0';
    else
        label->text[label->length++] = (char)lower(octet);
}

void http_label_read(struct http_label *label, uint8_t octet)
{
    static const char word[] = "charset";
    bool space = octet == ' ' || (octet >= '\t' && octet <= '\r');
    bool quote = octet == '"' || octet == '\'';
    switch (label->phase) {
    case LABEL_EQUALS:
        if (space)
            return;
        label->phase = octet == '=' ? LABEL_BEGIN : LABEL_SEARCH;
        label->matched = 0;
        // fall through
    case LABEL_SEARCH:
        if (label->phase == LABEL_BEGIN)
            return;
        label->matched = lower(octet) == (uint8_t)word[label->matched] ? (uint8_t)(label->matched + 1)
                                                                       : (uint8_t)(lower(octet) == (uint8_t)word[0]);
        label->phase = label->matched == sizeof(word) - 1 ? LABEL_EQUALS : LABEL_SEARCH;
        return;
    case LABEL_BEGIN:
        if (space)
            return;
        label->phase = LABEL_VALUE;
        if (!quote)
            label_put(label, octet);
        return;
    case LABEL_VALUE:
        if (space || quote || octet == ';' || octet == ',' || octet == '>')
            label->phase = LABEL_END;
        else
            label_put(label, octet);
        return;
    default:
        return;
    }
}

// Whether a list of words has exactly this one.
static bool words_have(const char *words, const char *word, size_t length)
{
    for (const char *at = strstr(words, word); at != NULL; at = strstr(at + length, word))
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

enum http_charset http_label_charset(const struct http_label *label)
{
    size_t length = strlen(label->text);
    for (size_t i = 1; length > 0 && i < CHARSET_COUNT; i++)
        if (words_have(rows[i].labels, label->text, length))
            return (enum http_charset)i;
    return CHARSET_UNKNOWN;
}
