// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Everything that simnet counts. One list yields the enum, the names and the help.

#include <stdint.h>

// X(enumerator, name, help)
#define SIMNET_COUNTERS(X)                                                                                             \
    X(COUNT_RECEIVED, "received", "frames received")                                                                   \
    X(COUNT_SYN, "syn", "probes among them: TCP segments with SYN alone")                                              \
    X(COUNT_SEGMENT, "segment", "other TCP segments")                                                                  \
    X(COUNT_ECHO, "echo", "ICMP echo requests")                                                                        \
    X(COUNT_ARP, "arp", "ARP requests")                                                                                \
    X(COUNT_OTHER, "other", "frames that no host would answer")                                                        \
    X(COUNT_BAD_CHECKSUM, "bad_checksum",                                                                              \
      "questions that somebody would have answered, had their checksum been right")                                    \
    X(COUNT_OPEN, "open", "SYN-ACKs from hosts, each question once")                                                   \
    X(COUNT_MIDDLEBOX, "middlebox", "SYN-ACKs from middleboxes")                                                       \
    X(COUNT_TARPIT, "tarpit", "SYN-ACKs from tarpits")                                                                 \
    X(COUNT_CLOSED, "closed", "RSTs to probes")                                                                        \
    X(COUNT_PROHIBITED, "prohibited", "ICMP errors from firewalls")                                                    \
    X(COUNT_UNREACHABLE, "unreachable", "ICMP errors from routers")                                                    \
    X(COUNT_RESET, "reset", "RSTs to other segments")                                                                  \
    X(COUNT_ECHO_REPLY, "echo_reply", "ICMP echo replies")                                                             \
    X(COUNT_ARP_REPLY, "arp_reply", "ARP replies")                                                                     \
    X(COUNT_LOST, "lost", "probes that the weather lost")                                                              \
    X(COUNT_DUPLICATED, "duplicated", "answers sent twice")                                                            \
    X(COUNT_LATE, "late", "answers held back to arrive out of order")                                                  \
    X(COUNT_LIMITED, "limited", "answers withheld by a network's rate limit")                                          \
    X(COUNT_FORGED, "forged", "answers with a wrong cookie")                                                           \
    X(COUNT_MALFORMED, "malformed", "frames with an impossible header")                                                \
    X(COUNT_TRUNCATED, "truncated", "frames cut short")                                                                \
    X(COUNT_CONNECTIONS, "connections", "connections to hosts that speak")                                             \
    X(COUNT_CONNECTIONS_ENDED, "connections_ended", "of these, the ones that are over")                                \
    X(COUNT_CONNECTIONS_FULL, "connections_full", "connections not begun because too many stood")                      \
    X(COUNT_CONNECTIONS_FORGOTTEN, "connections_forgotten", "connections given up because the client fell silent")     \
    X(COUNT_SPOKEN, "spoken", "segments of hosts that speak")                                                          \
    X(COUNT_RESENT, "resent", "times that some of them were sent again")                                               \
    X(COUNT_SEGMENTS_LOST, "segments_lost", "segments of such connections that the weather lost, either way")          \
    X(COUNT_SEGMENTS_UNSENT, "segments_unsent", "segments of hosts for which there was no buffer")                     \
    X(COUNT_SENT, "sent", "frames handed to the port")                                                                 \
    X(COUNT_WAITED_BUFFERS, "waited_buffers", "polls without a receive because every buffer was out")                  \
    X(COUNT_WAITED_PORT, "waited_port", "polls without a receive because the port took no more")

enum simnet_counter {
#define X(enumerator, name, help) enumerator,
    SIMNET_COUNTERS(X)
#undef X
        SIMNET_COUNTER_COUNT
};

// "received", "syn", ...; the help.
const char *simnet_counter_name(enum simnet_counter counter);
const char *simnet_counter_help(enum simnet_counter counter);
