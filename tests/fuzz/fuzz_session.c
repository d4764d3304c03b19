// SPDX-License-Identifier: BSD-3-Clause
// One protocol's session, and whatever it hands over to, as a server's bytes meet it. FUZZ_SESSION names it.
#include "tests/fuzz/entry.h"
#include "tests/fuzz/feed.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    feed_session(FUZZ_SESSION, data, size);
}
