// SPDX-License-Identifier: BSD-3-Clause
// libFuzzer: any bytes as a line of records. What is read can be written, and that is read back and written the same.
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/record/record.h"
#include "tests/fuzz/entry.h"

// Reads a copy that is exactly as long as the line, and writes it to text. Returns the length, 0 when it was refused.
static size_t line_rewrite(const void *line, size_t length, char *text, size_t *ret_unknown)
{
    struct observation observation;
    struct record_fault fault = {0};
    struct writer writer;
    char *copy = malloc(length);
    if (copy == NULL && length > 0)
        abort();
    if (length > 0)
        memcpy(copy, line, length);
    observation_init(&observation);
    writer_init(&writer, text, RECORD_BYTES_MAX);
    int error = record_read(copy, length, &observation, ret_unknown, &fault);
    // A refusal says why and where; another schema is nobody's fault.
    if (error == -EINVAL && (fault.what == NULL || fault.at > length))
        abort();
    if (error == 0 && record_write(&observation, &writer) != 0)
        abort();
    observation_fini(&observation);
    free(copy);
    return error == 0 ? writer.length : 0;
}

void fuzz_one(const uint8_t *data, size_t size)
{
    static char first[RECORD_BYTES_MAX];
    static char second[RECORD_BYTES_MAX];
    size_t unknown = 0;
    uint32_t address;
    uint16_t port;
    enum outcome outcome;
    (void)record_read_key((const char *)data, size, &address, &port);
    (void)record_read_outcome((const char *)data, size, &outcome);
    size_t length = line_rewrite(data, size, first, &unknown);
    if (length == 0)
        return;
    if (line_rewrite(first, length - 1, second, &unknown) != length || unknown != 0 ||
        memcmp(first, second, length) != 0)
        abort();
}
