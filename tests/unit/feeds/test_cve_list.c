// SPDX-License-Identifier: BSD-3-Clause
// Ranges of the CVE List's own records beside NVD's: what overrules, what fills a gap, and what is left alone.
#include "control/classify/cve.h"
#include "tests/unit/feeds/folder.h"

TestSuite(cve_list, .init = folder_begin, .fini = folder_end);

#define NVD_ANY(names) "{\"nodes\":[{\"operator\":\"OR\",\"negate\":false,\"cpeMatch\":[" names "]}]}"
#define NVD_ALL(names)                                                                                                 \
    "{\"operator\":\"AND\",\"nodes\":[{\"operator\":\"OR\",\"negate\":false,\"cpeMatch\":[" names                      \
    "]},{\"operator\":\"OR\",\"negate\":false,\"cpeMatch\":[{\"vulnerable\":false,\"criteria\":"                       \
    "\"cpe:2.3:o:x:y:-:*:*:*:*:*:*:*\"}]}]}"
#define NVD_HTTPD                                                                                                      \
    "{\"vulnerable\":true,\"criteria\":\"cpe:2.3:a:apache:http_server:*:*:*:*:*:*:*:*\",\"versionEndIncluding\":"      \
    "\"2.3.2\"}"
#define NVD_OTHER "{\"vulnerable\":true,\"criteria\":\"cpe:2.3:a:v:p:*:*:*:*:*:*:*:*\",\"versionEndIncluding\":\"3\"}"
#define HTTPD     "\"vendor\":\"Apache Software Foundation\",\"product\":\"Apache HTTP Server\""
#define RANGE(from, to)                                                                                                \
    "{\"status\":\"affected\",\"version\":\"" from "\",\"lessThan\":\"" to "\",\"versionType\":\"semver\"}"

static const char vendors_word[] = "its vendor's CVE record";
static const char gap[] = "NVD gives no ranges";
static const char nvds[] = "(NVD)";

static const struct {
    const char *name;
    const char *nvd; // its configurations
    const char *assigner;
    const char *affected;
    const char *product; // "http_server", else p
    const char *version;
    enum cve_status status;
    const char *evidence; // part of it
} cases[] = {
    {"a branch that NVD runs together with others", NVD_ANY(NVD_HTTPD), "apache",
     "{" HTTPD ",\"versions\":[" RANGE("2.2.0", "2.2.12") "," RANGE("2.3.0", "2.3.3") "]}", "http_server", "2.2.22",
     CVE_NOT_AFFECTED, ""},
    {"and what the vendor does list", NVD_ANY(NVD_HTTPD), "apache",
     "{" HTTPD ",\"versions\":[" RANGE("2.2.0", "2.2.12") "," RANGE("2.3.0", "2.3.3") "]}", "http_server", "2.2.11",
     CVE_AFFECTED, "at or after 2.2.0 and before 2.2.12 (its vendor's CVE record)"},
    {"a vendor that names more than NVD", NVD_ANY(NVD_HTTPD), "apache",
     "{" HTTPD ",\"versions\":[" RANGE("2.3.0", "2.3.9") "]}", "http_server", "2.3.5", CVE_AFFECTED, vendors_word},
    {"a range by its last version", NVD_ANY(NVD_HTTPD), "apache",
     "{" HTTPD ",\"versions\":[{\"status\":\"affected\",\"version\":\"0\",\"lessThanOrEqual\":\"2.0.7\"}]}",
     "http_server", "2.0.7", CVE_AFFECTED, "at or before 2.0.7 (its"},
    {"without a beginning", NVD_ANY(NVD_HTTPD), "apache", "{" HTTPD ",\"versions\":[" RANGE("unspecified", "2.0") "]}",
     "http_server", "2.1", CVE_NOT_AFFECTED, ""},
    {"another product of the same CVE is NVD's as before", NVD_ANY(NVD_HTTPD "," NVD_OTHER), "apache",
     "{" HTTPD ",\"versions\":[" RANGE("2.2.0", "2.2.12") "]}", "p", "2", CVE_AFFECTED, nvds},
    {"a platform beside it goes with NVD's range", NVD_ALL(NVD_HTTPD), "apache",
     "{" HTTPD ",\"versions\":[" RANGE("2.2.0", "2.2.12") "]}", "http_server", "2.2.5", CVE_AFFECTED, vendors_word},
    {"and counts no more where the vendor's range does not hold", NVD_ALL(NVD_HTTPD), "apache",
     "{" HTTPD ",\"versions\":[" RANGE("2.2.0", "2.2.12") "]}", "http_server", "2.2.22", CVE_NOT_AFFECTED, ""},
    {"a CPE name comes before the names", NVD_ANY(NVD_HTTPD), "apache",
     "{\"vendor\":\"Apache\",\"product\":\"httpd\",\"cpes\":[\"cpe:2.3:a:apache:http_server:*:*:*:*:*:*:*:*\"],"
     "\"versions\":[" RANGE("2.2.0", "2.2.12") "]}",
     "http_server", "2.2.22", CVE_NOT_AFFECTED, ""},
    {"a state that changes on the way", NVD_ANY(NVD_HTTPD), "apache",
     "{" HTTPD ",\"versions\":[{\"status\":\"affected\",\"version\":\"2.0\",\"lessThan\":\"2.3\",\"changes\":[{\"at\":"
     "\"2.1\",\"status\":\"unaffected\"},{\"at\":\"2.2\",\"status\":\"affected\"}]}]}",
     "http_server", "2.1.5", CVE_NOT_AFFECTED, ""},
    {"and changes back", NVD_ANY(NVD_HTTPD), "apache",
     "{" HTTPD ",\"versions\":[{\"status\":\"affected\",\"version\":\"2.0\",\"lessThan\":\"2.3\",\"changes\":[{\"at\":"
     "\"2.1\",\"status\":\"unaffected\"},{\"at\":\"2.2\",\"status\":\"affected\"}]}]}",
     "http_server", "2.2.5", CVE_AFFECTED, "at or after 2.2 and before 2.3"},
    // What does not overrule.
    {"another's record", NVD_ANY(NVD_HTTPD), "hp", "{" HTTPD ",\"versions\":[" RANGE("2.2.0", "2.2.12") "]}",
     "http_server", "2.2.22", CVE_AFFECTED, nvds},
    {"single versions", NVD_ANY(NVD_HTTPD), "apache",
     "{" HTTPD ",\"versions\":[{\"status\":\"affected\",\"version\":\"2.2.1\"}]}", "http_server", "2.2.22",
     CVE_AFFECTED, nvds},
    {"a sentence", NVD_ANY(NVD_HTTPD), "apache",
     "{" HTTPD ",\"versions\":[" RANGE("2.2.0", "2.2.12") ",{\"status\":\"affected\",\"version\":\"2.0 to 2.2.3\"}]}",
     "http_server", "2.2.22", CVE_AFFECTED, nvds},
    {"commits", NVD_ANY(NVD_HTTPD), "apache",
     "{" HTTPD
     ",\"versions\":[{\"status\":\"affected\",\"version\":\"1\",\"lessThan\":\"2\",\"versionType\":\"git\"}]}",
     "http_server", "2.2.22", CVE_AFFECTED, nvds},
    {"all but some", NVD_ANY(NVD_HTTPD), "apache",
     "{" HTTPD ",\"defaultStatus\":\"affected\",\"versions\":[" RANGE("2.2.0", "2.2.12") "]}", "http_server", "2.2.22",
     CVE_AFFECTED, nvds},
    {"an exception within", NVD_ANY(NVD_HTTPD), "apache",
     "{" HTTPD ",\"versions\":[" RANGE("2.2.0", "2.2.12") ",{\"status\":\"unaffected\",\"version\":\"2.2.5\"}]}",
     "http_server", "2.2.22", CVE_AFFECTED, nvds},
    {"an exception outside says nothing new", NVD_ANY(NVD_HTTPD), "apache",
     "{" HTTPD ",\"versions\":[" RANGE("2.2.0", "2.2.12") ",{\"status\":\"unaffected\",\"version\":\"2.2.12\"}]}",
     "http_server", "2.2.22", CVE_NOT_AFFECTED, ""},
    // What NVD has not analysed.
    {"another's record where NVD has none", "", "redhat",
     "{\"vendor\":\"v\",\"product\":\"p\",\"versions\":[" RANGE("1", "2") "]}", "p", "1.5", CVE_AFFECTED, gap},
    {"single versions there", "", "redhat",
     "{\"vendor\":\"v\",\"product\":\"P\",\"versions\":[{\"status\":\"affected\",\"version\":\"1.5\"}]}", "p", "1.5",
     CVE_AFFECTED, gap},
    {"and not others", "", "redhat",
     "{\"vendor\":\"v\",\"product\":\"P\",\"versions\":[{\"status\":\"affected\",\"version\":\"1.5\"}]}", "p", "1.6",
     CVE_NOT_AFFECTED, ""},
};

static const char *nvd_file(const char *configurations)
{
    char text[4096];
    (void)snprintf(text, sizeof(text),
                   "{\"format\":\"NVD_CVE\",\"vulnerabilities\":[{\"cve\":{\"id\":\"CVE-2020-0001\",\"published\":"
                   "\"2020-01-02T03:04:05.678\",\"lastModified\":\"2020-01-03T00:00:00.000\",\"vulnStatus\":"
                   "\"Analyzed\",\"descriptions\":[],\"metrics\":{},\"configurations\":[%s]}}]}",
                   configurations);
    return folder_file("nvd.json", text, strlen(text));
}

static const char *record_file(const char *state, const char *updated, const char *assigner, const char *affected)
{
    char text[4096];
    (void)snprintf(text, sizeof(text),
                   "{\"dataType\":\"CVE_RECORD\",\"dataVersion\":\"5.1\",\"cveMetadata\":{\"cveId\":\"CVE-2020-0001\","
                   "\"assignerShortName\":\"%s\",\"state\":\"%s\",\"dateUpdated\":\"%s\"},\"containers\":{\"cna\":{"
                   "\"affected\":[%s]}}}\n",
                   assigner, state, updated, affected);
    return folder_file("record.json", text, strlen(text));
}

static enum cve_status judge(const char *product, const char *version, char ret_evidence[static CVE_EVIDENCE_BYTES])
{
    struct cve_reason reason;
    int fd;
    struct intel intel = folder_open_image(&fd);
    struct cve_subject subject = {
        .vendor = strcmp(product, "p") == 0 ? "v" : "apache", .name = product, .shown = product};
    cr_assert(version_make(version, NULL, &subject.version));
    cr_assert_eq(intel.cve_count, 1);
    enum cve_status status = cve_judge(&intel, &intel.cves[0], &subject, NULL, &reason);
    (void)cve_evidence(&intel, &subject, &reason, ret_evidence);
    // Who is affected is a candidate too: that is what a scan asks.
    if (status != CVE_NOT_AFFECTED)
        cr_expect_not_null(intel_find_product(&intel, subject.vendor, product));
    intel_unmap(&intel);
    (void)close(fd);
    return status;
}

Test(cve_list, ranges_overrule_where_they_are_the_vendors_own_and_fill_gaps_elsewhere)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char evidence[CVE_EVIDENCE_BYTES];
        struct complaint complaint;
        (void)unlink(folder_file("nvd.sqlite", "", 0));
        cr_assert_eq(folder_import(nvd_file(cases[i].nvd), &complaint), 0, "%s", complaint.text);
        const char *file = record_file("PUBLISHED", "2021-01-01T00:00:00.000Z", cases[i].assigner, cases[i].affected);
        cr_assert_eq(folder_import(file, &complaint), 0, "%s: %s", cases[i].name, complaint.text);
        enum cve_status status = judge(cases[i].product, cases[i].version, evidence);
        cr_expect_eq(status, cases[i].status, "%s: %s, %s", cases[i].name, cve_status_names[status], evidence);
        cr_expect_not_null(strstr(evidence, cases[i].evidence), "%s: %s", cases[i].name, evidence);
    }
}

Test(cve_list, a_later_record_takes_the_place_and_an_earlier_does_not)
{
    static const char wide[] = "{" HTTPD ",\"versions\":[" RANGE("2.0", "2.9") "]}";
    static const char narrow[] = "{" HTTPD ",\"versions\":[" RANGE("2.0", "2.1") "]}";
    char evidence[CVE_EVIDENCE_BYTES];
    struct complaint complaint;
    cr_assert_eq(folder_import(nvd_file(NVD_ANY(NVD_HTTPD)), &complaint), 0);
    cr_assert_eq(folder_import(record_file("PUBLISHED", "2021-02-01T00:00:00Z", "apache", narrow), &complaint), 0);
    cr_assert_eq(folder_import(record_file("PUBLISHED", "2021-01-01T00:00:00Z", "apache", wide), &complaint), 0);
    cr_expect_eq(judge("http_server", "2.2", evidence), CVE_NOT_AFFECTED, "the earlier one is older");
    cr_assert_eq(folder_import(record_file("PUBLISHED", "2021-03-01T00:00:00Z", "apache", wide), &complaint), 0);
    cr_expect_eq(judge("http_server", "2.5", evidence), CVE_AFFECTED);
    // NVD's own record may come again, and one that was rejected takes its ranges with it.
    cr_assert_eq(folder_import(nvd_file(NVD_ANY(NVD_HTTPD)), &complaint), 0);
    cr_expect_eq(judge("http_server", "2.5", evidence), CVE_AFFECTED);
    cr_assert_eq(folder_import(record_file("REJECTED", "2021-04-01T00:00:00Z", "apache", wide), &complaint), 0);
    cr_expect_eq(judge("http_server", "2.5", evidence), CVE_NOT_AFFECTED);
}

Test(cve_list, without_nvd_and_without_a_name_it_is_refused)
{
    static const char nameless[] = "{\"dataType\":\"CVE_RECORD\",\"cveMetadata\":{\"cveId\":\"CVE-1\"}}";
    struct complaint complaint;
    cr_expect_lt(folder_import(record_file("PUBLISHED", "2021-01-01T00:00:00Z", "apache", ""), &complaint), 0);
    cr_expect_not_null(strstr(complaint.text, "import NVD's records first"), "%s", complaint.text);
    cr_assert_eq(folder_import(nvd_file(""), &complaint), 0);
    cr_expect_lt(folder_import(folder_file("bad.json", nameless, strlen(nameless)), &complaint), 0);
    cr_expect_not_null(strstr(complaint.text, "bad.json:1: record 0: cveMetadata.cveId: \"CVE-1\" is no name"), "%s",
                       complaint.text);
}
