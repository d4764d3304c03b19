// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The scripts with which shells complete sonde's words, whole. subcommands is NULL-terminated.

#include <stdio.h>

#include "control/command/options.h"

void completion_bash(const struct subcommand *const *subcommands, FILE *out);
void completion_zsh(const struct subcommand *const *subcommands, FILE *out);
void completion_fish(const struct subcommand *const *subcommands, FILE *out);
