// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Where feeds are fetched from: config/feeds.json, which an operator can replace (/etc/sonde/feeds.json, --sources).

#include <stddef.h>
#include <stdint.h>

#include "config/keys.h"
#include "control/classify/intel.h"

enum { FEED_SOURCES_MAX = 256 };

struct feed_source {
    uint32_t kind;       // enum intel_kind
    char *url;           // {year} stands for each year from first_year to this one
    char *meta;          // of NVD's data files: its sha256 is that of the file unpacked; NULL = none
    char *provider;      // of providers' ranges: whose; NULL = as the file's form or name says
    uint32_t first_year; // 0 = no years
    uint32_t page_rows;  // of NVD's API: rows a page; 0 = a file
    uint64_t pause_ns;   // between two pages
};

struct feed_sources {
    char *mirror; // "" or an address that stands in for every https://, so that the host is the first folder
    char *proxy;
    uint64_t file_bytes;
    uint64_t file_time_ns;
    uint64_t stall_ns;
    struct feed_source *rows;
    size_t count;
};

// Returns 0 with sources for feed_sources_fini, -EINVAL with a complaint, or -ENOMEM.
int feed_sources_load(const char *path, struct feed_sources *ret_sources, struct complaint *ret_complaint);
void feed_sources_fini(struct feed_sources *sources);
