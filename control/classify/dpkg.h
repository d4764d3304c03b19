// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The order of Debian's package versions (Debian Policy, section 5.6.12): [epoch:]upstream[-revision]. Ubuntu's is the
// same. A function of its arguments, no allocation; any thread.

// Below 0, 0 or above 0. A total order, for any two texts.
int dpkg_compare(const char *a, const char *b);
