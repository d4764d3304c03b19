// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One answered position on its way to its record: its connections one after the other, each with a conversation,
// all adding to one observation. The record is written as soon as the conversation is over; the inquiry lives on until
// its last connection is closed. One thread, its lane's.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/flow/flow.h"
#include "control/converse/queue.h"
#include "control/record/record.h"
#include "control/converse/wheel.h"
#include "probes/session/conversation.h"

enum {
    INQUIRY_BYTES_MAX = 1 << 20, // received over all its connections
};
#define INQUIRY_TIME_NS  UINT64_C(90000000000) // from the first connection to the record
#define INQUIRY_RETRY_NS UINT64_C(1000000000)  // before asking again a host that hung up without a word

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
    uint64_t silence_ns;     // when the conversation wants to hear of silence, FLOW_NEVER
    uint64_t silence_end_ns; // until when silence may be put off because our own words may not have arrived
    uint64_t began_ns;       // when the current conversation began
    uint64_t over_ns;        // when patience with the whole inquiry ends
    uint64_t further_ns;     // when a further connection, or the next decoy, may begin
    struct inquiry *dirty_next;
    struct inquiry *host_next; // waits for its turn with the host
    struct inquiry *host_last; // of the host's first: end of that list
    uint32_t index;            // in the lane's pool
    uint32_t bytes;
    uint32_t rtt_us;
    uint32_t wait_ms;
    uint8_t connections;
    bool used : 1;
    bool dirty : 1;
    bool recorded : 1;
    bool hung_up : 1; // by the peer, with FIN or RST
    bool was_refused : 1;
    bool wants_further : 1; // once the flow is closed
    bool registered : 1;    // in the lane's by_tuple
    bool host_turn : 1;     // ours is the one further connection to this host
    bool host_waiting : 1;
    bool opening : 1;     // a connection or decoy of it has its place in the budget: further_ns says when
    bool spoke : 1;       // the peer has sent at least one byte
    bool host_silent : 1; // another port of this host has said nothing on a further connection either
};

// Releases what the current connection and conversation hold, and what was learnt. Nothing is sent.
void inquiry_fini(struct inquiry *inquiry);
