// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One file from a server (libcurl), over HTTPS alone, into a descriptor, by a child that has given up its user, files
// to write, other programs and processes (control/feeds/child.h). Nothing of what comes is read here.

#include <stdbool.h>
#include <stdint.h>

#include "config/keys.h"

enum { FETCH_TAG_BYTES = 256 };

// What a server says about the version of a file that it sent (RFC 9110, section 8.8). "" = it does not.
struct fetch_version {
    char etag[FETCH_TAG_BYTES];
    char modified[FETCH_TAG_BYTES];
};

struct fetch {
    const char *url;   // https, or http to this machine itself
    const char *proxy; // "" = what the environment says
    const char *key;   // sent as the header apiKey, and then no redirect is followed; "" = none
    int fd;            // what comes is written here from `have` on
    uint64_t bytes_max;
    uint64_t seconds_max;
    uint64_t stall_s;             // given up after so long with less than 100 bytes a second
    struct fetch_version current; // "not modified" is an answer when the server still has this one
    uint64_t have;                // bytes of an earlier attempt, of the version `part`; 0 = none
    struct fetch_version part;
};

struct fetch_answer {
    bool unchanged;
    struct fetch_version version; // also when it failed on the way
};

// Whether a URL may be fetched: https, or http to 127.0.0.1 or [::1].
bool fetch_allows(const char *url);

// Whether a key may be sent: 1 to 127 letters, digits, '-', '_' and '.'.
bool fetch_key_fits(const char *key);

// Returns 0 with an answer, or -errno with a complaint that names the URL; *ret_answer tells then of what version the
// bytes in the descriptor are.
int fetch_run(const struct fetch *fetch, struct fetch_answer *ret_answer, struct complaint *ret_complaint);
