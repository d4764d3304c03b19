// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The variants of the burst kernels; each is defined in a file compiled for its instruction set. Only kernels.c
// chooses.

#include "probes/packet/kernels.h"

extern const struct kernels kernels_portable;
extern const struct kernels kernels_avx2;
extern const struct kernels kernels_avx512;

// Of kernels_avx512, in files of their own.
void avx512_read(const struct probe_plan *plan, struct reply_burst *burst, size_t count);
void avx512_judge(const struct probe_plan *plan, struct reply_burst *burst, size_t count);
