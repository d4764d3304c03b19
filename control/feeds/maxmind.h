// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What marks a database in MaxMind's format: the beginning of its metadata, near its end.

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool maxmind_recognise(const char *tail, size_t length)
{
    static const char mark[] = "\xab\xcd\xefMaxMind.com";
    return memmem(tail, length, mark, sizeof(mark) - 1) != NULL;
}
