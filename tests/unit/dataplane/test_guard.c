// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <string.h>

#include "config/image_build.h"
#include "config/intervals.h"
#include "config/targets_build.h"
#include "dataplane/guard.h"

static const uint64_t TSC_HZ = 1000000000;

static struct image image;
static struct image_settings settings;
static struct targets_storage storage;
static uint16_t ports[] = {22, 443};
static int32_t port_index[65536];
static struct guard guard;
static struct pacer probes;
static struct probe_plan plan; // of which only the cookie

static void guard_begin(void)
{
    const struct guard_means means = {
        .image = &image, .kernels = kernels_best(), .plan = &plan, .probes = &probes, .tsc_hz = TSC_HZ, .key = 12345};
    cr_assert_eq(guard_init(&guard, &means), 0);
}

static void guard_set_up(void)
{
    struct interval_set set;
    interval_set_init(&set);
    cr_assert_eq(interval_set_add(&set, (struct interval){0x0a500000, 0x0a50ffff}), 0);
    cr_assert_eq(interval_set_add(&set, (struct interval){0x0a510005, 0x0a510005}), 0);
    interval_set_seal(&set);
    cr_assert_eq(targets_build(&set, &storage), 0);
    interval_set_fini(&set);
    image_port_index(ports, 2, port_index);
    settings = (struct image_settings){
        .probe_port_first = 16384,
        .probe_port_count = 8192,
        .flow_port_first = 24576,
        .flow_port_count = 4096,
        .decoys = {40001},
        .decoy_count = 1,
        .converse_rate_pps = 1e6,
        .host_rate_pps = 100,
        .network_rate_pps = 1000,
        .workers = 1,
    };
    image = (struct image){.settings = &settings, .targets = storage.targets, .ports = ports, .port_index = port_index};
    const uint8_t secret[16] = {7};
    cr_assert_eq(cookie_key_init(&plan.cookie, secret, 0x0a630002, 16384, 8192), 0);
    pacer_init(&probes, 1e6, TSC_HZ, 0);
    guard_begin();
}

static void guard_tear_down(void)
{
    guard_fini(&guard);
    targets_storage_fini(&storage);
}

TestSuite(guard, .init = guard_set_up, .fini = guard_tear_down);

// Data on a probe's connection to a host.
static struct segment data_to(uint32_t address)
{
    struct cookie cookie = cookie_make(&plan.cookie, address, 443);
    return (struct segment){.address = address,
                            .remote_port = 443,
                            .local_port = cookie.local_port,
                            .seq = cookie.isn + 1,
                            .flags = TCP_ACK,
                            .payload_length = 10};
}

static struct segment good(void)
{
    return data_to(0x0a500102);
}

Test(guard, passes_what_belongs_to_the_plan)
{
    struct segment request = good();
    cr_assert_eq(guard_check(&guard, &request, TSC_HZ), GUARD_PASSED);
    request.local_port = 24576;
    request.flags = TCP_SYN;
    request.payload_length = 0;
    cr_assert_eq(guard_check(&guard, &request, TSC_HZ), GUARD_PASSED);
    request.remote_port = 40001;
    cr_assert_eq(guard_check(&guard, &request, TSC_HZ), GUARD_PASSED, "a decoy");
    request.address = 0x0a510005;
    request.seq = cookie_flow(&plan.cookie, 0x0a510005, 40001, 24576) + 1;
    request.flags = TCP_RST;
    cr_assert_eq(guard_check(&guard, &request, TSC_HZ), GUARD_PASSED);
}

Test(guard, gives_a_syn_its_number_and_holds_the_connection_to_it)
{
    struct segment request = {.address = 0x0a500102, .remote_port = 443, .local_port = 24580, .flags = TCP_SYN};
    const uint32_t isn = cookie_flow(&plan.cookie, 0x0a500102, 443, 24580);
    request.seq = 4711;
    cr_assert_eq(guard_check(&guard, &request, TSC_HZ), GUARD_PASSED);
    cr_assert_eq(request.seq, isn);
    request.flags = TCP_ACK;
    for (uint32_t sent = 0; sent <= COOKIE_DATA_WINDOW; sent += COOKIE_DATA_WINDOW / 4) {
        request.seq = isn + 1 + sent;
        cr_assert_eq(guard_check(&guard, &request, TSC_HZ), GUARD_PASSED, "%u", sent);
    }
    request.seq++;
    cr_assert_eq(guard_check(&guard, &request, TSC_HZ), COUNTER_GUARD_COOKIE, "more than may have been sent");
    request.seq = isn;
    cr_assert_eq(guard_check(&guard, &request, TSC_HZ), COUNTER_GUARD_COOKIE, "the SYN's own number");
    request.seq = isn + 1;
    request.local_port++;
    cr_assert_eq(guard_check(&guard, &request, TSC_HZ), COUNTER_GUARD_COOKIE, "another connection");
    request = good();
    request.local_port ^= 1;
    cr_assert_eq(guard_check(&guard, &request, TSC_HZ), COUNTER_GUARD_COOKIE, "a probe port without that probe");
    request = good();
    request.seq += COOKIE_DATA_WINDOW + 1;
    request.flags = TCP_RST;
    cr_assert_eq(guard_check(&guard, &request, TSC_HZ), COUNTER_GUARD_COOKIE, "a RST too");
}

Test(guard, refuses_each_thing_that_does_not)
{
    struct refusal {
        const char *what;
        unsigned counter;
        struct segment request;
    } refusals[] = {
        {"an address next to the targets", COUNTER_GUARD_ADDRESS, good()},
        {"an address beside a single one", COUNTER_GUARD_ADDRESS, good()},
        {"a public address", COUNTER_GUARD_ADDRESS, good()},
        {"a port outside the plan", COUNTER_GUARD_PORT, good()},
        {"a port below our ranges", COUNTER_GUARD_SOURCE, good()},
        {"a port above our ranges", COUNTER_GUARD_SOURCE, good()},
        {"a SYN from a probe port", COUNTER_GUARD_SOURCE, good()},
        {"a SYN with data", COUNTER_GUARD_MALFORMED, good()},
        {"SYN and ACK", COUNTER_GUARD_MALFORMED, good()},
        {"unknown flags", COUNTER_GUARD_MALFORMED, good()},
        {"no flags", COUNTER_GUARD_MALFORMED, good()},
        {"too long a payload", COUNTER_GUARD_MALFORMED, good()},
        {"the longest payload there is", COUNTER_GUARD_MALFORMED, good()},
    };
    refusals[0].request.address = 0x0a520000;
    refusals[1].request.address = 0x0a510006;
    refusals[2].request.address = 0x08080808;
    refusals[3].request.remote_port = 25;
    refusals[4].request.local_port = 16383;
    refusals[5].request.local_port = 28672;
    refusals[6].request.flags = TCP_SYN;
    refusals[6].request.payload_length = 0;
    refusals[7].request.flags = TCP_SYN;
    refusals[7].request.local_port = 24577;
    refusals[8].request.flags = TCP_SYN | TCP_ACK;
    refusals[8].request.payload_length = 0;
    refusals[9].request.flags = TCP_ACK | 0x20;
    refusals[10].request.flags = 0;
    refusals[11].request.payload_length = CHANNEL_PAYLOAD_MAX + 1;
    refusals[12].request.payload_length = UINT16_MAX;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        cr_assert_eq(guard_check(&guard, &refusals[i].request, TSC_HZ), refusals[i].counter, "%s", refusals[i].what);
}

Test(guard, holds_each_host_to_its_cap_and_no_other)
{
    struct segment request = good();
    unsigned passed = 0;
    for (int i = 0; i < 1000; i++)
        passed += guard_check(&guard, &request, TSC_HZ + 1) == GUARD_PASSED;
    cr_assert_eq(passed, 25, "a quarter second's worth at once, not %u", passed);
    struct segment other = data_to(request.address + 1);
    cr_assert_eq(guard_check(&guard, &other, TSC_HZ + 1), GUARD_PASSED);
    cr_assert_eq(guard_check(&guard, &request, TSC_HZ + 2), COUNTER_GUARD_HOST_RATE);
    passed = 0;
    for (uint64_t ms = 0; ms < 10000; ms++)
        passed += guard_check(&guard, &request, TSC_HZ + 2 + ms * (TSC_HZ / 1000)) == GUARD_PASSED;
    cr_assert(passed >= 980 && passed <= 1010, "100 a second over 10 s, not %u", passed);
}

Test(guard, holds_all_hosts_together_to_converse_rate)
{
    struct segment request = good();
    settings.converse_rate_pps = 1000;
    guard_fini(&guard);
    guard_begin();
    pacer_init(&guard.pacer, 1000, TSC_HZ, TSC_HZ);
    unsigned passed = 0;
    for (uint32_t i = 0; i < 60000; i++) {
        request = data_to(0x0a500000 + i);
        passed += guard_check(&guard, &request, TSC_HZ + (uint64_t)i * (TSC_HZ / 60000)) == GUARD_PASSED;
    }
    cr_assert(passed > 900 && passed <= 1100, "%u", passed);
}

static struct segment syn(uint32_t address)
{
    return (struct segment){.address = address, .remote_port = 443, .local_port = 24576, .flags = TCP_SYN};
}

// Asks to connect to hosts of `networks` /24s in turn, 100,000 times a second for ten seconds. Returns how many passed;
// of the last refusal the counter.
static unsigned connections(uint32_t networks, unsigned *ret_refused)
{
    unsigned passed = 0;
    for (uint32_t i = 0; i < 1000000; i++) {
        struct segment request = syn(0x0a500000 + i % networks * 256 + i / networks % 256);
        unsigned counter = guard_check(&guard, &request, TSC_HZ + (uint64_t)i * (TSC_HZ / 100000));
        passed += counter == GUARD_PASSED;
        if (counter != GUARD_PASSED)
            *ret_refused = counter;
    }
    return passed;
}

Test(guard, holds_connections_to_the_rate_of_probes)
{
    unsigned refused = 0;
    pacer_init(&probes, 10000, TSC_HZ, TSC_HZ);
    unsigned passed = connections(256, &refused);
    cr_assert(passed >= 100000 && passed <= 100000 + 200, "10,000 a second, and a debt of 20 ms, not %u", passed);
    cr_assert_eq(refused, COUNTER_GUARD_PROBE_RATE);
    cr_assert_eq(pacer_take(&probes, TSC_HZ * 11, 64), 0, "probes wait until the debt is paid");
}

Test(guard, connections_get_through_while_probes_take_every_token)
{
    unsigned passed = 0;
    pacer_init(&probes, 10000, TSC_HZ, TSC_HZ);
    unsigned taken = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        uint64_t now = TSC_HZ + (uint64_t)i * (TSC_HZ / 100000);
        struct segment request = syn(0x0a500000 + i % 65536);
        passed += i % 200 == 0 && guard_check(&guard, &request, now) == GUARD_PASSED;
        taken += pacer_take(&probes, now, 64);
    }
    cr_assert_eq(passed, 500, "500 asked for and not %u", passed);
    cr_assert(taken >= 9300 && taken <= 9500, "both together are the rate: %u", taken);
}

Test(guard, holds_connections_to_one_network_to_its_rate_and_no_other)
{
    unsigned refused = 0;
    settings.host_rate_pps = 100000;
    guard_fini(&guard);
    guard_begin();
    unsigned passed = connections(1, &refused);
    cr_assert(passed >= 9990 && passed <= 10000 + 110, "1,000 a second, and 100 at once, not %u", passed);
    cr_assert_eq(refused, COUNTER_GUARD_NETWORK_RATE);
    struct segment request = syn(0x0a510005);
    cr_assert_eq(guard_check(&guard, &request, TSC_HZ * 11), GUARD_PASSED);
    request = data_to(0x0a500002);
    cr_assert_eq(guard_check(&guard, &request, TSC_HZ * 11), GUARD_PASSED, "what is open goes on");
}

Test(guard, a_host_is_one_workers_alone)
{
    settings.workers = 4;
    for (uint32_t host = 0; host < 1000; host++) {
        unsigned passed = 0;
        struct segment request = data_to(0x0a500000 + host * 61);
        for (guard.worker = 0; guard.worker < 4; guard.worker++) {
            unsigned counter = guard_check(&guard, &request, TSC_HZ + host * (TSC_HZ / 100));
            cr_assert(counter == GUARD_PASSED || counter == COUNTER_GUARD_WORKER);
            passed += counter == GUARD_PASSED;
        }
        cr_assert_eq(passed, 1);
        cr_assert_eq(channel_worker(request.address, 4), channel_worker(request.address ^ 0xff, 4), "with its /24");
    }
}
