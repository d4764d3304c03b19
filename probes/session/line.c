// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/line.h"

#include <string.h>

size_t line_take(struct bytes *input, size_t most, struct bytes *ret_line)
{
    size_t looked = input->length < most ? input->length : most;
    const uint8_t *feed = looked == 0 ? NULL : memchr(input->data, '\n', looked);
    if (feed == NULL && looked < most)
        return 0;
    size_t length = feed == NULL ? most : (size_t)(feed - input->data);
    size_t taken = feed == NULL ? most : length + 1;
    *ret_line = bytes_slice(input, length);
    (void)bytes_take(input, taken - length);
    if (feed != NULL && length > 0 && ret_line->data[length - 1] == '\r')
        ret_line->length--;
    return taken;
}

bool line_begins(struct bytes line, const char *text)
{
    size_t length = strlen(text);
    return line.length >= length && memcmp(line.data, text, length) == 0;
}
