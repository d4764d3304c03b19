// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// The address ranges that cloud providers publish, with the service and region of each prefix: AWS, Azure, Google,
// Oracle and Fastly JSON, RFC 8805 geofeeds (DigitalOcean, Linode), plain lists (Cloudflare). A file's form is told by
// what is in it, not by its name. IPv6 prefixes are passed over.

#include <stddef.h>
#include <stdint.h>

#include "config/image/attribution.h"
#include "config/image_build.h"
#include "config/input.h"
#include "config/intervals.h"

enum { RANGES_PROVIDERS_MAX = 256 };

// What range_list_read_feeds reads, in a folder of feeds.
#define RANGES_OF_FEEDS "clouds.json"

// How well a service's name says what an address is for: the more specific one wins.
enum range_rank {
    RANGE_RANK_POOL = 0, // AWS AMAZON: everything
    RANGE_RANK_COMPUTE,  // virtual machines and what is not told apart: AWS EC2, AzureCloud, Google Cloud
    RANGE_RANK_SERVICE,
};

// One IPv4 prefix as published. service, region and country are offsets into the list's strings.
struct range_row {
    struct interval interval;
    uint32_t service;
    uint32_t region;
    uint32_t country;
    uint16_t provider; // index into the list's providers
    uint8_t length;
    uint8_t rank; // enum range_rank
};

struct range_list {
    struct range_row *rows;
    size_t count;
    size_t capacity;
    struct string_table strings;
    uint32_t providers[RANGES_PROVIDERS_MAX];
    int64_t published[RANGES_PROVIDERS_MAX]; // of the provider's file by its own account, seconds since 1970; 0
    size_t provider_count;
};

// Returns 0 or -ENOMEM. fini may follow a failed init.
int range_list_init(struct range_list *list);
void range_list_fini(struct range_list *list);

// Appends a provider's file. Returns 0, or -EINVAL or -ENOMEM with a complaint.
int range_list_read(struct range_list *list, const char *provider, const char *file, const struct input *input,
                    struct complaint *ret_complaint);

// Appends all providers of the file that `sonde feeds` makes of their files: {"providers": [{"provider", "published",
// "rows": [[prefix, service, region, country], ...]}, ...]}. Returns as range_list_read.
int range_list_read_feeds(struct range_list *list, const char *file, const struct input *input,
                          struct complaint *ret_complaint);

// The provider whose file it is by its form: "aws", "azure", "google", "oracle", "fastly"; NULL where the form tells
// nothing (geofeeds, plain lists). Of Google's two, *ret_whole is true of the one that holds its own services'
// addresses beside those of its cloud (goog.json). text is the beginning of a file.
const char *range_file_provider(const char *text, bool *ret_whole);

// Whether a file is no plain list but of a form that only range_list_read understands.
bool range_list_is_structured(const struct input *input);

struct range_selector {
    const char *provider; // glob patterns (fnmatch, without regard to case); NULL = any
    const char *service;
    const char *region;
};

// Appends what the selector matches to set (not sealed): the prefixes whose service and region it names. Where a list
// says no service (geofeeds, RFC 8805), the longest prefix says where an address is, and a region has what a longer one
// of another region leaves of its prefixes. *ret_rows counts the rows that match. Returns 0 or -ENOMEM.
int range_list_select(const struct range_list *list, const struct range_selector *selector, struct interval_set *set,
                      size_t *ret_rows);

// Whose each address is. Of all rows that hold an address the service is the one with the highest rank, then the
// longest prefix, then the first name; its region is that row's, else that of the longest prefix that names one. Of
// what runs on a named pool of computers (EC2, AzureCloud, Google Cloud, OCI) the customer is responsible, of any other
// named service the provider; where a list does not say what an address is for (AMAZON alone, geofeeds, plain lists)
// nobody is said to be.
struct range_attribution {
    struct attribution_edge *edges;
    size_t edge_count;
    struct attribution *items; // offsets into the list's strings; [0] is nobody's
    size_t item_count;
};

// Returns 0 or -ENOMEM. The list's rows are sorted by it.
int range_list_attribute(struct range_list *list, struct range_attribution *ret_attribution);
void range_attribution_fini(struct range_attribution *attribution);
