// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// A population: what a synthetic internet is made of, read from one JSON file. Shares and counts only; which address is
// which follows from the key (tools/simnet/world.h), so nothing is listed and anyone can work out the truth again.
// Read-only after it was loaded, any thread.

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    POPULATION_NETWORKS_MAX = 250,
    POPULATION_PORTS_MAX = 250, // distinct ports named in one population
    POPULATION_SERVICES_MAX = 250,
    POPULATION_SPEAKS_MAX = 16,  // services of one port
    POPULATION_OTHER_PORTS = -1, // "*" in a network's ports: every port that is not named
    POPULATION_ERROR_MAX = 256,
};

// Both ends belong to it; host byte order.
struct population_range {
    uint32_t first;
    uint32_t last;
};

// What a host says on an open port. A text that the file does not have is NULL, a number 0.
struct population_service {
    char *name;
    char *speaks; // a personality's name
    char *banner;
    char *page;
    char *server;
    double status;
    char *methods;
    char *key;
    double keys;
    char *domain;
    char *version;
    char *cipher;
    char *inside;   // another service's name
    char *answers;  // a JSON object: what is said to what is heard
    char *opening;  // bytes in hex
    char *reply;    // bytes in hex
    char *starttls; // a text of the line behind which `inside` is spoken
    double takes;   // bytes, behind which `inside` is spoken
    double amount;  // bytes
    char *deed;     // what a hostile TLS server does
    char *manner;   // how its TCP behaves
    double stage;   // of the manner "reset"
    char *record;   // a JSON object: what a record of such a host must hold besides
};

struct population_speaks {
    uint32_t service; // index in services
    double share;     // of the open ports
};

// What a living host does on a port, as shares of the hosts; the rest are silent.
struct population_port {
    int32_t port; // or POPULATION_OTHER_PORTS
    double open;
    double closed;
    struct population_speaks speaks[POPULATION_SPEAKS_MAX]; // the others accept and never speak
    size_t speaks_count;
};

struct population_network {
    char *name;
    struct population_range *ranges;
    size_t range_count;
    uint64_t addresses;        // in the ranges, after scaling
    double alive;              // share of the addresses
    double unreachable;        // share of the addresses
    double prohibited;         // share of the hosts
    double tarpits;            // share of the hosts
    double middleboxes;        // share of the /24s
    double answers_per_second; // of the whole network; 0 = no limit
    double rtt_min_ms;         // all three 0 = answers at once
    double rtt_typical_ms;
    double rtt_max_ms;
    struct population_port *ports;
    size_t port_count;
};

// Shares of the probes to which this happens. They exclude each other, so their sum is at most 1.
struct population_weather {
    double loss;       // no answer at all
    double duplicates; // the answer twice
    double reordering; // the answer 1 ms late
    double forged;     // besides: an answer that nobody asked for
    double malformed;  // besides: a frame with an impossible header
    double truncated;  // besides: an answer of which a part was captured
};

struct population {
    char *name;
    uint64_t key;
    struct population_weather weather;
    struct population_network *networks;
    size_t network_count;
    struct population_service *services; // in the file's order
    size_t service_count;
    uint16_t *ports; // what a scan of this population asks by default
    size_t port_count;
};

struct population_options {
    double scale;  // 0 = 1: the share of each network's addresses that exists, from its first one on
    uint32_t base; // 0 = the file's: where networks without prefixes of their own are laid out, host byte order
};

// Reads a population file. Returns 0, or -EINVAL, -ENOMEM or -errno with one line in error that names the file, the
// JSON path and what was expected; *ret_population is untouched then. Release it with population_fini.
int population_load(const char *path, struct population_options options, struct population *ret_population,
                    char error[static POPULATION_ERROR_MAX]);
void population_fini(struct population *population);

// Changes the weather: "loss=0.02,forged=0.01", or "calm" for none at all and answers without delay. Returns 0 or
// -EINVAL with a line in error.
int population_set_weather(struct population *population, const char *text, char error[static POPULATION_ERROR_MAX]);

// Prints every key of a population file with its range and its meaning.
void population_print_keys(FILE *out);
