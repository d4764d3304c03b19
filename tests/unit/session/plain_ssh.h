// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// For programs that play an SSH server by random bytes: while ssh_plain is set no key exchange is computed and nothing
// is encrypted after it, so that they reach the parsers behind NEWKEYS. It stands before the product's functions at the
// link (--wrap), which know nothing of it.

#include <stdbool.h>

extern bool ssh_plain;
