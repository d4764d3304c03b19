// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Writes plan images: the other half of config/image/image.h, used by plan_compile and by tests that need an image
// without a plan.

#include <stddef.h>
#include <stdint.h>

#include "config/image/image.h"

// Strings that an image will hold, each once. offset 0 is "".
struct string_table {
    char *bytes;
    size_t length;
    size_t capacity;
    uint32_t *slots; // open addressing, offsets
    size_t slot_count;
    size_t used;
};

// init returns 0 or -ENOMEM. fini may follow a failed init.
int string_table_init(struct string_table *table);
void string_table_fini(struct string_table *table);

// A second table with the same strings at the same offsets. Returns 0 or -ENOMEM.
int string_table_clone(const struct string_table *table, struct string_table *ret_clone);

// The offset of text (NULL counts as ""). Returns 0 or -ENOMEM, -EOVERFLOW above 4 GiB.
int string_table_add(struct string_table *table, const char *text, uint32_t *ret_offset);

struct image_part {
    const void *items;
    size_t count;
};

struct image_parts {
    struct image_settings settings;
    struct image_part parts[IMAGE_SECTION_COUNT]; // by enum image_section; an absent one has count 0
};

// Puts the target arrays and the counts in settings that describe them (addresses, whole_addresses, sixteen_addresses)
// into parts. The arrays stay targets'.
void image_parts_targets(struct image_parts *parts, const struct targets *targets);

// Writes the image to fd from offset 0 and truncates it to size. Returns 0, -ENOMEM or -errno.
int image_write(const struct image_parts *parts, int fd);

// Fills [65536] from ascending ports.
void image_port_index(const uint16_t *ports, uint32_t count, int32_t *ret_index);
