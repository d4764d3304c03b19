// SPDX-License-Identifier: BSD-3-Clause
// CVEs of versions: every trap of NVD's data with a small record of its own, and what an independent evaluator found in
// real ones.
#include <dirent.h>
#include <jansson.h>
#include <time.h>

#include "clouds.h"
#include "control/classify/cve.h"
#include "tests/unit/feeds/folder.h"

TestSuite(matches, .init = folder_begin, .fini = folder_end);

static struct cve_subject subject_of(const char *vendor, const char *name, const char *version, const char *update)
{
    struct cve_subject subject = {.vendor = vendor, .name = name, .shown = name};
    cr_assert(version_make(version, update, &subject.version));
    return subject;
}

// ---- Traps
// ------------------------------------------------------------------------------------------------------------

#define MATCH(vulnerable, cpe, bounds) "{\"vulnerable\":" vulnerable ",\"criteria\":\"cpe:2.3:" cpe "\"" bounds "}"
#define NODE(matches)                  "{\"operator\":\"OR\",\"negate\":false,\"cpeMatch\":[" matches "]}"
#define ANY_OF(nodes)                  "{\"nodes\":[" nodes "]}"
#define ALL_OF(nodes)                  "{\"operator\":\"AND\",\"nodes\":[" nodes "]}"

static const struct {
    const char *configurations;
    const char *version;
    const char *update;
    enum cve_status status;
    const char *evidence; // part of it
} traps[] = {
    // Bounds, included and excluded.
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:*:*:*:*:*:*:*", ",\"versionEndExcluding\":\"7.4\""))), "7.3", NULL,
     CVE_AFFECTED, "before 7.4"},
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:*:*:*:*:*:*:*", ",\"versionEndExcluding\":\"7.4\""))), "7.4", NULL,
     CVE_NOT_AFFECTED, "not in any entry"},
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:*:*:*:*:*:*:*", ",\"versionEndIncluding\":\"7.4\""))), "7.4", NULL,
     CVE_AFFECTED, "at or before 7.4"},
    {ANY_OF(NODE(
         MATCH("true", "a:v:p:*:*:*:*:*:*:*:*", ",\"versionStartIncluding\":\"6.2\",\"versionEndExcluding\":\"7.8\""))),
     "6.2", NULL, CVE_AFFECTED, "at or after 6.2 and before 7.8"},
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:*:*:*:*:*:*:*", ",\"versionStartExcluding\":\"6.2\""))), "6.2", NULL,
     CVE_NOT_AFFECTED, ""},
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:*:*:*:*:*:*:*", ",\"versionEndExcluding\":\"2.4.10\""))), "2.4.9", NULL,
     CVE_AFFECTED, ""},
    // 1: a version that is not applicable fits no version.
    {ANY_OF(NODE(MATCH("true", "a:v:p:-:*:*:*:*:*:*:*", ""))), "2.4.53", NULL, CVE_NOT_AFFECTED, ""},
    // 2: any version without bounds fits all; with an edition it is not told.
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:*:*:*:*:*:*:*", ""))), "1.0", NULL, CVE_AFFECTED, "listed in any version"},
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:*:win32:*:*:*:*:*", ""))), "1.0", NULL, CVE_CONDITIONAL, "edition or platform"},
    {ANY_OF(NODE(MATCH("true", "a:v:p:2.2:*:*:*:*:windows:*:*", ""))), "2.2", NULL, CVE_CONDITIONAL, ""},
    // 3: the update of an entry with bounds belongs to its end.
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:p2:*:*:*:*:*:*", ",\"versionEndIncluding\":\"7.2\""))), "7.1", "p1",
     CVE_AFFECTED, "at or before 7.2p2"},
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:p2:*:*:*:*:*:*", ",\"versionEndIncluding\":\"7.2\""))), "7.2p2", NULL,
     CVE_AFFECTED, ""},
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:p2:*:*:*:*:*:*", ",\"versionEndIncluding\":\"7.2\""))), "7.2p3", NULL,
     CVE_NOT_AFFECTED, ""},
    // 4: p spelt three ways; a bound without p is every p of it.
    {ANY_OF(NODE(MATCH("true", "a:v:p:4.3p2:*:*:*:*:*:*:*", ""))), "4.3", "p2", CVE_AFFECTED, "which is listed"},
    {ANY_OF(NODE(MATCH("true", "a:v:p:4.3:p2:*:*:*:*:*:*", ""))), "4.3p2", NULL, CVE_AFFECTED, ""},
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:*:*:*:*:*:*:*", ",\"versionEndIncluding\":\"4.3p2\""))), "4.3p3", NULL,
     CVE_NOT_AFFECTED, ""},
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:*:*:*:*:*:*:*", ",\"versionEndExcluding\":\"9.6\""))), "9.6p1", NULL,
     CVE_NOT_AFFECTED, ""},
    {ANY_OF(NODE(MATCH("true", "a:v:p:9.3:-:*:*:*:*:*:*", "") "," MATCH("true", "a:v:p:9.3:p1:*:*:*:*:*:*", ""))),
     "9.3p2", NULL, CVE_NOT_AFFECTED, ""},
    {ANY_OF(NODE(MATCH("true", "a:v:p:9.3:-:*:*:*:*:*:*", "") "," MATCH("true", "a:v:p:9.3:p1:*:*:*:*:*:*", ""))),
     "9.3p1", NULL, CVE_AFFECTED, ""},
    {ANY_OF(NODE(MATCH("true", "a:v:p:9.3:-:*:*:*:*:*:*", ""))), "9.3", NULL, CVE_AFFECTED, ""},
    // A letter, or a try of a release, is part of the version, however it is written.
    {ANY_OF(NODE(MATCH("true", "a:v:p:1.3.3:a:*:*:*:*:*:*", ""))), "1.3.3a", NULL, CVE_AFFECTED, "which is listed"},
    {ANY_OF(NODE(MATCH("true", "a:v:p:1.3.3a:*:*:*:*:*:*:*", ""))), "1.3.3", "a", CVE_AFFECTED, "which is listed"},
    {ANY_OF(NODE(MATCH("true", "a:v:p:1.3.5:*:*:*:*:*:*:*", ""))), "1.3.5", "a", CVE_NOT_AFFECTED, ""},
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:c:*:*:*:*:*:*", ",\"versionEndIncluding\":\"1.3.3\""))), "1.3.3", "b",
     CVE_AFFECTED, ""},
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:c:*:*:*:*:*:*", ",\"versionEndIncluding\":\"1.3.3\""))), "1.3.3d", NULL,
     CVE_NOT_AFFECTED, ""},
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:*:*:*:*:*:*:*", ",\"versionEndExcluding\":\"1.3.5\""))), "1.3.5", "rc3",
     CVE_AFFECTED, ""},
    {ANY_OF(NODE(MATCH("true", "a:v:p:1.3.2:rc3:*:*:*:*:*:*", ""))), "1.3.2rc3", NULL, CVE_AFFECTED, ""},
    {ANY_OF(NODE(MATCH("true", "a:v:p:5.1.52:sp1:*:*:*:*:*:*", ""))), "5.1.52", NULL, CVE_NOT_AFFECTED, ""},
    // 5: lists are exact.
    {ANY_OF(NODE(MATCH("true", "a:v:p:6.6:*:*:*:*:*:*:*", "") "," MATCH("true", "a:v:p:6.8:*:*:*:*:*:*:*", ""))), "6.7",
     NULL, CVE_NOT_AFFECTED, ""},
    // A platform beside it is not known; a product that is only a platform is not the vulnerable one.
    {ALL_OF(NODE(MATCH("true", "a:v:p:*:*:*:*:*:*:*:*", ",\"versionEndExcluding\":\"3\"")) "," NODE(
         MATCH("false", "o:linux:linux_kernel:-:*:*:*:*:*:*:*", ""))),
     "2", NULL, CVE_CONDITIONAL, "runs with linux linux_kernel"},
    {ALL_OF(NODE(MATCH("true", "a:x:other:*:*:*:*:*:*:*:*", "")) "," NODE(MATCH("false", "a:v:p:*:*:*:*:*:*:*:*", ""))),
     "2", NULL, CVE_NOT_AFFECTED, ""},
    {ALL_OF(NODE(MATCH("true", "a:v:p:*:*:*:*:*:*:*:*", ",\"versionEndExcluding\":\"3\"")) "," NODE(
         MATCH("false", "o:linux:linux_kernel:-:*:*:*:*:*:*:*", ""))),
     "3", NULL, CVE_NOT_AFFECTED, ""},
    // Other products of the same list say nothing of ours.
    {ANY_OF(NODE(MATCH("true", "a:x:other:2:*:*:*:*:*:*:*", "") "," MATCH("true", "a:v:p:3:*:*:*:*:*:*:*", ""))), "2",
     NULL, CVE_NOT_AFFECTED, ""},
    // One configuration is enough; the surer one counts.
    {ALL_OF(NODE(MATCH("true", "a:v:p:2:*:*:*:*:*:*:*", "")) "," NODE(
         MATCH("false", "o:x:y:-:*:*:*:*:*:*:*", ""))) "," ANY_OF(NODE(MATCH("true", "a:v:p:2:*:*:*:*:*:*:*", ""))),
     "2", NULL, CVE_AFFECTED, ""},
    // Escaped characters, capitals.
    {ANY_OF(NODE(MATCH("true", "a:V:P:1.0\\\\+git:*:*:*:*:*:*:*", ""))), "1.0+git", NULL, CVE_AFFECTED, ""},
    // Before the release.
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:*:*:*:*:*:*:*", ",\"versionEndExcluding\":\"2.0\""))), "2.0-rc1", NULL,
     CVE_AFFECTED, ""},
    {ANY_OF(NODE(MATCH("true", "a:v:p:*:*:*:*:*:*:*:*", ",\"versionEndExcluding\":\"1.0.1f\""))), "1.0.1e", NULL,
     CVE_AFFECTED, ""},
};

Test(matches, traps)
{
    for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++) {
        char text[4096];
        char evidence[CVE_EVIDENCE_BYTES];
        struct complaint complaint;
        struct cve_reason reason;
        int fd;
        (void)snprintf(text, sizeof(text),
                       "{\"format\":\"NVD_CVE\",\"vulnerabilities\":[{\"cve\":{\"id\":\"CVE-2020-0001\",\"published\":"
                       "\"2020-01-02T03:04:05.678\",\"lastModified\":\"2020-01-%02zuT00:00:00.000\",\"vulnStatus\":"
                       "\"Analyzed\",\"descriptions\":[],\"metrics\":{},\"configurations\":[%s]}}]}",
                       i % 27 + 1, traps[i].configurations);
        // Each in a file of its own: what is newer takes the place.
        (void)unlink(folder_file("nvd.sqlite", "", 0));
        cr_assert_eq(folder_import(folder_file("nvd.json", text, strlen(text)), &complaint), 0, "%zu: %s", i,
                     complaint.text);
        struct intel intel = folder_open_image(&fd);
        struct cve_subject subject = subject_of("v", "p", traps[i].version, traps[i].update);
        cr_assert_eq(intel.cve_count, 1);
        enum cve_status status = cve_judge(&intel, &intel.cves[0], &subject, NULL, &reason);
        cr_expect_eq(status, traps[i].status, "%zu: %s is %s", i, traps[i].version, cve_status_names[status]);
        (void)cve_evidence(&intel, &subject, &reason, evidence);
        cr_expect_not_null(strstr(evidence, traps[i].evidence), "%zu: %s", i, evidence);
        intel_unmap(&intel);
        (void)close(fd);
    }
}

// ---- Real records
// -----------------------------------------------------------------------------------------------------

static void real_import(void)
{
    char path[512];
    if (!shared_data("nvd", path, sizeof(path)))
        cr_skip_test("no real data here");
    DIR *files = opendir(path);
    for (struct dirent *entry; (entry = readdir(files)) != NULL;) {
        struct complaint complaint;
        char file[1024];
        (void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (strncmp(entry->d_name, "nvd20-", 6) == 0)
            cr_assert_eq(folder_import(file, &complaint), 0, "%s", complaint.text);
    }
    (void)closedir(files);
}

// Names of the CVEs of a status that were published before, as a JSON array.
static json_t *found(const struct intel *intel, const struct cve_subject *subject, int64_t before,
                     enum cve_status wanted)
{
    json_t *names = json_array();
    const struct intel_product *product = intel_find_product(intel, subject->vendor, subject->name);
    for (uint32_t i = 0; product != NULL && i < product->candidate_count; i++) {
        const struct intel_cve *cve = &intel->cves[intel->candidates[product->first_candidate + i]];
        struct cve_reason reason;
        char name[32];
        (void)snprintf(name, sizeof(name), "CVE-%u-%04u", cve->year, cve->number);
        if (cve->published < before && cve_judge(intel, cve, subject, NULL, &reason) == wanted)
            json_array_append_new(names, json_string(name));
    }
    return names;
}

static void names_compare(const char *what, const json_t *wanted, const json_t *got)
{
    size_t i;
    json_t *name;
    for (int turn = 0; turn < 2; turn++) {
        const json_t *these = turn == 0 ? wanted : got;
        const json_t *others = turn == 0 ? got : wanted;
        json_array_foreach(these, i, name)
        {
            bool there = false;
            for (size_t j = 0; j < json_array_size(others) && !there; j++)
                there = json_equal(name, json_array_get(others, j)) == 1;
            cr_expect(there, "%s: %s %s", what, json_string_value(name), turn == 0 ? "is missing" : "is too much");
        }
    }
}

Test(matches, what_an_independent_evaluator_found, .timeout = 120)
{
    char path[512];
    int fd;
    size_t i;
    json_t *one;
    real_import();
    struct intel intel = folder_open_image(&fd);
    cr_assert(shared_data("nvd/expected-matches.json", path, sizeof(path)));
    json_t *cases = json_load_file(path, 0, NULL);
    json_array_foreach(json_object_get(cases, "cases"), i, one)
    {
        char vendor[128];
        char shown[256];
        struct tm day = {0};
        const char *product = json_string_value(json_object_get(one, "product"));
        const char *version = json_string_value(json_object_get(one, "version"));
        const char *update = json_string_value(json_object_get(one, "update"));
        (void)snprintf(vendor, sizeof(vendor), "%s", product);
        *strchr(vendor, ':') = '\0';
        const char *name = strchr(product, ':') + 1;
        cr_assert_not_null(strptime(json_string_value(json_object_get(one, "published_before")), "%Y-%m-%d", &day));
        struct cve_subject subject = subject_of(strcmp(vendor, "nginx") == 0 ? "f5" : vendor, name, version, update);
        json_t *affected = found(&intel, &subject, timegm(&day), CVE_AFFECTED);
        json_t *conditional = found(&intel, &subject, timegm(&day), CVE_CONDITIONAL);
        (void)snprintf(shown, sizeof(shown), "%s %s%s affected", product, version, update == NULL ? "" : update);
        names_compare(shown, json_object_get(one, "affected"), affected);
        (void)snprintf(shown, sizeof(shown), "%s %s%s conditional", product, version, update == NULL ? "" : update);
        names_compare(shown, json_object_get(one, "conditional"), conditional);
        json_decref(affected);
        json_decref(conditional);
    }
    json_decref(cases);
    intel_unmap(&intel);
    (void)close(fd);
}

Test(matches, versions_stand_in_a_total_order)
{
    // In this order.
    static const char *const ordered[] = {"1.0alpha1", "1.0beta",  "1.0-rc1", "1.0rc2", "1.0",    "1.0a",  "1.0.1",
                                          "1.0.1a",    "1.0.1e",   "1.0.2",   "1.0.9",  "1.0.10", "1.1",   "2",
                                          "2.0",       "2.0.0rc1", "2.0.0",   "2.4.6",  "2.4.53", "10.0.1"};
    enum { COUNT = sizeof(ordered) / sizeof(ordered[0]) };
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < COUNT; j++) {
            int order = version_text_compare(ordered[i], ordered[j]);
            int wanted = (i > j) - (i < j);
            cr_expect_eq((order > 0) - (order < 0), wanted, "%s and %s", ordered[i], ordered[j]);
        }
    cr_expect_eq(version_text_compare("1.02", "1.2"), 0);
    cr_expect_eq(version_text_compare("1-2", "1.2"), 0);
    struct version version;
    cr_expect_not(version_make("none", NULL, &version));
    cr_expect_not(version_make("1234567890123456789012345678901234567890123456789012345678901234567", NULL, &version));
}
