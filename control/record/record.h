// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The exposure record: one JSON object per (scan, address, port), one line each. One table declares every field with
// its type and help; it drives the writer here, and readers and documentation elsewhere. Absent means not known: empty
// strings and unknown numbers are left out, and so are objects of which nothing was learnt.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/classify/product.h"
#include "control/record/json.h"
#include "probes/observation/observation.h"

#define RECORD_SCHEMA 1

enum {
    RECORD_FINDINGS_MAX = 16,
    RECORD_BYTES_MAX = 65536, // no record is longer, newline included, whatever the network sent
};

// How a conversation ended. X(enumerator, name, help)
#define RECORD_OUTCOMES(X)                                                                                             \
    X(OUTCOME_TIMEOUT, "timeout", "the port accepted the connection and then nothing was heard")                       \
    X(OUTCOME_COMPLETE, "complete", "everything that was to be learnt was learnt")                                     \
    X(OUTCOME_PARTIAL, "partial", "the service was recognised and not everything learnt, or nothing was to be asked")  \
    X(OUTCOME_RESET, "reset", "the connection was ended from there before anything was said")                          \
    X(OUTCOME_REFUSED, "refused", "a further connection was refused before anything was said on an earlier one")       \
    X(OUTCOME_NOT_RECOGNISED, "not_recognised", "something was said that no session understands")

enum outcome {
#define X(enumerator, name, help) enumerator,
    RECORD_OUTCOMES(X)
#undef X
        OUTCOME_COUNT
};
extern const char *const outcome_names[OUTCOME_COUNT];
extern const char *const outcome_help[OUTCOME_COUNT];

// Everything that one record is made of. Pointers are borrowed and live as long as the record is written.
struct record {
    uint32_t schema; // RECORD_SCHEMA
    uint16_t port;
    bool tunnel_tls;
    uint8_t suspect;  // bits of enum suspect (probes/packet/suspect.h)
    uint32_t address; // host byte order
    uint32_t rtt_us;  // 0 = not measured
    enum outcome outcome;
    uint64_t time_ns; // CLOCK_REALTIME
    const char *scan;
    const char *provider; // "" when nobody's, like the next two
    const char *cloud_service;
    const char *region;
    const char *service;   // "" when not recognised
    const uint8_t *banner; // first bytes of a service that nobody recognised
    size_t banner_length;
    const struct product *product;     // NULL when no rule matched
    const struct ssh_observation *ssh; // NULL when nothing was learnt, like the next two
    const struct tls_observation *tls;
    const struct http_observation *http;
    const char *findings[RECORD_FINDINGS_MAX]; // ids
    size_t finding_count;
};

enum record_type {
    RECORD_STRING = 0,
    RECORD_INTEGER,
    RECORD_NUMBER, // with a fraction
    RECORD_BOOLEAN,
    RECORD_TIME,    // string, RFC 3339 in UTC
    RECORD_STRINGS, // array of strings
};

// One field. Fields of an object inside the record have its name and a dot before their own: "ssh.software".
struct record_field {
    const char *name;
    enum record_type type;
    const char *help;
    uint8_t part; // private to record.c: where the value is and how it is written
    uint8_t writer;
    uint16_t size;
    size_t offset;
};

// In the order in which they are written; fields of one object stand together.
extern const struct record_field record_fields[];
extern const size_t record_field_count;

// Appends the record and a newline to text. Returns 0, or -ENOSPC with text as it was; with RECORD_BYTES_MAX bytes of
// room it cannot fail.
int record_write(const struct record *record, struct json *json);

// Reads the key of one line (newline excluded) that record_write wrote. False when it is no such line.
bool record_read_key(const char *line, size_t length, uint32_t *ret_address, uint16_t *ret_port);

// Likewise its outcome. False when it has none of ours.
bool record_read_outcome(const char *line, size_t length, enum outcome *ret_outcome);
