// SPDX-License-Identifier: BSD-3-Clause
#include "tests/fuzz/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    feed_session("http", data, size);
    return 0;
}
