// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One scan at a time from an address and its ports: two would take each other's answers for their own and reset each
// other's connections. A scan claims them with an abstract unix(7) socket whose name holds them, so a claim is valid in
// one network namespace, as the address is, and ends with the process, however it ends. Claims meet when they share an
// address and a port. Whoever finds one asks its socket whose it is. Main thread.

#include <stddef.h>
#include <stdint.h>

#include "control/scan/kernel_guard.h"

enum { CLAIM_MESSAGE_MAX = 640 };

struct claim;

// Claims at most KERNEL_GUARD_RANGES_MAX ranges of ports of these addresses. scan: its id, unique. Returns
// 0 and a claim for claim_free; -EBUSY when they meet another process', of root or of this user (a stranger's claim
// counts for nothing); or -errno. Then message holds one line.
int claim_new(struct interval addresses, const struct kernel_guard_ports *ranges, size_t range_count, const char *scan,
              struct claim **ret_claim, char message[static CLAIM_MESSAGE_MAX]);
void claim_free(struct claim *claim);

// Where the results go, which is what others are told; NULL = standard output. A name is made absolute.
void claim_locate(struct claim *claim, const char *folder);

// Answers those that asked since, without waiting. claim may be NULL.
void claim_answer(struct claim *claim);
