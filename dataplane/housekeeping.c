// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/housekeeping.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_ethdev.h>

#include "dataplane/channel/clock.h"
#include "dataplane/worker.h"

enum { PERIOD_MS = 10, ORPHAN_SECONDS = 5, INTERRUPTED_COOLDOWN_MS = 2000, STATS_MS = 200, LINK_STEPS_MS = 500 };

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&pause, NULL);
}

// Frames that the kernel interface behind a virtual device has received since the baseline.
static uint64_t interface_received(uint32_t interface_index)
{
    char name[IF_NAMESIZE];
    char path[sizeof("/sys/class/net//statistics/rx_packets") + IF_NAMESIZE];
    uint64_t count = 0;
    if (interface_index == 0 || if_indextoname(interface_index, name) == NULL)
        return 0;
    snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/rx_packets", name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%" SCNu64, &count) != 1)
        count = 0;
    fclose(file);
    return count;
}

static void baseline_take(struct housekeeping *housekeeping)
{
    const struct port *port = &housekeeping->dataplane->port;
    struct rte_eth_stats stats;
    housekeeping->baseline.interface_received = interface_received(port->interface_index);
    if (rte_eth_stats_get(port->id, &stats) == 0)
        housekeeping->baseline.port_received = stats.ipackets;
    const struct port_counters *counters = &housekeeping->dataplane->commands->port;
    housekeeping->baseline.rx_missed = atomic_load_explicit(&counters->rx_missed, memory_order_relaxed);
    housekeeping->baseline.rx_errors = atomic_load_explicit(&counters->rx_errors, memory_order_relaxed);
    housekeeping->baseline.rx_no_buffer = atomic_load_explicit(&counters->rx_no_buffer, memory_order_relaxed);
    housekeeping->baseline.tx_errors = atomic_load_explicit(&counters->tx_errors, memory_order_relaxed);
}

static void stats_publish(struct housekeeping *housekeeping)
{
    const struct port *port = &housekeeping->dataplane->port;
    struct port_counters *counters = &housekeeping->dataplane->commands->port;
    const struct port_baseline *before = &housekeeping->baseline;
    struct rte_eth_stats stats;
    if (rte_eth_stats_get(port->id, &stats) != 0)
        return;
    uint64_t missed = stats.imissed;
    // af_packet does not say what its ring had no room for: the interface's own counter does.
    uint64_t interface = interface_received(port->interface_index);
    uint64_t seen = stats.ipackets - before->port_received;
    if (interface > before->interface_received) {
        uint64_t arrived = interface - before->interface_received;
        missed += arrived > seen ? arrived - seen : 0;
    }
    atomic_store_explicit(&counters->rx_missed, before->rx_missed + missed, memory_order_relaxed);
    atomic_store_explicit(&counters->rx_errors, before->rx_errors + stats.ierrors, memory_order_relaxed);
    atomic_store_explicit(&counters->rx_no_buffer, before->rx_no_buffer + stats.rx_nombuf, memory_order_relaxed);
    atomic_store_explicit(&counters->tx_errors, before->tx_errors + stats.oerrors, memory_order_relaxed);
}

void housekeeping_beat(struct dataplane *dataplane, uint64_t now_ns)
{
    atomic_store_explicit(&dataplane->commands->heartbeat_ns, now_ns, memory_order_relaxed);
    if (dataplane->channel != NULL)
        atomic_store_explicit(&dataplane->channel->up->heartbeat_ns, now_ns, memory_order_relaxed);
}

static void phase_set(struct dataplane *dataplane, enum dataplane_state state, enum channel_phase phase)
{
    if (dataplane->channel != NULL)
        atomic_store_explicit(&dataplane->channel->up->phase, (uint32_t)phase, memory_order_release);
    atomic_store_explicit(&dataplane->commands->state, (uint32_t)state, memory_order_release);
}

static uint32_t segments_done(const struct dataplane *dataplane)
{
    uint32_t done = UINT32_MAX;
    for (uint32_t i = 0; i < dataplane->worker_count; i++) {
        uint32_t own = atomic_load_explicit(&dataplane->workers[i]->segments_done, memory_order_acquire);
        done = own < done ? own : done;
    }
    return done;
}

// Every worker has begun and ended a turn since the call, so none still holds what it read before.
static void workers_pass(const struct dataplane *dataplane)
{
    for (uint32_t i = 0; i < dataplane->worker_count; i++) {
        const struct worker *worker = dataplane->workers[i];
        uint64_t before = atomic_load_explicit(&worker->rounds, memory_order_acquire);
        while (atomic_load_explicit(&worker->rounds, memory_order_acquire) < before + 2 &&
               atomic_load_explicit(&worker->running, memory_order_acquire))
            pause_ms(1);
    }
}

// Opens segment n + 1 once every worker has asked all of n and the bits of n - 1, whose memory it needs, are a cooldown
// old.
static void segment_advance(struct housekeeping *housekeeping, uint64_t now_ns)
{
    struct dataplane *dataplane = housekeeping->dataplane;
    const struct image_settings *settings = dataplane->image->settings;
    uint32_t open = atomic_load_explicit(&dataplane->segment_open, memory_order_relaxed);
    uint64_t next_first = settings->first_position + (uint64_t)(open + 1) * settings->segment_positions;
    if (next_first >= settings->end_position || segments_done(dataplane) <= open)
        return;
    if (housekeeping->segment_end_ns[open & 1] == 0)
        housekeeping->segment_end_ns[open & 1] = now_ns;
    uint64_t older_end = housekeeping->segment_end_ns[(open + 1) & 1];
    if (older_end != 0 && now_ns - older_end < settings->cooldown_ns)
        return;
    if (older_end != 0) {
        atomic_store_explicit(&dataplane->segment_floor, open, memory_order_release);
        workers_pass(dataplane);
        answered_clear(&dataplane->answered, open + 1);
        if (dataplane->samples != NULL)
            coverage_clear(dataplane->samples, open + 1);
    }
    housekeeping->segment_end_ns[(open + 1) & 1] = 0;
    atomic_store_explicit(&dataplane->segment_open, open + 1, memory_order_release);
}

static bool sweep_over(const struct dataplane *dataplane)
{
    if (atomic_load_explicit(&dataplane->commands->order, memory_order_relaxed) != ORDER_RUN)
        return true;
    for (uint32_t i = 0; i < dataplane->worker_count; i++)
        if (atomic_load_explicit(&dataplane->commands->progress[i].finished, memory_order_relaxed) == 0)
            return false;
    return true;
}

static void phase_advance(struct housekeeping *housekeeping, uint64_t now_ns)
{
    struct dataplane *dataplane = housekeeping->dataplane;
    uint32_t state = atomic_load_explicit(&dataplane->commands->state, memory_order_relaxed);
    if (state == DATAPLANE_SWEEPING && sweep_over(dataplane)) {
        housekeeping->cooling_since_ns = now_ns;
        phase_set(dataplane, DATAPLANE_COOLING, CHANNEL_COOLING);
        return;
    }
    if (state != DATAPLANE_COOLING)
        return;
    uint64_t cooldown = dataplane->image->settings->cooldown_ns;
    bool interrupted = atomic_load_explicit(&dataplane->commands->order, memory_order_relaxed) != ORDER_RUN;
    if (interrupted && cooldown > (uint64_t)INTERRUPTED_COOLDOWN_MS * 1000000)
        cooldown = (uint64_t)INTERRUPTED_COOLDOWN_MS * 1000000;
    if (now_ns - housekeeping->cooling_since_ns >= cooldown)
        phase_set(dataplane, DATAPLANE_COOLED, CHANNEL_COOLED);
}

// Where the workers are now and then, so that they can go back to where they were half a second or more before the link
// went down.
static void link_steps_take(struct housekeeping *housekeeping, uint64_t now_ns)
{
    const struct dataplane *dataplane = housekeeping->dataplane;
    if (now_ns - housekeeping->link_step_ns < (uint64_t)LINK_STEPS_MS * 1000000)
        return;
    housekeeping->link_step_ns = now_ns;
    for (uint32_t i = 0; i < dataplane->worker_count; i++) {
        housekeeping->link_steps[1][i] = housekeeping->link_steps[0][i];
        housekeeping->link_steps[0][i] =
            atomic_load_explicit(&dataplane->commands->progress[i].step, memory_order_relaxed);
    }
}

static void link_lose(struct housekeeping *housekeeping)
{
    struct dataplane *dataplane = housekeeping->dataplane;
    for (uint32_t i = 0; i < dataplane->worker_count; i++) {
        uint64_t step = housekeeping->link_steps[1][i];
        housekeeping->link_steps[0][i] = step;
        atomic_store_explicit(&dataplane->link_steps[i], step, memory_order_relaxed);
    }
    atomic_store_explicit(&dataplane->link_down, true, memory_order_release);
    // Some of what had been sent by then is to be sent again.
    if (atomic_load_explicit(&dataplane->commands->state, memory_order_relaxed) == DATAPLANE_COOLING &&
        atomic_load_explicit(&dataplane->commands->order, memory_order_relaxed) == ORDER_RUN)
        phase_set(dataplane, DATAPLANE_SWEEPING, CHANNEL_SWEEPING);
}

// Returns whether nobody can be heard.
static bool link_watch(struct housekeeping *housekeeping, uint64_t now_ns)
{
    struct dataplane *dataplane = housekeeping->dataplane;
    enum link_state was = housekeeping->link;
    housekeeping->link = carrier_look(&housekeeping->carrier);
    bool down = housekeeping->link != LINK_UP;
    if (!down)
        link_steps_take(housekeeping, now_ns);
    if (down && was == LINK_UP)
        link_lose(housekeeping);
    if (!down && was != LINK_UP)
        atomic_store_explicit(&dataplane->link_down, false, memory_order_release);
    if (dataplane->channel != NULL)
        atomic_store_explicit(&dataplane->channel->up->deaf, down, memory_order_relaxed);
    atomic_store_explicit(&dataplane->commands->link, (uint32_t)housekeeping->link, memory_order_relaxed);
    return down;
}

static void time_pass(struct housekeeping *housekeeping, uint64_t now_ns)
{
    struct dataplane *dataplane = housekeeping->dataplane;
    bool down = link_watch(housekeeping, now_ns);
    uint64_t awake_ns = clock_awake_ns(&housekeeping->clock, now_ns, down);
    atomic_store_explicit(&dataplane->commands->deaf_ns, housekeeping->clock.lost_ns, memory_order_release);
    bool ordered = atomic_load_explicit(&dataplane->commands->order, memory_order_relaxed) != ORDER_RUN;
    // Whoever is told to end ends; else nothing is over while nobody can be heard.
    if (down && !ordered)
        return;
    segment_advance(housekeeping, awake_ns);
    phase_advance(housekeeping, awake_ns);
}

static bool scan_over(struct housekeeping *housekeeping, uint64_t now_ns)
{
    const struct commands *commands = housekeeping->dataplane->commands;
    if (atomic_load_explicit(&commands->order, memory_order_relaxed) == ORDER_EXIT ||
        atomic_load_explicit(housekeeping->terminate, memory_order_relaxed))
        return true;
    uint64_t beat = atomic_load_explicit(&commands->scan_heartbeat_ns, memory_order_relaxed);
    return pulse_look(&housekeeping->scan, beat, now_ns) > (uint64_t)ORPHAN_SECONDS * UINT64_C(1000000000);
}

void *housekeeping_run(void *argument)
{
    struct housekeeping *housekeeping = (struct housekeeping *)argument;
    struct dataplane *dataplane = housekeeping->dataplane;
    baseline_take(housekeeping);
    clock_awake_start(&housekeeping->clock, clock_ns());
    carrier_init(&housekeeping->carrier, &dataplane->port, dataplane->image->settings->is_vdev != 0);
    for (uint32_t i = 0; i < dataplane->worker_count; i++)
        housekeeping->link_steps[0][i] = housekeeping->link_steps[1][i] = dataplane->commands->resume_step;
    // The segment before the one that a resumed scan begins with gets a whole cooldown, too.
    uint32_t open = atomic_load_explicit(&dataplane->segment_open, memory_order_relaxed);
    if (open > 0)
        housekeeping->segment_end_ns[(open + 1) & 1] = clock_ns();
    pulse_start(&housekeeping->scan,
                atomic_load_explicit(&dataplane->commands->scan_heartbeat_ns, memory_order_relaxed), clock_ns());
    phase_set(dataplane, DATAPLANE_SWEEPING, CHANNEL_SWEEPING);
    for (;;) {
        uint64_t now_ns = clock_ns();
        tsc_correct(&dataplane->tsc, now_ns, &dataplane->clock_correction_ns);
        housekeeping_beat(dataplane, now_ns);
        time_pass(housekeeping, now_ns);
        if (now_ns - housekeeping->last_stats_ns > (uint64_t)STATS_MS * 1000000) {
            stats_publish(housekeeping);
            housekeeping->last_stats_ns = now_ns;
        }
        if (scan_over(housekeeping, now_ns))
            break;
        pause_ms(PERIOD_MS);
    }
    stats_publish(housekeeping);
    carrier_fini(&housekeeping->carrier);
    atomic_store_explicit(&dataplane->stop, true, memory_order_release);
    return NULL;
}
