// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The buffers of a template pool: each holds the probe template for ever, and a probe changes only what probe_write
// writes. A checking build (meson option template_check) makes sure of it each time a buffer is used again.

#include <stdbool.h>
#include <stdint.h>

#include "probes/packet/probe.h"

struct rte_mbuf;

// TEMPLATE_CHECK comes from meson: 1 in a checking build. A constant, so that a release worker has no trace of it.
static const bool template_checking = TEMPLATE_CHECK != 0;

// Makes a buffer a frame of the template that is ready to be sent, whatever it was before.
void template_write(struct rte_mbuf *mbuf, const struct probe_template *probe);

// Whether a buffer is as template_write left it, but for what probe_write may have written since.
bool template_intact(const struct rte_mbuf *mbuf, const struct probe_template *probe);

// Writes those buffers again that are not intact, and returns their number. Any worker, for buffers of its own.
uint32_t templates_repair(struct rte_mbuf **mbufs, uint32_t count, const struct probe_template *probe);
