// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/batch.h"

#if defined(__x86_64__)
#include "tools/simnet/batch_avx512.h"
#endif

const struct batch_variant *batch_best(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return &batch_avx512;
#endif
    return NULL;
}
