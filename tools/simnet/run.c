// SPDX-License-Identifier: BSD-3-Clause
#include "tools/simnet/run.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "tools/simnet/responder.h"

enum {
    QUEUES_MAX = 16,
    DEFAULT_BUFFERS = 8191,
    DEFAULT_CONNECTIONS = 65536,
    SEGMENTS = 4095, // buffers for what hosts say, a queue
    DUE_MAX = 64,
    PENDING_MAX = 4 * RESPONDER_ANSWERS_MAX,
    SEND_AT = 32,        // answers that are worth a call
    SEND_AFTER = 16,     // or this many polls, whatever there is
    IDLE_POLLS = 2048,   // then sleep
    IDLE_NS = 50 * 1000, // so long
};

// One queue. Answers gather in `pending` so that a low hit rate does not cost a call each burst.
struct lane {
    struct responder *responder;
    struct crypto *crypto;
    uint16_t queue;
    uint16_t answer_queue;
    uint32_t pending_first;
    uint32_t pending_count;
    uint32_t polls; // since the last call
    struct rte_mbuf *pending[PENDING_MAX];
};

struct simnet {
    uint16_t port;
    uint16_t queues;
    uint16_t next_queue;
    bool never_idle;
    unsigned lcore; // LCORE_ID_ANY when not started on one
    atomic_bool stop;
    struct rte_mempool *received; // what a port that copies receives into
    struct rte_mempool *answers;
    struct rte_mempool *segments; // of hosts that speak
    struct lane lanes[QUEUES_MAX];
};

int simnet_ring_ports(const char *name, uint16_t queues, uint32_t slots, uint16_t *ret_prober, uint16_t *ret_simnet)
{
    struct rte_ring *there[QUEUES_MAX];
    struct rte_ring *back[QUEUES_MAX];
    char text[RTE_RING_NAMESIZE];
    if (queues == 0 || queues > QUEUES_MAX)
        return -EINVAL;
    for (uint16_t i = 0; i < queues; i++) {
        snprintf(text, sizeof(text), "%.12s_to%u", name, i);
        there[i] = rte_ring_create(text, slots, (int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ);
        snprintf(text, sizeof(text), "%.12s_from%u", name, i);
        back[i] = rte_ring_create(text, slots, (int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ);
        if (there[i] == NULL || back[i] == NULL)
            return -rte_errno;
    }
    snprintf(text, sizeof(text), "%.12s_prober", name);
    int prober = rte_eth_from_rings(text, back, queues, there, queues, rte_socket_id());
    snprintf(text, sizeof(text), "%.12s_simnet", name);
    int simnet = rte_eth_from_rings(text, there, queues, back, queues, rte_socket_id());
    if (prober < 0 || simnet < 0)
        return rte_errno == 0 ? -EIO : -rte_errno;
    *ret_prober = (uint16_t)prober;
    *ret_simnet = (uint16_t)simnet;
    return 0;
}

static int port_start(struct simnet *simnet)
{
    struct rte_eth_conf conf = {0};
    int error = rte_eth_dev_configure(simnet->port, simnet->queues, simnet->queues, &conf);
    for (uint16_t i = 0; error == 0 && i < simnet->queues; i++) {
        error = rte_eth_rx_queue_setup(simnet->port, i, 1024, rte_socket_id(), NULL, simnet->received);
        if (error == 0)
            error = rte_eth_tx_queue_setup(simnet->port, i, 1024, rte_socket_id(), NULL);
    }
    return error != 0 ? error : rte_eth_dev_start(simnet->port);
}

static int lanes_init(struct simnet *simnet, const struct simnet_setup *setup)
{
    for (uint16_t i = 0; i < simnet->queues; i++) {
        struct responder_setup own = {.world = setup->world,
                                      .pool = simnet->answers,
                                      .ticks_per_second = rte_get_tsc_hz(),
                                      .now = rte_rdtsc(),
                                      .first_sequence = (uint64_t)i << 40,
                                      .services = setup->services,
                                      .segments = simnet->segments,
                                      .connections = setup->connections == 0 ? DEFAULT_CONNECTIONS : setup->connections,
                                      .look = setup->look};
        if (setup->services != NULL && (own.crypto = simnet->lanes[i].crypto = crypto_new()) == NULL)
            return -ENOMEM;
        simnet->lanes[i].queue = i;
        simnet->lanes[i].answer_queue = (uint16_t)(setup->answers_cross ? (i + 1) % simnet->queues : i);
        simnet->lanes[i].responder = responder_new(&own);
        if (simnet->lanes[i].responder == NULL)
            return -errno;
    }
    return 0;
}

struct simnet *simnet_new(const struct simnet_setup *setup)
{
    struct simnet *simnet = calloc(1, sizeof(*simnet));
    if (simnet == NULL)
        return NULL;
    simnet->port = setup->port;
    simnet->queues = setup->queues == 0 ? 1 : setup->queues;
    simnet->never_idle = setup->never_idle;
    simnet->lcore = LCORE_ID_ANY;
    int error = simnet->queues > QUEUES_MAX ? -EINVAL : 0;
    char name[RTE_MEMPOOL_NAMESIZE];
    if (error == 0) {
        snprintf(name, sizeof(name), "simnet_in_%u", setup->port);
        simnet->received = rte_pktmbuf_pool_create(name, 4095, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, (int)rte_socket_id());
        // Buffers just big enough: a page holds several, and the fewer pages the fewer TLB misses.
        snprintf(name, sizeof(name), "simnet_out_%u", setup->port);
        simnet->answers = rte_pktmbuf_pool_create(name, setup->buffers == 0 ? DEFAULT_BUFFERS : setup->buffers, 256, 0,
                                                  RTE_PKTMBUF_HEADROOM + RESPONDER_ROOM_BYTES, (int)rte_socket_id());
        if (setup->services != NULL) {
            snprintf(name, sizeof(name), "simnet_say_%u", setup->port);
            simnet->segments = rte_pktmbuf_pool_create(name, SEGMENTS * simnet->queues, 256, 0,
                                                       RTE_MBUF_DEFAULT_BUF_SIZE, (int)rte_socket_id());
        }
        error =
            simnet->received == NULL || (setup->services != NULL && simnet->segments == NULL) || simnet->answers == NULL
                ? -rte_errno
                : lanes_init(simnet, setup);
    }
    if (error == 0)
        error = port_start(simnet);
    if (error != 0) {
        simnet_free(simnet);
        errno = -error;
        return NULL;
    }
    return simnet;
}

void simnet_free(struct simnet *simnet)
{
    if (simnet == NULL)
        return;
    simnet_stop(simnet);
    for (uint16_t i = 0; i < simnet->queues && i < QUEUES_MAX; i++) {
        struct lane *lane = &simnet->lanes[i];
        if (lane->pending_count > 0)
            rte_pktmbuf_free_bulk(&lane->pending[lane->pending_first], lane->pending_count);
        responder_free(lane->responder);
        crypto_free(lane->crypto);
    }
    if (rte_eth_dev_is_valid_port(simnet->port)) {
        rte_eth_dev_stop(simnet->port);
        rte_eth_dev_close(simnet->port);
    }
    rte_mempool_free(simnet->received);
    rte_mempool_free(simnet->answers);
    rte_mempool_free(simnet->segments);
    free(simnet);
}

// Sends what is pending, as much of it as the port takes.
static void lane_send(struct simnet *simnet, struct lane *lane)
{
    lane->polls = 0;
    if (lane->pending_count == 0)
        return;
    uint16_t sent = rte_eth_tx_burst(simnet->port, lane->answer_queue, &lane->pending[lane->pending_first],
                                     (uint16_t)lane->pending_count);
    responder_counters(lane->responder)[COUNT_SENT] += sent;
    lane->pending_count -= sent;
    lane->pending_first = lane->pending_count == 0 ? 0 : lane->pending_first + sent;
}

static bool lane_poll(struct simnet *simnet, struct lane *lane)
{
    struct responder *responder = lane->responder;
    uint32_t end = lane->pending_first + lane->pending_count;
    if (PENDING_MAX - end < DUE_MAX + RESPONDER_ANSWERS_MAX) {
        responder_counters(responder)[COUNT_WAITED_PORT]++;
        lane_send(simnet, lane);
        return true;
    }
    uint64_t now = rte_rdtsc();
    uint32_t due = responder_due(responder, now, &lane->pending[end], DUE_MAX);
    uint32_t received = 0;
    lane->pending_count += due;
    if (responder_ready(responder)) {
        struct rte_mbuf *frames[RESPONDER_BURST];
        received = rte_eth_rx_burst(simnet->port, lane->queue, frames, RESPONDER_BURST);
        lane->pending_count += responder_answer(responder, frames, received, now, &lane->pending[end + due]);
    }
    bool busy = due + received > 0 || lane->pending_count > 0;
    if (lane->pending_count >= SEND_AT || ++lane->polls >= SEND_AFTER || due + received == 0)
        lane_send(simnet, lane);
    return busy;
}

bool simnet_poll(struct simnet *simnet)
{
    uint16_t queue = simnet->next_queue;
    simnet->next_queue = (uint16_t)(queue + 1) == simnet->queues ? 0 : (uint16_t)(queue + 1);
    return lane_poll(simnet, &simnet->lanes[queue]);
}

void simnet_run(struct simnet *simnet)
{
    const struct timespec pause = {.tv_nsec = IDLE_NS};
    uint32_t idle = 0;
    while (!atomic_load_explicit(&simnet->stop, memory_order_relaxed))
        if (simnet_poll(simnet))
            idle = 0;
        else if (simnet->never_idle || ++idle < IDLE_POLLS)
            rte_pause();
        else
            nanosleep(&pause, NULL);
}

static int lcore_run(void *argument)
{
    simnet_run(argument);
    return 0;
}

int simnet_start(struct simnet *simnet, unsigned lcore)
{
    atomic_store(&simnet->stop, false);
    int error = rte_eal_remote_launch(lcore_run, simnet, lcore);
    if (error == 0)
        simnet->lcore = lcore;
    return error;
}

void simnet_signal_stop(struct simnet *simnet)
{
    atomic_store(&simnet->stop, true);
}

void simnet_stop(struct simnet *simnet)
{
    simnet_signal_stop(simnet);
    if (simnet->lcore != LCORE_ID_ANY && simnet->lcore != rte_lcore_id())
        rte_eal_wait_lcore(simnet->lcore);
    simnet->lcore = LCORE_ID_ANY;
}

uint32_t simnet_waiting(const struct simnet *simnet)
{
    uint32_t waiting = 0;
    for (uint16_t i = 0; i < simnet->queues; i++)
        waiting += responder_waiting(simnet->lanes[i].responder) + simnet->lanes[i].pending_count;
    return waiting;
}

void simnet_counters(const struct simnet *simnet, uint64_t ret_counters[static SIMNET_COUNTER_COUNT])
{
    memset(ret_counters, 0, SIMNET_COUNTER_COUNT * sizeof(ret_counters[0]));
    for (uint16_t i = 0; i < simnet->queues; i++)
        for (size_t j = 0; j < SIMNET_COUNTER_COUNT; j++)
            ret_counters[j] += responder_counters(simnet->lanes[i].responder)[j];
}
