// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One TCP connection's dialogue: a stack of sessions (HTTP over TLS) between bytes that came and bytes to send. Knows
// nothing of TCP, sockets or clocks: the caller feeds events and carries out what the step asks. The outcome does not
// depend on how the bytes were cut into pieces. One thread at a time per environment.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/observation/observation.h"
#include "probes/session/agenda.h"

struct session_ops;

// What a thread's conversations share: TLS context, random bytes, texts. Heap; free(NULL) legal.
struct session_env;

struct session_env_settings {
    const char *user_agent; // HTTP User-Agent, with the plan's contact in it; copied
    const char
        *http_path; // what HTTP servers are asked for, at most 127 bytes that begin with "/"; NULL or "": "/"; copied
    // Names of headers of HTTP that are kept, in lower case, with blanks between; "*": all; NULL or "": none. Copied.
    const char *http_headers;
    uint32_t silence_ms;    // how long a server that should speak first is waited for, 0 = the default
    uint32_t answer_ms;     // how long an answer is waited for, 0 = the default
    uint32_t quiet_ms;      // how long more of a greeting is waited for, 0 = the default
    bool tls_matrix;        // TLS servers are asked for every version, on further connections
    const char *trust_file; // authorities in PEM that chains are verified against; NULL, or not there: none are
    bool no_key_proof;      // TLS servers are believed to have their certificate's key (tls.key_proved stays unknown)
    bool ssh_host_keys;     // SSH servers are asked for their host keys of every type, on further connections
    bool no_ssh_none;       // SSH servers are left before any user is named (ssh.methods stays unknown)
};

// NULL and errno on failure. Everything OpenSSL will ever load is loaded here, so that afterwards no file is opened.
struct session_env *session_env_new(const struct session_env_settings *settings);
void session_env_free(struct session_env *env);

enum conversation_verb {
    CONVERSATION_FAILED = 0, // out of memory: give up on this connection
    CONVERSATION_WAIT,       // send the output; call silence when wait_ms have passed without a byte
    CONVERSATION_CLOSE,      // send the output, then close: this host and port are done
    CONVERSATION_AGAIN,      // send the output, close, and open a further connection for `errand`, wait_ms later
};

struct conversation_step {
    enum conversation_verb verb;
    uint32_t wait_ms;
    struct errand errand; // of CONVERSATION_AGAIN: taken from the agenda
};

struct conversation;

// The session of that name (a row of probes/session/registry.h); NULL when there is none. "" names listening first.
const struct session_ops *session_find(const char *name);

// Starts a dialogue with address (host byte order) and port for an errand that was taken from the agenda, to which its
// sessions may add others, writing what it learns into *observation. Both must outlive it and keep what earlier
// connections left there. NULL when out of memory.
struct conversation *conversation_new(struct session_env *env, const struct errand *errand, uint32_t address,
                                      uint16_t port, struct agenda *agenda, struct observation *observation);

// The host's name, before conversation_open: what TLS and HTTP call it by (server_name of RFC 6066 section 3, Host of
// RFC 9110 section 7.2). NULL: by its address, as without this call. At most 253 bytes, letters, digits, "-", "_" and
// "."; it has to live as long as the conversation.
void conversation_name(struct conversation *conversation, const char *name);
void conversation_free(struct conversation *conversation);

// The events. After a step other than CONVERSATION_WAIT no further event may be fed.
struct conversation_step conversation_open(struct conversation *conversation); // the connection is established
struct conversation_step conversation_bytes(struct conversation *conversation, const uint8_t *data, size_t length);
struct conversation_step conversation_datagram(struct conversation *conversation, const uint8_t *data, size_t length);
struct conversation_step conversation_silence(struct conversation *conversation); // wait_ms passed without a byte
struct conversation_step conversation_closed(struct conversation *conversation);  // FIN or RST after what was fed

// Bytes to send that were not taken yet; valid until the next event. take says how many of them were.
const uint8_t *conversation_output(const struct conversation *conversation, size_t *ret_length);
void conversation_output_take(struct conversation *conversation, size_t length);
