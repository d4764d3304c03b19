// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A feed in XML, an element at a time, with expat: no document type, so no entities and nothing external; depth, text
// and what one tag may hold are bounded.

#include "control/feeds/feed_input.h"

enum { XML_DEPTH_MAX = 64, XML_TEXT_BYTES = 64 << 10, XML_TAG_BYTES = 1 << 20 };

struct xml_stream_use {
    // An element begins. name: without its namespace's prefix. attributes: name and value in turn, ended by NULL. Not 0
    // ends the reading and is returned; either may be NULL.
    int (*begin)(void *context, const char *name, const char *const *attributes);
    // It ends. text: what stands directly in it, cut after XML_TEXT_BYTES - 1 bytes; of an element with children, what
    // follows the last of them.
    int (*end)(void *context, const char *name, const char *text);
    void *context;
};

// The value of an attribute, NULL without one.
const char *xml_attribute(const char *const *attributes, const char *name);

// Returns 0 when the whole file was read, what a callback returned, -ENOMEM, or -EINVAL with a complaint that names the
// line.
int xml_stream_read(struct feed_input *input, const struct xml_stream_use *use);
