// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Small databases in MaxMind's format (version 2.0), made by hand: prefixes into a tree with records of 24 bits, their
// entries behind it, metadata at the end. Later prefixes lie within earlier ones or beside them.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

enum { MAXMIND_NODES = 4096, MAXMIND_DATA = 1 << 16, MAXMIND_SEPARATOR = 16 };

struct maxmind {
    uint32_t version; // 4 or 6: an IPv4 tree lies at ::/96
    uint32_t nodes[MAXMIND_NODES][2];
    uint32_t count;
    uint8_t data[MAXMIND_DATA];
    size_t length;
};

// What stands in a record until the tree's size is known.
enum { MAXMIND_EMPTY = 1 << 30, MAXMIND_ENTRY = 1 << 29 };

static inline void maxmind_begin(struct maxmind *maxmind, uint32_t version)
{
    *maxmind = (struct maxmind){.version = version, .count = 1};
    maxmind->nodes[0][0] = maxmind->nodes[0][1] = MAXMIND_EMPTY;
}

static inline void maxmind_bytes(struct maxmind *maxmind, const void *bytes, size_t length)
{
    cr_assert_leq(length, sizeof(maxmind->data) - maxmind->length);
    memcpy(maxmind->data + maxmind->length, bytes, length);
    maxmind->length += length;
}

static inline void maxmind_byte(struct maxmind *maxmind, unsigned int byte)
{
    maxmind_bytes(maxmind, &(uint8_t){(uint8_t)byte}, 1);
}

static inline void maxmind_map(struct maxmind *maxmind, size_t members)
{
    maxmind_byte(maxmind, 0xe0U | (unsigned int)members);
}

static inline void maxmind_text(struct maxmind *maxmind, const char *text)
{
    size_t length = strlen(text);
    cr_assert_lt(length, 29 + 256U);
    maxmind_byte(maxmind, length < 29 ? 0x40U | (unsigned int)length : 0x5d);
    if (length >= 29)
        maxmind_byte(maxmind, (unsigned int)length - 29);
    maxmind_bytes(maxmind, text, length);
}

// type: 5 = 16 bits, 6 = 32 bits; 9 = 64 bits, of an extended type.
static inline void maxmind_number(struct maxmind *maxmind, unsigned int type, uint64_t number)
{
    unsigned int bytes = type == 5 ? 2 : type == 6 ? 4 : 8;
    maxmind_byte(maxmind, type < 8 ? type << 5 | bytes : bytes);
    if (type >= 8)
        maxmind_byte(maxmind, type - 7);
    for (unsigned int i = bytes; i-- > 0;)
        maxmind_byte(maxmind, (unsigned int)(number >> (8 * i)) & 0xff);
}

// Entries; each returns where it stands.
static inline uint32_t maxmind_country(struct maxmind *maxmind, const char *country)
{
    uint32_t at = (uint32_t)maxmind->length;
    maxmind_map(maxmind, 1);
    maxmind_text(maxmind, "country");
    maxmind_map(maxmind, 2);
    maxmind_text(maxmind, "geoname_id");
    maxmind_number(maxmind, 6, 1);
    maxmind_text(maxmind, "iso_code");
    maxmind_text(maxmind, country);
    return at;
}

static inline uint32_t maxmind_system(struct maxmind *maxmind, uint32_t number, const char *name)
{
    uint32_t at = (uint32_t)maxmind->length;
    maxmind_map(maxmind, 2);
    maxmind_text(maxmind, "autonomous_system_number");
    maxmind_number(maxmind, 6, number);
    maxmind_text(maxmind, "autonomous_system_organization");
    maxmind_text(maxmind, name);
    return at;
}

// A flat entry, as IPinfo has it.
static inline uint32_t maxmind_flat(struct maxmind *maxmind, const char *country, const char *asn, const char *name)
{
    uint32_t at = (uint32_t)maxmind->length;
    maxmind_map(maxmind, 3);
    maxmind_text(maxmind, "country_code");
    maxmind_text(maxmind, country);
    maxmind_text(maxmind, "asn");
    maxmind_text(maxmind, asn);
    maxmind_text(maxmind, "as_name");
    maxmind_text(maxmind, name);
    return at;
}

static inline void maxmind_put(struct maxmind *maxmind, uint32_t address, unsigned int length, uint32_t entry)
{
    unsigned int skip = maxmind->version == 6 ? 96 : 0;
    uint32_t node = 0;
    for (unsigned int bit = 0; bit < skip + length; bit++) {
        uint32_t *record = &maxmind->nodes[node][bit < skip ? 0 : address >> (31 - (bit - skip)) & 1];
        if (bit + 1 == skip + length) {
            *record = MAXMIND_ENTRY | entry;
            return;
        }
        if (*record >= MAXMIND_ENTRY) {
            cr_assert_lt(maxmind->count, MAXMIND_NODES);
            // What the shorter prefix says holds for both halves.
            maxmind->nodes[maxmind->count][0] = maxmind->nodes[maxmind->count][1] = *record;
            *record = maxmind->count++;
        }
        node = *record;
    }
}

static inline void maxmind_metadata(struct maxmind *maxmind)
{
    maxmind_map(maxmind, 9);
    maxmind_text(maxmind, "node_count");
    maxmind_number(maxmind, 6, maxmind->count);
    maxmind_text(maxmind, "record_size");
    maxmind_number(maxmind, 5, 24);
    maxmind_text(maxmind, "ip_version");
    maxmind_number(maxmind, 5, maxmind->version);
    maxmind_text(maxmind, "database_type");
    maxmind_text(maxmind, "Test");
    maxmind_text(maxmind, "languages");
    maxmind_byte(maxmind, 1);
    maxmind_byte(maxmind, 4);
    maxmind_text(maxmind, "en");
    maxmind_text(maxmind, "binary_format_major_version");
    maxmind_number(maxmind, 5, 2);
    maxmind_text(maxmind, "binary_format_minor_version");
    maxmind_number(maxmind, 5, 0);
    maxmind_text(maxmind, "build_epoch");
    maxmind_number(maxmind, 9, 1600000000);
    maxmind_text(maxmind, "description");
    maxmind_map(maxmind, 1);
    maxmind_text(maxmind, "en");
    maxmind_text(maxmind, "made by hand");
}

// The file, for free(). The database is spent.
static inline uint8_t *maxmind_end(struct maxmind *maxmind, size_t *ret_length)
{
    static const char mark[] = "\xab\xcd\xefMaxMind.com";
    size_t tree = (size_t)maxmind->count * 6;
    maxmind_bytes(maxmind, mark, sizeof(mark) - 1);
    maxmind_metadata(maxmind);
    uint8_t *file = calloc(1, tree + MAXMIND_SEPARATOR + maxmind->length);
    for (uint32_t node = 0; node < maxmind->count; node++)
        for (size_t side = 0; side < 2; side++) {
            uint32_t record = maxmind->nodes[node][side];
            if ((record & MAXMIND_EMPTY) != 0)
                record = maxmind->count;
            else if ((record & MAXMIND_ENTRY) != 0)
                record = (record & ~(uint32_t)MAXMIND_ENTRY) + maxmind->count + MAXMIND_SEPARATOR;
            for (size_t i = 0; i < 3; i++)
                file[(size_t)node * 6 + side * 3 + i] = (uint8_t)(record >> (16 - 8 * i));
        }
    memcpy(file + tree + MAXMIND_SEPARATOR, maxmind->data, maxmind->length);
    *ret_length = tree + MAXMIND_SEPARATOR + maxmind->length;
    return file;
}
