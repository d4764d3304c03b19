// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fcntl.h>

#include <criterion/criterion.h>

#include "config/image/image.h"
#include "config/image_build.h"
#include "config/intervals.h"
#include "config/targets_build.h"

static const uint16_t ports[] = {22, 443};
static int32_t port_index[IMAGE_PORTS_MAX];
static const struct attribution_edge edges[] = {{0, 0}, {0x0a000000, 1}, {0x0a000100, 0}};
static struct attribution items[2];

struct sample {
    struct string_table strings;
    struct targets_storage targets;
    struct image_parts parts;
    int fd;
};

static void sample_init(struct sample *sample)
{
    struct interval_set set;
    memset(sample, 0, sizeof(*sample));
    interval_set_init(&set);
    cr_assert_eq(interval_set_add(&set, (struct interval){0x0a000000, 0x0a000112}), 0);
    interval_set_seal(&set);
    cr_assert_eq(targets_build(&set, &sample->targets), 0);
    interval_set_fini(&set);
    cr_assert_eq(string_table_init(&sample->strings), 0);
    struct image_settings *settings = &sample->parts.settings;
    cr_assert_eq(string_table_add(&sample->strings, "scan-1", &settings->scan), 0);
    cr_assert_eq(string_table_add(&sample->strings, "aws", &items[1].provider), 0);
    image_port_index(ports, 2, port_index);
    image_parts_targets(&sample->parts, &sample->targets.targets);
    settings->port_count = 2;
    settings->positions = settings->addresses * 2;
    settings->end_position = settings->positions;
    sample->parts.parts[IMAGE_STRINGS] = (struct image_part){sample->strings.bytes, sample->strings.length};
    sample->parts.parts[IMAGE_PORTS] = (struct image_part){ports, 2};
    sample->parts.parts[IMAGE_PORT_INDEX] = (struct image_part){port_index, IMAGE_PORTS_MAX};
    sample->parts.parts[IMAGE_ATTRIBUTION_EDGES] = (struct image_part){edges, 3};
    sample->parts.parts[IMAGE_ATTRIBUTIONS] = (struct image_part){items, 2};
    sample->fd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    cr_assert_geq(sample->fd, 0);
}

static void sample_fini(struct sample *sample)
{
    close(sample->fd);
    string_table_fini(&sample->strings);
    targets_storage_fini(&sample->targets);
}

Test(image, what_was_written_is_mapped_again_also_when_sealed)
{
    struct sample sample;
    struct image image;
    sample_init(&sample);
    cr_assert_eq(image_write(&sample.parts, sample.fd), 0);
    cr_assert_eq(fcntl(sample.fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
    cr_assert_eq(image_map(sample.fd, &image), 0);
    cr_assert_str_eq(image_string(&image, image.settings->scan), "scan-1");
    cr_assert_eq(image.targets.count, 256 + 19);
    for (uint64_t ordinal = 0; ordinal < image.targets.count; ordinal++)
        cr_assert_eq(targets_ordinal(&image.targets, targets_address(&image.targets, ordinal)), (int64_t)ordinal);
    cr_assert_eq(image.port_index[443], 1);
    cr_assert_eq(image.port_index[80], -1);
    const struct attribution *found = attribution_find(&image.attributions, 0x0a0000ff);
    cr_assert_str_eq(image_string(&image, found->provider), "aws");
    cr_assert_eq(attribution_find(&image.attributions, 0x0a000100)->provider, 0);
    cr_assert_eq(attribution_find(&image.attributions, 0)->provider, 0);
    cr_assert_eq(attribution_find(&image.attributions, UINT32_MAX)->provider, 0);
    image_unmap(&image);
    sample_fini(&sample);
}

Test(image, every_truncation_is_refused)
{
    struct sample sample;
    struct image image;
    sample_init(&sample);
    cr_assert_eq(image_write(&sample.parts, sample.fd), 0);
    off_t whole = lseek(sample.fd, 0, SEEK_END);
    for (off_t length = whole - 1; length >= 0; length -= length > 4096 ? 997 : 1) {
        cr_assert_eq(ftruncate(sample.fd, length), 0);
        cr_assert_eq(image_map(sample.fd, &image), -EPROTO);
    }
    sample_fini(&sample);
}

Test(image, names_are_found_by_address_and_are_no_more_than_names)
{
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"a.example", true},
        {"x", true},
        {"_a-1.example", true},
        {"", false},
        {"10.0.0.1", false},
        {"a..example", false},
        {".a", false},
        {"a.", false},
        {"a\r\nb", false},
        {"A.example", false},
        {"a.example:80", false},
        {"a b", false},
        {"a123456789012345678901234567890123456789012345678901234567890123.example", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample sample;
        struct image image;
        sample_init(&sample);
        struct image_name names[] = {{0x0a000001, 0}, {0x0a000105, 0}};
        cr_assert_eq(string_table_add(&sample.strings, "first.example", &names[0].name), 0);
        cr_assert_eq(string_table_add(&sample.strings, rows[i].text, &names[1].name), 0);
        sample.parts.parts[IMAGE_STRINGS] = (struct image_part){sample.strings.bytes, sample.strings.length};
        sample.parts.parts[IMAGE_NAMES] = (struct image_part){names, 2};
        cr_assert_eq(image_write(&sample.parts, sample.fd), 0);
        cr_assert_eq(image_map(sample.fd, &image), rows[i].good ? 0 : -EBADMSG, "row %zu: %s", i, rows[i].text);
        if (rows[i].good) {
            cr_assert_str_eq(image_name_of(&image, 0x0a000001), "first.example");
            cr_assert_str_eq(image_name_of(&image, 0x0a000105), rows[i].text);
            cr_assert_null(image_name_of(&image, 0x0a000000));
            cr_assert_null(image_name_of(&image, 0x0a000104));
            cr_assert_null(image_name_of(&image, UINT32_MAX));
            image_unmap(&image);
        }
        names[1].address = names[0].address; // one name an address, ascending
        cr_assert_eq(image_write(&sample.parts, sample.fd), 0);
        cr_assert_eq(image_map(sample.fd, &image), -EBADMSG);
        sample_fini(&sample);
    }
}

#define HEADER(member) offsetof(struct image_header, member), sizeof(((struct image_header *)0)->member)
#define SECTION(i, member)                                                                                             \
    offsetof(struct image_header, sections) + (i) * sizeof(struct image_slice) + offsetof(struct image_slice, member), 8

Test(image, headers_that_point_outside_are_refused)
{
    const struct {
        size_t offset;
        size_t bytes;
        uint64_t value;
        int expected;
    } rows[] = {
        {HEADER(magic), 1, -EPROTO},
        {HEADER(version), 99, -EPROTO},
        {HEADER(header_bytes), 8, -EPROTO},
        {HEADER(bytes), 1 << 20, -EPROTO},
        {HEADER(settings.scan), 1 << 30, -EBADMSG},
        {HEADER(settings.contact), UINT32_MAX, -EBADMSG},
        {HEADER(settings.addresses), 1, -EBADMSG},
        {HEADER(settings.whole_addresses), 0, -EBADMSG},
        {HEADER(settings.sixteen_addresses), 32, -EBADMSG},
        {HEADER(settings.port_count), 3, -EBADMSG},
        {HEADER(settings.positions), 5, -EBADMSG},
        {HEADER(settings.end_position), UINT64_MAX, -EBADMSG},
        {HEADER(settings.workers), 1000, -EBADMSG},
        {HEADER(settings.lanes), 17, -EBADMSG},
        {HEADER(settings.decoy_count), 9, -EBADMSG},
        {SECTION(IMAGE_STRINGS, offset), UINT64_MAX - 63, -EBADMSG},
        {SECTION(IMAGE_STRINGS, offset), 0, -EBADMSG},
        {SECTION(IMAGE_STRINGS, count), UINT64_MAX, -EBADMSG},
        {SECTION(IMAGE_STRINGS, count), 0, -EBADMSG},
        {SECTION(IMAGE_PORTS, count), 1, -EBADMSG},
        {SECTION(IMAGE_PORT_INDEX, count), 65535, -EBADMSG},
        {SECTION(IMAGE_TARGET_BASES, count), UINT64_MAX / 4, -EBADMSG},
        {SECTION(IMAGE_TARGET_DIRECTORY, count), 100, -EBADMSG},
        {SECTION(IMAGE_TARGET_BLOCKS, count), 1, -EBADMSG},
        {SECTION(IMAGE_TARGET_PARTIALS, count), 0, -EBADMSG},
        {SECTION(IMAGE_ATTRIBUTION_EDGES, count), 0, -EBADMSG},
        {SECTION(IMAGE_ATTRIBUTIONS, count), 1, -EBADMSG},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample sample;
        struct image image;
        sample_init(&sample);
        cr_assert_eq(image_write(&sample.parts, sample.fd), 0);
        cr_assert_eq(pwrite(sample.fd, &rows[i].value, rows[i].bytes, (off_t)rows[i].offset), (ssize_t)rows[i].bytes);
        int error = image_map(sample.fd, &image);
        cr_assert_eq(error, rows[i].expected, "row %zu: %d", i, error);
        sample_fini(&sample);
    }
}

// Any single byte of a valid image changed: refused, or still safe to walk (this runs under the sanitizers too).
Test(image, a_flipped_byte_never_leads_outside)
{
    struct sample sample;
    struct image image;
    sample_init(&sample);
    cr_assert_eq(image_write(&sample.parts, sample.fd), 0);
    off_t whole = lseek(sample.fd, 0, SEEK_END);
    for (off_t at = 0; at < whole; at += at < 2048 ? 1 : 331) {
        uint8_t byte;
        cr_assert_eq(pread(sample.fd, &byte, 1, at), 1);
        uint8_t flipped = byte ^ 0x81;
        cr_assert_eq(pwrite(sample.fd, &flipped, 1, at), 1);
        if (image_map(sample.fd, &image) == 0) {
            for (uint64_t ordinal = 0; ordinal < image.targets.count; ordinal++)
                (void)targets_ordinal(&image.targets, targets_address(&image.targets, ordinal));
            for (uint32_t address = 0x0a000000; address < 0x0a000200; address++)
                cr_assert_lt(targets_ordinal(&image.targets, address), 1 << 30);
            image_unmap(&image);
        }
        cr_assert_eq(pwrite(sample.fd, &byte, 1, at), 1);
    }
    cr_assert_eq(image_map(sample.fd, &image), 0);
    image_unmap(&image);
    sample_fini(&sample);
}

Test(image, equal_strings_share_an_offset_and_all_survive_growth)
{
    struct string_table table;
    uint32_t offsets[2000];
    cr_assert_eq(string_table_init(&table), 0);
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 2000; i++) {
            char text[32];
            uint32_t offset;
            snprintf(text, sizeof(text), "string %u", i);
            cr_assert_eq(string_table_add(&table, text, &offset), 0);
            cr_assert_str_eq(table.bytes + offset, text);
            cr_assert(round == 0 || offset == offsets[i]);
            offsets[i] = offset;
        }
    }
    cr_assert_eq(string_table_add(&table, "", &offsets[0]), 0);
    cr_assert_eq(offsets[0], 0);
    string_table_fini(&table);
}
