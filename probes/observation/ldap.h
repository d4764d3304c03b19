// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What a directory tells somebody who has not bound: its root DSE (RFC 4512, 5.1), and whether it would show an entry.

#include "probes/observation/field.h"

#define LDAP_FIELDS(X, P)                                                                                              \
    X(P, TEXT, vendor_name, 127, "who makes the server, where it says so (RFC 3045)")                                  \
    X(P, TEXT, vendor_version, 127, "its version, where it says so")                                                   \
    X(P, TEXT, root_class, 63, "class of the root DSE where it is the server's own: OpenLDAProotDSE")                  \
    X(P, LIST, naming_contexts, 1023, "roots of what it holds")                                                        \
    X(P, TEXT, dns_host, 255, "its own name, of Active Directory")                                                     \
    X(P, TEXT, functionality, 7,                                                                                       \
      "level of a domain controller, of Active Directory: 7 is Windows Server 2016 or newer")                          \
    X(P, LIST, sasl_mechanisms, 255, "SASL mechanisms that it offers")                                                 \
    X(P, FLAG, starttls, 0, "it offers TLS on this connection (RFC 4511, 4.14)")                                       \
    X(P, NUMBER, result, 0, "result code of the search for one entry, or of the root DSE when that was refused")       \
    X(P, TEXT, diagnostic, 255, "what the server says to it")

PART_STRUCT(ldap, LDAP_FIELDS)
