// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/http/http_page.h"

#include <string.h>
#include <strings.h>

#include "probes/memory.h"
#include "probes/protocol/http/http_inflate.h"
#include "probes/protocol/http/http_reference.h"

enum { ESCAPE = 0x1b, UTF8_GROWTH = 4, TITLE_BYTES = 255 };

struct http_page *http_page_new(void)
{
    struct http_page *page = memory_change(NULL, sizeof(*page));
    if (page != NULL)
        *page = (struct http_page){0};
    return page;
}

void http_page_free(struct http_page *page)
{
    if (page == NULL)
        return;
    http_inflater_free(page->inflater);
    buffer_fini(&page->kept);
    memory_give(page);
}

static bool field_is(struct bytes name, const char *word)
{
    return name.length == strlen(word) && strncasecmp((const char *)name.data, word, name.length) == 0;
}

static void coding_note(struct http_page *page, struct bytes value)
{
    static const struct {
        const char *name;
        enum http_coding coding;
    } codings[] = {{"identity", HTTP_CODING_NONE},
                   {"", HTTP_CODING_NONE},
                   {"gzip", HTTP_CODING_GZIP},
                   {"x-gzip", HTTP_CODING_GZIP},
                   {"deflate", HTTP_CODING_DEFLATE}};
    page->coding = HTTP_CODING_OTHER;
    for (size_t at = 0; at < sizeof(codings) / sizeof(codings[0]); at++)
        if (field_is(value, codings[at].name))
            page->coding = codings[at].coding;
}

void http_page_field(struct http_page *page, struct observation *observation, struct bytes name, struct bytes value)
{
    static const struct {
        const char *name;
        const struct field *field;
    } texts[] = {
        {"server", FIELD(http, server)},
        {"x-powered-by", FIELD(http, powered_by)},
        {"location", FIELD(http, location)},
        {"content-type", FIELD(http, content_type)},
        {"www-authenticate", FIELD(http, authenticate)},
    };
    for (size_t at = 0; at < sizeof(texts) / sizeof(texts[0]); at++)
        if (field_is(name, texts[at].name) && !field_known(observation->http, texts[at].field))
            learn_text(observation, texts[at].field, value.data, value.length);
    if (field_is(name, "content-encoding"))
        coding_note(page, value);
}

bool http_page_begin(struct http_page *page, const struct http_observation *http, bool refusal, uint32_t keeps,
                     bool keeps_any)
{
    const char *type = text_of(&http->content_type);
    struct http_label label = {0};
    for (const char *at = strchr(type, ';'); at != NULL && *at != '\0'; at++)
        http_label_read(&label, (uint8_t)*at);
    page->charset = http_label_charset(&label);
    page->titled = !http->known.content_type || strcasestr(type, "html") != NULL;
    page->refusal = refusal;
    page->keeps = page->titled && !keeps_any ? 0 : keeps;
    if (page->keeps < HTTP_REFUSAL_MAX && refusal)
        page->keeps = HTTP_REFUSAL_MAX;
    return (page->titled || page->keeps > 0) && page->coding != HTTP_CODING_OTHER;
}

// What the page is written in, as far as it is known.
static enum http_charset charset_of(const struct http_page *page)
{
    return page->charset != CHARSET_UNKNOWN ? page->charset : page->title.charset;
}

static void code_read(struct http_page *page, uint32_t code)
{
    char octets[4];
    size_t length = http_utf8_put(code, octets);
    for (size_t at = 0; at < length; at++)
        http_title_read(&page->title, (uint8_t)octets[at]);
}

// The Encoding Standard, section 14.2.2: a surrogate that stands alone is U+FFFD.
static void unit_read(struct http_page *page, uint32_t unit)
{
    uint32_t first = page->surrogate;
    page->surrogate = 0;
    if (first != 0 && unit >= 0xdc00 && unit <= 0xdfff) {
        code_read(page, 0x10000 + ((first - 0xd800) << 10) + (unit - 0xdc00));
        return;
    }
    if (first != 0)
        code_read(page, first);
    if (unit >= 0xd800 && unit <= 0xdbff)
        page->surrogate = (uint16_t)unit;
    else
        code_read(page, unit);
}

static void utf16_read(struct http_page *page, uint8_t octet, bool little)
{
    page->half = !page->half;
    if (page->half)
        page->first = octet;
    else
        unit_read(page, little ? (uint32_t)octet << 8 | page->first : (uint32_t)page->first << 8 | octet);
}

// RFC 1468: escape sequences change between sets of seven bits. Its Japanese ones are those of EUC-JP, whose bytes have
// the eighth bit, so that no tag begins in the midst of them.
static void iso_2022_jp_read(struct http_page *page, uint8_t octet)
{
    bool escaped = page->escape != 0;
    if (octet == ESCAPE) {
        page->escape = octet;
        return;
    }
    if (page->escape == ESCAPE && (octet == '(' || octet == '$')) {
        page->escape = octet;
        return;
    }
    if (page->escape == '(')
        page->set = octet == 'I' ? octet : 0;
    else if (page->escape == '$')
        page->set = octet == '@' || octet == 'B' ? 'B' : page->set;
    page->escape = 0;
    if (escaped)
        return;
    bool character = octet > ' ' && octet < 0x7f && page->set != 0;
    if (character && page->set == 'I')
        http_title_read(&page->title, 0x8e);
    http_title_read(&page->title, character ? octet | 0x80 : octet);
}

static void octet_read(struct http_page *page, uint8_t octet)
{
    switch (charset_of(page)) {
    case CHARSET_UTF_16BE:
    case CHARSET_UTF_16LE:
        utf16_read(page, octet, page->charset == CHARSET_UTF_16LE);
        break;
    case CHARSET_ISO_2022_JP:
        iso_2022_jp_read(page, octet);
        break;
    default:
        http_title_read(&page->title, octet);
        break;
    }
}

// A byte order mark says more than any field (the Encoding Standard, section 6). Bytes that only begin like one are
// read as soon as that is clear.
static void mark_read(struct http_page *page, uint8_t octet)
{
    static const struct {
        uint8_t bytes[3];
        uint8_t length;
        enum http_charset charset;
    } marks[] = {{{0xef, 0xbb, 0xbf}, 3, CHARSET_UTF_8},
                 {{0xfe, 0xff}, 2, CHARSET_UTF_16BE},
                 {{0xff, 0xfe}, 2, CHARSET_UTF_16LE}};
    page->mark[page->mark_length++] = octet;
    for (size_t at = 0; at < sizeof(marks) / sizeof(marks[0]); at++) {
        if (memcmp(page->mark, marks[at].bytes, page->mark_length) != 0)
            continue;
        if (page->mark_length == marks[at].length) {
            page->charset = marks[at].charset;
            page->mark_length = sizeof(page->mark);
        }
        return;
    }
    size_t held = page->mark_length;
    page->mark_length = sizeof(page->mark);
    for (size_t at = 0; at < held; at++)
        octet_read(page, page->mark[at]);
}

// Whether what the title is written in is known, or will not be said any more.
static bool charset_settled(const struct http_page *page)
{
    return !page->title.eight_bit || charset_of(page) != CHARSET_UNKNOWN || page->read >= HTTP_PRESCAN_MAX;
}

static bool title_settled(const struct http_page *page)
{
    return !page->titled || (page->title.found && charset_settled(page));
}

// Whether the bytes of the page are the tokenizer's as they come.
static bool is_plain(const struct http_page *page)
{
    enum http_charset charset = charset_of(page);
    return page->mark_length == sizeof(page->mark) && charset != CHARSET_UTF_16BE && charset != CHARSET_UTF_16LE &&
           charset != CHARSET_ISO_2022_JP;
}

static bool page_take(void *context, const uint8_t *data, size_t length)
{
    struct http_page *page = context;
    length = length < HTTP_PAGE_MAX - page->read ? length : HTTP_PAGE_MAX - page->read;
    if (page->read < page->keeps)
        buffer_put(&page->kept, data, length < page->keeps - page->read ? length : page->keeps - page->read);
    while (length > 0 && !page->done) {
        size_t taken = 1;
        if (page->mark_length < sizeof(page->mark))
            mark_read(page, *data);
        else if (is_plain(page) && !page->title.found)
            taken = http_title_run(&page->title, data, length);
        else
            octet_read(page, *data);
        data += taken;
        length -= taken;
        page->read += (uint32_t)taken;
        page->done = page->read == HTTP_PAGE_MAX || (title_settled(page) && page->read >= page->keeps);
    }
    return !page->done;
}

static bool page_inflate(struct http_page *page, const uint8_t *data, size_t length)
{
    enum http_inflate_status status = http_inflate(page->inflater, data, length, page_take, page);
    page->done = page->done || status == HTTP_INFLATE_END;
    return status != HTTP_INFLATE_FAILED;
}

// The first two bytes say what it is, in spite of what was said of it: bare deflate is called the same as zlib's
// format, and what is called packed may not be.
static bool packed_begin(struct http_page *page)
{
    const uint8_t *begin = page->begin;
    enum http_inflate_format format = HTTP_INFLATE_RAW;
    if (begin[0] == 0x1f && begin[1] == 0x8b)
        format = HTTP_INFLATE_GZIP;
    else if ((begin[0] & 0x0f) == 8 && (begin[0] * 256 + begin[1]) % 31 == 0)
        format = HTTP_INFLATE_ZLIB;
    else if (page->coding == HTTP_CODING_GZIP) {
        page->coding = HTTP_CODING_NONE;
        (void)page_take(page, begin, sizeof(page->begin));
        return true;
    }
    page->inflater = http_inflater_new(format);
    return page->inflater != NULL && page_inflate(page, begin, sizeof(page->begin));
}

bool http_page_read(struct http_page *page, const uint8_t *data, size_t length)
{
    while (page->coding != HTTP_CODING_NONE && page->inflater == NULL && length > 0) {
        page->begin[page->begin_length++] = *data++;
        length--;
        if (page->begin_length == sizeof(page->begin) && !packed_begin(page))
            return false;
    }
    if (length == 0 || page->done)
        return !page->kept.failed;
    if (page->coding != HTTP_CODING_NONE)
        return page_inflate(page, data, length) && !page->kept.failed;
    (void)page_take(page, data, length);
    return !page->kept.failed;
}

// The title's bytes as UTF-8. What no one has said anything of is UTF-8 if it can be, else what the web calls Latin-1.
static void title_decode(const struct http_page *page, const struct http_charsets *charsets, struct http_utf8 *ret)
{
    const struct http_title *title = &page->title;
    const struct bytes text = bytes_of(title->text, title->length);
    enum http_charset charset = charset_of(page);
    if (!title->eight_bit) {
        memcpy(ret->text, text.data, text.length);
        ret->length = text.length;
        return;
    }
    bool unknown = charset == CHARSET_UNKNOWN;
    if (unknown || charset == CHARSET_UTF_16BE || charset == CHARSET_UTF_16LE)
        charset = CHARSET_UTF_8;
    else if (charset == CHARSET_ISO_2022_JP)
        charset = CHARSET_EUC_JP;
    http_charset_decode(charsets, charset, text, ret);
    if (unknown && (ret->replaced || (ret->unended && title->found && !title->cut)))
        http_charset_decode(charsets, CHARSET_WINDOWS_1252, text, ret);
}

// The length of a title without the reference at its end whose own end did not come: it might stand for anything.
static size_t reference_drop(const char *text, size_t length)
{
    size_t at = length;
    while (at > 0 && (text[at - 1] == '#' || (text[at - 1] >= '0' && text[at - 1] <= '9') ||
                      ((text[at - 1] | 0x20) >= 'a' && (text[at - 1] | 0x20) <= 'z')))
        at--;
    return at > 0 && text[at - 1] == '&' ? at - 1 : length;
}

// Joins spaces that references stand for, leaves those at the ends out, and keeps whole characters of what fits.
static size_t title_trim(char *text, size_t length, bool *ret_cut)
{
    size_t kept = 0;
    for (size_t at = 0; at < length; at++) {
        bool space = (uint8_t)text[at] <= ' ';
        if (!space || (kept > 0 && text[kept - 1] != ' '))
            text[kept++] = space ? ' ' : text[at];
    }
    *ret_cut = kept > TITLE_BYTES && (kept > TITLE_BYTES + 1 || text[TITLE_BYTES] != ' ');
    if (kept > TITLE_BYTES)
        for (kept = TITLE_BYTES; kept > 0 && ((uint8_t)text[kept] & 0xc0) == 0x80; kept--)
            ;
    while (kept > 0 && text[kept - 1] == ' ')
        kept--;
    return kept;
}

struct bytes http_page_kept(const struct http_page *page)
{
    return bytes_of(buffer_bytes(&page->kept), page->kept.length);
}

// Whether the refusal is that of a server which was spoken to without TLS: nginx, Go, Apache, Tomcat, CherryPy, MinIO.
static bool tls_required(const struct http_page *page)
{
    static const char *const words[] = {"https port",         "https server",      "ssl-enabled server port",
                                        "requires tls",       "only speaks https", "tls-encrypted server",
                                        "running in ssl mode"};
    char text[HTTP_REFUSAL_MAX + 1];
    struct bytes kept = http_page_kept(page);
    size_t length = kept.length < HTTP_REFUSAL_MAX ? kept.length : HTTP_REFUSAL_MAX;
    const uint8_t *bytes = kept.data;
    for (size_t at = 0; at < length; at++)
        text[at] = bytes[at] == '\0' ? ' ' : (char)bytes[at];
    text[length] = '\0';
    for (size_t at = 0; at < sizeof(words) / sizeof(words[0]); at++)
        if (strcasestr(text, words[at]) != NULL)
            return true;
    return false;
}

void http_page_learn(const struct http_page *page, const struct http_charsets *charsets, bool whole,
                     struct observation *observation)
{
    const struct http_title *title = &page->title;
    char text[HTTP_TITLE_MAX * UTF8_GROWTH];
    char plain[sizeof(text) * HTTP_REFERENCE_GROWTH];
    bool cut = false;
    if (page->refusal && page->kept.length > 0 && tls_required(page))
        learn_flag(observation, FIELD(http, tls_required), true);
    if (!page->titled || (!title->found && title->length == 0) || (!whole && !charset_settled(page)))
        return;
    struct http_utf8 decoded = {.text = text, .size = sizeof(text)};
    title_decode(page, charsets, &decoded);
    bool unended = title->cut || !title->found;
    size_t length = unended ? reference_drop(text, decoded.length) : decoded.length;
    char *written = text;
    if (memchr(text, '&', length) != NULL) {
        length = http_references_decode(text, length, plain);
        written = plain;
    }
    length = title_trim(written, length, &cut);
    learn_text(observation, FIELD(http, title), written, length);
    // Its end did not come, or there was no room for it.
    if (cut || unended)
        learn_cut(observation, FIELD(http, title));
}
