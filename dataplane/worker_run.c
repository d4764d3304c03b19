// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/worker.h"

#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "dataplane/template.h"
#include "dataplane/channel/clock.h"

enum { HEARTBEAT_STALE_MS = 700 };

static double share_pps(const struct worker *worker, uint64_t rate_millipps)
{
    return (double)rate_millipps / 1000.0 / (double)worker->dataplane->worker_count;
}

// New probes wait while control is behind: their answers would only time out.
static bool control_lags(const struct worker *worker)
{
    if (worker->parked_count > 0)
        return true;
    const struct image_settings *settings = worker->dataplane->image->settings;
    if (worker->lanes == 0 || settings->converse != CONVERSE_NOW || settings->max_open == 0)
        return false;
    const struct channel_down_header *down = worker->dataplane->channel->down;
    uint64_t open = atomic_load_explicit(&down->open_conversations, memory_order_relaxed);
    uint64_t limit = atomic_load_explicit(&down->open_limit, memory_order_relaxed);
    limit = limit == 0 || limit > settings->max_open ? settings->max_open : limit;
    for (uint32_t lane = 0; lane < worker->lanes; lane++) {
        struct ring *ring = &channel_pair(worker->dataplane->channel, worker->number, lane)->verdicts;
        open += ring->capacity - ring_free(ring, ring->capacity);
    }
    return open >= limit;
}

static void rate_follow(struct worker *worker)
{
    uint64_t rate = atomic_load_explicit(&worker->dataplane->commands->rate_millipps, memory_order_relaxed);
    if (rate == worker->rate_seen)
        return;
    pacer_rate(&worker->pacer, share_pps(worker, rate), worker->dataplane->tsc.hz);
    worker->rate_seen = rate;
}

// Counts the rings that an impossible index has killed, wherever it was noticed.
static void rings_watch(struct worker *worker)
{
    uint32_t dead = 0;
    for (uint32_t lane = 0; lane < worker->lanes; lane++) {
        const struct channel_pair *pair = channel_pair(worker->dataplane->channel, worker->number, lane);
        dead += (uint32_t)pair->verdicts.dead + (uint32_t)pair->segments.dead + (uint32_t)pair->requests.dead;
    }
    if (dead > worker->rings_dead)
        counter_add(worker->counters, COUNTER_CHANNEL_KILLED, dead - worker->rings_dead);
    worker->rings_dead = dead;
}

// How far the other workers are; they write these lines at every burst, so they are not looked at more often.
static void steps_watch(struct worker *worker)
{
    const struct dataplane *dataplane = worker->dataplane;
    for (uint32_t i = 0; i < dataplane->worker_count; i++)
        worker->steps[i] = atomic_load_explicit(&dataplane->commands->progress[i].step, memory_order_acquire);
}

static void progress_publish(struct worker *worker)
{
    struct sweep *sweep = &worker->sweep;
    atomic_store_explicit(&worker->progress->attempt, sweep->attempt, memory_order_relaxed);
    atomic_store_explicit(&worker->progress->position, sweep_position(sweep), memory_order_relaxed);
    atomic_store_explicit(&worker->progress->step, sweep_step(sweep), memory_order_release);
    if (worker->probes_left == 0) {
        sweep->segment_done = true;
        sweep->finished = true;
    }
    if (sweep->skipped != 0) {
        counter_add(worker->counters, COUNTER_POSITIONS_SKIPPED, sweep->skipped);
        sweep->skipped = 0;
    }
    if (sweep->again != 0 || sweep->samples != 0) {
        counter_add(worker->counters, COUNTER_PROBES_AGAIN, sweep->again);
        counter_add(worker->counters, COUNTER_SAMPLES_ASKED, sweep->samples);
        sweep->again = 0;
        sweep->samples = 0;
    }
    if (!sweep->segment_done)
        return;
    atomic_store_explicit(&worker->progress->finished, sweep->finished, memory_order_relaxed);
    atomic_store_explicit(&worker->segments_done, sweep->segment + 1, memory_order_release);
}

// What was sent while the link died may be lost, and the answers to what was sent before.
static void link_follow(struct worker *worker)
{
    const struct dataplane *dataplane = worker->dataplane;
    bool down = atomic_load_explicit(&dataplane->link_down, memory_order_acquire);
    if (down && !worker->link_was_down) {
        sweep_rewind(&worker->sweep,
                     atomic_load_explicit(&dataplane->link_steps[worker->number], memory_order_relaxed));
        atomic_store_explicit(&worker->progress->finished, worker->sweep.finished, memory_order_relaxed);
        progress_publish(worker);
    }
    worker->link_was_down = down;
}

// What the outside wants is looked at twenty thousand times a second, not at every turn: those lines are shared.
static void worker_tick(struct worker *worker, uint64_t now)
{
    const struct dataplane *dataplane = worker->dataplane;
    struct commands *commands = dataplane->commands;
    worker->next_tick = now + worker->tick_interval;
    rate_follow(worker);
    rings_watch(worker);
    steps_watch(worker);
    link_follow(worker);
    uint64_t alive = atomic_load_explicit(&commands->scan_heartbeat_ns, memory_order_relaxed);
    uint64_t now_ns = dataplane_ns(dataplane, now);
    // By the clock, not by a pulse: after a pause of the whole machine nothing leaves before the scan beats again.
    if (clock_since(now_ns, alive) > (uint64_t)HEARTBEAT_STALE_MS * 1000000)
        worker->hold = HOLD_HEARTBEAT;
    else if (worker->link_was_down)
        worker->hold = HOLD_LINK;
    else if (atomic_load_explicit(&commands->order, memory_order_relaxed) != ORDER_RUN || worker->sweep.finished)
        worker->hold = HOLD_ORDER;
    else if (control_lags(worker))
        worker->hold = HOLD_CONTROL;
    else
        worker->hold = HOLD_NOT;
    if (worker->parked_count > 0)
        worker_unpark(worker, now_ns);
    if (worker->sweep.segment_done && !worker->sweep.finished &&
        atomic_load_explicit(&dataplane->segment_open, memory_order_acquire) > worker->sweep.segment)
        sweep_segment(&worker->sweep);
}

// Leaves out positions of a burst that are no pairs of the plan's list, before there are frames for them. Returns how
// many are left, at the front.
static uint32_t pairs_keep(struct worker *worker, uint32_t count)
{
    const struct listing *listing = &worker->dataplane->listing;
    const double port_reciprocal = worker->dataplane->plan.port_reciprocal;
    struct probe_burst *out = &worker->out;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t ordinal = reciprocal_divide(out->index[i], port_reciprocal);
        if (!listing_has(listing, ordinal, out->address[i], (uint16_t)out->port[i]))
            continue;
        out->address[kept] = out->address[i];
        out->ip_word[kept] = out->ip_word[i];
        out->flow_word[kept] = out->flow_word[i];
        out->seq_word[kept] = out->seq_word[i];
        out->check_word[kept] = out->check_word[i];
        kept++;
    }
    worker->sweep.skipped += count - kept;
    return kept;
}

// Fills worker->out with the pairs of a list that are asked next. A list's rectangle may hold thousands of positions
// for each pair, which cost no probe's time: the fewer pairs there are, the more positions are looked at at a time.
// What is asked beyond what was allowed is owed to the pacer. Returns how many are asked; *ret_taken positions were
// gone through.
__attribute__((noinline)) static uint32_t pairs_take(struct worker *worker, uint64_t now, uint32_t allowed,
                                                     uint32_t most, uint32_t *ret_taken)
{
    const struct dataplane *dataplane = worker->dataplane;
    uint32_t wanted = worker->reach > allowed ? worker->reach : allowed;
    uint32_t taken = sweep_next(&worker->sweep, now, wanted < most ? wanted : most, worker->out.position);
    uint32_t count = 0;
    if (taken > 0) {
        dataplane->kernels->generate(&dataplane->plan, &worker->out, taken);
        count = pairs_keep(worker, taken);
        if (count == 0)
            worker->reach = 2 * taken < WORKER_BURST ? 2 * taken : WORKER_BURST;
        else if (count > allowed)
            worker->reach /= 2;
    }
    if (count != allowed)
        pacer_return(&worker->pacer, (double)allowed - (double)count);
    *ret_taken = taken;
    return count;
}

// Gives each frame of a burst its own destination on the link. Those that nobody takes go back to the pool; their time
// is somebody else's. Returns how many are left, at the front.
__attribute__((noinline)) static uint32_t burst_address(struct worker *worker, struct rte_mbuf **mbufs, uint32_t count)
{
    const struct neighbours *neighbours = &worker->dataplane->neighbours;
    struct rte_mbuf *others[WORKER_BURST];
    uint32_t kept = 0;
    uint32_t left = 0;
    for (uint32_t i = 0; i < count; i++)
        if (neighbours_address(neighbours, worker->out.address[i], template_frame(mbufs[i])))
            mbufs[kept++] = mbufs[i];
        else
            others[left++] = mbufs[i];
    if (left == 0)
        return kept;
    rte_mempool_put_bulk(worker->queue.templates, (void **)others, left);
    counter_add(worker->counters, COUNTER_NEIGHBOURS_ABSENT, left);
    pacer_return(&worker->pacer, (double)left);
    return kept;
}

// One burst of probes, straight from the template pool to the port.
uint32_t worker_probes(struct worker *worker, uint64_t now)
{
    struct rte_mbuf *mbufs[WORKER_BURST];
    const struct dataplane *dataplane = worker->dataplane;
    uint32_t most = worker->probes_left < WORKER_BURST ? (uint32_t)worker->probes_left : WORKER_BURST;
    uint32_t allowed = pacer_take(&worker->pacer, now, most);
    if (allowed == 0) {
        if (most == 0)
            progress_publish(worker); // a dry run's share of no frame is done
        return 0;
    }
    const bool lists = dataplane->listing.listed->count > 0;
    uint32_t taken = 0;
    uint32_t count = lists ? pairs_take(worker, now, allowed, most, &taken)
                           : sweep_next(&worker->sweep, now, allowed, worker->out.position);
    if (!lists && count < allowed)
        pacer_return(&worker->pacer, (double)(allowed - count));
    if (count == 0) {
        progress_publish(worker);
        return taken;
    }
    // The pool holds more than the port and this burst can; it can only run dry when the port never gives back.
    while (rte_mempool_get_bulk(worker->queue.templates, (void **)mbufs, count) != 0) {
        counter_add(worker->counters, COUNTER_MBUFS_EXHAUSTED, 1);
        (void)rte_eth_tx_done_cleanup(worker->port_id, worker->queue_id, 0);
        if (atomic_load_explicit(&dataplane->stop, memory_order_relaxed))
            return 0;
    }
    if (template_checking)
        counter_add(worker->counters, COUNTER_TEMPLATES_REPAIRED, templates_repair(mbufs, count, &dataplane->probe));
    if (!lists)
        dataplane->kernels->generate(&dataplane->plan, &worker->out, count);
    for (uint32_t i = 0; i < count; i++)
        probe_write(template_frame(mbufs[i]), dataplane->probe.ip_offset, &worker->out, i);
    for (uint32_t i = 0; dataplane->sources.count > 1 && i < count; i++)
        sources_leave(&dataplane->sources, template_frame(mbufs[i]), dataplane->probe.ip_offset);
    uint32_t made = count;
    if (dataplane->neighbours.hop_count > 0)
        count = burst_address(worker, mbufs, count);
    uint32_t sent = rte_eth_tx_burst(worker->port_id, worker->queue_id, mbufs, (uint16_t)count);
    if (sent < count) {
        memcpy(worker->pending, mbufs + sent, (count - sent) * sizeof(mbufs[0]));
        worker->pending_count = count - sent;
        counter_add(worker->counters, COUNTER_TX_RETRIED, count - sent);
    }
    worker->probes_left -= count;
    counter_add(worker->counters, COUNTER_PROBES_SENT, count);
    counter_add(worker->counters, COUNTER_TX_BYTES, (uint64_t)count * dataplane->probe.frame_bytes);
    progress_publish(worker);
    return made;
}

// Everything that leaves.
static uint32_t worker_send(struct worker *worker, uint64_t now)
{
    uint32_t moved = 0;
    if (worker->hold == HOLD_HEARTBEAT || worker->hold == HOLD_LINK)
        return moved;
    if (worker->pending_count > 0 && !worker_flush(worker))
        return moved;
    if (worker->lanes > 0)
        moved += worker_requests(worker, now);
    if (worker->pending_count > 0 && !worker_flush(worker))
        return moved;
    if (worker->hold == HOLD_NOT)
        moved += worker_probes(worker, now);
    return moved;
}

// What has arrived is taken first and looked at last: its lines come while probes are computed and sent.
static uint32_t worker_turn(struct worker *worker)
{
    uint64_t now = rte_rdtsc();
    if (now >= worker->next_tick)
        worker_tick(worker, now);
    uint32_t moved = worker_collect(worker);
    moved += worker_send(worker, now);
    worker_judge(worker, now);
    return moved;
}

int worker_run(void *argument)
{
    struct worker *worker = (struct worker *)argument;
    const struct dataplane *dataplane = worker->dataplane;
    uint64_t now = rte_rdtsc();
    pacer_init(&worker->pacer, 0.0, dataplane->tsc.hz, now);
    // Who answers the first probe asks at once for each of our addresses, and waits a second before he asks again.
    pacer_init(&worker->neighbours, WORKER_NEIGHBOUR_PPS * (double)dataplane->sources.count, dataplane->tsc.hz, now);
    pacer_return(&worker->neighbours, (double)dataplane->sources.count);
    pacer_init(&worker->resets, WORKER_RESETS_PPS, dataplane->tsc.hz, now);
    pacer_init(&worker->guard.pacer, dataplane->image->settings->converse_rate_pps / dataplane->worker_count,
               dataplane->tsc.hz, now);
    atomic_store_explicit(&worker->running, true, memory_order_release);
    uint64_t rounds = 0;
    while (!atomic_load_explicit(&dataplane->stop, memory_order_relaxed)) {
        uint32_t moved = worker_turn(worker);
        atomic_store_explicit(&worker->rounds, ++rounds, memory_order_release);
        if (moved > 0)
            worker->idle_rounds = 0;
        else
            worker_idle(worker);
    }
    // Queued, and so counted as sent, but the port never took them.
    counter_add(worker->counters, COUNTER_DROP_TX_FULL, worker->pending_count);
    rte_pktmbuf_free_bulk(worker->pending, worker->pending_count);
    worker->pending_count = 0;
    atomic_store_explicit(&worker->running, false, memory_order_release);
    return 0;
}
