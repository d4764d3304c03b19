// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/feed_input.h"

#include <errno.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

enum { GZIP_BUFFER = 256 << 10, RATIO_FROM_BYTES = 16 << 20 };

int feed_input_open(struct feed_input *input, int fd, const char *name, struct complaint *complaint)
{
    gzFile gzip = gzdopen(fd, "rb");
    if (gzip == NULL) {
        (void)close(fd);
        return -ENOMEM;
    }
    (void)gzbuffer(gzip, GZIP_BUFFER);
    *input = (struct feed_input){.name = name, .gzip = gzip, .line = 1, .complaint = complaint};
    return 0;
}

void feed_input_close(struct feed_input *input)
{
    if (input->gzip != NULL)
        (void)gzclose(input->gzip);
    input->gzip = NULL;
}

int feed_input_rewind(struct feed_input *input)
{
    if (gzrewind(input->gzip) != 0)
        return -EIO;
    input->bytes = 0;
    input->line = 1;
    return 0;
}

int feed_complain(struct feed_input *input, const char *format, ...)
{
    char text[512];
    char place[300];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    (void)snprintf(place, sizeof(place), "%.200s:%llu", input->name, (unsigned long long)input->line);
    return complain(input->complaint, place, "", "%s", text);
}

// What the bounds say after so many bytes.
static int bounds_check(struct feed_input *input)
{
    z_off_t packed = gzoffset(input->gzip);
    if (input->bytes > FEED_BYTES_MAX)
        return feed_complain(input, "unpacks to more than %llu GiB", (unsigned long long)(FEED_BYTES_MAX >> 30));
    if (input->bytes > RATIO_FROM_BYTES && packed > 0 && input->bytes / FEED_RATIO_MAX > (uint64_t)packed)
        return feed_complain(input, "unpacks to more than %d times its size: this is no feed", FEED_RATIO_MAX);
    return 0;
}

ssize_t feed_input_read(struct feed_input *input, void *bytes, size_t room)
{
    int error = 0;
    int got = gzread(input->gzip, bytes, (unsigned int)(room < INT32_MAX ? room : INT32_MAX));
    if (got > 0) {
        input->bytes += (uint64_t)got;
        error = bounds_check(input);
        return error != 0 ? error : got;
    }
    const char *why = gzerror(input->gzip, &error);
    if (got == 0 && error == Z_OK)
        return 0;
    if (got == 0 && error == Z_BUF_ERROR)
        return feed_complain(input, "the packed file ends too early: fetch it again");
    return feed_complain(input, "cannot be read: %s", error == Z_ERRNO ? strerror(errno) : why);
}

ssize_t feed_input_line(struct feed_input *input, char *ret_line, size_t room)
{
    if (gzgets(input->gzip, ret_line, (int)room) == NULL) {
        char none;
        ssize_t got = feed_input_read(input, &none, 1);
        return got < 0 ? got : -ENODATA;
    }
    size_t length = strlen(ret_line);
    bool ended = length > 0 && ret_line[length - 1] == '\n';
    input->bytes += length;
    if (!ended && length + 1 == room)
        return feed_complain(input, "a line of more than %zu bytes", room - 2);
    int error = bounds_check(input);
    input->line++;
    if (error != 0)
        return error;
    while (length > 0 && (ret_line[length - 1] == '\n' || ret_line[length - 1] == '\r'))
        ret_line[--length] = '\0';
    return (ssize_t)length;
}
