// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The elements of one long array in a JSON file, one at a time: {"vulnerabilities": [ {..}, {..} ]} of a gigabyte is
// never held whole. The array is a member of the outermost object, or that is the array itself. An element is bounded,
// and parsed by jansson.

#include <stdbool.h>

#include <jansson.h>

#include "control/feeds/feed_input.h"

enum { JSON_ELEMENT_BYTES = 16 << 20, JSON_ELEMENT_DEPTH = 64 };

struct json_stream_use {
    const char *array; // the member's name; NULL = the outermost value is the array, or containers are taken
    // A member that stands for the outermost value itself: where it is an object its members are taken as if they were
    // the outermost's, where it is an array its elements are. The outermost may then be an array too. NULL: none.
    const char *within;
    // Takes an element. number: from 0. Not 0 ends the reading and is returned.
    int (*element)(void *context, const json_t *element, size_t number);
    // Takes each object among the outermost object's members, instead of an array's elements; may be NULL.
    int (*container)(void *context, const char *name, const json_t *value);
    // The file is any number of values, one behind another (JSON lines, or files put together), and `element` takes
    // each; of those that are arrays, their elements.
    bool sequence;
    // The file is any number of outermost objects, one behind another, each with its array.
    bool repeated;
    // Takes a member of the outermost object that is no container; may be NULL.
    int (*member)(void *context, const char *name, const json_t *value);
    void *context;
};

// Returns 0 when the whole file was read, what a callback returned, or -EINVAL with a complaint: no JSON, no such
// array, an end in the middle, an element that is too long or nested too deep, something behind the end.
int json_stream_read(struct feed_input *input, const struct json_stream_use *use);
