// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The buffers of a template pool: each holds the probe template for ever, and a probe changes only what probe_write
// writes. A checking build (meson option template_check) makes sure of it each time a buffer is used again.

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "probes/packet/probe.h"

// TEMPLATE_CHECK comes from meson: 1 in a checking build. A constant, so that a release worker has no trace of it.
static const bool template_checking = TEMPLATE_CHECK != 0;

// Where a template buffer's frame is. Its pool has no private area, so this needs no look at the buffer itself: another
// core may have its line.
static inline uint8_t *template_frame(struct rte_mbuf *mbuf)
{
    return (uint8_t *)mbuf + sizeof(*mbuf) + RTE_PKTMBUF_HEADROOM;
}

// Makes a buffer a frame of the template that is ready to be sent, whatever it was before.
void template_write(struct rte_mbuf *mbuf, const struct probe_template *probe);

// Whether a buffer is as template_write left it, but for what probe_write may have written since.
bool template_intact(const struct rte_mbuf *mbuf, const struct probe_template *probe);

// Writes those buffers again that are not intact, and returns their number. Any worker, for buffers of its own.
uint32_t templates_repair(struct rte_mbuf **mbufs, uint32_t count, const struct probe_template *probe);
