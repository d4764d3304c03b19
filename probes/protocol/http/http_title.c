// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/http/http_title.h"

#include <string.h>

static const char end_tag_title[] = "</title";

static uint8_t lower(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet + ('a' - 'A')) : octet;
}

static bool is_letter(uint8_t octet)
{
    return lower(octet) >= 'a' && lower(octet) <= 'z';
}

static bool is_space(uint8_t octet)
{
    return octet == ' ' || octet == '\t' || octet == '\n' || octet == '\f' || octet == '\r';
}

static void text_put(struct http_title *title, uint8_t octet)
{
    bool space = octet <= ' ';
    if (space && (title->length == 0 || title->text[title->length - 1] == ' '))
        return;
    if (title->length == HTTP_TITLE_MAX) {
        title->cut = true;
        return;
    }
    title->eight_bit = title->eight_bit || octet >= 0x80;
    title->text[title->length++] = space ? ' ' : (char)octet;
}

static void text_finish(struct http_title *title)
{
    if (title->length > 0 && title->text[title->length - 1] == ' ')
        title->length--;
    title->found = true;
}

static void tag_begin(struct http_title *title, bool end_tag)
{
    title->end_tag = end_tag;
    title->closed = false;
    title->name_length = 0;
    title->name[0] = '\0';
    title->state = HTML_TAG_NAME;
}

// A name too long for us stays a beginning that is none of those we know, and so does one with a NUL, which HTML
// replaces by a character of no name (section 13.2.5.8).
static void name_put(struct http_title *title, uint8_t octet)
{
    if (title->name_length < HTML_NAME_MAX)
        title->name[title->name_length++] = octet == 0 ? '?' : (char)lower(octet);
    else
        title->name[0] = '\0';
    title->name[title->name_length] = '\0';
}

static bool is_named(const struct http_title *title, const char *name)
{
    // Most names differ in their first letter, and no call is made for them.
    return title->name[0] == name[0] && strcmp(title->name, name) == 0;
}

static bool is_among(const struct http_title *title, const char *const *names, size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (is_named(title, names[at]))
            return true;
    return false;
}

static bool is_raw(const struct http_title *title)
{
    static const char *const names[] = {"script", "style", "textarea", "xmp", "iframe", "noembed", "noframes"};
    return is_among(title, names, sizeof(names) / sizeof(names[0]));
}

// Elements of HTML that end a drawing in whose midst they stand (section 13.2.6.5).
static bool breaks_out(const struct http_title *title)
{
    static const char *const names[] = {
        "b",     "big",   "blockquote", "body",   "br",   "center", "code",  "dd", "div",  "dl",   "dt",
        "em",    "embed", "h1",         "h2",     "h3",   "h4",     "h5",    "h6", "head", "hr",   "i",
        "img",   "li",    "listing",    "menu",   "meta", "nobr",   "ol",    "p",  "pre",  "ruby", "s",
        "small", "span",  "strong",     "strike", "sub",  "sup",    "table", "tt", "u",    "ul",   "var"};
    return is_among(title, names, sizeof(names) / sizeof(names[0]));
}

// Titles of drawings are not the page's; but what stands within them is HTML again.
static void drawing_follow(struct http_title *title)
{
    if (title->end_tag) {
        if (is_named(title, "svg") && title->drawings > 0)
            title->drawings--;
        title->label = title->label && title->drawings > 0 && !is_named(title, "title");
    } else if (is_named(title, "svg") && !title->closed && title->drawings < UINT16_MAX)
        title->drawings++;
    else if (title->drawings > 0 && !title->label && breaks_out(title))
        title->drawings = 0;
}

// What a meta element says of the charset: the first one that we know. That it says so in bytes of ASCII proves that
// the page is not in UTF-16, whatever it says.
static void meta_end(struct http_title *title)
{
    enum http_charset charset = http_label_charset(&title->meta);
    title->in_meta = false;
    if (charset == CHARSET_UTF_16BE || charset == CHARSET_UTF_16LE)
        charset = CHARSET_UTF_8;
    if (title->charset == CHARSET_UNKNOWN)
        title->charset = charset;
    title->meta = (struct http_label){0};
}

// The tag is whole.
static void tag_end(struct http_title *title)
{
    bool labelled = title->label;
    title->state = HTML_TEXT;
    title->matched = 0;
    if (title->in_meta)
        meta_end(title);
    drawing_follow(title);
    if (title->end_tag)
        return;
    if (title->drawings > 0 && !labelled) {
        title->label = is_named(title, "title") && !title->closed;
        return;
    }
    if (is_named(title, "title"))
        title->state = title->found ? HTML_RAW : HTML_TITLE;
    else if (is_raw(title))
        title->state = HTML_RAW;
}

// Where an attribute goes on after this byte, which ends no tag.
static enum html_state attribute_next(struct http_title *title, uint8_t octet)
{
    switch (title->state) {
    case HTML_BEFORE_VALUE:
        if (is_space(octet))
            return HTML_BEFORE_VALUE;
        title->quote = octet;
        return octet == '"' || octet == '\'' ? HTML_VALUE_QUOTED : HTML_VALUE;
    case HTML_VALUE:
        return is_space(octet) ? HTML_ATTRIBUTES : HTML_VALUE;
    case HTML_ATTRIBUTE_NAME:
    case HTML_AFTER_NAME:
        if (octet == '=')
            return HTML_BEFORE_VALUE;
        if (is_space(octet))
            return HTML_AFTER_NAME;
        return octet == '/' ? HTML_ATTRIBUTES : HTML_ATTRIBUTE_NAME;
    default:
        return is_space(octet) || octet == '/' ? HTML_ATTRIBUTES : HTML_ATTRIBUTE_NAME;
    }
}

// Inside a tag, behind its name. ">" ends it anywhere but in quotes.
static void attribute_read(struct http_title *title, uint8_t octet)
{
    if (octet == '>') {
        tag_end(title);
        return;
    }
    title->state = attribute_next(title, octet);
    title->closed = octet == '/' && title->state == HTML_ATTRIBUTES;
}

static void tag_read(struct http_title *title, uint8_t octet)
{
    if (title->state == HTML_TAG_NAME && octet != '>' && octet != '/' && !is_space(octet)) {
        name_put(title, octet);
        return;
    }
    if (title->state == HTML_TAG_NAME)
        title->in_meta = !title->end_tag && is_named(title, "meta");
    attribute_read(title, octet);
}

// Behind "<", "</" or "<!".
static void opening_read(struct http_title *title, uint8_t octet)
{
    if (title->state == HTML_MARKUP) {
        title->dashes = octet == '-' ? (uint8_t)(title->dashes + 1) : 0;
        if (title->dashes == 2)
            title->state = HTML_COMMENT;
        else if (octet != '-')
            title->state = octet == '>' ? HTML_TEXT : HTML_BOGUS_COMMENT;
        return;
    }
    bool end_tag = title->state == HTML_END_TAG_OPEN;
    title->dashes = 0;
    if (is_letter(octet)) {
        tag_begin(title, end_tag);
        name_put(title, octet);
    } else if (end_tag)
        title->state = octet == '>' ? HTML_TEXT : HTML_BOGUS_COMMENT;
    else if (octet == '/')
        title->state = HTML_END_TAG_OPEN;
    else if (octet == '!')
        title->state = HTML_MARKUP;
    else if (octet == '?')
        title->state = HTML_BOGUS_COMMENT;
    else if (octet != '<')
        title->state = HTML_TEXT;
}

// "-->" and "--!>" end it, and so does ">" right behind "<!--" or "<!---": dashes begins with the two that opened it.
static void comment_read(struct http_title *title, uint8_t octet)
{
    if (octet == '>' && title->dashes >= 2)
        title->state = HTML_TEXT;
    else if (octet == '-')
        title->dashes = title->dashes < 2 ? (uint8_t)(title->dashes + 1) : 2;
    else
        title->dashes = octet == '!' && title->dashes >= 2 ? 2 : 0;
}

// Text that ends with "</NAME" and what ends a name; what only looked like it is text.
static void raw_read(struct http_title *title, uint8_t octet)
{
    char wanted[HTML_NAME_MAX + 3] = "</";
    bool keeps = title->state == HTML_TITLE;
    memcpy(wanted + 2, title->name, (size_t)title->name_length + 1);
    size_t whole = (size_t)title->name_length + 2;
    if (title->matched < whole && lower(octet) == (uint8_t)wanted[title->matched]) {
        title->matched++;
        return;
    }
    if (title->matched == whole && (octet == '>' || octet == '/' || is_space(octet))) {
        if (keeps)
            text_finish(title);
        title->end_tag = true;
        title->state = HTML_ATTRIBUTES;
        attribute_read(title, octet);
        return;
    }
    for (size_t at = 0; keeps && at < title->matched; at++)
        text_put(title, (uint8_t)end_tag_title[at]);
    title->matched = octet == '<' ? 1 : 0;
    if (keeps && title->matched == 0)
        text_put(title, octet);
}

void http_title_read(struct http_title *title, uint8_t octet)
{
    if (title->in_meta)
        http_label_read(&title->meta, octet);
    switch (title->state) {
    case HTML_TEXT:
        title->state = octet == '<' ? HTML_TAG_OPEN : HTML_TEXT;
        break;
    case HTML_TAG_OPEN:
    case HTML_END_TAG_OPEN:
    case HTML_MARKUP:
        opening_read(title, octet);
        break;
    case HTML_TAG_NAME:
    case HTML_ATTRIBUTES:
    case HTML_ATTRIBUTE_NAME:
    case HTML_AFTER_NAME:
    case HTML_BEFORE_VALUE:
    case HTML_VALUE:
        tag_read(title, octet);
        break;
    case HTML_VALUE_QUOTED:
        title->state = octet == title->quote ? HTML_ATTRIBUTES : HTML_VALUE_QUOTED;
        break;
    case HTML_COMMENT:
        comment_read(title, octet);
        break;
    case HTML_BOGUS_COMMENT:
        title->state = octet == '>' ? HTML_TEXT : HTML_BOGUS_COMMENT;
        break;
    case HTML_RAW:
    case HTML_TITLE:
        raw_read(title, octet);
        break;
    }
}

size_t http_title_run(struct http_title *title, const uint8_t *data, size_t length)
{
    enum http_charset charset = title->charset;
    size_t at = 0;
    while (at < length && !title->found && title->charset == charset) {
        // Most of a page is text between tags.
        if (title->state == HTML_TEXT) {
            const uint8_t *tag = memchr(data + at, '<', length - at);
            if (tag == NULL)
                return length;
            at = (size_t)(tag - data);
        } else if (title->state == HTML_RAW && title->matched == 0) {
            // Of a script's or a style's text only the end is looked for.
            const uint8_t *tag = memchr(data + at, '<', length - at);
            if (tag == NULL)
                return length;
            at = (size_t)(tag - data);
        } else if (title->state == HTML_VALUE_QUOTED && !title->in_meta) {
            const uint8_t *quote = memchr(data + at, title->quote, length - at);
            if (quote == NULL)
                return length;
            at = (size_t)(quote - data);
        }
        http_title_read(title, data[at++]);
    }
    return at;
}
