// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to probes/session and its tests: what the conversations of one thread share.

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct http_charsets;

struct session_env {
    SSL_CTX *tls;
    struct http_charsets *charsets;
    char *user_agent;
    uint32_t silence_ms;
    uint32_t answer_ms;
    uint32_t quiet_ms;
};

// A client context that talks to anybody: TLS 1.0 to 1.3 at security level 0, nothing verified. NULL on failure.
SSL_CTX *tls_context_new(void);

// What texts in other charsets are converted with (probes/protocol/http/http_charset.h). NULL without memory;
// free(NULL) legal.
struct http_charsets *http_charsets_new(void);
void http_charsets_free(struct http_charsets *charsets);
