// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One answered position on its way to its record: its connections one after the other, each with a conversation,
// all adding to one observation. The record is written as soon as the conversation is over; the inquiry lives on until
// its last connection is closed. One thread, its lane's.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/flow/flow.h"
#include "control/converse/host.h"
#include "control/converse/queue.h"
#include "control/converse/waiters.h"
#include "control/record/record.h"
#include "control/converse/wheel.h"
#include "probes/session/conversation.h"

enum {
    INQUIRY_BYTES_MAX = 1 << 20, // received over all its connections
};
#define INQUIRY_PATIENCE_NS UINT64_C(5000000000) // where the plan says nothing of patience
// What its connections may last, all together: few times the plan's patience until anything is recognised, which takes
// three answers at most, of the port's own protocol, of HTTP and of TLS.
enum { INQUIRY_STRANGE_PATIENCE = 3 };
#define INQUIRY_TIME_NS  UINT64_C(90000000000)
#define INQUIRY_RETRY_NS UINT64_C(1000000000) // before asking again a host that hung up without a word
// A connection that has lasted so many times the patience and brought fewer bytes a second than that makes no progress:
// whoever drips a byte now and then is never silent. A handshake and a page at 300 baud are faster.
enum { INQUIRY_PROGRESS_PATIENCE = 2 };
#define INQUIRY_PROGRESS_BYTES UINT64_C(16)

// How often a further connection that cannot be opened is tried once more, from another port. A peer that still holds
// what an earlier scan has left on the first one answers our SYN with a challenge, which the dataplane takes for a
// stray.
enum { INQUIRY_REOPENINGS = 1 };

struct lane;

// Part of an inquiry. All-zero: nothing asked.
struct decoy {
    uint64_t end_ns; // when patience with this decoy ends
    uint16_t local_port;
    uint8_t asked; // decoys of which the answer, or its absence, is known
    bool asking;   // the next one was sent a SYN; its tuple is in the lane's by_tuple
    bool over;
};

struct inquiry {
    struct flow flow; // the current connection
    struct wheel_timer timer;
    struct lane *lane;
    struct conversation *conversation; // NULL between connections and after the last
    struct agenda agenda;              // what further connections are for
    struct errand errand;              // what the current or the next one is for
    struct observation observation;
    struct target target;
    struct decoy decoy;
    uint8_t *tail; // what the conversation left to be sent when it ended
    size_t tail_length;
    size_t tail_taken;
    uint64_t patience_ns;      // the plan's
    uint64_t silence_ns;       // when the conversation wants to hear of silence, FLOW_NEVER
    uint64_t silence_end_ns;   // until when silence may be put off because our own words may not have arrived
    uint64_t began_ns;         // when the current connection began
    uint64_t slot_ns;          // when its slot was taken
    uint64_t spent_ns;         // what the earlier ones lasted
    uint64_t further_ns;       // when a further connection, or the next decoy, may begin
    const struct hosts *hosts; // the lane's
    struct host *host;         // NULL: no memory for it
    struct inquiry *dirty_next;
    struct waiters *waits_in; // for its turn with the host, or for a slot of the lane; NULL: for neither
    struct inquiry *wait_next;
    struct inquiry *wait_before;
    uint32_t index; // in the lane's pool
    uint32_t bytes;
    uint32_t heard; // bytes of the current connection
    uint32_t rtt_us;
    uint32_t wait_ms;
    uint8_t connections;
    uint8_t reopenings; // of the current errand
    bool used : 1;
    bool dirty : 1;
    bool recorded : 1;
    bool hung_up : 1; // by the peer, with FIN or RST
    bool was_refused : 1;
    bool wants_further : 1; // once the flow is closed
    bool registered : 1;    // in the lane's by_tuple
    bool slot : 1;          // one of the lane's is ours: while a connection is open and the record not written
    bool host_turn : 1;     // one of the host's connections is ours
    bool opening : 1;       // the next connection or decoy has its place in the budget: further_ns says when
    bool cut_off : 1;       // the scan ended before it had asked all it would have
    bool spoke : 1;         // the peer has sent at least one byte
    bool host_silent : 1;   // another port of this host has said nothing on a further connection either
};

// Asked, and nothing came: no byte, no FIN, no RST.
static inline bool inquiry_silent(const struct inquiry *inquiry)
{
    return !inquiry->spoke && !inquiry->hung_up && !inquiry->was_refused && inquiry->connections > 0;
}

// When its budget or its host's is spent if nothing more comes: FLOW_NEVER when it has a record or no connection.
uint64_t inquiry_limit(const struct inquiry *inquiry, uint64_t now_ns);

// Whether what it may cost is spent, its host's budget included.
bool inquiry_spent(const struct inquiry *inquiry, uint64_t now_ns);

// To be called when it is ended because its budget is spent, not because nothing came: who kept sending, and nothing
// that is recognised, is marked as a tarpit. Not where it was the host's other ports that spent the host's budget.
void inquiry_judge_waste(struct inquiry *inquiry, uint64_t now_ns);

// Releases what the current connection and conversation hold, and what was learnt. Nothing is sent.
void inquiry_fini(struct inquiry *inquiry);
