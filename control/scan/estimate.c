// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/estimate.h"

#include <math.h>

#define NORMAL_975 1.959963984540054 // quantile of the standard normal distribution that leaves 2.5 % above it

bool estimate_share(uint64_t successes, uint64_t trials, struct estimate *ret_share)
{
    if (trials == 0 || successes > trials)
        return false;
    double n = (double)trials;
    double share = (double)successes / n;
    double square = NORMAL_975 * NORMAL_975;
    double centre = (share + square / (2 * n)) / (1 + square / n);
    double half = NORMAL_975 * sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n);
    // Rounding may carry the ends past what they are exactly when all or none succeed.
    *ret_share = (struct estimate){
        .value = share,
        .low = successes == 0 ? 0 : fmax(0, centre - half),
        .high = successes == trials ? 1 : fmin(1, centre + half),
    };
    return true;
}

// 1 - (1 - p)^k without losing the digits of a small remainder.
static double reached(double probability, uint32_t attempts)
{
    return probability >= 1 ? 1 : -expm1(attempts * log1p(-probability));
}

struct estimate estimate_coverage(const struct estimate *probe, uint32_t attempts)
{
    return (struct estimate){
        .value = reached(probe->value, attempts),
        .low = reached(probe->low, attempts),
        .high = reached(probe->high, attempts),
    };
}
