// SPDX-License-Identifier: BSD-3-Clause
// The variant for any CPU: the scalar functions of order.h and cookie.h in a loop. The others must equal it.
#include "probes/packet/kernels_generic.h"
#include "probes/packet/kernels_variants.h"
#include "probes/packet/replies_generic.h"

static void portable_cookies(const struct probe_plan *plan, struct probe_burst *burst, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t ours = (uint16_t)(burst->port[i] >> 16);
        struct cookie cookie = cookie_make(&plan->cookie, burst->address[i], (uint16_t)burst->port[i]);
        burst->isn[i] =
            ours == 0 ? cookie.isn : cookie_flow(&plan->cookie, burst->address[i], (uint16_t)burst->port[i], ours);
        burst->local_port[i] = cookie.local_port;
        burst->ip_id[i] = cookie.ip_id;
    }
}

static void portable_generate(const struct probe_plan *plan, struct probe_burst *burst, size_t count)
{
    for (size_t i = 0; i < count; i++)
        burst->index[i] = order_index(&plan->order, burst->position[i]);
    burst_locate(plan, burst, count);
    portable_cookies(plan, burst, count);
    burst_words(plan, burst, count);
}

static void portable_positions(const struct probe_plan *plan, struct probe_burst *burst, size_t count)
{
    for (size_t i = 0; i < count; i++)
        burst->position[i] = order_position(&plan->order, burst->index[i]);
}

// Neither the cipher nor the order is cheap here: only those that need them get them.
static void portable_judge(const struct probe_plan *plan, struct reply_burst *burst, size_t count)
{
    (void)count; // the sets hold nothing beyond it
    burst->probed = burst_probed(plan, burst);
    for (uint64_t rest = burst->probed; rest != 0; rest &= rest - 1) {
        size_t i = (size_t)__builtin_ctzll(rest);
        struct cookie cookie = cookie_make(&plan->cookie, burst->probe.address[i], (uint16_t)burst->probe.port[i]);
        burst->probe.isn[i] = cookie.isn;
        burst->probe.local_port[i] = cookie.local_port;
    }
    burst_sort(burst);
    burst_place(plan, burst);
    for (uint64_t rest = burst->answers; rest != 0; rest &= rest - 1) {
        size_t i = (size_t)__builtin_ctzll(rest);
        burst->probe.position[i] = order_position(&plan->order, burst->probe.index[i]);
    }
}

const struct kernels kernels_portable = {
    .name = "portable",
    .generate = portable_generate,
    .cookies = portable_cookies,
    .positions = portable_positions,
    .read = burst_read,
    .judge = portable_judge,
};
