// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Byte strings, each kept once and named by a number: values, shapes of records, shapes of hosts. 0 is the empty one.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intern {
    uint8_t *bytes;
    size_t length;
    size_t capacity;
    uint64_t *offsets; // [count + 1]
    uint32_t count;
    uint32_t room;
    uint32_t *slots;  // open addressing: number + 1
    uint64_t *hashes; // [room], of each
    size_t slot_count;
    size_t bytes_max;
};

// bytes_max: of all strings together. init returns 0 or -ENOMEM; fini may follow a failed init.
int intern_init(struct intern *intern, size_t bytes_max);
void intern_fini(struct intern *intern);

// The number of these bytes. Returns 0, -ENOMEM, or -ENOSPC beyond bytes_max.
int intern_put(struct intern *intern, const void *bytes, size_t length, uint32_t *ret_number);

// The same of bytes that may not be there: false.
bool intern_find(const struct intern *intern, const void *bytes, size_t length, uint32_t *ret_number);

// The bytes of a number that intern_put gave; they stay where they are until the next intern_put.
const void *intern_get(const struct intern *intern, uint32_t number, size_t *ret_length);
