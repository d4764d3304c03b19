// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What `sonde` ends with, whatever the subcommand.

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NEWS = 3, EXIT_INTERRUPTED = 130 };
