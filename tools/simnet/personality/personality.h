// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a host of the synthetic internet says once a connection stands: one const row a personality, a state machine on
// bytes that knows nothing of TCP. The servers are written apart from sonde's own clients, on OpenSSL's primitives, so
// that a mistake in either shows; and they are quick, because a world has many hosts and one core. A further
// personality, an honest or a hostile one, is a file with such a row and its name in PERSONALITIES.

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/buffer.h"
#include "probes/bytes.h"
#include "tools/simnet/personality/crypto.h"
#include "tools/simnet/personality/identity.h"
#include "tools/simnet/population.h"

enum {
    VISIT_INPUT_MAX = 40000,    // unread; a client that leaves more so is hung up on
    VISIT_OUTPUT_MAX = 1 << 20, // not acknowledged
    VISIT_MORE_BELOW = 32768,   // who speaks without end is asked for more
};

// How the TCP of a service's hosts behaves, whatever is said over it.
// X(enumerator, name, whether what is said arrives all the same, help)
#define MANNERS(X)                                                                                                     \
    X(PLAIN, "plain", true, "as it should")                                                                            \
    X(DRIP, "drip", false, "says one byte a second")                                                                   \
    X(RESET, "reset", false, "resets the connection when `stage` segments with bytes, of either side, have come")      \
    X(WINDOW, "window", false, "says its first words, takes nothing more (window 0) and is gone")                      \
    X(OVERLAP, "overlap", true, "says it in small segments, each of which says the end of the last one again")         \
    X(JUMBLED, "jumbled", true, "says it in small segments, eight at a time with the last one first")

enum manner {
#define X(enumerator, name, arrives, help) MANNER_##enumerator,
    MANNERS(X)
#undef X
        MANNER_COUNT
};

struct personality;

// One row of a population's services, compiled: read-only while visits are held, any thread.
struct service {
    const struct personality *personality;
    const struct population_service *said; // borrowed: banner, page, ...
    const struct service *inside;          // what is spoken within TLS, or behind STARTTLS; NULL: nothing is
    enum manner manner;
    struct identity *identities; // [identity_count]: a host has one of them
    uint32_t identity_count;
    void *prepared; // the personality's own: what is the same for all of its visits
};

// One connection to a host.
struct visit {
    const struct service *service;
    const struct identity *identity; // NULL where the personality needs none
    struct crypto *crypto;           // this thread's
    struct buffer input;             // not read yet
    struct buffer output;            // said and not acknowledged yet: the owner takes from its front
    void *state;                     // [personality->state_bytes], all-zero at first
    bool over;                       // the host closes when all is said
};

struct personality {
    const char *name;
    const char *help;
    enum identity_use uses;
    size_t state_bytes;
    // Makes service->prepared; `said` and identities are there. NULL: there is nothing to prepare. 0, -EINVAL with a
    // line in error, or -ENOMEM.
    int (*prepare)(struct service *service, char error[static POPULATION_ERROR_MAX]);
    void (*dispose)(struct service *service);
    // The connection stands; a server that speaks first does. NULL: it waits.
    void (*begin)(struct visit *visit);
    // All that is not read yet; what is left in *input comes again with more behind it.
    void (*bytes)(struct visit *visit, struct bytes *input);
    // Less than VISIT_MORE_BELOW is left to say: it may say more. NULL: it says nothing unasked.
    void (*more)(struct visit *visit);
    // Releases what the state owns. NULL: it owns nothing.
    void (*end)(struct visit *visit);
    // Adds what a record of such a host must say, in the shape of a record.
    void (*truth)(const struct service *service, const struct identity *identity, json_t *record);
};

#define PERSONALITIES(X)                                                                                               \
    X(banner)                                                                                                          \
    X(lines)                                                                                                           \
    X(http)                                                                                                            \
    X(ssh)                                                                                                             \
    X(tls13)                                                                                                           \
    X(tls)                                                                                                             \
    X(mute)                                                                                                            \
    X(raw)                                                                                                             \
    X(babble)                                                                                                          \
    X(echo)                                                                                                            \
    X(bomb)

#define X(name) extern const struct personality personality_##name;
PERSONALITIES(X)
#undef X

// The rows, `*ret_count` of them; and the one of a name, or NULL.
const struct personality *const *personality_rows(size_t *ret_count);
const struct personality *personality_find(const char *name);

// The name of a manner and what it means.
const char *manner_name(enum manner manner);
const char *manner_help(enum manner manner);

// Compiles services[0..count) of a population that outlives them. 0, -ENOMEM, or -EINVAL with a line in error.
int services_new(const struct population *population, struct service **ret_services,
                 char error[static POPULATION_ERROR_MAX]);
void services_free(struct service *services, size_t count);

// Which of the service's identities a host has.
const struct identity *service_identity(const struct service *service, uint32_t host);

// Begins and ends a visit. false when out of memory; visit_end may follow all the same.
bool visit_begin(struct visit *visit, const struct service *service, uint32_t host, struct crypto *crypto);
void visit_end(struct visit *visit);

// Bytes of the client's, in order. Afterwards output may have grown, or the visit be over.
void visit_bytes(struct visit *visit, const uint8_t *data, size_t length);

// What stands behind STARTTLS: all that comes goes to the inner visit, and what that says goes out as it is.
void visit_carry(struct visit *visit, struct visit *inner, struct bytes *input);

// Who has more to say than fits says it. To be called when output was acknowledged.
void visit_more(struct visit *visit);

// What a record of this service's host must say.
json_t *service_truth(const struct service *service, uint32_t host);
