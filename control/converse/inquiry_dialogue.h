// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Carries an inquiry's conversation over its connection: what the flow delivers goes to the conversation, what that
// decides is done, and when all is said the record is written. One thread, its lane's.

#include "control/converse/inquiry.h"

// What an inquiry's flow calls.
extern const struct flow_ops inquiry_flow_ops;

// Begins a conversation on the connection that has just been established.
void inquiry_converse(struct inquiry *inquiry);

// Tells the conversation of the silence that it wanted to hear of, when that has lasted long enough.
void inquiry_silence(struct inquiry *inquiry);

// Ends the conversation, if there is one, without a word.
void inquiry_hush(struct inquiry *inquiry);

// Writes the record, unless it is written.
void inquiry_record(struct inquiry *inquiry);

// Ends its conversation at once, with RST. inquiry_settle, which is to follow, writes the record when decoys are asked.
void inquiry_give_up(struct inquiry *inquiry);

// Ends it because the scan ends: RST, and a record that says so.
void inquiry_cut_off(struct inquiry *inquiry);

// Ends it at once with what is known: RST and record. inquiry_settle is to follow.
void inquiry_abandon(struct inquiry *inquiry);
