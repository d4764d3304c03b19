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
        .workers = 1,
    };
    image = (struct image){.settings = &settings, .targets = storage.targets, .ports = ports, .port_index = port_index};
    cr_assert_eq(guard_init(&guard, &image, TSC_HZ, 12345), 0);
}

static void guard_tear_down(void)
{
    guard_fini(&guard);
    targets_storage_fini(&storage);
}

TestSuite(guard, .init = guard_set_up, .fini = guard_tear_down);

static struct segment good(void)
{
    return (struct segment){
        .address = 0x0a500102, .remote_port = 443, .local_port = 16400, .flags = TCP_ACK, .payload_length = 10};
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
    request.flags = TCP_RST;
    cr_assert_eq(guard_check(&guard, &request, TSC_HZ), GUARD_PASSED);
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
    request.address++;
    cr_assert_eq(guard_check(&guard, &request, TSC_HZ + 1), GUARD_PASSED);
    request.address--;
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
    cr_assert_eq(guard_init(&guard, &image, TSC_HZ, 1), 0);
    pacer_init(&guard.pacer, 1000, TSC_HZ, TSC_HZ);
    unsigned passed = 0;
    for (uint32_t i = 0; i < 60000; i++) {
        request.address = 0x0a500000 + i;
        passed += guard_check(&guard, &request, TSC_HZ + (uint64_t)i * (TSC_HZ / 60000)) == GUARD_PASSED;
    }
    cr_assert(passed > 900 && passed <= 1100, "%u", passed);
}
