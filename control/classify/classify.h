// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// (observation, catalogues) -> (product, findings). A function of its inputs alone, with no I/O and no clock, so that
// old records can be classified again with newer catalogues. A classifier belongs to one thread.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/image/catalogue.h"
#include "control/classify/product.h"
#include "probes/observation/observation.h"

// What classify looks for; the title, severity and remedy of each are in config/findings.json. X(enumerator, id, help)
#define CLASSIFY_FINDINGS(X)                                                                                           \
    X(FINDING_EXPOSED, "exposed-sensitive-service",                                                                    \
      "a service that the catalogue marks as sensitive is reachable, "                                                 \
      "and has no finding exposed-NAME of its own")                                                                    \
    X(FINDING_SSH_PASSWORD, "ssh-password-login", "the SSH server offers the method password")                         \
    X(FINDING_SSH_NONE, "ssh-no-authentication", "the SSH server let an unknown user in")                              \
    X(FINDING_TLS_OLD, "tls-below-1.2", "the server negotiated a version below TLS 1.2")                               \
    X(FINDING_EXPIRED, "certificate-expired", "the certificate's validity is over")                                    \
    X(FINDING_NOT_YET_VALID, "certificate-not-yet-valid", "the certificate's validity has not begun")                  \
    X(FINDING_SELF_SIGNED, "certificate-self-signed", "the certificate is signed with its own key")                    \
    X(FINDING_HTTP_PLAIN, "http-plain", "a web server answers without TLS")

enum classify_finding {
#define X(enumerator, id, help) enumerator,
    CLASSIFY_FINDINGS(X)
#undef X
        CLASSIFY_FINDING_COUNT
};
extern const char *const classify_finding_ids[CLASSIFY_FINDING_COUNT];

struct classification {
    struct product product;
    bool product_known;
    const char *findings[CLASSIFY_FINDING_COUNT]; // ids, in the catalogue's strings
    size_t finding_count;
};

struct classifier;

// Compiles the product rules. catalogue and strings must outlive it. A rule whose pattern does not compile is a broken
// catalogue: NULL and errno = EINVAL. NULL and errno = ENOMEM without memory.
struct classifier *classifier_new(const struct catalogue *catalogue, const char *strings, size_t string_bytes);
void classifier_free(struct classifier *classifier);

// now_s: seconds since the epoch at the time of the observation. A finding that the catalogue does not have is not
// reported. Writes *ret_classification whole.
void classify(struct classifier *classifier, const struct observation *observation, int64_t now_s,
              struct classification *ret_classification);
