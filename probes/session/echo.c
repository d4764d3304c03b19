// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/echo.h"

#include <string.h>

// Less could be anybody's: a line "*1" or "GET", or "srvr", with which ZooKeeper refuses that very command.
enum { OURS_MIN_BYTES = 8 };

enum echo echo_beginning(const uint8_t *said, size_t said_length, const uint8_t *data, size_t length)
{
    size_t compared = length < said_length ? length : said_length;
    if (compared == 0 || memcmp(said, data, compared) != 0)
        return ECHO_NONE;
    if (compared == said_length && said_length < OURS_MIN_BYTES)
        return length > said_length ? ECHO_NONE : ECHO_UNDECIDED;
    return compared == said_length ? ECHO_ALL : ECHO_UNDECIDED;
}

// How much of it is text. In what is binary a byte 10 ends no line: of every 65,536 answers to a ClientHello that holds
// one, one ends in that and the hello's first byte, and would be waited on for ever.
static size_t text_length(const uint8_t *data, size_t length)
{
    size_t at = 0;
    while (at < length && ((data[at] >= ' ' && data[at] != 0x7f) || (data[at] >= '\t' && data[at] <= '\r')))
        at++;
    return at;
}

// Our first line without its end, 0 when it has none or is too short.
static size_t line_length(const uint8_t *said, size_t said_length)
{
    const uint8_t *feed = said_length == 0 ? NULL : memchr(said, '\n', text_length(said, said_length));
    size_t length = feed == NULL ? 0 : (size_t)(feed - said);
    length -= length > 0 && said[length - 1] == '\r' ? 1 : 0;
    return length < OURS_MIN_BYTES ? 0 : length;
}

enum echo echo_lines(const uint8_t *said, size_t said_length, const uint8_t *data, size_t length)
{
    size_t ours = line_length(said, said_length);
    size_t at = 0;
    length = ours > 0 ? text_length(data, length) : 0;
    while (ours > 0 && at < length) {
        size_t left = length - at;
        if (memcmp(data + at, said, left < ours ? left : ours) == 0)
            return left < ours ? ECHO_UNDECIDED : ECHO_LINE;
        const uint8_t *feed = memchr(data + at, '\n', left);
        at = feed == NULL ? length : (size_t)(feed - data) + 1;
    }
    return ECHO_NONE;
}
