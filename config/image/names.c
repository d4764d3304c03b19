// SPDX-License-Identifier: BSD-3-Clause
#include "config/image/names.h"

enum { LABEL_MAX = 63 };

bool name_is_valid(const char *text)
{
    size_t label = 0;
    size_t length = 0;
    bool letters = false;
    for (; text[length] != '\0'; length++) {
        char byte = text[length];
        bool letter = byte >= 'a' && byte <= 'z';
        bool other = (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
        bool dot = byte == '.' && label > 0;
        if ((!letter && !other && !dot) || length == HOST_NAME_BYTES_MAX || (!dot && label == LABEL_MAX))
            return false;
        label = dot ? 0 : label + 1;
        letters |= letter;
    }
    return letters && label > 0;
}
