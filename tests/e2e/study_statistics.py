# SPDX-License-Identifier: BSD-3-Clause
"""For study.py: intervals and tests of two groups, worked out without sonde."""
import math


def interval(count, of):
    """The 95 % interval of a share (Wilson, 1927)."""
    z = 1.959963984540054
    share = count / of
    middle = (share + z * z / 2 / of) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + (z / 2 / of) ** 2)
    return 0 if count == 0 else max(0, middle - half), 1 if count == of else min(1, middle + half)


def student_tail(t, freedom):
    """How often Student's t is further from 0: its density from t to infinity, mapped to 0 to 1, by Simpson's rule."""
    t = abs(t)
    steps = 20000

    def part(v):
        x = t + v / (1 - v) / (t + 1)
        ratio = math.log1p(x * x / freedom) - math.log1p(t * t / freedom)
        return math.exp(-(freedom + 1) / 2 * ratio) / (1 - v) ** 2 / (t + 1)

    # At the far end nothing is left.
    total = sum(part(i / steps) * (1 if i == 0 else 4 if i % 2 else 2) for i in range(steps)) / steps / 3
    front = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    return 2 * total * math.exp(front - (freedom + 1) / 2 * math.log1p(t * t / freedom))


def tests_of(groups):
    """Two groups beside each other, as Counters of how often each number was seen: the shares of those above 0, the means
    (Welch, 1947), the ranks (Mann and Whitney, 1947, ties corrected)."""
    of = [sum(group.values()) for group in groups]
    yes = [total - group[0] for total, group in zip(of, groups)]
    pooled = sum(yes) / sum(of)
    difference = yes[0] / of[0] - yes[1] / of[1]
    z = difference / math.sqrt(pooled * (1 - pooled) * (1 / of[0] + 1 / of[1]))
    means = [sum(number * count for number, count in group.items()) / n for group, n in zip(groups, of)]
    errors = [sum((number - mean) ** 2 * count for number, count in group.items()) / (n - 1) / n
              for group, mean, n in zip(groups, means, of)]
    t = (means[0] - means[1]) / math.sqrt(sum(errors))
    freedom = sum(errors) ** 2 / sum(error**2 / (n - 1) for error, n in zip(errors, of))
    wins = sum(ours * theirs * (1 if a > b else 0.5) for a, ours in groups[0].items() for b, theirs in groups[1].items() if a >= b)
    ties = sum(count**3 - count for count in (groups[0] + groups[1]).values())
    every = sum(of)
    u = (wins - of[0] * of[1] / 2) / math.sqrt(of[0] * of[1] / 12 * (every + 1 - ties / every / (every - 1)))
    return {"shares": {"effect": difference, "statistic": z, "p": math.erfc(abs(z) / math.sqrt(2))},
            "means": {"effect": means[0] - means[1], "statistic": t, "p": student_tail(t, freedom)},
            "ranks": {"effect": wins / of[0] / of[1], "statistic": u, "p": math.erfc(abs(u) / math.sqrt(2))}}
