// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/unit/config/plan_fixture.h"

#define PRIVATE "\"allow_reserved\":[\"private-use\"]"
#define SIMPLE  "{\"targets\":[\"10.0.0.0/22\"],\"services\":[\"ssh\",\"https\"]," PRIVATE

static const struct plan_runtime runtime = {
    .scan = "scan-7",
    .port_name = "net_null0",
    .source_address = 0x0a0000fe,
    .gateway_address = 0x0a000001,
    .source_mac = {2, 0, 0, 0, 0, 1},
    .is_vdev = true,
    .lanes = 2,
    .workers = 1,
    .worker_lcores = {1},
    .eal_arguments = (const char *const[]){"--no-huge", "-m", "64"},
    .eal_argument_count = 3,
};

static void assert_loads(struct fixture *fixture, const char *text)
{
    cr_assert_eq(fixture_load(fixture, text, PLAN_NEED_TARGETS), 0, "%s", fixture->complaint.text);
}

static const char *const whole =
    "{\"device\":{\"eal\":[\"--no-huge\"],\"vdev\":\"net_null0\",\"lcores\":\"1-2,5\"},"
    "\"source\":{\"address\":\"10.9.0.1\",\"mac\":\"02:00:00:00:00:0a\",\"gateway\":\"10.9.0.254\",\"vlan\":7,"
    "\"probe_ports\":\"20000-20255\",\"flow_ports\":\"30000-30999\"},"
    "\"ranges\":{\"aws\":\"aws.json\"},\"targets\":[\"10.0.0.0/22\",\"10.0.4.1\"],"
    "\"exclude\":[\"10.0.0.7\",\"10.0.2.0-10.0.2.99\"]," PRIVATE ","
    "\"services\":[\"ssh\",8443,\"9000-9001\",{\"name\":\"odd-ssh\",\"port\":2222,\"session\":\"ssh\"}],"
    "\"rate\":\"100 pps\",\"attempts\":3,\"attempt_gap\":\"500 "
    "ms\",\"seed\":42,\"converse\":\"later\",\"profile\":\"linux\","
    "\"contact\":\"https://example.org/scan\",\"max_runtime\":\"10 "
    "m\",\"answers\":\"all\",\"http_path\":\"/.well-known/a.txt\",\"http_headers\":[\"X-A\",\"via\"],"
    "\"max_results\":9,\"max_open\":77,"
    "\"sample\":\"50 %\",\"shard\":\"2/2\",\"output\":\"out\",\"feeds\":\"known\",\"decoys\":3}";

static const char *const aws =
    "{\"prefixes\":[{\"ip_prefix\":\"10.0.1.0/24\",\"service\":\"EC2\",\"region\":\"us-east-1\"}]}";

Test(plan, every_key_reaches_the_plan)
{
    struct fixture fixture;
    char output[128];
    char feeds[128];
    fixture_init(&fixture);
    fixture_write(&fixture, "aws.json", aws);
    cr_assert_eq(fixture_load(&fixture, whole, PLAN_NEED_SCAN), 0, "%s", fixture.complaint.text);
    const struct plan *plan = fixture.plan;
    const uint16_t ports[] = {22, 2222, 8443, 9000, 9001};
    cr_assert_str_eq(plan->device.vdev, "net_null0");
    cr_assert_str_eq(plan->device.eal.items[0], "--no-huge");
    cr_assert_eq(plan->device.lcore_count, 3);
    cr_assert_eq(plan->device.lcores[2], 5);
    cr_assert(plan->source.address_given && plan->source.address == 0x0a090001);
    cr_assert(plan->source.gateway_given && plan->source.gateway == 0x0a0900fe);
    cr_assert(plan->source.mac_given && plan->source.mac[5] == 10);
    cr_assert_not(plan->source.gateway_mac_given);
    cr_assert(plan->source.vlan_given && plan->source.vlan == 7);
    cr_assert(plan->source.probe_port_first == 20000 && plan->source.probe_port_count == 256);
    cr_assert(plan->source.flow_port_first == 30000 && plan->source.flow_port_count == 1000);
    cr_assert_eq(plan->port_count, 5);
    cr_assert_eq(memcmp(plan->ports, ports, sizeof(ports)), 0);
    cr_assert_eq(plan->summary.addresses, 1024 + 1 - 1 - 100);
    cr_assert_eq(plan->summary.positions, 924 * 5);
    cr_assert(plan->first_position == 1155 && plan->end_position == 2310);
    cr_assert_eq(plan->summary.probes, 1155 * 3);
    cr_assert_eq(plan->summary.probe_bytes, 14 + 4 + 20 + 40 + 24);
    cr_assert(plan->seed_given && plan->seed == 42);
    cr_assert(plan->converse == CONVERSE_LATER && plan->profile == PROBE_PROFILE_LINUX);
    cr_assert_eq(plan->rate_pps, 100);
    cr_assert_eq(plan->attempt_gap_ns, 500000000);
    cr_assert_eq(plan->answers, ANSWERS_ALL);
    cr_assert_str_eq(plan->http_path, "/.well-known/a.txt");
    cr_assert_str_eq(plan->http_headers, "x-a via");
    cr_assert_eq(plan->max_runtime_ns, UINT64_C(600000000000));
    cr_assert(plan->max_results == 9 && plan->max_open == 77);
    cr_assert_eq(plan->exclusion_count, 2);
    cr_assert_str_eq(plan->exclusions[1].source, "exclude[1]");
    cr_assert_eq(plan->exclusions[1].addresses, 100);
    cr_assert_eq(plan->count_count, 3);
    cr_assert_str_eq(plan->counts[1].service, "EC2");
    cr_assert_eq(plan->counts[1].attributed, 256);
    cr_assert_eq(plan->counts[2].addresses, 924 - 256);
    cr_assert_eq(plan->decoy_count, 3);
    for (size_t i = 0; i < 3; i++)
        cr_assert_geq(plan->decoys[i], 32768);
    snprintf(output, sizeof(output), "%s/out", fixture.folder);
    cr_assert_str_eq(plan->output, output);
    snprintf(feeds, sizeof(feeds), "%s/known", fixture.folder);
    cr_assert_str_eq(plan->feeds, feeds);
    cr_assert_eq(plan->input_count, 5);
    fixture_fini(&fixture);
}

Test(plan, the_image_says_what_the_plan_said)
{
    struct fixture fixture;
    struct image image;
    size_t count;
    fixture_init(&fixture);
    fixture_write(&fixture, "aws.json", aws);
    cr_assert_eq(fixture_load(&fixture, whole, PLAN_NEED_SCAN), 0, "%s", fixture.complaint.text);
    int fd = memfd_create("image", MFD_CLOEXEC);
    cr_assert_eq(plan_compile(fixture.plan, &runtime, fd), 0);
    cr_assert_eq(image_map(fd, &image), 0);
    cr_assert_str_eq(image_string(&image, image.settings->scan), "scan-7");
    cr_assert_eq(image.settings->answers, ANSWERS_ALL);
    cr_assert_str_eq(image_string(&image, image.settings->http_path), "/.well-known/a.txt");
    cr_assert_str_eq(image_string(&image, image.settings->http_headers), "x-a via");
    cr_assert_str_eq(image_string(&image, image.settings->user_agent), "sonde/0.1.0 (+https://example.org/scan)");
    cr_assert(image.settings->first_position == 1155 && image.settings->end_position == 2310);
    cr_assert_eq(image.settings->segment_positions, 1216);
    cr_assert_eq(image.targets.count, 924);
    cr_assert_eq(targets_ordinal(&image.targets, 0x0a000007), TARGETS_NONE);
    cr_assert_eq(image.port_index[2222], 1);
    cr_assert_str_eq(image_string(&image, attribution_find(&image.attributions, 0x0a000155)->region), "us-east-1");
    const struct catalogue_service *odd = catalogue_find_port(&image.catalogue, 2222);
    cr_assert_str_eq(image_string(&image, odd->name), "odd-ssh");
    cr_assert_str_eq(image_string(&image, odd->session), "ssh");
    cr_assert_str_eq(image_string(&image, catalogue_find_port(&image.catalogue, 443)->session), "tls");
    cr_assert_null(catalogue_find_port(&image.catalogue, 1));
    const uint32_t *arguments = image_section(&image, IMAGE_EAL_ARGUMENTS, &count);
    cr_assert_eq(count, 3);
    cr_assert_str_eq(image_string(&image, arguments[1]), "-m");
    const struct image_input *inputs = image_section(&image, IMAGE_INPUTS, &count);
    cr_assert_eq(count, 5);
    cr_assert_eq(strlen(image_string(&image, inputs[4].sha256)), 64);
    image_unmap(&image);
    struct plan_runtime none = runtime;
    none.workers = 0;
    cr_assert_eq(plan_compile(fixture.plan, &none, fd), -EINVAL);
    close(fd);
    fixture_fini(&fixture);
}

Test(plan, a_name_stays_with_its_addresses_and_the_first_one_counts)
{
    struct fixture fixture;
    struct image image;
    fixture_init(&fixture);
    assert_loads(&fixture,
                 "{\"targets\":[{\"name\":\"b.example\",\"addresses\":[\"10.0.0.9\",\"10.0.0.2\"]},\"10.0.0.3\","
                 "{\"name\":\"a.example\",\"addresses\":[\"10.0.0.2\"]},"
                 "{\"name\":\"b.example\",\"addresses\":[\"10.0.0.2\"]}],"
                 "\"exclude\":[{\"name\":\"c.example\",\"addresses\":[\"10.0.0.3\"]}],"
                 "\"services\":[\"ssh\"]," PRIVATE "}");
    cr_assert_eq(fixture.plan->summary.addresses, 2);
    cr_assert_eq(fixture.plan->note_count, 2, "%zu notes", fixture.plan->note_count);
    bool told = false;
    for (size_t i = 0; i < fixture.plan->note_count; i++)
        told |= strstr(fixture.plan->notes[i], "1 host names share an address") != NULL &&
                strstr(fixture.plan->notes[i], "a.example is asked as b.example") != NULL;
    cr_assert(told);
    int fd = memfd_create("image", MFD_CLOEXEC);
    cr_assert_eq(plan_compile(fixture.plan, &runtime, fd), 0);
    cr_assert_eq(image_map(fd, &image), 0);
    cr_assert_eq(image.name_count, 2);
    cr_assert_str_eq(image_name_of(&image, 0x0a000002), "b.example");
    cr_assert_str_eq(image_name_of(&image, 0x0a000009), "b.example");
    cr_assert_null(image_name_of(&image, 0x0a000003));
    image_unmap(&image);
    close(fd);
    fixture_fini(&fixture);
}

Test(plan, a_name_without_addresses_or_that_is_none_is_refused)
{
    static const struct {
        const char *target;
        const char *why;
    } rows[] = {
        {"{\"name\":\"a.example\"}", "targets[0]: expected \"name\" and \"addresses\" together"},
        {"{\"addresses\":[\"10.0.0.1\"]}", "targets[0]: expected either \"file\", \"provider\" or \"name\""},
        {"{\"name\":\"a.example\",\"file\":\"x\",\"addresses\":[\"10.0.0.1\"]}", "expected either"},
        {"{\"name\":\"a b\",\"addresses\":[\"10.0.0.1\"]}", "\"a b\" is no host name"},
        {"{\"name\":\"a.example\",\"addresses\":[\"10.0.0.0/31\"]}", "\"10.0.0.0/31\" is no address of a host"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture fixture;
        char text[256];
        fixture_init(&fixture);
        snprintf(text, sizeof(text), "{\"targets\":[%s],\"services\":[\"ssh\"]}", rows[i].target);
        cr_assert_eq(fixture_load(&fixture, text, PLAN_NEED_TARGETS), -EINVAL, "row %zu was taken", i);
        cr_assert_not_null(strstr(fixture.complaint.text, rows[i].why), "row %zu: %s", i, fixture.complaint.text);
        fixture_fini(&fixture);
    }
}

Test(plan, the_sites_list_is_always_honoured_and_never_half)
{
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_write(&fixture, "exclusions", "# opted out\n10.0.0.0/24 # mail of 3 May\n\n2001:db8::/32\n10.0.1.5\n");
    assert_loads(&fixture, SIMPLE "}");
    cr_assert_eq(fixture.plan->summary.addresses, 1024 - 257);
    cr_assert_eq(fixture.plan->exclusions[0].addresses, 257);
    cr_assert_str_eq(fixture.plan->exclusions[0].what, "2 networks that opted out");
    size_t named = 0;
    for (size_t i = 0; i < fixture.plan->input_count; i++)
        named += strstr(fixture.plan->inputs[i].path, "/exclusions") != NULL;
    cr_assert_eq(named, 1);
    const char *bad[] = {"10.0.0.0/24\nnot a network\n", "10.0.0.1/24\n", "10.0.0.0/24, 10.0.1.0/24\n", "\x01\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fixture_write(&fixture, "exclusions", bad[i]);
        cr_assert_eq(fixture_load(&fixture, SIMPLE "}", PLAN_NEED_TARGETS), -EINVAL, "row %zu was taken", i);
        cr_assert_not_null(strstr(fixture.complaint.text, i == 0 ? "/exclusions:2: " : "/exclusions:1: "), "%s",
                           fixture.complaint.text);
    }
    char path[128];
    snprintf(path, sizeof(path), "%s/exclusions", fixture.folder);
    unlink(path);
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert_eq(fixture_load(&fixture, SIMPLE "}", PLAN_NEED_TARGETS), -EINVAL);
    cr_assert_not_null(strstr(fixture.complaint.text, "is a folder"));
    fixture_fini(&fixture);
}

// A link to nothing is a list that somebody meant to be there.
Test(plan, only_a_name_that_does_not_exist_at_all_means_no_list)
{
    struct fixture fixture;
    char path[128];
    fixture_init(&fixture);
    assert_loads(&fixture, SIMPLE "}");
    snprintf(path, sizeof(path), "%s/exclusions", fixture.folder);
    cr_assert_str_eq(fixture.plan->exclusions_missing, path);
    cr_assert_eq(symlink("not-there", path), 0);
    cr_assert_eq(fixture_load(&fixture, SIMPLE "}", PLAN_NEED_TARGETS), -EINVAL);
    cr_assert_not_null(strstr(fixture.complaint.text, "/exclusions: is a link to nothing"), "%s",
                       fixture.complaint.text);
    unlink(path);
    fixture_write(&fixture, "exclusions", "");
    assert_loads(&fixture, SIMPLE "}");
    cr_assert_null(fixture.plan->exclusions_missing);
    // The folder, too.
    char plan[128];
    char link[128];
    const struct plan_files files = {.plan = plan, .catalogues = SONDE_TEST_SOURCE_ROOT "/config", .exclusions = path};
    snprintf(plan, sizeof(plan), "%s/plan.json", fixture.folder);
    snprintf(link, sizeof(link), "%s/etc", fixture.folder);
    snprintf(path, sizeof(path), "%s/etc/exclusions", fixture.folder);
    cr_assert_eq(symlink("not-there", link), 0);
    plan_free(fixture.plan);
    fixture.plan = NULL;
    cr_assert_eq(plan_load(&files, PLAN_NEED_TARGETS, &fixture.plan, &fixture.complaint), -EINVAL);
    cr_assert_not_null(strstr(fixture.complaint.text, "is a link to nothing"), "%s", fixture.complaint.text);
    fixture_fini(&fixture);
}

Test(plan, byte_order_marks_of_editors_are_no_part_of_any_file)
{
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_write(&fixture, "aws.json",
                  "\xef\xbb\xbf{\"prefixes\":[{\"ip_prefix\":\"10.1.0.0/16\",\"region\":\"r\",\"service\":\"EC2\"}]}");
    fixture_write(&fixture, "list",
                  "\xef\xbb\xbf"
                  "10.1.0.0/24\n");
    assert_loads(&fixture, "\xef\xbb\xbf{\"ranges\":{\"aws\":\"aws.json\"},\"targets\":[{\"provider\":\"aws\"}],"
                           "\"exclude\":[{\"file\":\"list\"}],\"allow_reserved\":true,\"services\":[22]}");
    cr_assert_eq(fixture.plan->summary.addresses, 65536 - 256);
    fixture_fini(&fixture);
}

Test(plan, a_random_seed_survives_readers_that_know_doubles_only)
{
    struct fixture fixture;
    fixture_init(&fixture);
    for (int i = 0; i < 20; i++) {
        assert_loads(&fixture, SIMPLE "}");
        cr_assert_leq(fixture.plan->seed, (UINT64_C(1) << 53) - 1);
    }
    fixture_fini(&fixture);
}

static const char *note_of(const struct plan *plan, const char *start)
{
    for (size_t i = 0; i < plan->note_count; i++)
        if (strncmp(plan->notes[i], start, strlen(start)) == 0)
            return plan->notes[i];
    return "";
}

Test(plan, a_small_sample_says_what_it_is_of)
{
    struct fixture fixture;
    fixture_init(&fixture);
    assert_loads(&fixture, SIMPLE ",\"sample\":0.5}");
    cr_expect_not_null(strstr(note_of(fixture.plan, "sample: "), "0.5 %, which is one target in 200 ("), "%s",
                       note_of(fixture.plan, "sample: "));
    cr_expect_float_eq(fixture.plan->summary.sample, 0.005, 1e-12);
    assert_loads(&fixture, SIMPLE ",\"sample\":\"50 %\",\"shard\":\"2/2\",\"seed\":1}");
    cr_expect_str_empty(note_of(fixture.plan, "sample: "));
    cr_expect_eq(fixture.plan->summary.shard, 2);
    cr_expect_eq(fixture.plan->summary.shards, 2);
    fixture_fini(&fixture);
}

Test(plan, the_rate_is_lowered_to_what_the_fullest_network_allows)
{
    struct fixture fixture;
    fixture_init(&fixture);
    assert_loads(&fixture, SIMPLE ",\"rate\":\"1 Mpps\",\"network_rate\":\"100 pps\"}");
    cr_assert_float_eq(fixture.plan->rate_pps, 400, 1e-9);
    cr_assert_eq(fixture.plan->note_count, 1);
    cr_assert_not_null(strstr(fixture.plan->notes[0], "10.0.0.0/24"));
    assert_loads(&fixture, "{\"targets\":[\"10.0.0.200-10.0.1.9\",\"10.0.1.20-10.0.1.99\",\"10.0.2.1\"],"
                           "\"services\":[22]," PRIVATE ",\"rate\":\"1 Mpps\",\"network_rate\":\"90 pps\"}");
    cr_assert_eq(fixture.plan->summary.crowded_network, 0x0a000100);
    cr_assert_eq(fixture.plan->summary.crowded_addresses, 90);
    cr_assert_float_eq(fixture.plan->rate_pps, 147, 1e-9);
    assert_loads(&fixture, SIMPLE ",\"rate\":\"672 bit/s\"}");
    cr_assert_float_eq(fixture.plan->rate_pps, 1, 1e-9);
    fixture_fini(&fixture);
}

Test(plan, shards_join_without_gap_or_overlap)
{
    struct fixture fixture;
    uint64_t next = 0;
    fixture_init(&fixture);
    for (int shard = 1; shard <= 7; shard++) {
        char text[300];
        snprintf(text, sizeof(text), SIMPLE ",\"seed\":1,\"sample\":\"33 %%\",\"shard\":\"%d/7\"}", shard);
        assert_loads(&fixture, text);
        cr_assert_eq(fixture.plan->first_position, next);
        next = fixture.plan->end_position;
    }
    cr_assert_eq(next, 676); // 33 % of 2,048, rounded up
    fixture_fini(&fixture);
}

Test(plan, what_cannot_be_used_is_one_clear_line)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        {"{\"targets\":[\"10.0.0.0/24\"],\"services\":[\"ssh\"]}",
         "targets: nothing is left: special-purpose registry"},
        {"{\"targets\":[\"8.8.8.8\"],\"services\":[\"ssh\"]}", "contact: is missing"},
        {"{\"services\":[\"ssh\"]}", "\"targets\" is missing"},
        {"{\"targets\":[\"10.0.0.0/24\"]," PRIVATE "}", "\"services\" is missing"},
        {"{\"targets\":[],\"services\":[1]}", "targets: is empty"},
        {"{\"targets\":\"10.0.0.1\",\"services\":[1]}", "targets: is a string, expected an array"},
        {"{\"targets\":[7],\"services\":[1]}", "targets[0]: is a number"},
        {"{\"targets\":[\"10.0.0.1/24\"],\"services\":[1]}", "targets[0]: \"10.0.0.1/24\" has bits set"},
        {"{\"targets\":[\"10.0.0.9-10.0.0.1\"],\"services\":[1]}", "ends before it begins"},
        {"{\"targets\":[\"2001:db8::1\"],\"services\":[1]}", "is IPv6"},
        {"{\"targets\":[{}],\"services\":[1]}", "targets[0]: expected either \"file\", \"provider\" or \"name\""},
        {"{\"targets\":[{\"file\":\"none.txt\"}],\"services\":[1]}", "plan.json:1: targets[0]: "},
        {"{\"targets\":[{\"file\":\".\"}],\"services\":[1]}", "is a folder, expected a file"},
        {"{\"targets\":[{\"file\":\"bad.txt\"}],\"services\":[1]}", "bad.txt:2: \"what\": expected an IPv4 address"},
        {"{\"targets\":[{\"file\":\"fifo\"}],\"services\":[1]}", "is no file, expected a file"},
        {"{\"targets\":[{\"provider\":\"aws\"}],\"services\":[1]}", "unknown provider \"aws\""},
        {"{\"ranges\":{\"aws\":\"aws.json\"},\"targets\":[{\"provider\":\"asw\"}],\"services\":[1]}",
         "unknown \"asw\" (did you mean \"aws\"?)"},
        {"{\"ranges\":{\"aws\":\"aws.json\"},\"targets\":[{\"provider\":\"aws\",\"service\":\"EC3\"}],\"services\":[1]"
         "}",
         "unknown \"EC3\" (did you mean \"EC2\"?)"},
        {"{\"ranges\":{\"aws\":\"aws.json\"},\"targets\":[{\"provider\":\"aws\",\"service\":\"EC2\","
         "\"region\":\"us-esat-1\"}],\"services\":[1]}",
         "unknown \"us-esat-1\" (did you mean \"us-east-1\"?)"},
        {"{\"ranges\":{\"aws\":\"bad.txt\"},\"targets\":[\"10.0.0.1\"],\"services\":[1]}", "ranges.aws: "},
        {"{\"ranges\":[],\"targets\":[\"10.0.0.1\"],\"services\":[1]}", "ranges: is an array"},
        {SIMPLE ",\"exclude\":[\"10.0.0.0/8\"]}", "nothing is left: exclude[0] (10.0.0.0/8) took 1024"},
        {SIMPLE ",\"exclude\":{}}", "exclude: is an object"},
        {"{\"targets\":[\"10.0.0.1\"],\"services\":[1],\"allow_reserved\":[\"private\"]}",
         "allow_reserved[0]: \"private\""},
        {"{\"targets\":[\"10.0.0.1\"],\"services\":[1],\"allow_reserved\":[\"8.8.8.8\"]}",
         "lies in no special-purpose"},
        {"{\"targets\":[\"10.0.0.1\"],\"services\":[\"shh\"]}",
         "services[0]: unknown service \"shh\" (did you mean \"ssh\"?)"},
        {"{\"targets\":[\"10.0.0.1\"],\"services\":[{\"name\":\"x\",\"port\":9,\"session\":\"sssh\"}]}",
         "services[0].session: unknown conversation \"sssh\" (did you mean \"ssh\"?)"},
        {"{\"targets\":[\"10.0.0.1\"],\"services\":[{\"name\":\"x\",\"port\":9,\"session\":\"tls\",\"inner\":\"quake\"}"
         "]}",
         "services[0].inner: unknown conversation \"quake\""},
        {"{\"targets\":[\"10.0.0.1\"],\"services\":[65536]}", "services[0]: expected a port"},
        {"{\"targets\":[\"10.0.0.1\"],\"services\":[\"9-1\"]}", "services[0]: expected a port"},
        {"{\"targets\":[\"10.0.0.1\"],\"services\":[{\"name\":\"x\"}]}", "\"port\" or \"ports\" is missing"},
        {"{\"targets\":[\"10.0.0.1\"],\"services\":[{\"name\":\"X\",\"port\":1}]}", "expected names of lower-case"},
        {"{\"targets\":[\"10.0.0.1\"],\"services\":[{\"name\":\"x\",\"port\":1,\"ports\":[2]}]}", "exclude each other"},
        {SIMPLE ",\"source\":{\"probe_ports\":\"2000-2999\"}}", "source.probe_ports: holds 1000 ports"},
        {SIMPLE ",\"source\":{\"probe_ports\":\"20000-20255\",\"flow_ports\":\"20255-20300\"}}",
         "source.flow_ports: meet"},
        {SIMPLE ",\"source\":{\"flow_ports\":\"80-90\"}}", "source.flow_ports: expected a range"},
        {SIMPLE ",\"source\":{\"mac\":\"01:00:5e:00:00:01\"}}", "source.mac: expected a unicast"},
        {SIMPLE ",\"source\":{\"mac\":\"02:00:00:00:00\"}}", "source.mac: expected a unicast"},
        {SIMPLE ",\"source\":{\"address\":\"10.0.0.0/8\"}}", "source.address: expected an IPv4 address"},
        {SIMPLE ",\"source\":{\"vlan\":4095}}", "source.vlan: expected an 802.1Q"},
        {SIMPLE ",\"device\":{\"lcores\":\"0-128\"}}", "device.lcores: expected lcores"},
        {SIMPLE ",\"device\":{\"lcores\":\"a\"}}", "device.lcores: expected lcores"},
        {SIMPLE ",\"shard\":\"4/3\"}", "shard: expected which of how many"},
        {SIMPLE ",\"shard\":\"1/3\"}", "seed: is missing"},
        {SIMPLE ",\"seed\":1,\"sample\":\"0.000001 %\",\"shard\":\"1/3\"}", "shard: 1/3 is empty"},
        {SIMPLE ",\"sample\":\"101 %\"}", "sample: is out of range"},
        {SIMPLE ",\"seed\":-1}", "seed: expected an integer"},
        {SIMPLE ",\"converse_rate\":\"1 Mbit/s\"}", "converse_rate: is in bits"},
        {SIMPLE ",\"rate\":\"0.1 bit/s\"}", "rate: is less than one probe"},
        {SIMPLE ",\"attempts\":0}", "attempts: is out of range, expected 1 to 16"},
        {SIMPLE ",\"contact\":\"me\"}", "contact: expected a mail address"},
        {SIMPLE ",\"http_path\":\"status\"}", "http_path: expected a path like"},
        {SIMPLE ",\"http_path\":\"/a?b=c\"}", "http_path: expected a path like"},
        {SIMPLE ",\"http_path\":\"/a/../b\"}", "http_path: expected a path like"},
        {SIMPLE ",\"http_path\":\"/.git/config\"}", "http_path: expected a path like"},
        {SIMPLE ",\"http_path\":\"/.well-known/.git\"}", "http_path: expected a path like"},
        {SIMPLE ",\"http_path\":\"/%2e\"}", "http_path: expected a path like"},
        {SIMPLE ",\"http_path\":\"/a\\r\\nX: y\"}", "http_path: expected a path like"},
        {SIMPLE ",\"http_headers\":\"via\"}", "http_headers: expected an array"},
        {SIMPLE ",\"http_headers\":[\"via\",\"a b\"]}", "http_headers[1]: expected the name of a header"},
        {SIMPLE ",\"answers\":\"none\"}", "answers"},
        {SIMPLE ",\"contact\":\"a@b\\r\\nX: y\"}", "contact: expected a mail address"},
        {SIMPLE ",\"decoys\":9}", "decoys: is out of range"},
    };
    struct fixture fixture;
    char fifo[128];
    fixture_init(&fixture);
    fixture_write(&fixture, "aws.json", aws);
    fixture_write(&fixture, "bad.txt", "10.0.0.0/24\nwhat\n");
    snprintf(fifo, sizeof(fifo), "%s/fifo", fixture.folder);
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert_eq(fixture_load(&fixture, rows[i].text, PLAN_NEED_TARGETS), -EINVAL, "row %zu was taken", i);
        const char *text = fixture.complaint.text;
        cr_assert_not_null(strstr(text, rows[i].expected), "row %zu: %s", i, text);
        cr_assert_null(strchr(text, '\n'));
        cr_assert_not_null(strstr(text, "plan.json"), "row %zu: %s", i, text);
    }
    cr_assert_eq(fixture_load(&fixture, SIMPLE "}", PLAN_NEED_SCAN), -EINVAL);
    cr_assert_not_null(strstr(fixture.complaint.text, "device: names nothing to scan with"));
    fixture_fini(&fixture);
}

Test(plan, ranges_may_be_those_of_the_feeds)
{
    static const char ranges[] =
        "{\"providers\":[{\"provider\":\"aws\",\"published\":1,\"rows\":[[\"10.0.1.0/24\",\"EC2\","
        "\"us-east-1\",\"\"]]},{\"provider\":\"google\",\"published\":0,\"rows\":[[\"10.0.2.0/23\","
        "\"Google Cloud\",\"us-west1\",\"US\"]]}]}";
    static const char text[] =
        "{\"feeds\":\".\",\"ranges\":\"feeds\",\"targets\":[{\"provider\":\"google\"},{\"provider\":"
        "\"aws\",\"service\":\"ec2\"}],\"services\":[1]," PRIVATE "}";
    static const struct {
        const char *ranges;
        const char *expected;
    } bad[] = {
        {"[]", "ranges: "},
        {"{}", "expected an object with \"providers\""},
        {"{\"providers\":[{\"provider\":\"aws\"}]}", "expected objects with \"provider\" and \"rows\""},
        {"{\"providers\":[{\"provider\":\"a\",\"rows\":[[\"10.0.0.0/24\",\"\",\"\"]]}]}",
         "providers[0].rows[0]: expected an array of"},
        {"{\"providers\":[{\"provider\":\"a\",\"rows\":[[\"x\",\"\",\"\",\"\"]]}]}",
         "providers[0].rows[0]: \"x\": expected a CIDR"},
    };
    struct fixture fixture;
    fixture_init(&fixture);
    cr_assert_eq(fixture_load(&fixture, text, PLAN_NEED_TARGETS), -EINVAL, "there is no such file");
    cr_expect_not_null(strstr(fixture.complaint.text, "clouds.json"), "%s", fixture.complaint.text);
    cr_expect_not_null(strstr(fixture.complaint.text, "(sonde feeds update clouds makes it)"), "%s",
                       fixture.complaint.text);
    fixture_write(&fixture, "clouds.json", ranges);
    assert_loads(&fixture, text);
    cr_expect_eq(fixture.plan->summary.addresses, 256 + 512);
    bool listed = false;
    for (size_t i = 0; i < fixture.plan->input_count; i++)
        listed = listed || strstr(fixture.plan->inputs[i].path, "clouds.json") != NULL;
    cr_expect(listed, "the file is none of the plan's inputs");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fixture_write(&fixture, "clouds.json", bad[i].ranges);
        cr_assert_eq(fixture_load(&fixture, text, PLAN_NEED_TARGETS), -EINVAL, "row %zu was taken", i);
        cr_expect_not_null(strstr(fixture.complaint.text, bad[i].expected), "%s", fixture.complaint.text);
    }
    // Without a folder of the plan's own and of the command's.
    cr_assert_eq(fixture_load(&fixture,
                              "{\"ranges\":\"feeds\",\"targets\":[\"10.0.0.1\"],\"services\":[1]," PRIVATE "}",
                              PLAN_NEED_TARGETS),
                 -EINVAL);
    cr_expect_not_null(strstr(fixture.complaint.text, "no folder of feeds is known"), "%s", fixture.complaint.text);
    fixture_fini(&fixture);
}

Test(plan, every_truncation_of_a_plan_is_refused)
{
    struct fixture fixture;
    static char text[4096];
    fixture_init(&fixture);
    fixture_write(&fixture, "aws.json", aws);
    for (size_t length = 0; length < strlen(whole); length += 3) {
        memcpy(text, whole, length);
        text[length] = '\0';
        cr_assert_eq(fixture_load(&fixture, text, PLAN_NEED_TARGETS), -EINVAL, "%zu bytes were taken", length);
    }
    fixture_fini(&fixture);
}
