// SPDX-License-Identifier: BSD-3-Clause
// What leaves the port, on net_null and net_pcap.
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_mbuf.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include "dataplane/worker.h"
#include "probes/packet/reply.h"
#include "tests/vdev/capture.h"
#include "tests/vdev/rig.h"
#include "tools/simnet/run.h"

static const struct rig_plan SMALL = {
    .networks = {{0x0a500000, 0x0a5003ff}, {0x0a510011, 0x0a510013}, {0x0a520040, 0x0a52005f}},
    .ports = {22, 80, 443},
};
enum { SMALL_POSITIONS = (1024 + 3 + 32) * 3 };

// Counts how often each (address, port) of SMALL is asked, and that each frame is a sound SYN of ours.
struct tally {
    const struct rig *rig;
    uint8_t asked[SMALL_POSITIONS];
    uint64_t wrong;
};

static void tally_frame(void *context, const uint8_t *frame, size_t length)
{
    struct tally *tally = (struct tally *)context;
    uint32_t destination = (uint32_t)frame[30] << 24 | (uint32_t)frame[31] << 16 | (uint32_t)frame[32] << 8 | frame[33];
    struct reply reply;
    const struct reply_offload none = {.accept_deferred = false};
    // Read from its destination's side, with the checksums verified; address is ours then.
    reply_read(frame, length, destination, none, &reply);
    int64_t ordinal = targets_ordinal(&tally->rig->image.targets, destination);
    int32_t port = tally->rig->image.port_index[reply.local_port];
    const struct cookie cookie = cookie_make(&tally->rig->dataplane.cookie, destination, reply.local_port);
    if (reply.kind != REPLY_TCP || reply.flags != TCP_SYN || reply.address != RIG_SOURCE || ordinal < 0 || port < 0 ||
        reply.seq != cookie.isn || reply.remote_port != cookie.local_port || memcmp(frame, RIG_GATEWAY_MAC, 6) != 0) {
        tally->wrong++;
        return;
    }
    tally->asked[ordinal * 3 + port]++;
}

static struct rig rig;
static struct tally tally;

static void pools_are_full(void)
{
    for (uint32_t i = 0; i < rig.dataplane.port.queue_count; i++) {
        const struct port_queue *queue = &rig.dataplane.port.queues[i];
        cr_assert_eq(rte_mempool_in_use_count(queue->templates), 0);
        cr_assert_eq(rte_mempool_in_use_count(queue->frames), 0);
    }
}

Test(sweep_devices, every_target_leaves_exactly_once_per_attempt)
{
    char path[] = "/tmp/sonde-vdev-XXXXXX";
    char device[128];
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    snprintf(device, sizeof(device), "--vdev=net_pcap0,tx_pcap=%s", path);
    rig_eal("0", device, NULL);
    struct rig_plan plan = SMALL;
    plan.attempts = 3;
    rig_init(&rig, &plan);
    cr_assert_eq(rig_run(&rig), 0, "%s", rig.commands->error);
    cr_assert_eq(rig_counter(&rig, COUNTER_PROBES_SENT), 3 * SMALL_POSITIONS);
    port_close(&rig.dataplane.port); // the capture is complete once the port is closed
    tally.rig = &rig;
    cr_assert_eq(capture_each(path, tally_frame, &tally), 3 * SMALL_POSITIONS);
    cr_assert_eq(tally.wrong, 0);
    for (int i = 0; i < SMALL_POSITIONS; i++)
        cr_assert_eq(tally.asked[i], 3, "target %d asked %u times", i, tally.asked[i]);
    unlink(path);
    rig_fini(&rig);
}

Test(sweep_devices, a_dry_run_stops_after_its_frames)
{
    rig_eal("0", "--vdev=net_null0,no-rx=1", NULL);
    struct rig_plan plan = SMALL;
    plan.dry_run_frames = 100;
    rig_init(&rig, &plan);
    cr_assert_eq(rig_run(&rig), 0, "%s", rig.commands->error);
    cr_assert_eq(rig_counter(&rig, COUNTER_PROBES_SENT), 100);
    rig_fini(&rig);
}

Test(sweep_devices, a_dry_run_of_two_workers_loses_no_frame_to_division)
{
    rig_eal("0,1", "--vdev=net_null0,no-rx=1", NULL);
    struct rig_plan plan = SMALL;
    plan.dry_run_frames = 101;
    plan.workers = 2;
    rig_init(&rig, &plan);
    cr_assert_eq(rig_run(&rig), 0, "%s", rig.commands->error);
    cr_assert_eq(rig_counter(&rig, COUNTER_PROBES_SENT), 101, "%lu", rig_counter(&rig, COUNTER_PROBES_SENT));
    rig_fini(&rig);
}

Test(sweep_devices, a_frame_that_finds_no_buffer_is_a_counted_loss)
{
    static struct rte_mbuf *taken[1 << 16];
    size_t count = 0;
    rig_eal("0", "--vdev=net_null0,no-rx=1", NULL);
    rig_init(&rig, &SMALL);
    cr_assert_eq(rig_run(&rig), 0, "%s", rig.commands->error);
    struct worker *worker = rig.dataplane.workers[0];
    while (count < sizeof(taken) / sizeof(taken[0]) && (taken[count] = worker_frame(worker)) != NULL)
        count++;
    cr_assert_lt(count, sizeof(taken) / sizeof(taken[0]));
    cr_assert_eq(rig_counter(&rig, COUNTER_DROP_NO_BUFFER), 1);
    cr_assert_eq(rig_counter(&rig, COUNTER_MBUFS_EXHAUSTED), 0, "those bursts are only late");
    rte_pktmbuf_free_bulk(taken, (unsigned)count);
    rig_fini(&rig);
}

// Ends the scan once its port takes nothing more.
static void *stuck_await(void *argument)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    (void)argument;
    for (int polls = 0; polls < 30000 && rig_counter(&rig, COUNTER_TX_RETRIED) < 1000; polls++)
        nanosleep(&pause, NULL);
    atomic_store(&rig.terminate, true);
    return NULL;
}

Test(sweep_devices, what_a_port_never_takes_is_a_counted_loss)
{
    uint16_t prober;
    uint16_t peer;
    char name[RTE_ETH_NAME_MAX_LEN];
    pthread_t watcher;
    rig_eal("0", NULL, NULL);
    cr_assert_eq(simnet_ring_ports("stuck", 1, 128, &prober, &peer), 0);
    cr_assert_eq(rte_eth_dev_get_name_by_port(prober, name), 0);
    struct rig_plan plan = SMALL;
    plan.port_name = name;
    rig_init(&rig, &plan);
    cr_assert_eq(pthread_create(&watcher, NULL, stuck_await, NULL), 0);
    cr_assert_eq(rig_run(&rig), 0, "%s", rig.commands->error);
    cr_assert_eq(pthread_join(watcher, NULL), 0);
    struct rte_ring *there = rte_ring_lookup("stuck_to0");
    cr_assert_not_null(there);
    uint64_t sent = rig_counter(&rig, COUNTER_PROBES_SENT);
    cr_assert_gt(sent, rte_ring_count(there));
    cr_assert_eq(rig_counter(&rig, COUNTER_DROP_TX_FULL), sent - rte_ring_count(there));
    rig_fini(&rig);
}

Test(sweep_devices, the_ports_counters_go_on_from_those_of_an_earlier_run)
{
    rig_eal("0", "--vdev=net_null0,no-rx=1", NULL);
    struct rig_plan plan = SMALL;
    rig_init(&rig, &plan);
    atomic_store(&rig.commands->port.rx_missed, 5);
    atomic_store(&rig.commands->port.tx_errors, 7);
    cr_assert_eq(rig_run(&rig), 0, "%s", rig.commands->error);
    cr_assert_eq(atomic_load(&rig.commands->port.rx_missed), 5);
    cr_assert_eq(atomic_load(&rig.commands->port.tx_errors), 7);
    rig_fini(&rig);
}

Test(sweep_devices, segments_follow_each_other_and_buffers_come_back)
{
    rig_eal("0", "--vdev=net_null0,no-rx=1", NULL);
    struct rig_plan plan = SMALL;
    plan.segment_positions = 640;
    plan.attempts = 2;
    plan.cooldown_ms = 5;
    rig_init(&rig, &plan);
    cr_assert_eq(rig_run(&rig), 0, "%s", rig.commands->error);
    cr_assert_eq(rig_counter(&rig, COUNTER_PROBES_SENT), 2 * SMALL_POSITIONS);
    pools_are_full();
    rig_fini(&rig);
}

Test(sweep_devices, a_port_that_is_not_there_is_named)
{
    rig_eal("0", "--vdev=net_null0,no-rx=1", NULL);
    struct rig_plan plan = SMALL;
    plan.port_name = "net_null7";
    rig_init(&rig, &plan);
    cr_assert_lt(rig_run(&rig), 0);
    cr_assert_not_null(strstr(rig.commands->error, "net_null7"), "%s", rig.commands->error);
    rig_fini(&rig);
}

Test(sweep_devices, two_ports_and_no_name_are_refused)
{
    rig_eal("0", "--vdev=net_null0,no-rx=1", "--vdev=net_null1,no-rx=1");
    rig_init(&rig, &SMALL);
    cr_assert_lt(rig_run(&rig), 0);
    cr_assert_not_null(strstr(rig.commands->error, "device.port"), "%s", rig.commands->error);
    rig_fini(&rig);
}

Test(sweep_devices, more_workers_than_queues_are_refused)
{
    rig_eal("0,1", "--vdev=net_pcap0,tx_pcap=/dev/null", NULL);
    struct rig_plan plan = SMALL;
    plan.workers = 2;
    rig_init(&rig, &plan);
    cr_assert_lt(rig_run(&rig), 0);
    cr_assert_not_null(strstr(rig.commands->error, "2 workers"), "%s", rig.commands->error);
    rig_fini(&rig);
}

Test(sweep_devices, nothing_leaves_once_the_scan_is_gone)
{
    rig_eal("0", "--vdev=net_null0,no-rx=1", NULL);
    struct rig_plan plan = SMALL;
    rig_init(&rig, &plan);
    atomic_store(&rig.over, true); // no heartbeat is kept
    atomic_store(&rig.commands->scan_heartbeat_ns, 1);
    cr_assert_eq(rig_run(&rig), 0, "%s", rig.commands->error);
    cr_assert_eq(rig_counter(&rig, COUNTER_PROBES_SENT), 0);
    rig_fini(&rig);
}

Test(sweep_devices, a_wrong_tsc_frequency_never_looks_like_a_lost_scan)
{
    rig_eal("0", "--vdev=net_null0,no-rx=1", NULL);
    struct rig_plan plan = SMALL;
    plan.rate_pps = 1500; // two seconds: the clocks would be a second apart
    plan.clock_error = 0.5;
    rig_init(&rig, &plan);
    cr_assert_eq(rig_run(&rig), 0, "%s", rig.commands->error);
    cr_assert_eq(rig_counter(&rig, COUNTER_PROBES_SENT), SMALL_POSITIONS);
    rig_fini(&rig);
}
