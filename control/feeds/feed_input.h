// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The bytes of a feed's file, unpacked where it is gzip, with bounds against files that unpack to more than there is:
// FEED_BYTES_MAX in all, and FEED_RATIO_MAX times the packed bytes. One thread.

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/keys.h"

#define FEED_BYTES_MAX (UINT64_C(8) << 30)

enum { FEED_RATIO_MAX = 1000 };

struct feed_input {
    const char *name; // for messages
    void *gzip;
    uint64_t bytes;    // given so far
    uint64_t line;     // of the next byte, from 1
    int64_t published; // by its own account, where a parser finds it; seconds since 1970, 0
    struct complaint *complaint;
    const char *provider; // whose ranges they are, as who imports says; NULL
};

// Takes over fd. Returns 0, -ENOMEM.
int feed_input_open(struct feed_input *input, int fd, const char *name, struct complaint *complaint);
void feed_input_close(struct feed_input *input);

// Back to the first byte. Returns 0 or -errno.
int feed_input_rewind(struct feed_input *input);

// Up to `room` bytes; their number, 0 at the end, or -EINVAL with a complaint (a broken or cut-off gzip, the bounds).
ssize_t feed_input_read(struct feed_input *input, void *bytes, size_t room);

// The next line without its end, in the caller's room, which keeps what fits and is ended by a NUL. Its length,
// -ENODATA at the end, -EINVAL with a complaint; a line longer than the room is a complaint.
ssize_t feed_input_line(struct feed_input *input, char *ret_line, size_t room);

// A complaint about the line that was read last, "FILE:LINE: ...". Returns -EINVAL.
int feed_complain(struct feed_input *input, const char *format, ...) __attribute__((format(printf, 2, 3)));
