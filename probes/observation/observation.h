// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the conversations with one host and port have taught, over all its connections. Sessions write it,
// classification and the record read it. Plain bytes as they came (bounded, NUL-terminated, may hold any byte but NUL,
// not valid UTF-8); the record makes them printable. Parts are allocated when first needed, so an idle flow stays
// small.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OBSERVATION_NAME_MAX = 16,
    OBSERVATION_LINE_MAX = 256,
    OBSERVATION_LIST_MAX = 512, // a comma-separated name-list
    OBSERVATION_TITLE_MAX = 256,
    OBSERVATION_URL_MAX = 512,
    OBSERVATION_SANS_MAX = 1024,
    OBSERVATION_BANNER_MAX = 256,
};

struct ssh_observation {
    char identification[OBSERVATION_LINE_MAX]; // the whole line, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"
    char protocol[OBSERVATION_NAME_MAX];       // "2.0"
    char software[OBSERVATION_LINE_MAX];       // "OpenSSH_9.2p1"
    char comment[OBSERVATION_LINE_MAX];        // "Debian-2+deb12u3"
    char kex_algorithms[OBSERVATION_LIST_MAX]; // offered by the server, RFC 4253 section 7.1
    char host_key_algorithms[OBSERVATION_LIST_MAX];
    char ciphers[OBSERVATION_LIST_MAX]; // server to client
    char macs[OBSERVATION_LIST_MAX];    // server to client
    char kex_chosen[64];
    char host_key_type[64];
    char host_key_sha256[48];           // unpadded base64, as ssh-keygen -l prints it, without "SHA256:"
    char methods[OBSERVATION_LIST_MAX]; // "authentications that can continue", RFC 4252 section 5.1
    bool host_key_verified;             // its signature over the exchange hash was right
    bool methods_known;
    bool no_authentication; // `none` was accepted
};

struct tls_observation {
    char version[OBSERVATION_NAME_MAX]; // "TLSv1.3"
    char cipher[64];                    // the IANA name where known, else OpenSSL's
    char subject[OBSERVATION_LINE_MAX]; // RFC 2253 form
    char issuer[OBSERVATION_LINE_MAX];
    char sans[OBSERVATION_SANS_MAX];     // DNS names and addresses, comma-separated
    char serial[64];                     // lower-case hex
    char key_type[OBSERVATION_NAME_MAX]; // "RSA", "EC", "ED25519"
    char signature_algorithm[64];
    char sha256[65];    // of the DER certificate, lower-case hex
    char alert[64];     // of a handshake that failed: the alert's name in RFC 8446 section 6
    int64_t not_before; // seconds since the epoch
    int64_t not_after;
    uint32_t key_bits;
    uint32_t chain_length; // certificates sent
    bool certificate_present;
    bool self_signed; // issuer equals subject and its own key verifies it
    bool handshake_complete;
};

struct http_observation {
    char version[OBSERVATION_NAME_MAX]; // "HTTP/1.1"
    char server[OBSERVATION_LINE_MAX];
    char title[OBSERVATION_TITLE_MAX];
    char location[OBSERVATION_URL_MAX]; // of a redirect
    char content_type[OBSERVATION_LINE_MAX];
    uint32_t status;
};

struct observation {
    char service[OBSERVATION_NAME_MAX]; // "ssh", "http", "tls" (TLS without a known protocol inside), "" when not
                                        // recognised
    bool tunnel_tls;                    // service was spoken inside TLS
    bool finished; // the conversation learnt all it set out to learn: the record's outcome is `complete`
    bool spoke;    // at least one byte came from the service
    uint8_t banner_length;
    uint8_t banner[OBSERVATION_BANNER_MAX - 1]; // first bytes of a service that nobody recognised
    uint32_t tried;              // private to probes/session: which rows of the registry connections have begun with
    struct ssh_observation *ssh; // NULL until learnt; owned
    struct tls_observation *tls;
    struct http_observation *http;
};

// All-empty. observation_fini releases the parts and makes it all-empty again.
void observation_init(struct observation *observation);
void observation_fini(struct observation *observation);

// The part, allocated all-zero at first use; NULL when out of memory.
struct ssh_observation *observation_ssh(struct observation *observation);
struct tls_observation *observation_tls(struct observation *observation);
struct http_observation *observation_http(struct observation *observation);

// Copies what fits of `length` bytes from the network into a text of `size` bytes, leaving NUL bytes out.
void observation_text(char *ret_text, size_t size, const void *data, size_t length);
