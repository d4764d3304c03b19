// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/http/http_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char open_tag[] = "<title";
static const char close_tag[] = "</title";

static uint8_t lower(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet + ('a' - 'A')) : octet;
}

// One step of a search: how many letters of the phrase are matched after this byte. None of the phrases repeats its
// beginning within itself in a way that would need more memory than this.
static uint8_t phrase_step(const char *phrase, uint8_t matched, uint8_t octet)
{
    if (octet == (uint8_t)phrase[matched])
        return (uint8_t)(matched + 1);
    return octet == (uint8_t)phrase[0] ? 1 : 0;
}

static uint32_t entity_value(const char *name)
{
    static const struct {
        const char *name;
        uint8_t value;
    } named[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}, {"nbsp", ' '}};
    for (size_t at = 0; at < sizeof(named) / sizeof(named[0]); at++)
        if (strcmp(name, named[at].name) == 0)
            return named[at].value;
    if (name[0] != '#')
        return 0;
    bool hex = name[1] == 'x' || name[1] == 'X';
    char *end = NULL;
    unsigned long value = strtoul(name + (hex ? 2 : 1), &end, hex ? 16 : 10);
    return *end != '\0' || value > 0x10ffff ? 0 : (uint32_t)value;
}

static size_t utf8_put(uint32_t value, char ret_octets[4])
{
    if (value < 0x80) {
        ret_octets[0] = (char)value;
        return 1;
    }
    size_t more = value < 0x800 ? 1 : value < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    ret_octets[0] = (char)(lead[more] | value >> (6 * more));
    for (size_t at = 1; at <= more; at++)
        ret_octets[at] = (char)(0x80 | (value >> (6 * (more - at)) & 0x3f));
    return more + 1;
}

// Replaces the character references of a whole title, in place: none is shorter than what it stands for.
static void title_decode(char *title)
{
    char *to = title;
    for (const char *from = title; *from != '\0';) {
        char name[10];
        const char *end = *from == '&' ? strchr(from, ';') : NULL;
        size_t length = end == NULL ? 0 : (size_t)(end - from) - 1;
        if (length > 0 && length < sizeof(name)) {
            memcpy(name, from + 1, length);
            name[length] = '\0';
            uint32_t value = entity_value(name);
            if (value != 0) {
                char octets[4];
                size_t octets_length = utf8_put(value, octets);
                memcpy(to, octets, octets_length);
                to += octets_length;
                from = end + 1;
                continue;
            }
        }
        *to++ = *from++;
    }
    *to = '\0';
}

// Takes the spaces at the end off, and decodes.
static void title_finish(struct http_body *body)
{
    char *title = body->title;
    while (body->title_length > 0 && title[body->title_length - 1] == ' ')
        body->title_length--;
    title[body->title_length] = '\0';
    title_decode(title);
    body->in_title = false;
    body->title_found = true;
}

static void title_put(struct http_body *body, uint8_t octet)
{
    char *title = body->title;
    bool space = octet <= ' ';
    if (space && (body->title_length == 0 || title[body->title_length - 1] == ' '))
        return;
    if (body->title_length == HTTP_TITLE_MAX) {
        body->title_cut = true;
        return;
    }
    title[body->title_length++] = space ? ' ' : (char)octet;
    title[body->title_length] = '\0';
}

static void title_step(struct http_body *body, uint8_t octet)
{
    if (body->in_title) {
        uint8_t matched = body->tag;
        body->tag = phrase_step(close_tag, matched, lower(octet));
        if (body->tag == sizeof(close_tag) - 1) {
            title_finish(body);
            return;
        }
        // What looked like the end tag and was not belongs to the title.
        for (uint8_t at = 0; body->tag <= matched && at < matched; at++)
            title_put(body, (uint8_t)close_tag[at]);
        if (body->tag == 0)
            title_put(body, octet);
        return;
    }
    if (body->in_tag) {
        body->in_title = octet == '>';
        body->in_tag = !body->in_title;
        return;
    }
    body->tag = phrase_step(open_tag, body->tag, lower(octet));
    if (body->tag == sizeof(open_tag) - 1) {
        body->in_tag = true;
        body->tag = 0;
    }
}

static int hex_value(uint8_t octet)
{
    octet = lower(octet);
    if (octet >= '0' && octet <= '9')
        return octet - '0';
    return octet >= 'a' && octet <= 'f' ? octet - 'a' + 10 : -1;
}

// RFC 9112 section 7.1. True when the byte is content.
static bool chunk_step(struct http_body *body, uint8_t octet)
{
    switch (body->chunk) {
    case HTTP_CHUNK_SIZE:
        if (hex_value(octet) >= 0 && body->left < UINT32_MAX) {
            body->left = body->left * 16 + (uint64_t)hex_value(octet);
            return false;
        }
        body->chunk = HTTP_CHUNK_EXTENSION;
        // fall through
    case HTTP_CHUNK_EXTENSION:
        if (octet == '\n') {
            body->chunk = body->left == 0 ? HTTP_CHUNK_LAST : HTTP_CHUNK_DATA;
            body->ended = body->left == 0;
        }
        return false;
    case HTTP_CHUNK_DATA:
        body->chunk = --body->left == 0 ? HTTP_CHUNK_END : HTTP_CHUNK_DATA;
        return true;
    case HTTP_CHUNK_END:
        body->chunk = octet == '\n' ? HTTP_CHUNK_SIZE : HTTP_CHUNK_END;
        return false;
    case HTTP_CHUNK_LAST:
        break;
    }
    return false;
}

void http_body_read(struct http_body *body, struct bytes *input)
{
    while (!body->ended && input->length > 0) {
        uint8_t octet = bytes_u8(input);
        bool content = true;
        if (body->chunked)
            content = chunk_step(body, octet);
        else if (body->bounded)
            body->ended = --body->left == 0;
        if (content)
            title_step(body, octet);
        if (++body->seen >= HTTP_BODY_MAX || body->title_found)
            body->ended = true;
    }
}
