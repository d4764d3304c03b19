// SPDX-License-Identifier: BSD-3-Clause
// Requests of a hijacked control to the egress guard. Each 16 bytes of the input are one request, its time and how much
// of it is made to look right; what passes has to obey the plan, counted here once more and in another way: address in
// the targets, port of the plan or a decoy, our own ports, a well-formed segment of a connection that was answered, and
// over any time no more than the rates and what may be saved up.
#include <stdlib.h>
#include <string.h>

#include "config/image_build.h"
#include "config/intervals.h"
#include "config/targets_build.h"
#include "dataplane/guard.h"
#include "probes/packet/cookie.h"
#include "tests/fuzz/entry.h"

enum {
    REQUEST_BYTES = 16,
    ADDRESS_FIRST = 0x0a500000, // two whole /24s, and the first of a third
    ADDRESSES = 513,
    PROBE_FIRST = 16384,
    PROBE_PORTS = 8192,
    FLOW_FIRST = 24576,
    FLOW_PORTS = 4096,
    DECOY = 40001,
    HOST_RATE = 20,
    NETWORK_RATE = 50,
    PROBE_RATE = 20, // of which this worker keeps a token, and owes one
    CONVERSE_RATE = 3000,
    WORKERS = 2,
};

#define TSC_HZ UINT64_C(1000000) // small: an input of some hundred requests plays minutes

static const uint16_t ports[] = {22, 443};
static struct image image;
static struct image_settings settings;
static struct probe_plan plan;
static struct pacer probes;
static struct guard guard;

static int32_t port_index[65536];

struct tally {
    uint64_t first; // when, in ticks; 0 = never
    uint64_t count;
};

static struct tally of_host[ADDRESSES];
static struct tally of_network[3];
static struct tally of_probes;
static struct tally of_all;

static void check(int holds)
{
    if (!holds)
        abort();
}

// No more than rate allows since the first one, and `saved` on top.
static void tally_add(struct tally *tally, uint64_t now, double rate, double saved)
{
    if (tally->count++ == 0)
        tally->first = now;
    check((double)tally->count <= rate * (double)(now - tally->first) / (double)TSC_HZ + saved + 1.0);
}

static void world_begin(void)
{
    static const uint8_t secret[16] = {1, 2, 3};
    static struct targets_storage storage; // lives as long as the process
    struct interval_set set;
    settings = (struct image_settings){
        .probe_port_first = PROBE_FIRST,
        .probe_port_count = PROBE_PORTS,
        .flow_port_first = FLOW_FIRST,
        .flow_port_count = FLOW_PORTS,
        .decoys = {DECOY},
        .decoy_count = 1,
        .converse_rate_pps = CONVERSE_RATE,
        .network_rate_pps = NETWORK_RATE,
        .host_rate_pps = HOST_RATE,
        .workers = WORKERS,
    };
    image_port_index(ports, sizeof(ports) / sizeof(ports[0]), port_index);
    image = (struct image){.settings = &settings, .ports = ports, .port_index = port_index};
    interval_set_init(&set);
    check(interval_set_add(&set, (struct interval){ADDRESS_FIRST, ADDRESS_FIRST + ADDRESSES - 1}) == 0);
    interval_set_seal(&set);
    check(targets_build(&set, &storage) == 0);
    interval_set_fini(&set);
    image.targets = storage.targets;
    check(cookie_key_init(&plan.cookie, secret, 0x0a630002, PROBE_FIRST, PROBE_PORTS) == 0);
}

static uint32_t take32(const uint8_t **at)
{
    uint32_t value;
    memcpy(&value, *at, sizeof(value));
    *at += sizeof(value);
    return value;
}

// One request of the input; `right` says, bit by bit, what of it is put right.
static struct segment request_make(const uint8_t *at)
{
    struct segment request = {.stamp_ns = 0};
    uint8_t right = at[0];
    request.flags = at[1];
    at += 4;
    request.address = take32(&at);
    request.remote_port = (uint16_t)(request.address >> 16);
    request.seq = take32(&at);
    uint32_t more = take32(&at);
    request.local_port = (uint16_t)more;
    request.payload_length = (uint16_t)(more >> 16);
    if ((right & 1) != 0)
        request.address = ADDRESS_FIRST + request.address % (ADDRESSES + 1);
    if ((right & 2) != 0)
        request.remote_port = (request.remote_port & 1) != 0 ? 443 : (request.remote_port & 2) != 0 ? 22 : DECOY;
    if ((right & 4) != 0)
        request.flags = (request.flags & 3) == 0 ? TCP_SYN : (request.flags & 3) == 1 ? TCP_RST : TCP_ACK;
    if ((right & 8) != 0)
        request.payload_length = request.flags == TCP_SYN ? 0 : request.payload_length % (CHANNEL_PAYLOAD_MAX + 2);
    if ((right & 16) != 0)
        request.local_port = FLOW_FIRST - 1 + request.local_port % (FLOW_PORTS + 2);
    struct cookie cookie = cookie_make(&plan.cookie, request.address, request.remote_port);
    if ((right & 32) != 0)
        request.local_port = cookie.local_port;
    bool probe = request.local_port >= PROBE_FIRST && request.local_port < PROBE_FIRST + PROBE_PORTS;
    static const uint32_t edges[] = {0, 1, COOKIE_DATA_WINDOW + 1, COOKIE_DATA_WINDOW + 2};
    uint32_t sent = (request.seq & 4) != 0 ? edges[request.seq & 3] : request.seq >> 16;
    if ((right & 64) != 0)
        request.seq =
            sent +
            (probe ? cookie.isn : cookie_flow(&plan.cookie, request.address, request.remote_port, request.local_port));
    return request;
}

static void passed_check(const struct segment *asked, const struct segment *passed, uint64_t now)
{
    const uint32_t host = passed->address - ADDRESS_FIRST;
    const bool probe = passed->local_port >= PROBE_FIRST && passed->local_port < PROBE_FIRST + PROBE_PORTS;
    const bool flow = passed->local_port >= FLOW_FIRST && passed->local_port < FLOW_FIRST + FLOW_PORTS;
    check(host < ADDRESSES);
    check(channel_worker(passed->address, WORKERS) == guard.worker);
    check(passed->remote_port == 22 || passed->remote_port == 443 || passed->remote_port == DECOY);
    check(probe || flow);
    // What frame_segment makes of it is one whole frame, and no flag is one that we never send.
    check(passed->payload_length <= CHANNEL_PAYLOAD_MAX);
    check((passed->flags & ~(TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH | TCP_ACK)) == 0);
    struct cookie cookie = cookie_make(&plan.cookie, passed->address, passed->remote_port);
    uint32_t isn =
        probe ? cookie.isn : cookie_flow(&plan.cookie, passed->address, passed->remote_port, passed->local_port);
    struct segment same = *asked;
    if ((passed->flags & TCP_SYN) != 0) {
        check(passed->flags == TCP_SYN && passed->payload_length == 0 && flow && passed->seq == isn);
        tally_add(&of_network[host / 256], now, NETWORK_RATE, NETWORK_RATE * 0.1);
        tally_add(&of_probes, now, (double)PROBE_RATE / WORKERS, 3);
        same.seq = isn;
    } else {
        check((passed->flags & (TCP_ACK | TCP_RST)) != 0);
        check(!probe || passed->local_port == cookie.local_port);
        check(passed->seq - isn - 1 <= COOKIE_DATA_WINDOW);
    }
    check(memcmp(&same, passed, offsetof(struct segment, payload)) == 0);
    tally_add(&of_host[host], now, HOST_RATE, 16);
    tally_add(&of_all, now, (double)CONVERSE_RATE / WORKERS, 64);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    static bool begun;
    if (!begun)
        world_begin();
    begun = true;
    memset(of_host, 0, sizeof(of_host));
    memset(of_network, 0, sizeof(of_network));
    of_probes = of_all = (struct tally){.count = 0};
    uint64_t now = TSC_HZ;
    pacer_init(&probes, (double)PROBE_RATE / WORKERS, TSC_HZ, now);
    const struct guard_means means = {.image = &image,
                                      .kernels = kernels_best(),
                                      .plan = &plan,
                                      .probes = &probes,
                                      .tsc_hz = TSC_HZ,
                                      .key = 4711,
                                      .worker = size & 1};
    if (guard_init(&guard, &means) != 0)
        return;
    pacer_init(&guard.pacer, (double)CONVERSE_RATE / WORKERS, TSC_HZ, now);
    for (; size >= REQUEST_BYTES; data += REQUEST_BYTES, size -= REQUEST_BYTES) {
        // Up to 64 of the same, so that rates are reached; then, perhaps, some time.
        for (unsigned i = 0; i <= (data[2] & 63U); i++) {
            struct segment asked = request_make(data);
            asked.address += (data[2] & 64) != 0 ? i : 0;
            struct segment request = asked;
            unsigned counter = guard_check(&guard, &request, now);
            check(counter == GUARD_PASSED || (counter >= COUNTER_GUARD_ADDRESS && counter <= COUNTER_GUARD_WORKER));
            if (counter == GUARD_PASSED)
                passed_check(&asked, &request, now);
        }
        now += (uint64_t)data[3] * data[3] * data[3];
        // Whatever control does, probes and connections together keep the rate.
        uint32_t probed = (data[2] & 128) != 0 ? pacer_take(&probes, now, 64) : 0;
        while (probed-- > 0)
            tally_add(&of_probes, now, (double)PROBE_RATE / WORKERS, 3);
    }
    guard_fini(&guard);
}
