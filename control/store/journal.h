// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The journal: every verdict that control has taken, written before the channel's index passes it, so that a control
// which dies loses none. Unfinished = journal minus records. A header, then entries of fixed size, each with a check
// sum; a torn tail is cut at the start. Where records cannot be read back (a pipe), entries that say "done" stand in
// for them. What else stands there tells a control that follows one that died which targets had to do with it.

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_MAGIC UINT64_C(0x65646e6f736a6f01)

enum journal_kind {
    JOURNAL_TAKEN = 1, // a verdict
    JOURNAL_DONE,      // its record is written
    JOURNAL_STARTED,   // a further control goes on from here; of no target
    JOURNAL_BEGUN,     // a target that had waited is asked
    JOURNAL_STRUCK,    // it was being asked when control died
    JOURNAL_KINDS
};

// The file's first bytes.
struct journal_header {
    uint64_t magic;
    uint64_t seed; // of the plan: a journal belongs to one scan
    uint32_t entry_bytes;
    uint32_t check;
};

// 24 bytes, native byte order: it never leaves the host.
struct journal_entry {
    uint64_t position;
    uint32_t address; // host byte order
    uint16_t port;
    uint8_t kind;    // enum journal_kind
    uint8_t suspect; // bits of enum suspect
    uint8_t counter; // of a "done": the enum control_counter that its record counts under, besides CONTROL_RECORDS
    uint8_t answer;  // of "taken": enum verdict_answer, and of VERDICT_UNREACHABLE what was said
    uint8_t icmp_type;
    uint8_t icmp_code;
    uint32_t check; // of the bytes before
};
_Static_assert(sizeof(struct journal_entry) == 24 && sizeof(struct journal_header) == 24, "no padding in the file");

struct journal {
    int fd;
    pthread_mutex_t mutex;    // held for one write
    uint64_t end;             // where the next entry goes
    _Atomic int append_error; // errno of the last append, 0 = it succeeded
    _Atomic int sync_error;   // of the first sync that failed, 0 = none has
};

// Takes over fd (a regular file; still the caller's to close) at its end. resume: entries are kept and a torn tail is
// cut; otherwise the file is emptied. Returns 0, -EPROTO when the file is a journal of another scan or none, or -errno.
int journal_init(struct journal *journal, int fd, uint64_t seed, bool resume);
void journal_fini(struct journal *journal);

// Appends entries (check is filled in here) with one write. On error nothing of them is there afterwards, and the call
// may be repeated. Any thread. Returns 0 or -errno.
int journal_append(struct journal *journal, struct journal_entry *entries, size_t count);

// Waits until everything appended before the call is on the disk. One thread; never one that handles packets. What the
// kernel could not write it forgets and says so once (fsync(2)), so after one failure every later call fails too.
int journal_sync(struct journal *journal);

// Calls visit for each entry from the start; for before the first append only. A visit other than 0 ends it and is
// returned.
int journal_walk(const struct journal *journal, int (*visit)(void *context, const struct journal_entry *entry),
                 void *context);
