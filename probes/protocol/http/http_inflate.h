// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to http: unpacks content (RFC 1950, RFC 1951, RFC 1952) with zlib, whose memory is counted as ours.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_inflater;

enum http_inflate_format { HTTP_INFLATE_RAW = 0, HTTP_INFLATE_ZLIB, HTTP_INFLATE_GZIP };

// Takes some unpacked bytes; false for no more.
typedef bool http_inflate_take(void *context, const uint8_t *data, size_t length);

enum http_inflate_status { HTTP_INFLATE_FAILED = 0, HTTP_INFLATE_MORE, HTTP_INFLATE_END };

// NULL without memory.
struct http_inflater *http_inflater_new(enum http_inflate_format format);
void http_inflater_free(struct http_inflater *inflater);

// Unpacks some bytes, a kilobyte at a time, until they end or nobody takes any more. END behind the last one, where the
// packed bytes are no such thing, and when no more were taken; FAILED without memory.
enum http_inflate_status http_inflate(struct http_inflater *inflater, const uint8_t *data, size_t length,
                                      http_inflate_take *take, void *context);
