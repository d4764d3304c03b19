// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Marks of an answer that should not be believed without more (RFC 9293 wording where there is one). Header only: the
// dataplane sets what a frame shows, control adds what more than one shows, the record names them.

// X(enumerator, bit, name in a record, help)
#define SUSPECTS(X)                                                                                                    \
    X(SUSPECT_ZERO_WINDOW, 0, "zero-window", "a SYN-ACK with a window of 0")                                           \
    X(SUSPECT_NO_OPTIONS, 1, "no-options", "a SYN-ACK without any TCP option although we sent one")                    \
    X(SUSPECT_ACCEPTS_ANY_PORT, 2, "accepts-any-port", "the host accepts ports that nobody serves")                    \
    X(SUSPECT_CRASHED_CONTROL, 3, "crashed-control",                                                                   \
      "it was being asked when sonde-control died, twice, and was not asked again")                                    \
    X(SUSPECT_TARPIT, 4, "tarpit",                                                                                     \
      "it sent drop by drop, or without end, as long as it was let, and nothing that a service says")

enum suspect {
#define X(enumerator, bit, name, help) enumerator = 1 << (bit),
    SUSPECTS(X)
#undef X
};
