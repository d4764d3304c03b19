// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/denial.h"

#include <stdio.h>
#include <string.h>

#include "dataplane/channel/channel.h"

enum { TYPE_UNREACHABLE = 3, TYPE_TIME_EXCEEDED = 11 };

// Codes of destination unreachable: RFC 792, RFC 1122 section 3.2.2.1 and RFC 1812 section 5.2.7.1; the words are
// nmap's where it has one.
static const char *const unreachable[] = {
    "net-unreach",   "host-unreach",        "proto-unreach",        "port-unreach",
    "frag-needed",   "source-route-failed", "net-unknown",          "host-unknown",
    "host-isolated", "net-prohibited",      "host-prohibited",      "net-tos-unreach",
    "host-tos",      "admin-prohibited",    "precedence-violation", "precedence-cutoff",
};

static const char *const exceeded[] = {"time-exceeded", "reassembly-time-exceeded"};

static const char *word_of(uint8_t type, uint8_t code)
{
    if (type == TYPE_UNREACHABLE && code < sizeof(unreachable) / sizeof(unreachable[0]))
        return unreachable[code];
    if (type == TYPE_TIME_EXCEEDED && code < sizeof(exceeded) / sizeof(exceeded[0]))
        return exceeded[code];
    return NULL;
}

enum outcome denial_learn(const struct target *target, struct observation *observation)
{
    if (target->answer != VERDICT_UNREACHABLE)
        return OUTCOME_CLOSED;
    char text[16];
    const char *word = word_of(target->icmp_type, target->icmp_code);
    snprintf(text, sizeof(text), "icmp-%u-%u", target->icmp_type, target->icmp_code);
    word = word != NULL ? word : text;
    learn_text(observation, FIELD(root, unreachable), word, strlen(word));
    if (target->reporter != 0)
        learn_address(observation, FIELD(root, reporter), address_v4(target->reporter));
    return OUTCOME_UNREACHABLE;
}
