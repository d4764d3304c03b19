// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What would become of a scan of one plan on this machine: its device, its way to the targets, its ports, its disk.

#include "config/plan/plan.h"
#include "control/command/examination.h"

// Nothing is sent and nothing is changed but for a claim of the scan's ports, held for a moment. folder: where the
// results would go; "-" = a pipe.
void doctor_plan(struct examination *examination, const struct plan *plan, const char *folder);
