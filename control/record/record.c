// SPDX-License-Identifier: BSD-3-Clause
#include "control/record/record.h"

#include <string.h>

const char *const outcome_names[OUTCOME_COUNT] = {
#define X(enumerator, name, help) name,
    RECORD_OUTCOMES(X)
#undef X
};

bool record_is_open(const struct observation *observation)
{
    const struct root_observation *root = observation->root;
    return root == NULL || !root->known.outcome ||
           (!text_is(&root->outcome, outcome_names[OUTCOME_CLOSED]) &&
            !text_is(&root->outcome, outcome_names[OUTCOME_UNREACHABLE]));
}

const char *const outcome_help[OUTCOME_COUNT] = {
#define X(enumerator, name, help) help,
    RECORD_OUTCOMES(X)
#undef X
};

const char record_truncated[] = "truncated";

// Skips `"name":` with a comma before it unless it is the first; false when it is not there.
static bool key_skip(const char **at, const char *end, const char *text)
{
    size_t length = strlen(text);
    if ((size_t)(end - *at) < length || memcmp(*at, text, length) != 0)
        return false;
    *at += length;
    return true;
}

static bool number_read(const char **at, const char *end, uint32_t limit, uint32_t *ret_value)
{
    uint32_t value = 0;
    const char *start = *at;
    while (*at < end && **at >= '0' && **at <= '9') {
        value = value * 10 + (uint32_t)(**at - '0');
        if (value > limit)
            return false;
        (*at)++;
    }
    *ret_value = value;
    return *at > start;
}

// Skips a string that our writer wrote, so a quote inside it has a backslash before it.
static bool string_skip(const char **at, const char *end)
{
    while (*at < end && **at != '"')
        *at += **at == '\\' ? 2 : 1;
    if (*at >= end)
        return false;
    (*at)++;
    return true;
}

bool record_read_key(const char *line, size_t length, uint32_t *ret_address, uint16_t *ret_port)
{
    const char *at = line;
    const char *end = line + length;
    uint32_t number;
    uint32_t address = 0;
    if (!key_skip(&at, end, "{\"schema\":") || !number_read(&at, end, 1000000, &number))
        return false;
    if (key_skip(&at, end, ",\"scan\":\"") && !string_skip(&at, end))
        return false;
    if (!key_skip(&at, end, ",\"time\":\"") || !string_skip(&at, end) || !key_skip(&at, end, ",\"ip\":\""))
        return false;
    for (int i = 0; i < 4; i++) {
        if ((i > 0 && !key_skip(&at, end, ".")) || !number_read(&at, end, 255, &number))
            return false;
        address = address << 8 | number;
    }
    if (!key_skip(&at, end, "\",\"port\":") || !number_read(&at, end, 65535, &number) || at == end || end[-1] != '}')
        return false;
    *ret_address = address;
    *ret_port = (uint16_t)number;
    return true;
}

bool record_read_outcome(const char *line, size_t length, enum outcome *ret_outcome)
{
    // Inside a string each quote has a backslash before it, so these bytes are found as a key only.
    static const char key[] = ",\"outcome\":\"";
    const char *at = memmem(line, length, key, sizeof(key) - 1);
    if (at == NULL)
        return false;
    at += sizeof(key) - 1;
    size_t left = length - (size_t)(at - line);
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        size_t bytes = strlen(outcome_names[i]);
        if (bytes < left && memcmp(at, outcome_names[i], bytes) == 0 && at[bytes] == '"') {
            *ret_outcome = (enum outcome)i;
            return true;
        }
    }
    return false;
}
