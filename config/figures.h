// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Numbers as people read them. Each function writes into the caller's text and returns it, so that several can stand in
// one printf.

#include <stdint.h>

enum { FIGURE_MAX = 40 };

// 41797240 -> "41,797,240"
const char *figure_count(uint64_t n, char text[static FIGURE_MAX]);

// 20000, "pps" -> "20.0 kpps"; three digits and a prefix up to tera. 0.5 -> "0.50 pps".
const char *figure_scaled(double value, const char *unit, char text[static FIGURE_MAX]);

// 75 s -> "1 min 15 s"; below 10 s with tenths; the two largest units.
const char *figure_duration(double seconds, char text[static FIGURE_MAX]);

// 3725 s -> "1:02:05"
const char *figure_clock(double seconds, char text[static FIGURE_MAX]);
