// SPDX-License-Identifier: BSD-3-Clause
// libFuzzer: any bytes as a feed, in each of its forms, into a database in memory and an image; what the image says of
// a version of everything in it is judged.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/classify/backport.h"
#include "control/classify/cve.h"
#include "control/feeds/feed_formats.h"
#include "tests/fuzz/entry.h"
#include "tests/fuzz/feeds_database.h"

static struct cpe_names names;

static void packages_use(const struct intel *intel)
{
    static const char *const versions[] = {"1:7.2p2-4ubuntu2.10", "1:7.4p1-10+deb9u6", "1:8.4p1-5", "~", ""};
    for (size_t i = 0; i < intel->package_count; i++)
        for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]) + intel->packages[i].verdict_count; v++) {
            size_t own = v - sizeof(versions) / sizeof(versions[0]);
            bool given = v < sizeof(versions) / sizeof(versions[0]);
            const struct intel_verdict *verdict =
                &intel->verdicts[intel->packages[i].first_verdict + (given ? 0 : own)];
            struct backport_package package = {
                .distribution = intel_string(intel, intel->packages[i].distribution),
                .source = intel_string(intel, intel->packages[i].name),
                .version = given ? versions[v] : intel_string(intel, verdict->fixed),
            };
            struct backport_verdict said;
            backport_identify(intel, &package);
            if (package.found != &intel->packages[i])
                abort();
            if (backport_judge(intel, &package, verdict->year, verdict->number, &said) != BACKPORT_UNKNOWN &&
                said.release[0] == '\0')
                abort();
        }
}

static void image_use(const struct intel *intel)
{
    struct cve_subject subject = {.vendor = "v", .name = "p", .shown = "p 1.0"};
    (void)version_make("1.0", "p1", &subject.version);
    for (size_t i = 0; i < intel->product_count; i++) {
        subject.vendor = intel_string(intel, intel->products[i].vendor);
        subject.name = intel_string(intel, intel->products[i].name);
        for (uint32_t c = 0; c < intel->products[i].candidate_count; c++) {
            char text[CVE_EVIDENCE_BYTES];
            struct cve_reason reason;
            const struct intel_cve *cve = &intel->cves[intel->candidates[intel->products[i].first_candidate + c]];
            if (cve_judge(intel, cve, &subject, NULL, &reason) != CVE_NOT_AFFECTED && reason.match == NULL)
                abort();
            (void)cve_evidence(intel, &subject, &reason, text);
        }
    }
}

static void image_make(sqlite3 *database)
{
    struct complaint complaint;
    struct intel intel;
    struct intel_builder *builder = intel_builder_new();
    int fd = memfd_create("intel", 0);
    if (builder == NULL || fd < 0)
        abort();
    for (size_t i = 0; feed_kinds[i] != NULL; i++)
        if (feed_kinds[i]->build(database, &names, builder, &complaint) != 0)
            abort();
    // What was read whole makes a whole image.
    if (intel_builder_write(builder, fd) != 0 || intel_map_file(fd, &intel) != 0)
        abort();
    image_use(&intel);
    packages_use(&intel);
    intel_unmap(&intel);
    intel_builder_free(builder);
    (void)close(fd);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    if (names.aliases == NULL) {
        names.aliases = json_pack("{s:s}", "nginx:nginx", "f5:nginx");
        names.packages = json_pack("{s:s}", "openbsd:openssh", "openssh");
        names.client_only = json_object();
    }
    for (size_t i = 0; feed_formats[i] != NULL; i++) {
        struct complaint complaint = {""};
        struct feed_input input;
        int fd = memfd_create("feed", 0);
        if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
            abort();
        sqlite3 *database = feeds_database_begin();
        // A CVE of NVD's, beside which the CVE List's ranges may stand.
        if (feed_formats[i] == &feed_format_cve_list)
            feeds_database_do(database, "INSERT INTO cve(id, year, number) VALUES('CVE-2020-0001', 2020, 1)");
        if (feed_formats[i]->recognise != NULL)
            (void)feed_formats[i]->recognise((const char *)data, size);
        if (feed_formats[i]->recognise_tail != NULL)
            (void)feed_formats[i]->recognise_tail((const char *)data, size);
        if (feed_input_open(&input, fd, "feed", &complaint) != 0)
            abort();
        // What a library reads by name is in no file here.
        int error = feed_formats[i]->by_name ? feed_complain(&input, "is read by name")
                                             : feed_formats[i]->parse(&input, database, &complaint);
        if (error == 0)
            image_make(database);
        // A refusal says why.
        else if (complaint.text[0] == '\0')
            abort();
        feed_input_close(&input);
        feeds_database_end(database);
    }
}
