// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What this machine offers any scan: programs, processor, memory, privileges, interfaces, clock.

#include "control/command/examination.h"

// program is argv[0] of sonde.
void doctor_machine(struct examination *examination, const char *program);
