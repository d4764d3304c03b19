// SPDX-License-Identifier: BSD-3-Clause
#include "probes/packet/kernels.h"

#include <cpuid.h>
#include <stdbool.h>

#include "probes/packet/kernels_variants.h"

// Whether the CPU has VAES; not every compiler's __builtin_cpu_supports knows it. CPUID leaf 7, ECX bit 9.
static bool cpu_has_vaes(void)
{
    unsigned eax;
    unsigned ebx;
    unsigned ecx;
    unsigned edx;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ecx >> 9 & 1) != 0;
}

// __builtin_cpu_supports also asks whether the operating system saves the wide registers.
static bool cpu_runs_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("bmi2") &&
           __builtin_cpu_supports("aes") && cpu_has_vaes();
}

static bool cpu_runs_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("aes") && __builtin_cpu_supports("bmi2");
}

static bool cpu_any(void)
{
    return true;
}

static const struct kernels kernels_avx512 = {
    .name = "avx512-vaes",
    .generate = avx512_generate,
    .cookies = avx512_cookies,
    .positions = avx512_positions,
    .read = avx512_read,
    .judge = avx512_judge,
};

// Best first; the last one runs everywhere.
static const struct {
    const struct kernels *kernels;
    bool (*cpu_runs)(void);
} variants[] = {
    {&kernels_avx512, cpu_runs_avx512},
    {&kernels_avx2, cpu_runs_avx2},
    {&kernels_portable, cpu_any},
};

size_t kernels_all(const struct kernels *ret_all[static 4])
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
        if (variants[i].cpu_runs())
            ret_all[count++] = variants[i].kernels;
    return count;
}

const struct kernels *kernels_best(void)
{
    const struct kernels *all[4];
    kernels_all(all);
    return all[0];
}
