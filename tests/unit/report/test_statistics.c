// SPDX-License-Identifier: BSD-3-Clause
// Intervals and tests against what SciPy 1.10 says of the same numbers.
#include "control/report/statistics.h"

#include <criterion/criterion.h>
#include <math.h>

static void near(double value, double expected)
{
    cr_assert(fabs(value - expected) <=
                  1e-9 * fmax(1e-12, fabs(expected)) + 1e-300 + (fabs(expected) > 1e-6 ? 1e-12 : 0),
              "%.17g is not %.17g", value, expected);
}

static const uint64_t a[] = {3, 0, 2, 5, 1};
static const uint64_t b[] = {10, 4, 1, 0, 0, 0, 2};
static const uint64_t wide[] = {100, 0, 0, 0, 50};
static const uint64_t narrow[] = {1000, 10, 5};

#define GROUPS(first, second)                                                                                          \
    {                                                                                                                  \
        {(first), sizeof(first) / sizeof((first)[0])},                                                                 \
        {                                                                                                              \
            (second), sizeof(second) / sizeof((second)[0])                                                             \
        }                                                                                                              \
    }

Test(statistics, share_intervals_are_wilsons)
{
    static const struct {
        uint64_t count;
        uint64_t of;
        double low;
        double high;
    } rows[] = {
        {0, 10, 0, 0.27753279986288926},
        {1, 10, 0.017876213095072896, 0.4041500267952385},
        {5, 10, 0.236593090512564, 0.7634069094874361},
        {10, 10, 0.7224672001371109, 1},
        {47, 100, 0.37510817959341275, 0.5671114302990065},
        {3100000, 9300000, 0.33303043172009716, 0.3336363726332088},
        {1, 1, 0.20654931437723745, 1},
        {0, 0, 0, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct confidence interval = share_interval(rows[i].count, rows[i].of);
        near(interval.low, rows[i].low);
        near(interval.high, rows[i].high);
    }
}

Test(statistics, totals_of_samples_are_shares_of_all)
{
    struct confidence interval = total_interval(47, 100, 1000);
    near(interval.low, 375.10817959341275);
    near(interval.high, 567.1114302990065);
}

Test(statistics, shares_are_compared_by_z)
{
    struct comparison comparison;
    cr_assert(shares_compare((const uint64_t[]){60, 24}, (const uint64_t[]){100, 100}, &comparison));
    near(comparison.effect, 0.36);
    near(comparison.statistic, 5.157614295551275);
    near(comparison.p, 2.5011617546233325e-07);
    cr_assert(shares_compare((const uint64_t[]){5, 5}, (const uint64_t[]){10, 10}, &comparison));
    near(comparison.p, 1);
    cr_assert(shares_compare((const uint64_t[]){600, 2400}, (const uint64_t[]){1000, 10000}, &comparison));
    near(comparison.statistic, 24.372115213907882);
    cr_assert(fabs(comparison.p / 3.3795403039826693e-131 - 1) < 1e-6);
    cr_assert_not(shares_compare((const uint64_t[]){0, 1}, (const uint64_t[]){0, 10}, &comparison));
    // Nobody or everybody: no difference, not a division by nothing.
    cr_assert(shares_compare((const uint64_t[]){0, 0}, (const uint64_t[]){3, 10}, &comparison));
    near(comparison.p, 1);
}

Test(statistics, histograms_know_their_moments)
{
    const struct histogram histogram = {a, 5};
    cr_assert_eq(histogram_total(&histogram), 11);
    near(histogram_mean(&histogram), 23.0 / 11);
    cr_assert_eq(histogram_quantile(&histogram, 0.25), 0);
    cr_assert_eq(histogram_quantile(&histogram, 0.5), 3);
    cr_assert_eq(histogram_quantile(&histogram, 1), 4);
    cr_assert_eq(histogram_quantile(&(const struct histogram){NULL, 0}, 0.5), 0);
    near(histogram_mean(&(const struct histogram){NULL, 0}), 0);
}

Test(statistics, means_are_compared_by_welch)
{
    struct comparison comparison;
    cr_assert(means_compare((const struct histogram[2])GROUPS(a, b), &comparison));
    near(comparison.statistic, 1.6037873589282337);
    near(comparison.p, 0.12112181385884788);
    static const uint64_t ones[] = {0, 5};
    static const uint64_t some[] = {3, 3, 1};
    cr_assert(means_compare((const struct histogram[2])GROUPS(ones, some), &comparison));
    near(comparison.p, 0.35591768374958205);
    cr_assert(means_compare((const struct histogram[2])GROUPS(wide, narrow), &comparison));
    cr_assert(fabs(comparison.p / 1.812667203364539e-14 - 1) < 1e-6, "%.17g", comparison.p);
    cr_assert_not(means_compare((const struct histogram[2])GROUPS(ones, ones), &comparison));
}

Test(statistics, ranks_are_compared_by_mann_and_whitney)
{
    struct comparison comparison;
    cr_assert(ranks_compare((const struct histogram[2])GROUPS(a, b), &comparison));
    near(comparison.effect, 0.7165775401069518);
    near(comparison.p, 0.04353637797192588);
    cr_assert(ranks_compare((const struct histogram[2])GROUPS(wide, narrow), &comparison));
    near(comparison.effect, 0.6617405582922824);
    cr_assert(fabs(comparison.p / 2.55689907459457e-58 - 1) < 1e-6);
    static const uint64_t same[] = {0, 0, 7};
    cr_assert_not(ranks_compare((const struct histogram[2])GROUPS(same, same), &comparison));
    cr_assert_not(ranks_compare((const struct histogram[2]){{a, 5}, {NULL, 0}}, &comparison));
}
