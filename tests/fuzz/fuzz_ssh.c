// SPDX-License-Identifier: BSD-3-Clause
// Half of the runs leave the key exchange out, so that packets behind NEWKEYS are reached; the others meet its parsers.
// The last bit of the input's last byte chooses.

#include "tests/fuzz/entry.h"
#include "tests/fuzz/feed.h"
#include "tests/unit/session/plain_ssh.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    ssh_plain = size > 0 && (data[size - 1] & 1) == 0;
    feed_session("ssh", data, size);
}
