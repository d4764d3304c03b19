// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Answers that say that a port is not open: a RST, or the ICMP error of a router or firewall. Any thread.

#include "control/converse/queue.h"
#include "control/record/record.h"

// Learns what such a target's answer said; its `answer` is not VERDICT_OPEN. Returns the outcome of its record.
enum outcome denial_learn(const struct target *target, struct observation *observation);
