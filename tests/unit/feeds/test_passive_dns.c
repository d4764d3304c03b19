// SPDX-License-Identifier: BSD-3-Clause
// Names seen on addresses: rows as servers write them, the most of them in any year against a count by hand, the flag
// above 55, and files that are broken.
#include "control/classify/malicious.h"
#include "tests/unit/feeds/folder.h"

TestSuite(passive_dns, .init = folder_begin, .fini = folder_end);

enum { DAY = 86400, YEAR = 365 * DAY };

static void import_text(const char *name, const char *text)
{
    struct complaint complaint;
    cr_assert_eq(folder_import(folder_file(name, text, strlen(text)), &complaint), 0, "%s", complaint.text);
}

// "names names_in_a_year", "" for an address that is not known.
static const char *named(const struct intel *intel, uint32_t address)
{
    static char text[64];
    const struct intel_names *names = intel_find_names(intel, address);
    if (names == NULL)
        return "";
    (void)snprintf(text, sizeof(text), "%u %u", names->names, names->names_in_a_year);
    return text;
}

static const char rows[] =
    // Numbers as texts, arrays, names of either case, a dot at the end.
    "{\"rrname\":\"a.example\",\"rrtype\":\"A\",\"rdata\":\"10.0.0.1\",\"time_first\":1500000000,\"time_last\":"
    "1500000100}\n"
    "{\"rrname\":\"B.Example.\",\"rrtype\":\"A\",\"rdata\":[\"10.0.0.1\",\"10.0.0.2\"],\"time_first\":\"1500000000\","
    "\"time_last\":\"1500000100\"}\n"
    "{\"rrname\":\"b.example\",\"rrtype\":\"A\",\"rrdata\":\"10.0.0.1\",\"time_first\":1500000200.5,\"time_last\":"
    "1500000300.5}\n"
    "{\"rrname\":\"c.example\",\"rrtype\":\"AAAA\",\"rdata\":\"2001:db8::1\",\"time_first\":1,\"time_last\":2}\n"
    "{\"rrname\":\"d.example\",\"rrtype\":\"CNAME\",\"rdata\":\"a.example\",\"time_first\":1,\"time_last\":2}\n"
    // Two years later.
    "{\"rrname\":\"e.example\",\"rrtype\":\"A\",\"rdata\":\"10.0.0.1\",\"zone_time_first\":1563072000,\"zone_time_"
    "last\":1563072000}\n"
    "{\"rrname\":\"f.example\",\"rrtype\":\"A\",\"rdata\":\"10.0.0.3\",\"time_first\":1500000000}\n"
    "{\"rrname\":\"g.example\",\"rrtype\":\"A\",\"rdata\":\"10.0.0.4\"}\n";

Test(passive_dns, rows_as_servers_write_them)
{
    int fd;
    import_text("pdns.ndjson", rows);
    struct intel intel = folder_open_image(&fd);
    cr_expect(intel_has(&intel, INTEL_PASSIVE_DNS));
    cr_expect_str_eq(named(&intel, 0x0a000001), "3 2");
    cr_expect_str_eq(named(&intel, 0x0a000002), "1 1");
    cr_expect_str_eq(named(&intel, 0x0a000003), "1 1");
    cr_expect_str_eq(named(&intel, 0x0a000004), "");
    intel_unmap(&intel);
    (void)close(fd);
    // A later export of the same sighting, which has lasted, until both are within a year of e.example.
    import_text("later.ndjson",
                "{\"rrname\":\"a.example\",\"rrtype\":\"A\",\"rdata\":\"10.0.0.1\",\"time_first\":1500000000,"
                "\"time_last\":1540000000}\n");
    intel = folder_open_image(&fd);
    cr_expect_str_eq(named(&intel, 0x0a000001), "3 2");
    cr_expect_eq(intel_find_names(&intel, 0x0a000001)->names, 3);
    intel_unmap(&intel);
    (void)close(fd);
}

Test(passive_dns, a_year_is_365_days_to_the_second)
{
    static const struct {
        int64_t second; // of the later name, after the end of the earlier
        const char *wanted;
    } edges[] = {{YEAR - 1, "2 2"}, {YEAR, "2 1"}};
    for (size_t i = 0; i < 2; i++) {
        char text[512];
        char name[32];
        int fd;
        (void)snprintf(name, sizeof(name), "edge%zu.json", i);
        (void)snprintf(
            text, sizeof(text),
            "{\"rrname\":\"a\",\"rrtype\":\"A\",\"rdata\":\"10.0.1.%zu\",\"time_first\":1,\"time_last\":1000}"
            "{\"rrname\":\"b\",\"rrtype\":\"A\",\"rdata\":\"10.0.1.%zu\",\"time_first\":%lld,\"time_last\":2000000000}",
            i, i, (long long)(1000 + edges[i].second));
        import_text(name, text);
        struct intel intel = folder_open_image(&fd);
        cr_expect_str_eq(named(&intel, 0x0a000100 + (uint32_t)i), edges[i].wanted);
        intel_unmap(&intel);
        (void)close(fd);
    }
}

// Every day on which a year could begin, and every name, counted one by one.
Test(passive_dns, the_most_of_a_year_is_what_a_count_by_hand_finds)
{
    enum { SIGHTINGS = 120, NAMES = 40, DAYS = 2000, ROUNDS = 6 };
    uint64_t state = 3;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct {
            uint32_t name;
            int64_t first;
            int64_t last;
        } seen[SIGHTINGS];
        char *text = malloc(SIGHTINGS * 160);
        size_t length = 0;
        uint32_t most = 0;
        char name[32];
        int fd;
        for (size_t i = 0; i < SIGHTINGS; i++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
            seen[i].name = (uint32_t)(state >> 33) % NAMES;
            seen[i].first = 400 + (int64_t)(state >> 40) % DAYS;
            seen[i].last = seen[i].first + (int64_t)(state >> 50) % 200;
            length +=
                (size_t)sprintf(text + length,
                                "{\"rrname\":\"n%u\",\"rrtype\":\"A\",\"rdata\":\"10.0.2.%u\",\"time_first\":%lld,"
                                "\"time_last\":%lld}\n",
                                seen[i].name, round, (long long)seen[i].first * DAY, (long long)seen[i].last * DAY);
        }
        for (int64_t day = 0; day < DAYS + 1000; day++) {
            bool there[NAMES] = {false};
            uint32_t count = 0;
            for (size_t i = 0; i < SIGHTINGS; i++)
                if (seen[i].first < day + 365 && seen[i].last >= day && !there[seen[i].name]) {
                    there[seen[i].name] = true;
                    count++;
                }
            most = count > most ? count : most;
        }
        (void)snprintf(name, sizeof(name), "round%u.json", round);
        import_text(name, text);
        free(text);
        struct intel intel = folder_open_image(&fd);
        const struct intel_names *names = intel_find_names(&intel, 0x0a000200 + round);
        cr_assert_not_null(names);
        cr_expect_eq(names->names_in_a_year, most, "round %u: %u instead of %u", round, names->names_in_a_year, most);
        intel_unmap(&intel);
        (void)close(fd);
    }
}

Test(passive_dns, a_record_is_flagged_above_55)
{
    struct observation observation;
    char *text = malloc(200 * 128);
    size_t length = 0;
    int fd;
    for (uint32_t i = 0; i < 55 + 56; i++)
        length +=
            (size_t)sprintf(text + length,
                            "{\"rrname\":\"n%u\",\"rrtype\":\"A\",\"rdata\":\"10.0.3.%u\",\"time_first\":1500000000,"
                            "\"time_last\":1500000000}\n",
                            i, i < 55 ? 1 : 2);
    import_text("many.json", text);
    free(text);
    struct intel intel = folder_open_image(&fd);
    observation_init(&observation);
    learn_address(&observation, FIELD(root, ip), address_v4(0x0a000301));
    malicious_learn(&intel, &observation);
    cr_expect(observation.reputation->known.many_names && !observation.reputation->many_names);
    cr_expect_eq(observation.reputation->names_in_a_year, 55);
    cr_expect_not(observation.reputation->known.listed, "no feed of malicious addresses was asked");
    learn_address(&observation, FIELD(root, ip), address_v4(0x0a000302));
    malicious_learn(&intel, &observation);
    cr_expect(observation.reputation->many_names && observation.reputation->names == 56);
    cr_expect_eq(observation.reputation->names_year, 1500000000 - YEAR + 1);
    learn_address(&observation, FIELD(root, ip), address_v4(0x0a000303));
    malicious_learn(&intel, &observation);
    cr_expect_not(observation_has(&observation, PART_reputation), "an address that is not there");
    observation_fini(&observation);
    intel_unmap(&intel);
    (void)close(fd);
}

Test(passive_dns, broken_files_are_refused)
{
#define A_ROW "{\"rrname\":\"a\",\"rrtype\":\"A\",\"rdata\":\"10.0.0.1\",\"time_first\":1,\"time_last\":2}\n"
    static const struct {
        const char *text;
        const char *wanted;
    } bad[] = {
        {A_ROW "{\"rrname\":\"a\",\"rrtype\":\"A\",\"rdata\":\"hello\",\"time_first\":1}",
         "bad.json:2: row 1: \"hello\" is no address"},
        {A_ROW "{\"rrname\":\"a\",\"rrtype\":\"A\",\"rdata\":\"10.0.0.1\",\"time_first\":3,\"time_last\":2}",
         "at or before"},
        {A_ROW "{\"rrname\":\"a\",\"rrtype\":\"A\",\"rdata\":\"10.0.0.1\",\"time_first\":9223372036854775807}",
         "in seconds"},
        {A_ROW "{\"rrname\":\"a\",\"rrtype\":\"A\",\"rdata\":\"10.0.0.1\",\"time_first\":\"soon\"}", "in seconds"},
        {A_ROW "{\"rrname\":\"\",\"rrtype\":\"A\",\"rdata\":\"10.0.0.1\",\"time_first\":1}",
         "a name of 1 to 253 bytes"},
        {A_ROW "{\"rrname\":\"a\",\"rrtype\":\"A\"}", "expected an object with"},
        {A_ROW "7", "expected an object with"},
        {A_ROW "{\"rrname\":\"a\",", "ends too early"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct complaint complaint;
        cr_expect_lt(folder_import(folder_file("bad.json", bad[i].text, strlen(bad[i].text)), &complaint), 0);
        cr_expect_not_null(strstr(complaint.text, bad[i].wanted), "%s", complaint.text);
    }
}
