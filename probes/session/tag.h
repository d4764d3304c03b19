// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Tags of a stream of XML (Extensible Markup Language 1.0), one by one, as protocols need them that are made of them:
// names, attributes and the text before a tag. No entities, no namespaces: a name is compared as it is written. What is
// not wanted of XML in such streams (RFC 6120 section 11.1: comments, processing instructions) is a tag like any other.

#include <stdbool.h>
#include <stddef.h>

#include "probes/bytes.h"

enum { TAG_BYTES_MAX = 4096 }; // of one tag and the text before it

struct tag {
    struct bytes text;       // before it
    struct bytes name;       // "stream:features"; of a tag that ends an element without the slash
    struct bytes attributes; // behind the name, as written
    bool ends;               // </name>
    bool empty;              // <name/>
};

enum tag_status {
    TAG_WAIT = 0, // not whole yet: nothing was taken
    TAG_TAKEN,
    TAG_NONE // no tag in TAG_BYTES_MAX, or it has no name
};

enum tag_status tag_take(struct bytes *input, struct tag *ret_tag);

// The value of an attribute as written; failed when there is none.
struct bytes tag_attribute(const struct tag *tag, const char *name);

bool tag_is(const struct tag *tag, const char *name);
