// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to probes/session and its tests: what the conversations of one thread share.

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct ssh_env;

struct session_env {
    SSL_CTX *tls;
    struct ssh_env *ssh;
    char *user_agent;
    uint32_t silence_ms;
    uint32_t answer_ms;
    uint32_t quiet_ms;
    bool ssh_host_keys;
};

// A client context that talks to anybody: TLS 1.0 to 1.3 at security level 0, nothing verified. NULL on failure.
SSL_CTX *tls_context_new(void);

// What conversations of SSH share: probes/protocol/ssh/ssh_env.h. Takes a few milliseconds. NULL on failure.
struct ssh_env *ssh_env_new(void);
void ssh_env_free(struct ssh_env *env);
