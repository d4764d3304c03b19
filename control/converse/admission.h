// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// How many conversations a lane holds open at once. max_open is what the operator allows; what the machine, the path
// and the servers bear is found out: the window grows while first answers come promptly and shrinks when they are late,
// because a conversation that waits behind ten thousand others only times out. Additive-increase rules of TCP's kind
// (RFC 5681) with delay as the signal, as in TCP Vegas (Brakmo and Peterson, 1995). One thread, its lane's.

#include <stdint.h>

enum { ADMISSION_START = 128, ADMISSION_MIN = 16, ADMISSION_SAMPLES = 16 };
#define ADMISSION_PERIOD_NS UINT64_C(50000000)
#define ADMISSION_PROMPT_NS UINT64_C(300000000) // mean delay of first answers below which the window grows
#define ADMISSION_LATE_NS   UINT64_C(800000000) // and above which it shrinks; no path on Earth is that long

struct admission {
    double window;
    double most;        // this lane's share of max_open
    uint64_t delay_sum; // of first answers since the window last changed, nanoseconds
    uint64_t delay_count;
    uint64_t changed_ns; // answers to what began earlier say nothing about the window as it is
    uint64_t high;       // most conversations open since then
};

// most = 0: no limit by the operator.
void admission_init(struct admission *admission, uint64_t most, uint64_t now_ns);

// The first byte of a conversation that began at began_ns has come.
static inline void admission_sample(struct admission *admission, uint64_t began_ns, uint64_t now_ns)
{
    if (began_ns < admission->changed_ns)
        return;
    admission->delay_sum += now_ns - began_ns;
    admission->delay_count++;
}

// Segments have piled up before this lane: it is late itself, whatever the delays say.
void admission_crowded(struct admission *admission, uint64_t now_ns);

// Once a turn: the number of conversations that may be open now. open is how many are.
uint64_t admission_window(struct admission *admission, uint64_t open, uint64_t now_ns);
