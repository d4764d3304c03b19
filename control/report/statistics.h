// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the report says about how sure a number is: intervals of shares and tests of two groups. Functions of their
// arguments alone, any thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct confidence {
    double low;
    double high;
};

// The 95 % interval of the share count / of, which it is for every count from 0 to `of` (Wilson, 1927). of = 0: 0 to 1.
struct confidence share_interval(uint64_t count, uint64_t of);

// Of a total that a sample of `sampled` among `all` estimates from what it found: all / sampled times the ends of
// share_interval. sampled = 0: 0 to all.
struct confidence total_interval(uint64_t found, uint64_t sampled, uint64_t all);

// Two groups beside each other. p: how often a difference as large as this one comes by chance, both directions.
struct comparison {
    double effect;    // of the first over the second: difference of shares or means, or the common-language effect
    double statistic; // z or t
    double p;
};

// Shares of two groups (two-proportion z test, pooled). False when a group is empty.
bool shares_compare(const uint64_t count[2], const uint64_t of[2], struct comparison *ret_comparison);

// How often each number was seen: counts[n] of n. The last also holds what was more.
struct histogram {
    const uint64_t *counts;
    size_t length;
};

uint64_t histogram_total(const struct histogram *histogram);
double histogram_mean(const struct histogram *histogram);
double histogram_variance(const struct histogram *histogram); // of the sample: n - 1 below

// The least number below or at which this share of all lies. 0 for an empty one.
size_t histogram_quantile(const struct histogram *histogram, double share);

// Means of two groups that may vary differently (Welch, 1947). False when a group has fewer than 2, or neither varies.
bool means_compare(const struct histogram groups[2], struct comparison *ret_comparison);

// Whether the numbers of one group are the larger ones, whatever their distribution (Mann and Whitney, 1947; normal
// approximation with the correction for ties). effect: the chance that one of the first is larger than one of the
// second, ties half. False when a group is empty or all numbers are the same.
bool ranks_compare(const struct histogram groups[2], struct comparison *ret_comparison);
