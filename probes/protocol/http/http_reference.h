// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to http: character references in the text of a page (HTML Standard, sections 13.2.5.72 to 13.2.5.80).

#include <stddef.h>
#include <stdint.h>

// The characters a reference of n bytes stands for take at most so many times n.
enum { HTTP_REFERENCE_GROWTH = 2 };

// Writes the text with its references replaced, at most HTTP_REFERENCE_GROWTH times its length, which is returned.
size_t http_references_decode(const char *text, size_t length, char *ret_text);

// A code point as UTF-8; U+FFFD for what is none. Returns 1 to 4.
size_t http_utf8_put(uint32_t code, char ret_octets[static 4]);
