// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a fuzz target is: one function on bytes. Its time is judged too: who makes a parser slow stops a scan as well as
// who makes it crash.

#include <stddef.h>
#include <stdint.h>

// One run; aborts when what it holds to is broken. The run may cost FUZZ_RUN_MS of the processor, given by meson, and a
// little for every byte; the first one, which makes what all need, is not judged.
void fuzz_one(const uint8_t *data, size_t size);

// Processor time of this thread. Another program's load does not count.
uint64_t fuzz_cpu_ns(void);
