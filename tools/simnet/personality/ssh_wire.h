// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// SSH's binary packets (RFC 4253 section 6) in clear text, and with AES-128-GCM (RFC 5647 as OpenSSH has it).

#include "probes/buffer.h"
#include "probes/bytes.h"
#include "tools/simnet/personality/crypto.h"

enum { SSH_WIRE_MAX = 35000 };

// One direction. cipher NULL: clear text.
struct ssh_wire {
    const EVP_CIPHER *cipher;
    uint8_t key[16];
    uint8_t iv[12];
};

// Appends one packet of the payload. False on failure.
bool ssh_wire_write(struct ssh_wire *wire, struct bytes payload, struct buffer *ret_output);

// Takes one packet off the input; its payload is copied to *ret_payload. 1; 0 when it is not whole; -1 when it is none.
int ssh_wire_read(struct ssh_wire *wire, struct bytes *input, struct buffer *ret_payload);
