// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The variants of the burst kernels; each is defined in a file compiled for its instruction set. Only kernels.c
// chooses.

#include "probes/packet/kernels.h"

extern const struct kernels kernels_portable;
extern const struct kernels kernels_avx2;

// Those of AVX-512 are in several files, and judge calls others, so kernels.c puts them together.
void avx512_generate(const struct probe_plan *plan, struct probe_burst *burst, size_t count);
void avx512_cookies(const struct probe_plan *plan, struct probe_burst *burst, size_t count);
void avx512_positions(const struct probe_plan *plan, struct probe_burst *burst, size_t count);
void avx512_read(const struct probe_plan *plan, struct reply_burst *burst, size_t count);
void avx512_judge(const struct probe_plan *plan, struct reply_burst *burst, size_t count);
