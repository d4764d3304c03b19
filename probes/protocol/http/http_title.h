// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to http: finds the title of a page, byte by byte, by the rules of the HTML Standard's tokenizer
// (section 13.2.5) as far as they decide what is a title: comments, quoted attributes, elements whose content is text
// (script, style, ...) and drawings with titles of their own are passed over. Linear in time and of fixed size,
// whatever the page: a parser that builds a tree (gumbo) takes seconds for 64 KB of nested elements.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/protocol/http/http_charset.h"

// Of the title in the page's own bytes; references make them several times as many as it has in the end.
enum { HTTP_TITLE_MAX = 511, HTML_NAME_MAX = 10 };

enum html_state {
    HTML_TEXT = 0,
    HTML_TAG_OPEN, // behind "<"
    HTML_END_TAG_OPEN,
    HTML_TAG_NAME,
    HTML_ATTRIBUTES, // behind the name, or a whole attribute
    HTML_ATTRIBUTE_NAME,
    HTML_AFTER_NAME,   // of an attribute
    HTML_BEFORE_VALUE, // behind "="
    HTML_VALUE,
    HTML_VALUE_QUOTED,
    HTML_MARKUP, // behind "<!"
    HTML_COMMENT,
    HTML_BOGUS_COMMENT,
    HTML_RAW,   // text of an element that ends with its own end tag only
    HTML_TITLE, // the same, and we are after it
};

struct http_title {
    enum html_state state;
    bool found;      // the title is whole
    bool cut;        // it is longer than what is kept
    bool end_tag;    // the tag being read is one
    bool closed;     // "/" was its last character so far
    uint8_t quote;   // of HTML_VALUE_QUOTED
    uint8_t dashes;  // in a row, in comments and behind "<!"
    uint8_t matched; // of "</NAME" in HTML_RAW and HTML_TITLE
    uint8_t name_length;
    char name[HTML_NAME_MAX + 1]; // of the tag, in lower case; longer ones are of no interest
    bool label;                   // inside a drawing's own title, which holds HTML
    bool in_meta;                 // inside the tag of a meta element
    bool eight_bit;               // some byte of the text is none of ASCII
    uint16_t drawings;            // svg elements that are open
    enum http_charset charset;    // what a meta element says
    struct http_label meta;
    uint16_t length;
    char text[HTTP_TITLE_MAX]; // its spaces joined, its references as they came; as far as it came while not found
};

// All-zero is the beginning. The page is in some extension of ASCII. Once the title is found the rest is read for the
// charset alone.
void http_title_read(struct http_title *title, uint8_t octet);

// Reads until the title is found or a meta element has said what the page is written in; returns how much was read.
size_t http_title_run(struct http_title *title, const uint8_t *data, size_t length);
