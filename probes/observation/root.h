// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A record's own fields: who was asked, by whom it is run, what speaks there and what is wrong with it. The first five
// stand first in every record, in this order: a resumed scan finds its place by them.

#include "probes/observation/field.h"

#define ROOT_FIELDS(X, P)                                                                                              \
    X(P, NUMBER, schema, 0, "version of this format")                                                                  \
    X(P, TEXT, scan, 64, "id of the scan")                                                                             \
    X(P, INSTANT, time, 0, "when the conversation ended")                                                              \
    X(P, ADDRESS, ip, 0, "address of the host")                                                                        \
    X(P, NUMBER, port, 0, "port that answered")                                                                        \
    X(P, TEXT, transport, 8, "transport protocol: tcp")                                                                \
    X(P, TEXT, name, 253, "host name that was asked for, where the address was given by one")                          \
    X(P, TEXT, provider, 64, "cloud provider that publishes the address")                                              \
    X(P, TEXT, cloud_service, 64, "the provider's service that the address serves")                                    \
    X(P, TEXT, region, 64, "the provider's region")                                                                    \
    X(P, TEXT, country, 2, "country of the address by the provider's list, ISO 3166-1")                                \
    X(P, TEXT, responsible, 8, "whose it is to mend: the customer's, or the provider's where its service is managed")  \
    X(P, TIME, list_date, 0, "date of the provider's list that says so, where that has one")                           \
    X(P, TEXT, service, 31, "protocol that was recognised by what it said")                                            \
    X(P, TEXT, tunnel, 8, "tls when the service was spoken inside TLS")                                                \
    X(P, FLAG, open, 0, "a stranger is let in, without a credential")                                                  \
    X(P, TEXT, outcome, 31, "how the conversation ended (below)")                                                      \
    X(P, TEXT, unreachable, 31, "what was reported: host-unreach, admin-prohibited ... (RFC 792, RFC 1812)")           \
    X(P, ADDRESS, reporter, 0, "who reported it")                                                                      \
    X(P, TEXT, banner, 1023, "first bytes of a service that was not recognised, or not within TLS")                    \
    X(P, ROWS(component), components, 8, "software that the banner names beside the product: modules, languages")      \
    X(P, LIST, findings, 1024, "ids of what is wrong (sonde help findings)")                                           \
    X(P, MILLI, rtt_ms, 0, "from our first data segment to its acknowledgement")                                       \
    X(P, LIST, suspect, 255, "why the answer may not be a service's: zero-window, accepts-any-port, tarpit (below)")

PART_STRUCT(root, ROOT_FIELDS)
