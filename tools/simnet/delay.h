// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A timing ring: answers wait in it until they are due. Bounded by the number of buffers there are, so nothing is ever
// dropped for want of room. One owner thread.

#include <stddef.h>
#include <stdint.h>

struct delay;

// A ring for at most `capacity` items (the buffers of the pool they come from), due at most `longest` ticks ahead. NULL
// and ENOMEM on failure.
struct delay *delay_new(uint32_t capacity, uint64_t longest, uint64_t now);
void delay_free(struct delay *delay);

// Keeps an item until due; past ones are due at once, ones too far ahead at the end of the ring. The granularity is
// longest / 1,024. There must be room: delay_count below the capacity.
void delay_push(struct delay *delay, void *item, uint64_t due);

// Takes out at most `room` items that are due now. Items of one granule keep their order. Returns their number.
uint32_t delay_pop(struct delay *delay, uint64_t now, void **ret_items, uint32_t room);

// Takes out at most `room` items, due or not.
uint32_t delay_drain(struct delay *delay, void **ret_items, uint32_t room);

uint32_t delay_count(const struct delay *delay);
