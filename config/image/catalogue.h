// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The catalogues, compiled into the plan image: services (which conversation a port begins with), findings (what is
// worth telling, when, and a remedy) and products (how a banner names a product). Strings are offsets into the image's
// strings.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CATALOGUE_PORTS_MAX = 16 };

struct catalogue_service {
    uint32_t name;    // "ssh"
    uint32_t session; // name of the session to begin with ("ssh", "tls", "http"), "" = listen first
    uint32_t inner;   // the same for what is inside a tunnel that it makes
    uint32_t title;
    uint16_t ports[CATALOGUE_PORTS_MAX];
    uint16_t port_count;
    uint16_t sensitive; // 1: should not face the whole internet
};

enum severity { SEVERITY_INFO = 0, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };

// A test of what is known of a host, or a combination of tests. Stored in prefix order: a node's children follow it,
// and `span` counts them and itself. A test of a field that is not known is neither true nor false, nor is one that the
// part which was kept of a field does not decide; what is neither is never reported. X(enumerator, word in
// findings.json)
#define CONDITION_OPS(X)                                                                                               \
    X(CONDITION_ALL, "all")             /* of the children: holds without any */                                       \
    X(CONDITION_ANY, "any")             /* of the children */                                                          \
    X(CONDITION_NOT, "not")             /* of the one child */                                                         \
    X(CONDITION_KNOWN, "known")         /* number: 1 = it came, 0 = it did not */                                      \
    X(CONDITION_IS, "is")               /* text, number or flag */                                                     \
    X(CONDITION_HAS, "has")             /* a list has exactly this name */                                             \
    X(CONDITION_STARTS, "starts")       /* a text begins so, in whatever case */                                       \
    X(CONDITION_CONTAINS, "contains")   /* a text holds this, in whatever case */                                      \
    X(CONDITION_BELOW, "below")         /* a number is less */                                                         \
    X(CONDITION_ABOVE, "above")         /* a number is more */                                                         \
    X(CONDITION_BEFORE, "before")       /* a time is earlier; `now` when now_relative */                               \
    X(CONDITION_AFTER, "after")         /* a time is later */                                                          \
    X(CONDITION_SENSITIVE, "sensitive") /* a text names a service that services.json marks so; number as of known */   \
    X(CONDITION_SOME, "some")           /* the one child holds for some row */

enum condition_op {
#define X(enumerator, word) enumerator,
    CONDITION_OPS(X)
#undef X
        CONDITION_OP_COUNT
};

enum { CONDITION_DEPTH_MAX = 16 };

struct catalogue_condition {
    uint32_t op;           // enum condition_op
    uint32_t span;         // nodes, this one included
    uint32_t field;        // string: path of the field ("ssh.methods"), below `some` its name; "" of ALL, ANY, NOT
    uint32_t text;         // string: what IS, HAS, STARTS, CONTAINS compare with
    int64_t number;        // what the others do: numbers, 0 or 1, seconds; of an address first << 32 | last
    uint32_t now_relative; // 1: number is counted from the time of the observation
    uint32_t reserved;
};

struct catalogue_finding {
    uint32_t id; // "ssh-password-login"
    uint32_t title;
    uint32_t remedy;          // one sentence that an administrator can act on
    uint32_t severity;        // enum severity
    uint32_t condition;       // index of the first node; it holds: the finding is reported
    uint32_t condition_count; // its span
    uint32_t unless;          // string: not when this finding was reported, or any that begins so before a final '*'
};

// One rule: a PCRE2 pattern over one field of an observation, and templates for what it found, in which $1 to $9 stand
// for the pattern's groups. The first rule that matches names the product, and of those of components every one a
// component, each product once. A group that matched nothing stands for "", in `cpe` for "*".
struct catalogue_product {
    uint32_t field; // path of a text (probes/observation/parts.h), "ssh.identification"
    uint32_t pattern;
    uint32_t vendor;
    uint32_t name;
    uint32_t version;
    uint32_t update;
    uint32_t distribution;
    uint32_t package_version;
    uint32_t cpe;       // CPE 2.3 template
    uint32_t component; // 1: of something that the banner names beside the product
};

struct catalogue {
    const struct catalogue_service *services;
    size_t service_count;
    const struct catalogue_finding *findings;
    size_t finding_count;
    const struct catalogue_product *products;
    size_t product_count;
    const struct catalogue_condition *conditions; // of the findings
    size_t condition_count;
};

// True when the nodes from `first` on make one whole condition of `count` nodes, none deeper than CONDITION_DEPTH_MAX.
bool catalogue_condition_fits(const struct catalogue *catalogue, uint32_t first, uint32_t count);

// The service that a port belongs to, or NULL. The plan's own services come last in the table and win.
const struct catalogue_service *catalogue_find_port(const struct catalogue *catalogue, uint16_t port);
