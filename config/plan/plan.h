// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The plan: one JSON file that says what to scan, from where and how fast, read through one table of keys (plan_keys),
// checked as a whole and compiled into the plan image. Nothing here sends, and only the files that the plan, the site
// and the catalogue folder name are opened. One thread per plan.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/image/image.h"
#include "config/intervals.h"
#include "config/keys.h"

#define PLAN_EXCLUSIONS_PATH "/etc/sonde/exclusions"

// What the caller is going to do: check and targets need less than a scan does.
enum plan_need { PLAN_NEED_TARGETS = 0, PLAN_NEED_SCAN };

struct plan_files {
    const char *plan;       // plan.json; relative names inside it start from its folder; NULL = `line` is all of it
    json_t *line;           // keys that win over the file's (plan_merge); NULL = none
    const char *catalogues; // folder of services.json, findings.json, products.json
    const char *exclusions; // the site's opt-out list; NULL = PLAN_EXCLUSIONS_PATH. A plan cannot name it.
    const uint64_t *seed;   // for a plan that names none; NULL = a random one
    const char *site; // folder of the site's own findings.d and products.d (config/catalogue_files.h); NULL = none
    bool site_named;  // has to be there
    // Folder of feeds, whose ranges a plan may ask for ("ranges": "feeds"); NULL = none. Named: before the plan's own.
    const char *feeds;
    bool feeds_named;
};

enum { PLAN_SOURCE_PORTS_MAX = 32768 };

// "device": how DPDK is started. Strings are never NULL.
struct plan_device {
    struct key_strings eal;            // extra EAL options, as given; which ones: config/plan/device.h
    char *vdev;                        // "net_af_packet0,iface=veth0", "" = none
    char *port;                        // name or PCI address of the port to use, "" = the vdev, or the only port
    uint16_t lcores[IMAGE_LCORES_MAX]; // one worker each
    size_t lcore_count;                // 0 = not given
};

// "source": who asks. What was not given is for the command to find out (kernel routes on vdevs).
struct plan_source {
    uint32_t address;       // host byte order; meaningful when address_given
    uint32_t address_count; // from that one on, at most IMAGE_SOURCES_MAX
    uint32_t gateway;
    uint8_t mac[6];
    uint8_t gateway_mac[6];
    uint16_t vlan;
    bool address_given;
    bool gateway_given;
    bool mac_given;
    bool gateway_mac_given;
    bool vlan_given;
    uint16_t probe_port_first;
    uint16_t probe_port_count; // a power of two
    uint16_t flow_port_first;
    uint16_t flow_port_count;
    struct interval_set on_link; // sealed; targets in it are asked for one by one; empty = what the kernel says
};

// One thing that took addresses away from the targets, in the order in which they were applied: each counts only what
// those before it had left.
struct plan_exclusion {
    char *source; // "exclude[0]", "special-purpose registry", "/etc/sonde/exclusions"
    char *what;   // "10.1.2.0/24", "Private-Use (RFC 1918)", "2,113 lines"
    uint64_t addresses;
};

// One line of `sonde targets`. A service's own prefixes may overlap with another's, so `addresses` does not add up to
// the provider's; `attributed` gives each address to one service (config/ranges.h) and does.
struct plan_count {
    const char *provider; // "" and "" for addresses of no provider
    const char *service;  // "" in the provider's own row, which precedes its services'
    uint64_t addresses;
    uint64_t attributed;
};

struct plan_input {
    char *path;
    char sha256[65]; // lower-case hex
};

struct plan_summary {
    uint64_t addresses;
    uint32_t ports;
    uint64_t positions; // addresses * ports
    uint64_t pairs;     // of these, what is asked: fewer where targets have ports of their own
    uint64_t swept;     // of these, in this shard and sample
    uint32_t shard;     // from 1
    uint32_t shards;
    double sample;               // share of the positions, 0 to 1
    uint64_t probes;             // of what is asked, times attempts: the most that will be sent
    uint32_t probe_bytes;        // of one probe on the wire, with preamble, checksum and gap (24 bytes)
    double rate_pps;             // what will be used
    double rate_asked_pps;       // what the plan says
    uint32_t crowded_network;    // the /24 with the most targets, host byte order
    uint32_t crowded_addresses;  // in it
    double crowded_rate_pps;     // the highest rate at which it gets no more than network_rate
    double sweep_seconds;        // all attempts with their gaps and the cooldown
    double conversation_seconds; // at assumed_hit_rate, by converse_rate and max_open
    double assumed_hit_rate;
};

struct plan {
    char *path;
    struct plan_device device;
    struct plan_source source;
    enum converse_mode converse;
    enum answers_wanted answers;
    enum probe_profile profile;
    bool ssh_host_keys;
    bool ssh_none;
    double rate_pps; // after the ceilings
    double converse_rate_pps;
    uint32_t host_rate_pps;
    uint64_t host_time_ns;
    uint64_t patience_ns;
    double network_rate_pps; // most probes per second to one /24
    uint32_t max_open;
    uint32_t attempts;
    uint64_t attempt_gap_ns;
    uint64_t cooldown_ns;
    uint64_t link_wait_ns;
    uint64_t max_results;
    uint64_t max_runtime_ns;
    uint64_t seed; // random when not given
    bool seed_given;
    char *contact; // "" when none
    bool tls_key_proof;
    bool tls_matrix;
    char *http_path;    // "/" when not given
    char *http_headers; // in lower case, blanks between; "*" = all; "" = none
    char *trust_store;  // resolved; "" when none
    char *feeds;        // folder, resolved; "" = not given
    char *output;       // folder, resolved; "-" = records to standard output; "" = not given
    uint64_t first_position;
    uint64_t end_position;
    uint16_t *ports; // ascending
    uint32_t port_count;
    uint16_t decoys[IMAGE_DECOYS_MAX];
    uint16_t decoy_count;

    struct interval_set addresses; // what is left after every exclusion
    struct listed listed; // which of the positions are asked, where targets have ports of their own (count > 0)
    struct plan_exclusion *exclusions;
    size_t exclusion_count;
    char *exclusions_missing; // the path of the site's list where there is none, NULL = there is one
    struct plan_count *counts;
    size_t count_count;
    struct plan_input *inputs;
    size_t input_count;
    char **notes; // one line each for the operator: "rate lowered from ... to ..."
    size_t note_count;
    struct plan_summary summary;
};

// Puts the keys of `line` into a plan: they win over its own, but what it excludes stays excluded. Returns 0 or
// -ENOMEM.
int plan_merge(json_t *plan, json_t *line);

// Reads, checks and prepares a plan. Returns 0 and a plan for plan_free; or -EINVAL for a plan that cannot be used,
// -ENOMEM, and then *ret_complaint holds the line to print.
int plan_load(const struct plan_files *files, enum plan_need need, struct plan **ret_plan,
              struct complaint *ret_complaint);
void plan_free(struct plan *plan);

// What only the command knows when a scan starts.
struct plan_runtime {
    const char *scan;        // the scan's id
    const char *port_name;   // DPDK port, "" = the only one
    uint32_t source_address; // host byte order, as are all addresses
    uint32_t source_count;   // from that one on
    uint32_t gateway_address;
    uint8_t source_mac[6];
    uint8_t gateway_mac[6];
    bool gateway_mac_given;
    bool vlan_given;
    uint16_t vlan;
    bool is_vdev;
    bool dry_run;
    uint32_t dry_run_frames;
    uint32_t lanes;
    uint32_t workers;
    uint16_t worker_lcores[IMAGE_LCORES_MAX];
    const char *const *eal_arguments; // argv[1] onwards
    size_t eal_argument_count;
    const struct image_hop *hops; // sorted; none: everything goes to the gateway
    size_t hop_count;
};

// Positions of a segment of this plan's sweep (config/image/image.h).
uint64_t plan_segment_positions(const struct plan *plan);

// Writes the image (config/image/image.h) into fd from its start, ftruncates it to size and leaves sealing to the
// caller. Returns 0, -EINVAL for a runtime out of bounds (no worker or lane, no source address), -ENOMEM or -errno of
// the write.
int plan_compile(const struct plan *plan, const struct plan_runtime *runtime, int fd);

// How severe the finding of an id is (enum severity), or -1 for none of the catalogue.
int plan_finding_severity(const struct plan *plan, const char *id, size_t length);

// Every key of a plan, with type, range, default and help: for the help text, the man page and its test. Ends with a
// row whose name is NULL.
extern const struct key plan_keys[];
