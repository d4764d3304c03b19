// SPDX-License-Identifier: BSD-3-Clause
// Stands in sonde-control's place: appends a line when it starts, beats, and ends when the dataplane has cooled or
// SIGTERM came. FAKE_CONTROL: "die" or "hang" does so in its first life, "die-always" in every one without a record but
// in the first, "die-often" in twenty with a record each, "refuse" will not end, "ahead" has a clock that is ahead of
// ours, "full" finds the disk full for a while, "full-always" until it is told to end, and then loses five records.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/store/counters.h"
#include "dataplane/channel/channel.h"
#include "dataplane/channel/clock.h"

static volatile sig_atomic_t told;

static void on_term(int signal_number)
{
    told = signal_number;
}

static int descriptor(int argc, char **argv, const char *option)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], option) == 0)
            return atoi(argv[i + 1]);
    return -1;
}

int main(int argc, char **argv)
{
    const char *mode = getenv("FAKE_CONTROL");
    mode = mode != NULL ? mode : "";
    int resumed = strcmp(argv[argc - 1], "--resume") == 0;
    signal(SIGTERM, on_term);
    struct channel_down_header *down =
        mmap(NULL, sizeof(*down), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor(argc, argv, "--down"), 0);
    struct channel_up_header *up = mmap(NULL, sizeof(*up), PROT_READ, MAP_SHARED, descriptor(argc, argv, "--up"), 0);
    if (down == MAP_FAILED || up == MAP_FAILED)
        return 3;
    // Never given, and the half that is read cannot be written.
    if (descriptor(argc, argv, "--commands") != -1 ||
        mmap(NULL, sizeof(*up), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor(argc, argv, "--up"), 0) != MAP_FAILED)
        return 4;
    int records = descriptor(argc, argv, "--records");
    lseek(records, 0, SEEK_END);
    if (dprintf(records, "{\"resumed\":%d}\n", resumed) < 0)
        return 5;
    uint64_t records_before = atomic_load(&down->counters[CONTROL_RECORDS]);
    if (strcmp(mode, "die-always") != 0 || !resumed)
        atomic_fetch_add(&down->counters[CONTROL_RECORDS], 1);
    // Killed by a signal, so the next one is told.
    if (records_before > 0 && strncmp(mode, "die", 3) == 0 && strcmp(argv[argc - 2], "--died") != 0)
        return 6;
    atomic_fetch_add(&down->counters[CONTROL_SEGMENTS_IN], 7);
    if (!resumed)
        atomic_store(&down->counters[CONTROL_JOURNAL_SYNCED_NS], 1);
    uint64_t start_ns = clock_ns();
    for (;;) {
        uint64_t now_ns = clock_ns();
        uint64_t age_ns = now_ns - start_ns;
        atomic_store(&down->heartbeat_ns, now_ns + (strcmp(mode, "ahead") == 0 ? 1000000000 : 0));
        int due = age_ns > 50000000;
        int always = strcmp(mode, "full-always") == 0;
        int full = always || (strcmp(mode, "full") == 0 && due && age_ns < 200000000);
        atomic_store(&down->counters[CONTROL_RECORD_ERRNO], full ? ENOSPC : 0);
        if (always && told != 0) {
            atomic_store(&down->counters[CONTROL_RECORDS_LOST], 5);
            return 1;
        }
        // Recovery is told a second later.
        int waits = always || strcmp(mode, "refuse") == 0 || (strcmp(mode, "full") == 0 && age_ns < 2500000000);
        if (!waits && (told != 0 || atomic_load(&up->phase) == CHANNEL_COOLED))
            return 0;
        if (due && (strcmp(mode, "die-always") == 0 || (strcmp(mode, "die-often") == 0 && records_before < 20) ||
                    (strcmp(mode, "die") == 0 && !resumed)))
            abort();
        if (due && strcmp(mode, "hang") == 0 && !resumed)
            poll(NULL, 0, -1);
        poll(NULL, 0, 10);
    }
}
