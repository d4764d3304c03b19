// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Quantities as people write them. A number, an optional space, a unit; nothing before or after. All return 0 or
// -EINVAL.

#include <stdint.h>

#include "config/keys.h"

// "20 kpps", "1.5 Mpps", "1 Gbit/s": packets or bits per second, with k, M or G.
int units_rate(const char *text, struct key_rate *ret_rate);

// "250 ms", "2 s", "10 m", "1 h", "7 d", "500 us", "100 ns", to nanoseconds; at most about 292 years.
int units_duration(const char *text, uint64_t *ret_ns);

// "512 MB", "1.5 GB", "100000 B", "1MiB", to bytes; less than 2^63.
int units_bytes(const char *text, uint64_t *ret_bytes);

// "1 %", to 0.01.
int units_share(const char *text, double *ret_share);
