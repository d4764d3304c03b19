// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Compiled for AVX-512 (F, BW, DQ, VL); only batch_best chooses it.

#include "tools/simnet/batch.h"

extern const struct batch_variant batch_avx512;
