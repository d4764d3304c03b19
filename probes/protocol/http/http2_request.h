// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to http2: all that it says.

#include "probes/buffer.h"
#include "probes/session/session.h"

extern const struct say http2_request_says[];

// The connection preface (RFC 9113 section 3.4), and one GET of "/" that ends our side of its stream.
void http2_request_write(const struct session *self, struct buffer *ret_message);

// Acknowledges the server's settings (section 6.5.3). 0 or -errno.
int http2_acknowledge(struct session *self);
