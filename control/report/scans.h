// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// What the scans behind the records say of themselves: the summary.json beside them, where it is there. A file that is
// none of ours says nothing.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

enum { SCANS_MAX = 16 };

struct scans {
    struct {
        const char *folder;
        json_t *summary;
    } scans[SCANS_MAX];
    size_t count;
    size_t left_off;   // folders beyond
    size_t path_count; // all that was given, folders or not
};

// paths: folders; what is no folder is passed over. They outlive it. scans_fini may follow in any case.
void scans_read(const char *const *paths, size_t path_count, struct scans *ret_scans);
void scans_fini(struct scans *scans);

// How much of what there was a scan has asked: pairs of an address and a port.
struct scans_sample {
    uint64_t asked;
    uint64_t all;
};

// Of a scan that was a sample, a shard, or both, asked to its end, and alone: what several have asked may be the same.
// False otherwise: of what the records do not hold nothing is to be estimated.
bool scans_sampled(const struct scans *scans, struct scans_sample *ret_sample);

// A member behind a path of names ("plan.rate_pps"), as people read it: texts as they are, numbers with groups of
// three.
// "" when it is not there, or neither. Returns text.
const char *scans_text(const json_t *summary, const char *path, char *text, size_t capacity);

// Likewise a number. False when it is not there.
bool scans_number(const json_t *summary, const char *path, double *ret_number);
