// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to ssh: KEXINIT (RFC 4253 section 7.1). What we offer, what the server offers, which is learnt whole, and
// what comes of both.

#include "probes/bytes.h"
#include "probes/observation/observation.h"
#include "probes/protocol/ssh/ssh_env.h"
#include "probes/protocol/ssh/ssh_packet.h"

enum { SSH_COOKIE_BYTES = 16 };

// What both sides can. method is NULL when there is nothing in common.
struct ssh_choice {
    const struct ssh_method *method;
    struct ssh_suite out;
    struct ssh_suite in;
    bool strict;      // both sides reset their sequence numbers at NEWKEYS (OpenSSH PROTOCOL section 1.10)
    bool skip_packet; // the server's guess was wrong: its next packet is to be ignored
};

// Every host key algorithm we offer, best first.
extern const char ssh_host_keys[];

// Appends the payload of our KEXINIT, with a cookie of zeros. host_keys: what stands for ssh_host_keys; NULL: these.
void ssh_offer_write(const struct ssh_env *env, const char *host_keys, struct buffer *ret_payload);

// Reads the server's KEXINIT payload: learns what it offers, and says what will be used. host_keys as above. 0 even
// when nothing is in common; -EBADMSG when malformed.
int ssh_offer_read(const struct ssh_env *env, const struct buffer *payload, const char *host_keys,
                   struct observation *observation, struct ssh_choice *ret_choice);

// The next name of a list; false at its end.
bool ssh_list_next(struct bytes *list, struct bytes *ret_name);

// Whether these bytes are this text.
bool ssh_bytes_are(struct bytes bytes, const char *text);
