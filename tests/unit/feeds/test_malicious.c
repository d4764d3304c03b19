// SPDX-License-Identifier: BSD-3-Clause
// Feeds of malicious addresses: every form, overlaps against a count by hand, and what a record says.
#include "control/classify/malicious.h"
#include "control/feeds/json_stream.h"
#include "tests/unit/feeds/folder.h"

TestSuite(malicious, .init = folder_begin, .fini = folder_end);

// "feed category from until confidence;" of every listing of an address.
static const char *listed(const struct intel *intel, const char *text)
{
    static char told[2048];
    struct address address;
    cr_assert_eq(address_parse(text, strlen(text), &address), 0);
    const struct intel_listing_set *set =
        &intel->listing_sets[intel_map_find(&intel->listing_map, address_number(&address))];
    told[0] = '\0';
    for (uint32_t i = 0; i < set->count; i++) {
        const struct intel_listing *listing = &intel->listings[set->first + i];
        size_t at = strlen(told);
        (void)snprintf(told + at, sizeof(told) - at, "%s %s %ld %ld %d;", intel_string(intel, listing->feed),
                       intel_string(intel, listing->category), (long)listing->from, (long)listing->until,
                       (int)listing->confidence);
    }
    return told;
}

#define STIX_IDENTITY "{\"type\":\"identity\",\"spec_version\":\"2.1\",\"id\":\"identity--1\"}"
#define STIX_INDICATOR(address)                                                                                        \
    "{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--1\",\"pattern\":\"[ipv4-addr:value = "       \
    "'" address "']\",\"pattern_type\":\"stix\",\"valid_from\":\"2024-01-01T00:00:00Z\"}"

static const struct {
    const char *name;
    const char *text;
    const char *address;
    const char *wanted;
} forms[] = {
    {"feodo.csv",
     "# Feodo\n# first_seen_utc,dst_ip,dst_port,c2_status,last_online,malware\n\"2026-01-02 "
     "10:00:00\",\"10.0.1.1\",\"443\","
     "\"online\",\"2026-07-20\",\"Dridex\"\n\"2026-01-04 "
     "12:00:00\",\"2001:db8::1\",\"443\",\"online\",\"2026-07-22\",\"Q\"\n",
     "10.0.1.1", "feodo Dridex 1767348000 1784505600 -1;"},
    {"feodo.json",
     "[{\"ip_address\":\"10.0.1.2\",\"port\":1,\"first_seen\":\"2021-01-17 07:44:46\",\"last_online\":\"2022-11-15\","
     "\"malware\":\"Emotet\"}]",
     "10.0.1.2", "feodo Emotet 1610869486 1668470400 -1;"},
    {"te.json",
     "{\"data\":[{\"added_on\":\"2017-02-09T14:26:57+0000\",\"indicator\":{\"indicator\":\"10.0.1.3\",\"type\":\"IP_"
     "ADDRESS\"},"
     "\"privacy_type\":\"VISIBLE\",\"status\":\"MALICIOUS\",\"type\":\"IP_ADDRESS\",\"severity\":\"WARNING\","
     "\"confidence\":75,"
     "\"last_active\":\"2017-03-01T00:00:00+0000\"},{\"status\":\"UNKNOWN\",\"type\":\"IP_ADDRESS\",\"raw_indicator\":"
     "\"10.0.1.4\"},{\"status\":\"MALICIOUS\",\"type\":\"URI\",\"raw_indicator\":\"http://x\"}],\"paging\":{}}",
     "10.0.1.3", "threatexchange WARNING 1486650417 1488326400 75;"},
    {"stix.json",
     "{\"type\":\"bundle\",\"id\":\"b\",\"objects\":[{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"indicator_"
     "types\":["
     "\"malicious-activity\"],\"pattern\":\"[ipv4-addr:value = '10.0.2.0/24' OR "
     "ipv4-addr:value='10.0.1.5']\",\"pattern_type\":"
     "\"stix\",\"valid_from\":\"2014-05-08T09:00:00Z\",\"confidence\":30},{\"type\":\"indicator\",\"revoked\":true,"
     "\"pattern\":"
     "\"[ipv4-addr:value = '10.0.1.6']\"},{\"type\":\"identity\"}]}",
     "10.0.2.77", "stix malicious-activity 1399539600 0 30;"},
    {"misp.json",
     "{\"Event\":{\"info\":\"x\",\"threat_level_id\":\"1\",\"Attribute\":[{\"type\":\"ip-dst\",\"category\":\"Network "
     "activity\",\"value\":\"10.0.1.7\",\"timestamp\":\"1603642920\",\"to_ids\":true},{\"type\":\"ip-src\",\"value\":"
     "\"10.0.1.8\","
     "\"to_ids\":false}],\"Object\":[{\"Attribute\":[{\"type\":\"ip-dst|port\",\"value\":\"10.0.1.9|443\",\"category\":"
     "\"C\","
     "\"to_ids\":true}]}]}}",
     "10.0.1.7", "misp Network activity 1603642920 0 -1;"},
    {"misp_events.json",
     "{\"response\": "
     "[{\"Event\":{\"threat_level_id\":\"1\",\"Attribute\":[{\"type\":\"ip-dst\",\"category\":\"C\",\"value\":"
     "\"10.0.3.1\",\"first_seen\":\"2020-01-02T00:00:00+00:00\",\"to_ids\":true}]}},{\"Event\":{\"Attribute\":[],"
     "\"Object\":"
     "[{\"Attribute\":[{\"type\":\"ip-src\",\"category\":\"D\",\"value\":\"10.0.3.2\",\"to_ids\":true}]}]}}]}",
     "10.0.3.2", "misp_events D 0 0 -1;"},
    {"misp_one.json",
     "{\"response\":{\"Event\":{\"threat_level_id\":\"1\",\"Attribute\":[{\"type\":\"ip-dst\",\"category\":\"C\","
     "\"value\":"
     "\"10.0.3.3\",\"to_ids\":true}]}}}",
     "10.0.3.3", "misp_one C 0 0 -1;"},
    {"misp_attributes.json",
     "{\"response\":{\"Attribute\":[{\"id\":\"1\",\"type\":\"ip-dst\",\"category\":\"C\",\"value\":\"10.0.3.4\",\"to_"
     "ids\":true,"
     "\"Event\":{\"id\":\"7\",\"info\":\"x\"}},{\"id\":\"2\",\"type\":\"md5\",\"value\":\"0\",\"to_ids\":true}]}}",
     "10.0.3.4", "misp_attributes C 0 0 -1;"},
    {"misp_array.json",
     "\n[{\"Event\":{\"threat_level_id\":\"1\",\"Attribute\":[{\"type\":\"ip-dst\",\"category\":\"C\",\"value\":\"10.0."
     "3.5\","
     "\"to_ids\":true}]}}]",
     "10.0.3.5", "misp_array C 0 0 -1;"},
    {"stix_array.json", "[" STIX_IDENTITY "," STIX_INDICATOR("10.0.4.1") "," STIX_INDICATOR("2001:db8::1") "]",
     "10.0.4.1", "stix_array  1704067200 0 -1;"},
    {"stix_lines.jsonl", STIX_IDENTITY "\n" STIX_INDICATOR("10.0.4.2") "\n" STIX_INDICATOR("10.0.4.3") "\n", "10.0.4.3",
     "stix_lines  1704067200 0 -1;"},
    {"stix_bundles.jsonl",
     STIX_INDICATOR("10.0.4.4") "\n{\"type\":\"bundle\",\"id\":\"b\",\"objects\":[" STIX_INDICATOR("10.0.4.5") "]}\n",
     "10.0.4.5", "stix_bundles  1704067200 0 -1;"},
    {"taxii.json", "{\"more\":\"{ \\\" {\",\"objects\": [" STIX_INDICATOR("10.0.4.6") "]}", "10.0.4.6",
     "taxii  1704067200 0 -1;"},
    {"firehol_x.netset", "#\n# Category : reputation\n#\n10.3.0.0/19\n10.0.1.10\n", "10.3.31.255",
     "firehol_x  0 0 -1;"},
    {"drop.txt", "; Spamhaus DROP List\n10.4.0.0/16 ; SBL256894\n", "10.4.9.9", "drop SBL256894 0 0 -1;"},
    {"drop_v4.json",
     "{\"cidr\":\"10.5.0.0/24\",\"sblid\":\"SBL9\",\"rir\":\"arin\"}\n{\"type\":\"metadata\",\"size\":1}\n", "10.5.0.1",
     "drop_v4 SBL9 0 0 -1;"},
    {"dated.txt", "10.6.0.1, 2024-01-02, 2024-02-03\r\n10.6.0.2\n", "10.6.0.1", "dated  1704153600 1706918400 -1;"},
};

Test(malicious, every_form_is_known_by_its_content)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct complaint complaint;
        int fd;
        cr_assert_eq(folder_import(folder_file(forms[i].name, forms[i].text, strlen(forms[i].text)), &complaint), 0,
                     "%s: %s", forms[i].name, complaint.text);
        struct intel intel = folder_open_image(&fd);
        cr_expect_str_eq(listed(&intel, forms[i].address), forms[i].wanted, "%s", forms[i].name);
        // What is passed over of each.
        static const char *const nobody[] = {"10.0.1.4", "10.0.1.6", "10.0.1.8", "10.200.0.1", "255.255.255.255"};
        for (size_t n = 0; n < sizeof(nobody) / sizeof(nobody[0]); n++)
            cr_expect_str_eq(listed(&intel, nobody[n]), "", "%s", nobody[n]);
        intel_unmap(&intel);
        (void)close(fd);
    }
}

Test(malicious, a_feed_takes_the_place_of_what_it_said)
{
    struct complaint complaint;
    int fd;
    cr_assert_eq(folder_import(folder_file("a.txt", "10.0.0.1\n10.0.0.2\n", 18), &complaint), 0);
    cr_assert_eq(folder_import(folder_file("b.txt", "10.0.0.1\n", 9), &complaint), 0);
    cr_assert_eq(folder_import(folder_file("a.txt", "10.0.0.3\n", 9), &complaint), 0);
    struct intel intel = folder_open_image(&fd);
    cr_expect_str_eq(listed(&intel, "10.0.0.1"), "b  0 0 -1;");
    cr_expect_str_eq(listed(&intel, "10.0.0.2"), "");
    cr_expect_str_eq(listed(&intel, "10.0.0.3"), "a  0 0 -1;");
    intel_unmap(&intel);
    (void)close(fd);
}

Test(malicious, bad_lists_are_named)
{
    static const struct {
        const char *text;
        const char *wanted;
    } bad[] = {
        {"10.0.0.1\nhello\n", "bad.txt:3: \"hello\" is no address or network"},
        {"10.0.0.1\n0.0.0.0/0\n", "is wider than a /8"},
        {"{\"cidr\":\"10.0.0.0/24\"\n", "bad.txt"},
        {"{\"response\":[{\"Event\":{\"Attribute\":[]}},7]}", "element 1: expected an event or an attribute"},
        {"{\"response\":{\"response\":{\"Event\":{\"Attribute\":[]}}}}", "holds nothing"},
        {"{\"response\":[{\"Event\":{\"Attribute\":[]}}", "ends too early"},
        {"{\"response\":3,\"Event\":{\"Attribute\":[]}}", "expected an array"},
        {"[" STIX_INDICATOR("10.0.0.1") ",\n7]", "bad.txt:2: element 1: expected a STIX object"},
        {"[" STIX_INDICATOR("10.0.0.1"), "ends too early"},
        {STIX_INDICATOR("10.0.0.1") "\n{\"type\":", "ends too early"},
        {STIX_INDICATOR("10.0.0.x"), "\"10.0.0.x\" is no address or network"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct complaint complaint;
        cr_expect_lt(folder_import(folder_file("bad.txt", bad[i].text, strlen(bad[i].text)), &complaint), 0);
        cr_expect_not_null(strstr(complaint.text, bad[i].wanted), "%s", complaint.text);
    }
}

// `count` times `piece` between two texts.
static char *text_repeat(const char *before, const char *piece, size_t count, const char *after, size_t *ret_length)
{
    size_t length = strlen(piece);
    char *text = malloc(strlen(before) + count * length + strlen(after) + 1);
    char *at = stpcpy(text, before);
    for (size_t i = 0; i < count; i++, at += length)
        memcpy(at, piece, length);
    *ret_length = (size_t)(stpcpy(at, after) - text);
    return text;
}

Test(malicious, what_one_object_may_hold_is_bounded)
{
    enum { BYTES = 17 << 20, DEPTH = 100000 };
    const struct {
        const char *before;
        const char *piece;
        size_t count;
        const char *after;
        const char *wanted;
    } large[] = {
        {"{\"response\":[{\"Event\":{\"threat_level_id\":\"1\",\"info\":\"", "x", BYTES, "\"}}]}",
         "an element of more than 16 MiB"},
        {"[{\"spec_version\":\"2.1\",\"type\":\"", "x", BYTES, "\"}]", "an element of more than 16 MiB"},
        {"{\"spec_version\":\"2.1\",\"type\":\"", "x", BYTES, "\"}", "an element of more than 16 MiB"},
        {"{\"response\":[{\"Event\":{\"Attribute\":", "[", DEPTH, "", "nested too deep"},
        {"{\"spec_version\":\"2.1\",\"type\":", "[", DEPTH, "", "nested too deep"},
        {"{\"Event\":{\"Attribute\":[]},\"response\":{\"response\":", "{\"response\":", DEPTH, "", "nested too deep"},
    };
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        struct complaint complaint;
        size_t length;
        char *text = text_repeat(large[i].before, large[i].piece, large[i].count, large[i].after, &length);
        cr_expect_lt(folder_import(folder_file("large.json", text, length), &complaint), 0);
        cr_expect_not_null(strstr(complaint.text, large[i].wanted), "%zu: %s", i, complaint.text);
        free(text);
    }
}

// An export is as long as it likes: only what one object holds is kept.
Test(malicious, a_long_export_is_read_a_piece_at_a_time)
{
    struct complaint complaint;
    size_t length;
    int fd;
    char *text = text_repeat("[" STIX_INDICATOR("10.0.4.7"), "," STIX_INDICATOR("10.0.4.8"), 300000, "]", &length);
    cr_assert_gt(length, 2 * (size_t)JSON_ELEMENT_BYTES);
    cr_assert_eq(folder_import(folder_file("long.json", text, length), &complaint), 0, "%s", complaint.text);
    free(text);
    struct intel intel = folder_open_image(&fd);
    cr_expect_str_eq(listed(&intel, "10.0.4.8"), "long  1704067200 0 -1;");
    intel_unmap(&intel);
    (void)close(fd);
}

Test(malicious, overlaps_are_what_a_count_by_hand_finds)
{
    enum { RANGES = 200, SPACE = 4096 };
    static uint8_t counts[SPACE];
    char *text = malloc(RANGES * 48);
    struct complaint complaint;
    uint64_t state = 7;
    size_t length = 0;
    int fd;
    for (size_t i = 0; i < RANGES; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        uint32_t first = (uint32_t)(state >> 40) % SPACE;
        uint32_t last = first + (uint32_t)(state >> 20) % (i % 3 == 0 ? 1 : 60);
        last = last < SPACE ? last : SPACE - 1;
        char texts[2][ADDRESS_TEXT_MAX];
        // Its own category, so that the same range counts twice.
        length += (size_t)sprintf(text + length, "%s-%s c%zu\n", address_text(0x0a000000 + first, texts[0]),
                                  address_text(0x0a000000 + last, texts[1]), i);
        for (uint32_t at = first; at <= last; at++)
            counts[at]++;
    }
    cr_assert_eq(folder_import(folder_file("x.txt", text, length), &complaint), 0, "%s", complaint.text);
    struct intel intel = folder_open_image(&fd);
    for (uint32_t at = 0; at < SPACE; at++) {
        const struct intel_listing_set *set = &intel.listing_sets[intel_map_find(&intel.listing_map, 0x0a000000 + at)];
        cr_assert_eq(set->count, counts[at], "%u: %u listings, expected %u", at, set->count, counts[at]);
    }
    intel_unmap(&intel);
    (void)close(fd);
    free(text);
}

Test(malicious, a_record_says_who_lists_it)
{
    struct complaint complaint;
    struct observation observation;
    int fd;
    cr_assert_eq(folder_import(folder_file("a.txt", "10.0.0.1\n", 9), &complaint), 0);
    struct intel intel = folder_open_image(&fd);
    observation_init(&observation);
    malicious_learn(NULL, &observation);
    cr_expect_null(observation.reputation);
    learn_address(&observation, FIELD(root, ip), address_v4(0x0a000001));
    malicious_learn(&intel, &observation);
    cr_expect(observation.reputation->listed && observation.reputation->listings.count == 1);
    cr_expect_not(observation.reputation->known.vulnerabilities_then);
    learn_address(&observation, FIELD(root, ip), address_v4(0x0a000002));
    malicious_learn(&intel, &observation);
    cr_expect(observation.reputation->known.listed && !observation.reputation->listed);
    cr_expect_not(observation.reputation->known.listings);
    observation_fini(&observation);
    intel_unmap(&intel);
    (void)close(fd);
}
