// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Every counter of sonde-control, with the help that metrics and README print. One list yields enum, names and help.
// They live in struct channel_down_header.counters, which a restarted control goes on counting from.

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/channel/channel.h"

// X(enumerator, name, help)
#define CONTROL_COUNTERS(X)                                                                                            \
    X(VERDICTS, "verdicts", "verdicts taken and journaled")                                                            \
    X(VERDICTS_REPEATED, "verdicts_repeated", "verdicts of positions that the journal held already")                   \
    X(RECORDS, "records", "records written")                                                                           \
    X(COMPLETE, "complete", "records with the outcome complete")                                                       \
    X(PARTIAL, "partial", "records with the outcome partial")                                                          \
    X(TIMEOUT, "timeout", "records with the outcome timeout")                                                          \
    X(RESET, "reset", "records with the outcome reset")                                                                \
    X(REFUSED, "refused", "records with the outcome refused")                                                          \
    X(NOT_RECOGNISED, "not_recognised", "records with the outcome not_recognised")                                     \
    X(INTERRUPTED, "interrupted", "records with the outcome interrupted: a resume asks these targets again")           \
    X(CLOSED, "closed", "records with the outcome closed")                                                             \
    X(UNREACHABLE, "unreachable", "records with the outcome unreachable")                                              \
    X(CONVERSATIONS_OPEN, "conversations_open", "conversations open now")                                              \
    X(CONVERSATIONS_QUEUED, "conversations_queued", "conversations waiting for room now")                              \
    X(WAIT_MS, "wait_ms", "milliseconds that what is open or waits takes at most, from now")                           \
    X(FLOWS_OPEN, "flows_open", "connections open or closing now")                                                     \
    X(CONNECTIONS_CONTINUED, "connections_continued", "connections that a probe opened and control went on with")      \
    X(CONNECTIONS_FURTHER, "connections_further", "connections that control opened itself")                            \
    X(CONNECTIONS_STALE, "connections_stale", "verdicts too old to go on with, asked again on a further connection")   \
    X(DECOYS_ASKED, "decoys_asked", "SYNs to decoys of hosts of which a port said nothing")                            \
    X(HOSTS_ACCEPT_ANY, "hosts_accept_any", "hosts that accepted a decoy")                                             \
    X(SEGMENTS_IN, "segments_in", "segments received")                                                                 \
    X(SEGMENTS_OUT, "segments_out", "segments asked for")                                                              \
    X(BYTES_IN, "bytes_in", "application bytes received in order")                                                     \
    X(RETRANSMISSIONS, "retransmissions", "segments asked for again because nothing acknowledged them")                \
    X(SEGMENTS_REORDERED, "segments_reordered", "segments kept until the gap before them was filled")                  \
    X(SEGMENTS_REFUSED, "segments_refused", "segments dropped because their numbers or flags cannot be")               \
    X(RESETS_SENT, "resets_sent", "RST segments asked for")                                                            \
    X(STRAYS, "strays", "segments that belong to no connection, answered with RST")                                    \
    X(STRAYS_LIMITED, "strays_limited", "of these, the ones left without RST: above 2 % of converse_rate")             \
    X(BUDGETS_EXCEEDED, "budgets_exceeded", "conversations ended because they took too many bytes or too long")        \
    X(HOSTS_SPENT, "hosts_spent", "hosts that took all the time or bytes of a host; what was left of them is timeout") \
    X(REQUESTS_FULL, "requests_full", "segments not asked for because the dataplane lagged (sent again later)")        \
    X(MEMORY_REFUSED, "memory_refused", "connections or segments given up for want of memory")                         \
    X(MEMORY_HELD, "memory_held", "bytes of memory that conversations hold now")                                       \
    X(RINGS_DEAD, "rings_dead", "rings given up because an index of the dataplane's was impossible")                   \
    X(JOURNAL_ENTRIES, "journal_entries", "journal entries written")                                                   \
    X(JOURNAL_ERRORS, "journal_errors", "journal writes or syncs that failed (tried again)")                           \
    X(JOURNAL_ERRNO, "journal_errno", "errno while the journal cannot be written, 0 = it can")                         \
    X(JOURNAL_SYNCED_NS, "journal_synced_ns", "CLOCK_MONOTONIC before which every verdict is journaled and synced")    \
    X(RECORD_BYTES, "record_bytes", "bytes of records written")                                                        \
    X(RECORD_WRITE_ERRORS, "record_write_errors", "record writes that failed (tried again)")                           \
    X(RECORD_ERRNO, "record_errno", "errno while records cannot be written, 0 = they can")                             \
    X(RECORDS_LOST, "records_lost", "records never written; their targets are in the journal, to be asked again")      \
    X(RESUMED_UNFINISHED, "resumed_unfinished",                                                                        \
      "targets of an earlier control that had no record and are asked again")                                          \
    X(TARGETS_STRUCK, "targets_struck", "times that a target was being asked when control died")                       \
    X(TARGETS_SPARED, "targets_spared",                                                                                \
      "targets that were being asked when control died, twice, and get their record unasked")                          \
    X(RECORDS_CUT, "records_cut", "bytes cut from the end of the records at the start, after the last whole one")

enum control_counter {
#define X(enumerator, name, help) CONTROL_##enumerator,
    CONTROL_COUNTERS(X)
#undef X
        CONTROL_COUNTER_COUNT
};
_Static_assert((int)CONTROL_COUNTER_COUNT <= (int)CHANNEL_CONTROL_COUNTERS, "the channel has room for every counter");

// Whether it only grows, so that a resumed scan counts on from it; the others are states of the moment.
bool control_counter_grows(enum control_counter counter);

extern const char *const control_counter_names[CONTROL_COUNTER_COUNT];
extern const char *const control_counter_help[CONTROL_COUNTER_COUNT];
