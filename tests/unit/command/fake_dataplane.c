// SPDX-License-Identifier: BSD-3-Clause
// Stands in sonde-dataplane's place: keeps the protocol of dataplane/channel/commands.h and sends nothing.
// FAKE_DATAPLANE says what goes wrong: "fail" before the start, "die" or "hang" in mid-sweep, "endless" sweeps until it
// is told to stop; "flap" has a link that is down for a while, "unplugged" and "gone" sweep without end over one that
// stays down, or whose interface is gone.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dataplane/channel/clock.h"
#include "dataplane/channel/commands.h"

static int descriptor(int argc, char **argv, const char *option)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], option) == 0)
            return atoi(argv[i + 1]);
    return -1;
}

static int fail(struct commands *commands)
{
    snprintf(commands->error, sizeof(commands->error), "the port does not exist");
    atomic_store(&commands->state, DATAPLANE_FAILED);
    return 1;
}

// Sweeps for a quarter of a second, cools for a tenth, then waits for the order to exit.
static uint32_t state_at(uint64_t elapsed_ns, uint32_t order, int endless)
{
    if (elapsed_ns < 250000000 && order == ORDER_RUN)
        return DATAPLANE_SWEEPING;
    if (endless && order == ORDER_RUN)
        return DATAPLANE_SWEEPING;
    return elapsed_ns < 350000000 ? DATAPLANE_COOLING : DATAPLANE_COOLED;
}

static int mode_is(const char *mode, const char *name)
{
    return strcmp(mode, name) == 0;
}

static uint32_t link_at(uint64_t elapsed_ns, const char *mode)
{
    if (elapsed_ns < 50000000)
        return LINK_UP;
    if (mode_is(mode, "flap"))
        return elapsed_ns < 200000000 ? LINK_DOWN : LINK_UP;
    return mode_is(mode, "unplugged") ? LINK_DOWN : mode_is(mode, "gone") ? LINK_GONE : LINK_UP;
}

int main(int argc, char **argv)
{
    const char *mode = getenv("FAKE_DATAPLANE");
    mode = mode != NULL ? mode : "";
    struct commands *commands =
        mmap(NULL, sizeof(*commands), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor(argc, argv, "--commands"), 0);
    if (commands == MAP_FAILED || commands->magic != COMMANDS_MAGIC)
        return 3;
    struct channel_up_header *up =
        mmap(NULL, sizeof(*up), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor(argc, argv, "--up"), 0);
    if (up == MAP_FAILED)
        return 4;
    if (strcmp(mode, "fail") == 0)
        return fail(commands);
    atomic_fetch_add(&commands->port.rx_missed, 3);
    uint64_t start_ns = clock_ns();
    for (;;) {
        uint64_t now_ns = clock_ns();
        uint32_t order = atomic_load(&commands->order);
        // The heartbeat of `sonde scan` is what lets frames leave.
        if (clock_since(now_ns, atomic_load(&commands->scan_heartbeat_ns)) > 700000000)
            return 5;
        atomic_store(&commands->heartbeat_ns, now_ns);
        uint32_t state = state_at(now_ns - start_ns, order,
                                  mode_is(mode, "endless") || mode_is(mode, "unplugged") || mode_is(mode, "gone"));
        atomic_store(&commands->link, link_at(now_ns - start_ns, mode));
        atomic_store(&commands->state, state);
        atomic_store(&up->phase, state == DATAPLANE_COOLED ? CHANNEL_COOLED : CHANNEL_SWEEPING);
        counter_add(&commands->counters[0], COUNTER_PROBES_SENT, 1);
        if (order == ORDER_EXIT) {
            atomic_store(&commands->state, DATAPLANE_STOPPED);
            return 0;
        }
        if (strcmp(mode, "die") == 0 && now_ns - start_ns > 150000000)
            abort();
        if (strcmp(mode, "hang") == 0 && now_ns - start_ns > 150000000)
            poll(NULL, 0, -1);
        poll(NULL, 0, 10);
    }
}
