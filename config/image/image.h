// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The plan image: a checked plan, compiled into one flat read-only file that sonde-dataplane and sonde-control map, so
// that what was checked is what is sent. Written by `sonde scan` only, sealed before either child sees it. Native byte
// order and alignment: it never leaves the host. Offsets are from the start of the file and 64-byte aligned.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/image/attribution.h"
#include "config/image/catalogue.h"
#include "config/image/hops.h"
#include "config/image/listed.h"
#include "config/image/names.h"
#include "config/image/targets.h"

#define IMAGE_MAGIC   UINT64_C(0x65646e6f73000001)
#define IMAGE_VERSION 10

enum {
    IMAGE_PORTS_MAX = 65536,
    IMAGE_DECOYS_MAX = 8,
    IMAGE_LCORES_MAX = 128,
    IMAGE_LANES_MAX = 16,
    IMAGE_SOURCES_MAX = 256,
};

enum probe_profile { PROBE_PROFILE_MSS = 0, PROBE_PROFILE_NONE, PROBE_PROFILE_LINUX, PROBE_PROFILE_WINDOWS };

enum converse_mode { CONVERSE_NONE = 0, CONVERSE_NOW, CONVERSE_LATER };

// Which answers become records: of who accepts; of who refuses too; and what was reported unreachable.
enum answers_wanted { ANSWERS_OPEN = 0, ANSWERS_CLOSED, ANSWERS_ALL };

// What a section holds; one slice each. X(enumerator, element type)
#define IMAGE_SECTIONS(X)                                                                                              \
    X(IMAGE_STRINGS, char)                              /* NUL-terminated, offset 0 is "" */                           \
    X(IMAGE_PORTS, uint16_t)                            /* the plan's ports, ascending, host byte order */             \
    X(IMAGE_PORT_INDEX, int32_t)                        /* [65536]: port -> index in IMAGE_PORTS, or -1 */             \
    X(IMAGE_TARGET_BASES, uint32_t)                     /* struct targets.bases */                                     \
    X(IMAGE_TARGET_DIRECTORY, uint16_t)                 /* struct targets.directory */                                 \
    X(IMAGE_TARGET_BLOCKS, struct targets_block)        /* struct targets.blocks */                                    \
    X(IMAGE_TARGET_PARTIALS, struct targets_partial)    /* struct targets.partials */                                  \
    X(IMAGE_ATTRIBUTION_EDGES, struct attribution_edge) /* sorted by first address */                                  \
    X(IMAGE_ATTRIBUTIONS, struct attribution)           /* entry 0: nobody's */                                        \
    X(IMAGE_SERVICES, struct catalogue_service)         /* config/services.json, the plan's own appended */            \
    X(IMAGE_FINDINGS, struct catalogue_finding)         /* config/findings.json */                                     \
    X(IMAGE_CONDITIONS, struct catalogue_condition)     /* of the findings */                                          \
    X(IMAGE_PRODUCTS, struct catalogue_product)         /* config/products.json, in order of preference */             \
    X(IMAGE_EAL_ARGUMENTS, uint32_t)                    /* string offsets, argv[1] onwards */                          \
    X(IMAGE_INPUTS, struct image_input)                 /* every file that was read, with its digest */                \
    X(IMAGE_HOPS, struct image_hop)                     /* sorted; none: all through the one gateway */                \
    X(IMAGE_NAMES, struct image_name)                   /* ascending by address, one an address */                     \
    X(IMAGE_LISTED, struct image_listed)                /* struct listed.items */                                      \
    X(IMAGE_LISTED_PORTS, uint16_t)                     /* struct listed.ports */                                      \
    X(IMAGE_COMMON_PORTS, uint8_t)                      /* struct listed.common, none without items */

enum image_section {
#define X(name, type) name,
    IMAGE_SECTIONS(X)
#undef X
        IMAGE_SECTION_COUNT
};

struct image_slice {
    uint64_t offset; // bytes from the start of the image
    uint64_t count;  // elements
};

struct image_input {
    uint32_t path;   // string
    uint32_t sha256; // string, lower-case hex
};

// Every scalar of a checked plan, in the units of its consumers. Strings are offsets into IMAGE_STRINGS.
struct image_settings {
    // Who and when.
    uint32_t scan;         // string: the scan's id, in every record
    uint32_t contact;      // string, "" when none
    uint32_t user_agent;   // string
    uint32_t trust_store;  // string: file of authorities in PEM, "" when none
    uint32_t http_path;    // string: what HTTP servers are asked for
    uint32_t http_headers; // string: headers of theirs that are kept, in lower case, blanks between; "*" = all
    uint32_t port_name;    // string: the DPDK port ("net_af_packet0", "0000:01:00.0"), "" = the only one
    uint64_t seed;         // keys the order, decoys and samples; not the cookie

    // What is asked: positions [first_position, end_position) of [0, positions).
    uint64_t positions; // addresses * ports, at most 2^48
    uint64_t first_position;
    uint64_t end_position;
    uint64_t segment_positions; // a multiple of 64, at most 2^32
    uint64_t addresses;
    uint64_t whole_addresses;   // struct targets.whole_addresses
    uint64_t sixteen_addresses; // struct targets.sixteen_addresses
    uint32_t port_count;
    uint32_t attempts; // at least 1
    uint64_t attempt_gap_ns;
    uint64_t cooldown_ns;
    uint64_t max_results;     // 0 = no limit
    uint64_t max_runtime_ns;  // 0 = no limit
    double rate_pps;          // probes per second, all workers together
    double converse_rate_pps; // frames that control may ask for, per second
    double network_rate_pps;  // connections that control may open to one /24, per second
    uint32_t host_rate_pps;   // of control's frames, to one address
    uint32_t max_open;        // conversations open at once
    uint64_t host_time_ns;    // what all conversations with one host may last
    uint64_t patience_ns;     // how long an answer is waited for
    uint8_t converse;         // enum converse_mode
    uint8_t answers;          // enum answers_wanted
    uint8_t profile;          // enum probe_profile
    uint8_t is_vdev;          // the port is a DPDK virtual device: idle workers sleep, deferred checksums pass
    uint8_t tls_matrix;       // TLS servers are asked for every version
    uint8_t tls_key_proof;    // TLS servers have to prove that they have their certificate's key
    uint8_t ssh_host_keys;    // SSH servers are asked for their host keys of every type
    uint8_t ssh_none;         // SSH servers are asked for their methods with a `none` request
    uint8_t dry_run;          // stop by itself after dry_run_frames
    uint32_t dry_run_frames;
    uint32_t workers;
    uint32_t lanes;
    uint16_t worker_lcores[IMAGE_LCORES_MAX]; // lcore ids, one a worker

    // Who asks.
    uint32_t source_address;  // host byte order
    uint32_t source_count;    // addresses of ours from that one on; 0 counts as 1
    uint32_t gateway_address; // host byte order; 0 when gateway_mac_given and no ARP is wanted, or there are hops
    uint8_t source_mac[6];    // all zero: the port's own
    uint8_t gateway_mac[6];
    uint8_t gateway_mac_given; // gateway_mac is to be used, and no ARP is sent for it
    uint8_t vlan_given;
    uint16_t vlan; // 802.1Q VLAN id
    uint16_t probe_port_first;
    uint16_t probe_port_count; // a power of two
    uint16_t flow_port_first;
    uint16_t flow_port_count;
    uint16_t decoys[IMAGE_DECOYS_MAX]; // ports outside the plan that control may ask hosts that answered
    uint16_t decoy_count;
};

struct image_header {
    uint64_t magic;
    uint32_t version;
    uint32_t header_bytes; // sizeof(struct image_header)
    uint64_t bytes;        // of the whole image
    struct image_settings settings;
    struct image_slice sections[IMAGE_SECTION_COUNT];
};

// A mapped image. Everything below points into the mapping and lives as long as it does.
struct image {
    const struct image_header *header;
    const struct image_settings *settings; // &header->settings
    struct targets targets;
    struct attribution_table attributions;
    struct catalogue catalogue;
    const struct image_hop *hops;
    size_t hop_count; // 0: everything goes to the one gateway
    const struct image_name *names;
    size_t name_count;
    struct listed listed;
    const uint16_t *ports;
    const int32_t *port_index; // [65536]
    uint64_t string_bytes;
    const char *strings;
};

// Maps fd read-only and checks magic, version, size and that every section and string offset lies inside. Returns 0,
// -errno of mmap or fstat, -EPROTO for a file that is no image of this version, -EBADMSG for one with an offset out of
// bounds. fd is still the caller's afterwards.
int image_map(int fd, struct image *ret_image);
void image_unmap(struct image *image);

// The string at an offset that came from the image.
static inline const char *image_string(const struct image *image, uint32_t offset)
{
    return image->strings + (offset < image->string_bytes ? offset : 0);
}

// The host name that an address was given by, NULL where it was given as an address.
static inline const char *image_name_of(const struct image *image, uint32_t address)
{
    const struct image_name *found = names_find(image->names, image->name_count, address);
    return found == NULL ? NULL : image_string(image, found->name);
}

// A section's elements and their number.
const void *image_section(const struct image *image, enum image_section section, size_t *ret_count);
