// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to ssh: compression of payloads (RFC 4253 section 6.2, "zlib"), for the few servers that take nothing else.
// One stream a direction, flushed at each payload.

#include <stdbool.h>

#include "probes/buffer.h"

enum { SSH_INFLATED_MAX = 256 << 10 }; // bytes that one connection may make us inflate

struct ssh_zlib;

// NULL without memory; free(NULL) legal.
struct ssh_zlib *ssh_zlib_new(bool deflates);
void ssh_zlib_free(struct ssh_zlib *zlib);

// Appends the payload's other form. cut: more of the payload came than is there, with which the stream is lost. 0,
// -EBADMSG for what does not inflate or inflates to too much, -ENOMEM.
int ssh_zlib_run(struct ssh_zlib *zlib, const struct buffer *payload, bool cut, struct buffer *ret_other);
