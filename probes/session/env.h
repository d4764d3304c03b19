// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to probes/session and its tests: what the conversations of one thread share.

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct http_charsets;
struct ssh_env;
struct tls_trust;
struct tls_kit;

struct session_env {
    SSL_CTX *tls;
    struct ssh_env *ssh;
    struct http_charsets *charsets;
    struct tls_kit *kit; // of our own TLS client
    char *user_agent;
    char *http_path;
    char *http_headers;
    uint32_t silence_ms;
    uint32_t answer_ms;
    uint32_t quiet_ms;
    bool tls_matrix;
    struct tls_trust *trust; // authorities, and chains of late
    bool ssh_host_keys;
    bool no_ssh_none;
};

// Authorities in PEM that chains are verified against, and a memory of the chains of late (protocol/tls/tls_trust.h).
// file: NULL, or one that is not there or has none: chains are not verified, and nothing is said of them. NULL and
// ENOMEM.
struct tls_trust *trust_new(const char *file);
void trust_free(struct tls_trust *trust);

// A client context that talks to anybody: TLS 1.0 to 1.3 at security level 0, nothing verified. NULL on failure.
SSL_CTX *tls_context_new(void);

// What our own TLS client needs, for a hello that offers the ciphers of that context, and behind them some that OpenSSL
// has no code for any more. prove: CertificateVerify is checked. All that OpenSSL will ever load for it is loaded here.
// NULL without memory; free(NULL) legal.
struct tls_kit *tls_kit_new(const SSL_CTX *context, bool prove);
void tls_kit_free(struct tls_kit *kit);
// What conversations of SSH share: probes/protocol/ssh/ssh_env.h. Takes a few milliseconds. NULL on failure.
struct ssh_env *ssh_env_new(void);
void ssh_env_free(struct ssh_env *env);

// What texts in other charsets are converted with (probes/protocol/http/http_charset.h). NULL without memory;
// free(NULL) legal.
struct http_charsets *http_charsets_new(void);
void http_charsets_free(struct http_charsets *charsets);
