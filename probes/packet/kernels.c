// SPDX-License-Identifier: BSD-3-Clause
#include "probes/packet/kernels.h"

#include <stdbool.h>

#include "probes/packet/kernels_variants.h"

static bool cpu_any(void)
{
    return true;
}

// Best first; the last one runs everywhere.
static const struct {
    const struct kernels *kernels;
    bool (*cpu_runs)(void);
} variants[] = {
    {&kernels_portable, cpu_any},
};

size_t kernels_all(const struct kernels *ret_all[static 4])
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++)
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
