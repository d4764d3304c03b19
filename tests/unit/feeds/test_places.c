// SPDX-License-Identifier: BSD-3-Clause
// Country and autonomous system from MaxMind-format databases: trees of both families, one database over the other,
// what a record says, and files that are broken.
#include <zlib.h>

#include "control/classify/place.h"
#include "tests/unit/feeds/folder.h"
#include "tests/unit/feeds/maxmind_fixture.h"

TestSuite(places, .init = folder_begin, .fini = folder_end);

static struct maxmind maxmind;

static int maxmind_import(const char *name, struct complaint *ret_complaint)
{
    size_t length;
    uint8_t *file = maxmind_end(&maxmind, &length);
    int error = folder_import(folder_file(name, file, length), ret_complaint);
    free(file);
    return error;
}

static void import_good(const char *name)
{
    struct complaint complaint;
    cr_assert_eq(maxmind_import(name, &complaint), 0, "%s", complaint.text);
}

// "country number name" of an address.
static const char *placed(const struct intel *intel, uint32_t address)
{
    static char text[256];
    const struct intel_place *place = &intel->places[intel_map_find(&intel->place_map, address)];
    (void)snprintf(text, sizeof(text), "%s %u %s", intel_string(intel, place->country), place->as_number,
                   intel_string(intel, place->as_name));
    return text;
}

static void countries_import(const char *name, uint32_t version)
{
    maxmind_begin(&maxmind, version);
    uint32_t de = maxmind_country(&maxmind, "DE");
    maxmind_put(&maxmind, 0x0a000000, 8, de);
    maxmind_put(&maxmind, 0x0a010000, 16, maxmind_country(&maxmind, "FR"));
    maxmind_put(&maxmind, 0x0b000000, 8, maxmind_country(&maxmind, "DE"));
    maxmind_put(&maxmind, 0xffffff00, 24, de);
    import_good(name);
}

static void systems_import(const char *name)
{
    maxmind_begin(&maxmind, 6);
    maxmind_put(&maxmind, 0x0a00ff00, 24, maxmind_system(&maxmind, 64500, "Example"));
    maxmind_put(&maxmind, 0x0a010000, 24, maxmind_system(&maxmind, 4200000000U, "Gro\xc3\x9f"));
    maxmind_put(&maxmind, 0x0c000001, 32, maxmind_system(&maxmind, 64501, ""));
    import_good(name);
}

Test(places, two_databases_lie_over_each_other)
{
    static const struct {
        uint32_t address;
        const char *wanted;
    } wanted[] = {
        {0x00000000, " 0 "},
        {0x09ffffff, " 0 "},
        {0x0a000000, "DE 0 "},
        {0x0a00feff, "DE 0 "},
        {0x0a00ff00, "DE 64500 Example"},
        {0x0a00ffff, "DE 64500 Example"},
        {0x0a010000, "FR 4200000000 Gro\xc3\x9f"},
        {0x0a0100ff, "FR 4200000000 Gro\xc3\x9f"},
        {0x0a010100, "FR 0 "},
        {0x0a01ffff, "FR 0 "},
        {0x0a020000, "DE 0 "},
        {0x0bffffff, "DE 0 "},
        {0x0c000000, " 0 "},
        {0x0c000001, " 64501 "},
        {0x0c000002, " 0 "},
        {0xfffffeff, " 0 "},
        {0xffffffff, "DE 0 "},
    };
    for (uint32_t version = 4; version <= 6; version += 2) {
        int fd;
        countries_import("countries.mmdb", version);
        systems_import("systems.mmdb");
        struct intel intel = folder_open_image(&fd);
        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
            cr_expect_str_eq(placed(&intel, wanted[i].address), wanted[i].wanted, "IPv%u, %08x", version,
                             wanted[i].address);
        cr_expect(intel_has(&intel, INTEL_PLACES));
        for (size_t i = 0; i < intel.feed_count; i++)
            cr_expect_eq(intel.feeds[i].published, 1600000000);
        intel_unmap(&intel);
        (void)close(fd);
    }
}

Test(places, a_database_takes_the_place_of_one_of_its_own_kind)
{
    int fd;
    countries_import("old.mmdb", 4);
    systems_import("systems.mmdb");
    maxmind_begin(&maxmind, 4);
    maxmind_put(&maxmind, 0x0a000000, 9, maxmind_country(&maxmind, "IT"));
    import_good("new.mmdb");
    struct intel intel = folder_open_image(&fd);
    cr_expect_str_eq(placed(&intel, 0x0a00ff00), "IT 64500 Example");
    cr_expect_str_eq(placed(&intel, 0x0b000000), " 0 ");
    cr_expect_eq(intel.feed_count, 2);
    for (size_t i = 0; i < intel.feed_count; i++)
        cr_expect_null(strstr(intel_string(&intel, intel.feeds[i].source), "old.mmdb"));
    intel_unmap(&intel);
    (void)close(fd);
    // One that knows both stands for both.
    maxmind_begin(&maxmind, 6);
    maxmind_put(&maxmind, 0x0a000000, 8, maxmind_flat(&maxmind, "ES", "AS64502", "Flat"));
    import_good("flat.mmdb");
    intel = folder_open_image(&fd);
    cr_expect_str_eq(placed(&intel, 0x0a00ff00), "ES 64502 Flat");
    cr_expect_eq(intel.feed_count, 1);
    intel_unmap(&intel);
    (void)close(fd);
}

Test(places, a_packed_database_is_unpacked)
{
    struct complaint complaint;
    size_t length;
    int fd;
    maxmind_begin(&maxmind, 4);
    maxmind_put(&maxmind, 0x0a000000, 8, maxmind_country(&maxmind, "DE"));
    uint8_t *file = maxmind_end(&maxmind, &length);
    char path[128];
    (void)snprintf(path, sizeof(path), "%s", folder_file("packed.mmdb.gz", "", 0));
    gzFile packed = gzopen(path, "wb");
    cr_assert_eq(gzwrite(packed, file, (unsigned int)length), (int)length);
    cr_assert_eq(gzclose(packed), Z_OK);
    free(file);
    cr_assert_eq(folder_import(path, &complaint), 0, "%s", complaint.text);
    struct intel intel = folder_open_image(&fd);
    cr_expect_str_eq(placed(&intel, 0x0a00ff00), "DE 0 ");
    intel_unmap(&intel);
    (void)close(fd);
    (void)snprintf(path, sizeof(path), "%s/places.unpacked", folder);
    cr_expect_neq(access(path, F_OK), 0, "the unpacked copy is left behind");
}

// Against a search through the prefixes from the last one on: later ones lie within earlier ones.
Test(places, random_prefixes_are_where_they_were_put)
{
    enum { PREFIXES = 120 };
    struct {
        uint32_t address;
        uint32_t mask;
        uint32_t number;
    } prefixes[PREFIXES];
    uint64_t state = 11;
    int fd;
    maxmind_begin(&maxmind, 6);
    for (uint32_t i = 0; i < PREFIXES; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        // Ever longer, so that none covers what is there.
        unsigned int length = 8 + i / 5;
        prefixes[i].mask = UINT32_MAX << (32 - length);
        prefixes[i].address = (0x0a000000 | (uint32_t)(state >> 40)) & prefixes[i].mask;
        prefixes[i].number = 1 + (uint32_t)(state >> 33) % 5;
        maxmind_put(&maxmind, prefixes[i].address, length, maxmind_system(&maxmind, prefixes[i].number, "N"));
    }
    import_good("random.mmdb");
    struct intel intel = folder_open_image(&fd);
    for (uint32_t i = 0; i < 200000; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        uint32_t address = i % 2 == 0 ? 0x0a000000 | (uint32_t)(state >> 40)
                                      : prefixes[i / 2 % PREFIXES].address - i / 2 / PREFIXES % 2;
        uint32_t number = 0;
        for (size_t p = PREFIXES; p-- > 0 && number == 0;)
            number = (address & prefixes[p].mask) == prefixes[p].address ? prefixes[p].number : 0;
        uint32_t found = intel.places[intel_map_find(&intel.place_map, address)].as_number;
        cr_assert_eq(found, number, "%08x: %u instead of %u", address, found, number);
    }
    intel_unmap(&intel);
    (void)close(fd);
}

Test(places, a_record_says_where_its_address_is)
{
    struct observation observation;
    int fd;
    countries_import("countries.mmdb", 4);
    systems_import("systems.mmdb");
    struct intel intel = folder_open_image(&fd);
    observation_init(&observation);
    learn_address(&observation, FIELD(root, ip), address_v4(0x0a00ff01));
    place_learn(&intel, &observation);
    cr_assert_not_null(observation.place);
    cr_expect(text_is(&observation.place->country, "DE") && observation.place->as_number == 64500 &&
              text_is(&observation.place->as_name, "Example"));
    // What was known of another address is forgotten, and what is not known is absent.
    learn_address(&observation, FIELD(root, ip), address_v4(0x0c000001));
    place_learn(&intel, &observation);
    cr_expect(observation.place->known.as_number && !observation.place->known.country &&
              !observation.place->known.as_name);
    learn_address(&observation, FIELD(root, ip), address_v4(0x0d000001));
    place_learn(&intel, &observation);
    cr_expect_not(observation_has(&observation, PART_place));
    place_learn(NULL, &observation);
    cr_expect_not(observation_has(&observation, PART_place));
    observation_fini(&observation);
    intel_unmap(&intel);
    (void)close(fd);
}

static void refuse_file(const uint8_t *file, size_t length, const char *wanted)
{
    struct complaint complaint = {""};
    cr_expect_lt(folder_import(folder_file("bad.mmdb", file, length), &complaint), 0, "taken: %s", wanted);
    cr_expect_not_null(strstr(complaint.text, wanted), "\"%s\" instead of \"%s\"", complaint.text, wanted);
    cr_expect_not_null(strstr(complaint.text, "bad.mmdb"), "%s", complaint.text);
}

Test(places, broken_databases_are_refused)
{
    size_t length;
    maxmind_begin(&maxmind, 4);
    maxmind_put(&maxmind, 0x0a000000, 8, maxmind_country(&maxmind, "DE"));
    uint8_t *file = maxmind_end(&maxmind, &length);
    const uint8_t *mark = memmem(file, length, "\xab\xcd\xef", 3);
    refuse_file(file, (size_t)(mark - file), "is of no form that is known");
    // The tree's first node leads to itself: nothing ends it but the length of an address.
    uint8_t kept[6];
    memcpy(kept, file, sizeof(kept));
    memset(file, 0, sizeof(kept));
    refuse_file(file, length, "its search tree is broken");
    // A record that points behind the file.
    memset(file, 0xff, 3);
    refuse_file(file, length, "its search tree is broken");
    memcpy(file, kept, sizeof(kept));
    // Metadata that says more nodes than there are bytes.
    uint8_t *count = memmem(file, length, "node_count", 10);
    count[11] = 0xff;
    refuse_file(file, length, "bad.mmdb");
    free(file);
    maxmind_begin(&maxmind, 4);
    maxmind_put(&maxmind, 0x0a000000, 8, maxmind_country(&maxmind, "Germany"));
    file = maxmind_end(&maxmind, &length);
    refuse_file(file, length, "holds neither countries nor autonomous systems");
    free(file);
}
