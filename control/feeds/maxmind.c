// SPDX-License-Identifier: BSD-3-Clause
// Databases in MaxMind's format (https://maxmind.github.io/MaxMind-DB/, version 2.0) by libmaxminddb: GeoLite2, DB-IP,
// IPinfo. The search tree is walked over all of IPv4, and country and autonomous system of each network are kept.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <maxminddb.h>

#include "control/feeds/feed_formats.h"
#include "control/feeds/maxmind.h"
#include "control/feeds/places.h"

// A tree of a real database has two nodes a network at most; one that is made to be walked for ever has more.
// A tree may lead to one part of it from several nodes (6to4 and mapped addresses), not without end: NODES_TIMES.
enum { IPV4_BITS = 32, NODES_MAX = 64000000, NODES_TIMES = 8 };

struct walk {
    struct feed_input *input;
    const MMDB_s *database;
    struct places_writer *writer;
    uint64_t nodes;
    uint32_t offset; // of the entry that `place` is of
    bool known;
    struct place place;
};

// What is still to be walked: at most one node a bit.
struct step {
    uint32_t node;
    uint32_t prefix;
    unsigned int bits; // of the prefix
    bool right;        // its left side is done
};

// The text at a path of an entry, cut to its room; false when there is none.
static bool text_read(MMDB_entry_s *entry, const char *const *path, char *ret_text, size_t room)
{
    MMDB_entry_data_s data;
    if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
        data.type != MMDB_DATA_TYPE_UTF8_STRING)
        return false;
    size_t length = data.data_size < room - 1 ? data.data_size : room - 1;
    // Whole characters of UTF-8.
    while (length < data.data_size && length > 0 && ((unsigned char)data.utf8_string[length] & 0xc0) == 0x80)
        length--;
    memcpy(ret_text, data.utf8_string, length);
    ret_text[length] = '\0';
    return true;
}

// Two capital letters, of the first path that has them.
static void country_read(MMDB_entry_s *entry, char ret_country[static PLACES_COUNTRY_BYTES])
{
    static const char *const paths[][3] = {{"country", "iso_code", NULL},
                                           {"registered_country", "iso_code", NULL},
                                           {"country_code", NULL},
                                           {"country", NULL}};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char text[8];
        if (!text_read(entry, paths[i], text, sizeof(text)) || strlen(text) != 2 || text[0] < 'A' || text[0] > 'Z' ||
            text[1] < 'A' || text[1] > 'Z')
            continue;
        memcpy(ret_country, text, 3);
        return;
    }
}

// A number, or "AS64500" as a text.
static uint32_t system_read(MMDB_entry_s *entry)
{
    static const char *const number[] = {"autonomous_system_number", NULL};
    static const char *const word[] = {"asn", NULL};
    MMDB_entry_data_s data;
    char text[16];
    if (MMDB_aget_value(entry, &data, number) == MMDB_SUCCESS && data.has_data)
        return data.type == MMDB_DATA_TYPE_UINT32 ? data.uint32 : data.type == MMDB_DATA_TYPE_UINT16 ? data.uint16 : 0;
    if (!text_read(entry, word, text, sizeof(text)) || strncmp(text, "AS", 2) != 0)
        return 0;
    unsigned long value = strtoul(text + 2, NULL, 10);
    return value <= UINT32_MAX ? (uint32_t)value : 0;
}

static void place_read(MMDB_entry_s *entry, struct place *ret_place)
{
    static const char *const paths[][2] = {{"autonomous_system_organization", NULL}, {"as_name", NULL}};
    *ret_place = (struct place){""};
    country_read(entry, ret_place->country);
    ret_place->as_number = system_read(entry);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (text_read(entry, paths[i], ret_place->as_name, sizeof(ret_place->as_name)))
            return;
}

static int entry_put(struct walk *walk, MMDB_entry_s *entry, uint32_t prefix, unsigned int bits)
{
    uint32_t last = bits >= IPV4_BITS ? prefix : prefix | UINT32_MAX >> bits;
    // Neighbours often share theirs.
    if (!walk->known || walk->offset != entry->offset)
        place_read(entry, &walk->place);
    walk->known = true;
    walk->offset = entry->offset;
    return places_put(walk->writer, prefix, last, &walk->place);
}

// One side of a node. What is a node again is put on the stack.
static int side_take(struct walk *walk, uint8_t type, uint64_t record, MMDB_entry_s *entry, struct step *stack,
                     size_t *depth, struct step at)
{
    switch (type) {
    case MMDB_RECORD_TYPE_EMPTY:
        return 0;
    case MMDB_RECORD_TYPE_DATA:
        return entry_put(walk, entry, at.prefix, at.bits);
    case MMDB_RECORD_TYPE_SEARCH_NODE:
        if (at.bits < IPV4_BITS) {
            at.node = (uint32_t)record;
            stack[(*depth)++] = at;
            return 0;
        }
        break;
    default:
        break;
    }
    return feed_complain(walk->input, "its search tree is broken: fetch it again");
}

// Left before right, so that addresses ascend: a left side that is a node is walked before the right one is looked at.
static int tree_walk(struct walk *walk, uint32_t root)
{
    struct step stack[IPV4_BITS + 2] = {{.node = root}};
    size_t depth = 1;
    int error = 0;
    while (error == 0 && depth > 0) {
        struct step at = stack[--depth];
        MMDB_search_node_s node;
        walk->nodes++;
        if (walk->nodes > NODES_MAX)
            return feed_complain(walk->input, "its search tree has more than %d nodes", (int)NODES_MAX);
        if (walk->nodes > NODES_TIMES * (uint64_t)walk->database->metadata.node_count + IPV4_BITS)
            return feed_complain(walk->input, "its search tree leads to itself: fetch it again");
        if (MMDB_read_node(walk->database, at.node, &node) != MMDB_SUCCESS)
            return feed_complain(walk->input, "its search tree is broken: fetch it again");
        struct step side = {.bits = at.bits + 1, .prefix = at.prefix};
        if (!at.right) {
            at.right = true;
            stack[depth++] = at;
            error =
                side_take(walk, node.left_record_type, node.left_record, &node.left_record_entry, stack, &depth, side);
        } else {
            side.prefix |= UINT32_C(1) << (IPV4_BITS - side.bits);
            error = side_take(walk, node.right_record_type, node.right_record, &node.right_record_entry, stack, &depth,
                              side);
        }
    }
    return error;
}

static int maxmind_parse(struct feed_input *input, sqlite3 *database, struct complaint *ret_complaint)
{
    MMDB_s opened;
    int status = MMDB_open(FEED_UNPACKED, MMDB_MODE_MMAP, &opened);
    if (status != MMDB_SUCCESS)
        return feed_complain(input, "%s", MMDB_strerror(status));
    struct walk walk = {
        .input = input, .database = &opened, .writer = places_writer_new(input, database, ret_complaint)};
    int error = walk.writer == NULL ? (ret_complaint->text[0] == '\0' ? -ENOMEM : -EIO) : 0;
    uint32_t root = opened.ipv4_start_node.node_value;
    input->published = (int64_t)opened.metadata.build_epoch;
    // A tree whose IPv4 part is no node has nothing to say of single networks.
    if (error == 0 && root < opened.metadata.node_count)
        error = tree_walk(&walk, root);
    if (error == 0)
        error = places_end(walk.writer);
    places_writer_free(walk.writer);
    MMDB_close(&opened);
    return error;
}

const struct feed_format feed_format_maxmind = {.name = "MaxMind DB",
                                                .kind = INTEL_PLACES,
                                                .recognise_tail = maxmind_recognise,
                                                .by_name = true,
                                                .parse = maxmind_parse};
