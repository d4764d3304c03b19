// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/statistics.h"

#include <float.h>
#include <math.h>

// Of the standard normal distribution, 2.5 % beyond on each side.
static const double z_95 = 1.959963984540054;

struct confidence share_interval(uint64_t count, uint64_t of)
{
    if (of == 0)
        return (struct confidence){.low = 0, .high = 1};
    double n = (double)of;
    double share = (double)count / n;
    double square = z_95 * z_95;
    double middle = (share + square / (2 * n)) / (1 + square / n);
    double half = z_95 / (1 + square / n) * sqrt(share * (1 - share) / n + square / (4 * n * n));
    // At the ends the formula is exact, and only the arithmetic is not.
    return (struct confidence){.low = count == 0 ? 0 : fmax(0, middle - half),
                               .high = count >= of ? 1 : fmin(1, middle + half)};
}

struct confidence total_interval(uint64_t found, uint64_t sampled, uint64_t all)
{
    struct confidence share = share_interval(found, sampled);
    return (struct confidence){.low = share.low * (double)all, .high = share.high * (double)all};
}

static double normal_p(double z)
{
    return erfc(fabs(z) / M_SQRT2);
}

bool shares_compare(const uint64_t count[2], const uint64_t of[2], struct comparison *ret_comparison)
{
    if (of[0] == 0 || of[1] == 0)
        return false;
    double first = (double)count[0] / (double)of[0];
    double second = (double)count[1] / (double)of[1];
    double pooled = (double)(count[0] + count[1]) / (double)(of[0] + of[1]);
    double error = sqrt(pooled * (1 - pooled) * (1 / (double)of[0] + 1 / (double)of[1]));
    double z = error > 0 ? (first - second) / error : 0;
    *ret_comparison = (struct comparison){.effect = first - second, .statistic = z, .p = normal_p(z)};
    return true;
}

uint64_t histogram_total(const struct histogram *histogram)
{
    uint64_t total = 0;
    for (size_t i = 0; i < histogram->length; i++)
        total += histogram->counts[i];
    return total;
}

double histogram_mean(const struct histogram *histogram)
{
    double sum = 0;
    uint64_t total = histogram_total(histogram);
    for (size_t i = 0; i < histogram->length; i++)
        sum += (double)i * (double)histogram->counts[i];
    return total == 0 ? 0 : sum / (double)total;
}

double histogram_variance(const struct histogram *histogram)
{
    uint64_t total = histogram_total(histogram);
    double mean = histogram_mean(histogram);
    double sum = 0;
    for (size_t i = 0; i < histogram->length; i++)
        sum += ((double)i - mean) * ((double)i - mean) * (double)histogram->counts[i];
    return total < 2 ? 0 : sum / (double)(total - 1);
}

size_t histogram_quantile(const struct histogram *histogram, double share)
{
    double wanted = share * (double)histogram_total(histogram);
    double seen = 0;
    for (size_t i = 0; i < histogram->length; i++) {
        seen += (double)histogram->counts[i];
        if (seen >= wanted && seen > 0)
            return i;
    }
    return 0;
}

// The continued fraction of the incomplete beta function (Abramowitz and Stegun, 26.5.8), by Lentz's method.
static double beta_fraction(double a, double b, double x)
{
    static const double tiny = 1e-300;
    double c = 1;
    double d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double result = d;
    for (int m = 1; m < 500; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        const double steps[] = {even, odd};
        double factor = 1;
        for (size_t i = 0; i < 2; i++) {
            d = 1 + steps[i] * d;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = 1 + steps[i] / c;
            c = fabs(c) < tiny ? tiny : c;
            factor = c * d;
            result *= factor;
        }
        if (fabs(factor - 1) < 4 * DBL_EPSILON)
            break;
    }
    return result;
}

// Of Student's distribution: both tails beyond t, which is the regularized incomplete beta function of df / (df + t^2)
// with df / 2 and 1 / 2 (Abramowitz and Stegun, 26.7.1).
static double student_p(double t, double freedom)
{
    double a = freedom / 2;
    double b = 0.5;
    double x = freedom / (freedom + t * t);
    if (x >= 1)
        return 1;
    if (x <= 0)
        return 0;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    double p =
        x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a : 1 - front * beta_fraction(b, a, 1 - x) / b;
    return fmin(1, fmax(0, p));
}

bool means_compare(const struct histogram groups[2], struct comparison *ret_comparison)
{
    double parts[2];
    double freedom = 0;
    for (size_t i = 0; i < 2; i++) {
        double n = (double)histogram_total(&groups[i]);
        if (n < 2)
            return false;
        parts[i] = histogram_variance(&groups[i]) / n;
        freedom += parts[i] * parts[i] / (n - 1);
    }
    double square = parts[0] + parts[1];
    if (square <= 0)
        return false;
    double effect = histogram_mean(&groups[0]) - histogram_mean(&groups[1]);
    double t = effect / sqrt(square);
    *ret_comparison =
        (struct comparison){.effect = effect, .statistic = t, .p = student_p(t, square * square / freedom)};
    return true;
}

bool ranks_compare(const struct histogram groups[2], struct comparison *ret_comparison)
{
    double first = (double)histogram_total(&groups[0]);
    double second = (double)histogram_total(&groups[1]);
    double all = first + second;
    if (first <= 0 || second <= 0)
        return false;
    double wins = 0; // of the first over the second, ties half
    double below = 0;
    double ties = 0;
    for (size_t i = 0; i < groups[0].length || i < groups[1].length; i++) {
        double ours = i < groups[0].length ? (double)groups[0].counts[i] : 0;
        double theirs = i < groups[1].length ? (double)groups[1].counts[i] : 0;
        double same = ours + theirs;
        wins += ours * (below + theirs / 2);
        below += theirs;
        ties += same * same * same - same;
    }
    double variance = first * second / 12 * (all + 1 - (all > 1 ? ties / (all * (all - 1)) : 0));
    if (variance <= 0)
        return false;
    double z = (wins - first * second / 2) / sqrt(variance);
    *ret_comparison = (struct comparison){.effect = wins / first / second, .statistic = z, .p = normal_p(z)};
    return true;
}
