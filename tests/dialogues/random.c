// SPDX-License-Identifier: BSD-3-Clause
// Only the interface of old lets a program give OpenSSL a source of its own in a dozen lines; a provider takes a
// hundred.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tests/dialogues/random.h"

#include <openssl/rand.h>
#include <stdint.h>

static uint64_t state;

// xorshift64.
static int random_bytes(unsigned char *room, int length)
{
    for (int i = 0; i < length; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        room[i] = (unsigned char)(state >> 32);
    }
    return 1;
}

static int random_status(void)
{
    return 1;
}

void random_repeat(void)
{
    static const RAND_METHOD method = {.bytes = random_bytes, .pseudorand = random_bytes, .status = random_status};
    state = UINT64_C(0x9e3779b97f4a7c15);
    (void)RAND_set_rand_method(&method);
}
