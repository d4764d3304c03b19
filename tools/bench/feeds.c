// SPDX-License-Identifier: BSD-3-Clause
// How fast feeds are imported: NVD's records, a list of malicious addresses, passive DNS; and how long the image takes
// that is made of them. The files are made up, of the real ones' size a row, in a folder of its own under /tmp.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/feeds/feeds.h"
#include "tools/bench/bench.h"

enum { CVES = 60000, LISTINGS = 1000000, SIGHTINGS = 500000, QUICK = 10, PATH_BYTES = 128, MATCHES = 24 };

// 300,000 records in two minutes.
static const double CVES_BAR = 2500;

struct bench_feeds {
    char folder[64];
    struct bench_outcome *outcome;
    uint32_t quick; // divides
};

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// ---- Files

// One record with the entries and the text of an average one: 5 KB.
static void nvd_record(FILE *file, uint32_t number)
{
    fprintf(file,
            "%s{\"cve\":{\"id\":\"CVE-%u-%u\",\"sourceIdentifier\":\"cve@example.org\",\"published\":\"2020-01-02T00:"
            "00:00.000\","
            "\"lastModified\":\"2020-02-02T00:00:00.000\",\"vulnStatus\":\"Analyzed\",\"descriptions\":[{\"lang\":"
            "\"en\",\"value\":\""
            "A made-up weakness in product %u. "
            "%0500d\"}],\"metrics\":{\"cvssMetricV31\":[{\"type\":\"Primary\",\"cvssData\":"
            "{\"baseScore\":7.5,\"baseSeverity\":\"HIGH\"}}]},\"configurations\":[{\"nodes\":[{\"operator\":\"OR\","
            "\"negate\":false,"
            "\"cpeMatch\":[",
            number == 0 ? "" : ",", 2000 + number / 20000, 1000 + number % 20000, number % 5000, 0);
    for (uint32_t i = 0; i < MATCHES; i++)
        fprintf(file,
                "%s{\"vulnerable\":true,\"criteria\":\"cpe:2.3:a:vendor%u:product%u:%u.%u:*:*:*:*:*:*:*\","
                "\"matchCriteriaId\":"
                "\"%08X-0000-0000-0000-000000000000\"}",
                i == 0 ? "" : ",", number % 1000, number % 5000, number % 7, i, number);
    fprintf(file, "]}]}]}}");
}

static void nvd_write(FILE *file, uint32_t count)
{
    fprintf(
        file,
        "{\"format\":\"NVD_CVE\",\"version\":\"2.0\",\"timestamp\":\"2026-01-03T00:00:00.000\",\"vulnerabilities\":[");
    for (uint32_t i = 0; i < count; i++)
        nvd_record(file, i);
    fprintf(file, "]}");
}

// A range to every third line, single addresses between, spread over all of IPv4.
static void listings_write(FILE *file, uint32_t count)
{
    uint32_t step = UINT32_MAX / count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t address = i * step;
        fprintf(file, "%u.%u.%u.%u%s\n", address >> 24, address >> 16 & 255, address >> 8 & 255,
                i % 3 == 0 ? 0 : address & 255, i % 3 == 0 ? "/28" : "");
    }
}

// Ten names an address.
static void sightings_write(FILE *file, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        fprintf(file,
                "{\"rrname\":\"host%u.example.org\",\"rrtype\":\"A\",\"rdata\":\"10.%u.%u.%u\",\"time_first\":%u,"
                "\"time_last\":%u,"
                "\"count\":7}\n",
                i % 1000, i / 10 >> 16 & 255, i / 10 >> 8 & 255, i / 10 & 255, 1500000000 + i, 1510000000 + i);
}

// The bytes written, 0 after saying why not.
static uint64_t file_make(const struct bench_feeds *bench, const char *name, void (*write)(FILE *, uint32_t),
                          uint32_t count, char ret_path[static PATH_BYTES])
{
    struct stat status;
    (void)snprintf(ret_path, PATH_BYTES, "%s/%s", bench->folder, name);
    FILE *file = fopen(ret_path, "we");
    bool good = file != NULL;
    if (file != NULL) {
        write(file, count);
        good = ferror(file) == 0;
        good = fclose(file) == 0 && good;
    }
    if (good && stat(ret_path, &status) == 0)
        return (uint64_t)status.st_size;
    outcome_fail(bench->outcome, "cannot write %s", ret_path);
    return 0;
}

// ---- Imports

static const char *catalogue_names(void)
{
    static char path[512];
    (void)snprintf(path, sizeof(path), "%s/cpe.json", bench_catalogues());
    return path;
}

// Rows a second into the figure NAME_per_s, and bytes of the file a second.
static bool import_measure(const struct bench_feeds *bench, const char *kind, void (*write)(FILE *, uint32_t),
                           uint32_t count, double bar)
{
    char path[PATH_BYTES];
    char name[64];
    struct complaint complaint = {""};
    struct feeds_imported imported;
    count /= bench->quick;
    uint64_t bytes = file_make(bench, kind, write, count, path);
    const struct feeds_import import = {
        .folder = bench->folder, .file = path, .names = catalogue_names(), .now_s = (int64_t)time(NULL)};
    double began = seconds_now();
    if (bytes == 0 || feeds_import(&import, &imported, &complaint) != 0) {
        outcome_fail(bench->outcome, "%.240s", complaint.text);
        return false;
    }
    double took = seconds_now() - began;
    (void)unlink(path);
    if (imported.rows != count)
        outcome_fail(bench->outcome, "%s: %llu rows of %u", kind, (unsigned long long)imported.rows, count);
    (void)snprintf(name, sizeof(name), "%s_per_s", kind);
    outcome_add(bench->outcome, name, "/s", count / took, bar);
    (void)snprintf(name, sizeof(name), "%s_mb_per_s", kind);
    outcome_add(bench->outcome, name, "MB/s", (double)bytes / 1e6 / took, 0);
    return true;
}

static void image_measure(const struct bench_feeds *bench)
{
    struct complaint complaint;
    struct intel intel;
    int fd;
    double began = seconds_now();
    if (feeds_build(bench->folder, catalogue_names(), &complaint) != 0 ||
        feeds_open(bench->folder, &intel, &fd, &complaint) != 0) {
        outcome_fail(bench->outcome, "%.240s", complaint.text);
        return;
    }
    outcome_add(bench->outcome, "image_s", "s", seconds_now() - began, 0);
    outcome_add(bench->outcome, "image_mb", "MB", (double)intel.header->bytes / 1e6, 0);
    intel_unmap(&intel);
    (void)close(fd);
}

static void folder_remove(const char *folder)
{
    static const char *const names[] = {"nvd.sqlite", "malicious.sqlite", "passive-dns.sqlite", "intel.image",
                                        "cves",       "listings",         "sightings"};
    char path[PATH_BYTES];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

static void run(const struct bench_options *options, struct bench_outcome *outcome)
{
    struct bench_feeds bench = {
        .folder = "/tmp/sonde-bench-XXXXXX", .outcome = outcome, .quick = options->quick ? QUICK : 1};
    struct rusage usage;
    if (mkdtemp(bench.folder) == NULL) {
        outcome_fail(outcome, "cannot make a folder in /tmp");
        return;
    }
    if (import_measure(&bench, "cves", nvd_write, CVES, CVES_BAR) &&
        import_measure(&bench, "listings", listings_write, LISTINGS, 0) &&
        import_measure(&bench, "sightings", sightings_write, SIGHTINGS, 0))
        image_measure(&bench);
    folder_remove(bench.folder);
    // The processes that read and build.
    (void)getrusage(RUSAGE_CHILDREN, &usage);
    outcome_add(outcome, "memory_mb", "MB", (double)usage.ru_maxrss / 1024, 0);
    outcome_note(
        outcome,
        "Wall time, unpacking and SQLite with it. cves: records of NVD of 5 KB with %d entries each, of which NVD has "
        "300,000: the bar is two minutes for all; listings: lines of malicious addresses; sightings: rows of passive "
        "DNS; memory: of the largest process that reads or builds.",
        (int)MATCHES);
}

const struct bench_part part_feeds = {
    .name = "feeds",
    .help = "feeds imported: CVE records, malicious addresses, names; the image made of them; memory",
    .runs = 1,
    .run = run,
};
