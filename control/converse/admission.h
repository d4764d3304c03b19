// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// How many conversations a lane holds open at once. max_open is what the operator allows; what this machine bears is
// found out: the window grows while what arrives is handled promptly and shrinks when it waits, because a conversation
// that waits behind ten thousand others only times out. Additive-increase rules of TCP's kind (RFC 5681) with delay as
// the signal, as in TCP Vegas (Brakmo and Peterson, 1995); but the delay is our own, from the dataplane's stamp of a
// segment to its handling. How long a peer takes to answer says nothing about us, and is the peer's to choose: slow
// hosts, were they listened to, would close the window for everybody. One thread, its lane's.

#include <stdint.h>

enum { ADMISSION_START = 128, ADMISSION_MIN = 16 };
#define ADMISSION_PERIOD_NS UINT64_C(50000000)
#define ADMISSION_PROMPT_NS UINT64_C(100000000) // mean wait of segments below which the window grows
#define ADMISSION_LATE_NS                                                                                              \
    UINT64_C(300000000) // and above which it shrinks: several such waits fit into one answer's time

struct admission {
    double window;
    double most;       // this lane's share of max_open
    uint64_t wait_sum; // of the segments since the window last changed, nanoseconds
    uint64_t wait_count;
    uint64_t changed_ns;
    uint64_t behind_ns; // when the last segment from before it was handled
    uint64_t high;      // most conversations open since then
};

// most = 0: no limit by the operator.
void admission_init(struct admission *admission, uint64_t most, uint64_t now_ns);

// A segment is about to be handled that has waited so long since it was received. What was received before the window
// last changed says nothing about the window as it is.
static inline void admission_sample(struct admission *admission, uint64_t wait_ns, uint64_t now_ns)
{
    if (wait_ns > now_ns - admission->changed_ns) {
        admission->behind_ns = now_ns;
        return;
    }
    admission->wait_sum += wait_ns;
    admission->wait_count++;
}

// Segments have piled up before this lane: it is late itself, whatever their stamps say.
void admission_crowded(struct admission *admission, uint64_t now_ns);

// Once a turn: the number of conversations that may be open now. open is how many are.
uint64_t admission_window(struct admission *admission, uint64_t open, uint64_t now_ns);
