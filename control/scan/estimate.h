// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// How much of what would answer a scan has found, estimated from its coverage samples (dataplane/coverage.h). No I/O.

#include <stdbool.h>
#include <stdint.h>

// A probability with its 95 % interval.
struct estimate {
    double value;
    double low;
    double high;
};

// The share of successes among independent trials, with Wilson's score interval (E. B. Wilson, "Probable inference, the
// law of succession, and statistical inference", JASA 22, 1927). False without trials, or with more successes than
// trials.
bool estimate_share(uint64_t successes, uint64_t trials, struct estimate *ret_share);

// The share of responsive positions that at least one of `attempts` probes reaches when each is answered with that
// probability, whatever became of the others. It grows with the probability, so an interval of the one is an interval
// of the other.
struct estimate estimate_coverage(const struct estimate *probe, uint32_t attempts);
