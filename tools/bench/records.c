// SPDX-License-Identifier: BSD-3-Clause
// What classification costs a record: product, vulnerabilities, reputation and findings, with an image of feeds of
// realistic size, over records that name many products; and a look-up of an address among many listed ranges. By the
// thread's CPU clock.
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "tools/bench/made_up.h"

enum {
    RECORDS = 10000000,
    PRODUCTS = 5000,
    CVES = 300000,
    LISTINGS = 1000000,
    LOOKUPS = 20000000,
    QUICK = 10, // so many times fewer records and look-ups
};

static const double RECORDS_BAR = 500000;
static const double LOOKUPS_BAR = 5000000; // 200 ns each

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void record_make(struct observation *observation, uint32_t product)
{
    char text[64];
    observation_reset(observation);
    (void)snprintf(text, sizeof(text), "SSH-2.0-Bench_p%05u_%u.%u", product % MADE_UP_NAMES,
                   product / MADE_UP_NAMES % 20, product % 10);
    learn_address(observation, FIELD(root, ip), address_v4(made_up_below(UINT32_MAX)));
    learn_number(observation, FIELD(root, port), 22);
    learn_constant(observation, FIELD(root, service), "ssh");
    learn_word(observation, FIELD(ssh, identification), text);
    learn_names(observation, FIELD(ssh, methods), "publickey,password", 18, ',');
}

// The records are made in the same loop; making alone is measured first and taken away.
static double records_run(struct classifier *classifier, uint32_t records, uint32_t products, uint64_t *ret_cves)
{
    struct observation observation;
    observation_init(&observation);
    double began = cpu_seconds();
    for (uint32_t i = 0; i < records; i++) {
        record_make(&observation, made_up_below(products));
        if (classifier == NULL)
            continue;
        classify(classifier, &observation, 1700000000);
        *ret_cves += observation.vulnerabilities->cves.count;
    }
    double took = cpu_seconds() - began;
    observation_fini(&observation);
    return took;
}

static double lookups_run(const struct intel *intel, uint32_t count, uint64_t *ret_found)
{
    double began = cpu_seconds();
    for (uint32_t i = 0; i < count; i++)
        *ret_found += intel_map_find(&intel->listing_map, (uint32_t)made_up_below(UINT32_MAX) * 2);
    return (cpu_seconds() - began) / count * 1e9;
}

static void run(const struct bench_options *options, struct bench_outcome *outcome)
{
    uint32_t records = options->quick ? RECORDS / QUICK : RECORDS;
    uint32_t lookups = options->quick ? LOOKUPS / QUICK : LOOKUPS;
    struct rusage usage;
    struct intel intel;
    uint64_t rows = 0;
    uint64_t found = 0;
    if (!made_up_intel(CVES, LISTINGS, &intel)) {
        outcome_fail(outcome, "cannot make an image of %d CVEs", (int)CVES);
        return;
    }
    struct classifier *classifier = made_up_classifier(&intel, outcome);
    if (classifier == NULL)
        return;
    double making = records_run(NULL, records, PRODUCTS, &rows);
    double took = records_run(classifier, records, PRODUCTS, &rows) - making;
    double lookup_ns = lookups_run(&intel, lookups, &found);
    if (rows == 0 || found == 0)
        outcome_fail(outcome, "no record has a CVE, or no address is listed");
    (void)getrusage(RUSAGE_SELF, &usage);
    outcome_add(outcome, "records_per_s", "/s", records / took, RECORDS_BAR);
    outcome_add(outcome, "cves_a_record", "", (double)rows / records, 0);
    outcome_add(outcome, "lookups_per_s", "/s", 1e9 / lookup_ns, LOOKUPS_BAR);
    outcome_add(outcome, "lookup_ns", "ns", lookup_ns, 0);
    outcome_add(outcome, "listed_percent", "%", 100.0 * (double)found / lookups, 0);
    outcome_add(outcome, "memory_mb", "MB", (double)usage.ru_maxrss / 1024, 0);
    outcome_note(
        outcome,
        "%u records of SSH servers, %d versions of %d products, %d CVEs; what making the records takes is taken "
        "away. Look-ups of random addresses among %d listed ranges.",
        records, (int)PRODUCTS, (int)MADE_UP_NAMES, (int)CVES, (int)LISTINGS);
    classifier_free(classifier);
    intel_unmap(&intel);
}

const struct bench_part part_records = {
    .name = "classify-records",
    .help = "records classified with CVEs, one core; an address among a million listed ranges; memory",
    .runs = 1,
    .run = run,
};
