// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Reads and writes classic pcap files (libpcap's own format, microseconds, Ethernet) for tests.

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

FILE *capture_create(const char *path);
void capture_add(FILE *file, const uint8_t *frame, size_t length);

// Calls back for each frame; returns their number, or -1 when the file is no pcap or is torn.
typedef void capture_frame_fn(void *context, const uint8_t *frame, size_t length);
int64_t capture_each(const char *path, capture_frame_fn *each, void *context);
