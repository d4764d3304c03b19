// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The other direction of records_source: a stream whose bytes reach a file plain, or packed with gzip (RFC 1952) or
// zstd (RFC 8878). One thread.

#include <stdio.h>

#include "control/record/records_source.h"

// Takes over fd, also when it fails: NULL and errno. fclose writes what is left, syncs the file and closes fd; without
// an error from it and from the writing before, everything is on the disk.
FILE *records_sink_open(int fd, enum records_packing packing);
