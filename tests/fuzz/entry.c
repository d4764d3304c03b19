// SPDX-License-Identifier: BSD-3-Clause
#include "tests/fuzz/entry.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// Instrumented and with every check on, which takes ten times as long as without.
#define RUN_NS  (UINT64_C(1000000) * FUZZ_RUN_MS)
#define BYTE_NS UINT64_C(20000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

uint64_t fuzz_cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;
    uint64_t began_ns = fuzz_cpu_ns();
    fuzz_one(data, size);
    uint64_t cost_ns = fuzz_cpu_ns() - began_ns;
    if (begun && cost_ns > RUN_NS + size * BYTE_NS) {
        fprintf(stderr, "%zu bytes cost %" PRIu64 " us\n", size, cost_ns / 1000);
        abort();
    }
    begun = true;
    return 0;
}
