// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The catalogues, compiled into the plan image: services (which conversation a port begins with), findings (what is
// worth telling, with a remedy) and products (how a banner names a product). Strings are offsets into the image's
// strings.

#include <stddef.h>
#include <stdint.h>

enum { CATALOGUE_PORTS_MAX = 16 };

struct catalogue_service {
    uint32_t name;    // "ssh"
    uint32_t session; // name of the session to begin with ("ssh", "tls", "http"), "" = listen first
    uint32_t title;
    uint16_t ports[CATALOGUE_PORTS_MAX];
    uint16_t port_count;
    uint16_t sensitive; // 1: should not face the whole internet
};

enum severity { SEVERITY_INFO = 0, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };

// A sensitive service NAME that is reachable is the finding "exposed-NAME" where the catalogue has that one, else
// "exposed-sensitive-service".
struct catalogue_finding {
    uint32_t id; // "ssh-password-login"
    uint32_t title;
    uint32_t remedy;   // one sentence that an administrator can act on
    uint32_t severity; // enum severity
};

// What a product rule may look at. "ssh.identification" is the whole line, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3".
// X(name)
#define CATALOGUE_FIELDS(X)                                                                                            \
    X("ssh.identification")                                                                                            \
    X("ssh.software")                                                                                                  \
    X("ssh.comment")                                                                                                   \
    X("http.server")                                                                                                   \
    X("http.title")                                                                                                    \
    X("tls.subject")                                                                                                   \
    X("tls.issuer")                                                                                                    \
    X("http.location")

// One rule: a PCRE2 pattern over one field of an observation, and templates for what it found, in which $1 to $9 stand
// for the pattern's groups. The first rule of a field that matches is taken. A group that matched nothing stands for
// "", in `cpe` for "*".
struct catalogue_product {
    uint32_t field; // one of CATALOGUE_FIELDS
    uint32_t pattern;
    uint32_t vendor;
    uint32_t name;
    uint32_t version;
    uint32_t update;
    uint32_t distribution;
    uint32_t package_version;
    uint32_t cpe; // CPE 2.3 template
};

struct catalogue {
    const struct catalogue_service *services;
    size_t service_count;
    const struct catalogue_finding *findings;
    size_t finding_count;
    const struct catalogue_product *products;
    size_t product_count;
};

// The service that a port belongs to, or NULL. The plan's own services come last in the table and win.
const struct catalogue_service *catalogue_find_port(const struct catalogue *catalogue, uint16_t port);
