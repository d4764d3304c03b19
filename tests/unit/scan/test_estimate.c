// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <math.h>

#include "control/scan/estimate.h"

// Wilson intervals computed by hand from the formula, and the published ones of R. G. Newcombe, "Two-sided confidence
// intervals for the single proportion", Statistics in Medicine 17, 1998, table I, method 3.
Test(estimate, intervals_are_the_published_ones)
{
    static const struct {
        uint64_t successes;
        uint64_t trials;
        double low;
        double high;
    } rows[] = {
        {81, 263, 0.2553, 0.3662},
        {15, 148, 0.0624, 0.1605},
        {0, 20, 0.0000, 0.1611},
        {1, 29, 0.0061, 0.1718},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct estimate share;
        cr_assert(estimate_share(rows[i].successes, rows[i].trials, &share));
        cr_assert_float_eq(share.low, rows[i].low, 5e-5, "row %zu: %f", i, share.low);
        cr_assert_float_eq(share.high, rows[i].high, 5e-5, "row %zu: %f", i, share.high);
    }
}

Test(estimate, nothing_is_estimated_from_nothing)
{
    struct estimate share;
    cr_assert_not(estimate_share(0, 0, &share));
    cr_assert_not(estimate_share(3, 2, &share));
}

Test(estimate, the_ends_stay_between_nothing_and_everything)
{
    for (uint64_t trials = 1; trials < 3000; trials = trials * 3 + 1) {
        struct estimate none;
        struct estimate all;
        cr_assert(estimate_share(0, trials, &none));
        cr_assert(estimate_share(trials, trials, &all));
        cr_assert(none.low == 0 && none.value == 0 && none.high > 0 && none.high < 1);
        cr_assert(all.high == 1 && all.value == 1 && all.low > 0 && all.low < 1);
        cr_assert(estimate_coverage(&all, 3).high == 1);
        cr_assert(estimate_coverage(&none, 3).low == 0);
    }
}

Test(estimate, attempts_multiply_what_one_probe_misses)
{
    const struct estimate probe = {.value = 0.98, .low = 0.9, .high = 0.999999};
    struct estimate coverage = estimate_coverage(&probe, 3);
    cr_assert_float_eq(coverage.value, 0.999992, 1e-12);
    cr_assert_float_eq(coverage.low, 0.999, 1e-12);
    cr_assert(coverage.high <= 1 && coverage.high > 1 - 1e-15);
    coverage = estimate_coverage(&probe, 1);
    cr_assert_float_eq(coverage.value, 0.98, 1e-15);
}
