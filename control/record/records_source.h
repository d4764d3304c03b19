// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The bytes of one file of records, unpacked: plain, gzip (RFC 1952, several members too) or zstd (RFC 8878), by its
// first bytes. What a packed file unpacks to is read a piece at a time and never held whole. One thread.

#include <stddef.h>
#include <sys/types.h>

enum records_packing { RECORDS_PLAIN = 0, RECORDS_GZIP, RECORDS_ZSTD };

// What a file is packed with, by its first bytes; fd stays where it is. Returns 0 or -errno.
int records_packing_find(int fd, enum records_packing *ret_packing);

struct records_source;

// Takes over fd. NULL and errno.
struct records_source *records_source_new(int fd);
void records_source_free(struct records_source *source);

// Up to `room` bytes. Returns their number, 0 at the end, or -errno: -EBADMSG for a packed file that is broken, with
// everything before the fault read.
ssize_t records_source_read(struct records_source *source, void *bytes, size_t room);
