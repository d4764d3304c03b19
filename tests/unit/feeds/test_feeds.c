// SPDX-License-Identifier: BSD-3-Clause
// Feeds that are no good leave what was there; a parser that is taken over can do nothing but spoil its own output.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <zlib.h>

#include "control/feeds/child.h"
#include "control/feeds/feed.h"
#include "tests/unit/feeds/folder.h"

TestSuite(feeds, .init = folder_begin, .fini = folder_end);

#define CVE(id, modified, status, more)                                                                                \
    "{\"cve\":{\"id\":\"" id "\",\"published\":\"2020-01-02T03:04:05.678\",\"lastModified\":\"" modified               \
    "T00:00:00.000\",\"vulnStatus\":\"" status "\"" more "}}"
#define NVD(elements) "{\"format\":\"NVD_CVE\",\"vulnerabilities\":[" elements "]}"

static const char good[] = NVD(CVE("CVE-2020-0001", "2020-02-01", "Analyzed", ""));

static void import_good(const char *text)
{
    struct complaint complaint;
    cr_assert_eq(folder_import(folder_file("good.json", text, strlen(text)), &complaint), 0, "%s", complaint.text);
}

static size_t cves_there(void)
{
    int fd;
    struct intel intel = folder_open_image(&fd);
    size_t count = intel.cve_count;
    intel_unmap(&intel);
    (void)close(fd);
    return count;
}

static void expect_refused(const char *name, const void *bytes, size_t length, const char *wanted)
{
    struct complaint complaint;
    cr_expect_lt(folder_import(folder_file(name, bytes, length), &complaint), 0, "%s", name);
    cr_expect_not_null(strstr(complaint.text, wanted), "%s: %s", name, complaint.text);
    cr_expect_not_null(strstr(complaint.text, name), "%s: %s", name, complaint.text);
    cr_expect_eq(cves_there(), 1, "%s", name);
}

Test(feeds, bad_ones_leave_what_was_there)
{
    static const struct {
        const char *name;
        const char *text;
        const char *wanted;
    } bad[] = {
        {"empty.json", "", "of no form that is known (NVD 2.0, "},
        {"other.json", "{\"hello\": [1, 2]}", "of no form that is known"},
        {"cut.json", "{\"format\":\"NVD_CVE\",\"vulnerabilities\":[{\"cve\":{\"id\":\"CVE-2020", "ends in a text"},
        {"cut2.json", "{\"format\":\"NVD_CVE\",\"vulnerabilities\":[\n\n", "cut2.json:3: the file ends too early"},
        {"name.json", NVD("{\"cve\":{\"id\":\"CVE-20-1\"}}"), "element 0: \"CVE-20-1\" is no name of a CVE"},
        {"schema.json", NVD("{\"cve\":7}"), "element 0: expected an object with a \"cve\""},
        {"number.json", NVD(CVE("CVE-2020-0002", "2020-02-01", "Analyzed", ",\"n\":99999999999999999999999")),
         "too big integer"},
        {"trail.json", NVD("") "x", "something behind the end"},
        {"twice.json", "{\"format\":\"NVD_CVE\",\"vulnerabilities\":[],\"vulnerabilities\":[]}", "twice"},
        {"nothing.json", NVD(""), "nothing.json"},
        {"words.json", "{\"format\":\"NVD_CVE\",\"vulnerabilities\":[true false]}", "element 0: expected an object"},
        {"negate.json",
         NVD(CVE("CVE-2020-0002", "2020-02-01", "Analyzed",
                 ",\"configurations\":[{\"nodes\":[{\"negate\":true,\"cpeMatch\":[]}]}]")),
         "negated"},
        {"kev.json",
         "{\"catalogVersion\":\"1\",\"vulnerabilities\":[{\"cveID\":\"CVE-2020-0001\",\"dateAdded\":\"soon\"}]}",
         "vulnerabilities[0].dateAdded"},
        {"epss.csv", "#model\ncve,epss,percentile\nCVE-2020-0001,1.5,0.1\n", "epss.csv:4: \"1.5"},
    };
    import_good(good);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (strcmp(bad[i].name, "nothing.json") == 0)
            continue; // adds nothing to what is there, which is no fault
        expect_refused(bad[i].name, bad[i].text, strlen(bad[i].text), bad[i].wanted);
    }
}

// The one text that a query of a kind's database gives.
static const char *asked(const char *kind, const char *query)
{
    static char text[256];
    char path[128];
    sqlite3 *database;
    sqlite3_stmt *row;
    (void)snprintf(path, sizeof(path), "%s/%s.sqlite", folder, kind);
    cr_assert_eq(sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK, "%s", path);
    cr_assert_eq(sqlite3_prepare_v2(database, query, -1, &row, NULL), SQLITE_OK, "%s", sqlite3_errmsg(database));
    cr_assert_eq(sqlite3_step(row), SQLITE_ROW, "%s", query);
    (void)snprintf(text, sizeof(text), "%s", (const char *)sqlite3_column_text(row, 0));
    (void)sqlite3_finalize(row);
    (void)sqlite3_close(database);
    return text;
}

// What a file says twice of one thing stands there once, as it says it last.
Test(feeds, ids_that_stand_twice)
{
    static const struct {
        const char *name;
        const char *text;
        const char *kind;
        const char *query;
        const char *wanted;
    } rows[] = {
        {"nvd.json",
         NVD(CVE("CVE-2020-0002", "2020-02-01", "Analyzed", "") "," CVE("CVE-2020-0002", "2020-02-01", "Modified", "")),
         "nvd", "SELECT count(*) || ' ' || max(status) FROM cve WHERE id = 'CVE-2020-0002'", "1 Modified"},
        {"kev.json",
         "{\"catalogVersion\":\"1\",\"vulnerabilities\":[{\"cveID\":\"CVE-2020-0001\",\"dateAdded\":\"2020-01-01\"},"
         "{\"cveID\":\"CVE-2020-0001\",\"dateAdded\":\"2021-01-01\"}]}",
         "kev", "SELECT count(*) || ' ' || max(added) FROM kev", "1 1609459200"},
        {"epss.csv", "#model_version:x\ncve,epss,percentile\nCVE-2020-0001,0.5,0.9\nCVE-2020-0001,0.25,0.9\n", "epss",
         "SELECT count(*) || ' ' || max(score) FROM epss", "1 0.25"},
        {"listed.txt", "# l\n10.0.0.1\n10.0.0.1\n", "malicious", "SELECT count(*) FROM listing", "1"},
        {"names.json",
         "{\"rrname\":\"a.example\",\"rrtype\":\"A\",\"rdata\":\"10.0.0.1\",\"time_first\":5,\"time_last\":6}\n"
         "{\"rrname\":\"a.example\",\"rrtype\":\"A\",\"rdata\":\"10.0.0.1\",\"time_first\":5,\"time_last\":6}\n",
         "passive-dns", "SELECT count(*) FROM sighting", "1"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct complaint complaint = {""};
        cr_assert_eq(folder_import(folder_file(rows[i].name, rows[i].text, strlen(rows[i].text)), &complaint), 0,
                     "%s: %s", rows[i].name, complaint.text);
        cr_expect_str_eq(asked(rows[i].kind, rows[i].query), rows[i].wanted, "%s", rows[i].name);
    }
}

Test(feeds, deep_wide_and_empty_ones)
{
    enum { LARGE = 20 << 20 };
    char *text = malloc(LARGE + 256);
    import_good(good);
    size_t begin = (size_t)sprintf(text, "{\"format\":\"NVD_CVE\",\"vulnerabilities\":[");
    memset(text + begin, '[', 100);
    expect_refused("deep.json", text, begin + 100, "nested too deep");
    memset(text + begin, ' ', LARGE);
    expect_refused("spaces.json", text, begin + LARGE, "more than a million spaces");
    text[begin] = '"';
    memset(text + begin + 1, 'x', LARGE);
    expect_refused("long.json", text, begin + LARGE, "more than 16 MiB");
    free(text);
}

static size_t gzip(const void *bytes, size_t length, void *ret, size_t room)
{
    z_stream stream = {
        .next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)length, .next_out = ret, .avail_out = (uInt)room};
    cr_assert_eq(deflateInit2(&stream, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return stream.total_out;
}

Test(feeds, packed_ones)
{
    enum { LARGE = 64 << 20 };
    struct complaint complaint;
    char *text = malloc(LARGE);
    char *packed = malloc(LARGE);
    size_t length = gzip(good, strlen(good), packed, LARGE);
    cr_assert_eq(folder_import(folder_file("good.json.gz", packed, length), &complaint), 0, "%s", complaint.text);
    for (size_t cut = 1; cut < 12; cut += 5)
        expect_refused("cut.json.gz", packed, length - cut, "");
    // Elements without end: what it unpacks to is a thousand times what it is.
    size_t begin = (size_t)sprintf(text, "{\"format\":\"NVD_CVE\",\"vulnerabilities\":[");
    for (size_t at = begin; at + 3 < LARGE; at += 3)
        memcpy(text + at, "{},", 3);
    length = gzip(text, LARGE, packed, LARGE);
    expect_refused("bomb.json.gz", packed, length, "");
    free(text);
    free(packed);
}

Test(feeds, what_is_newer_takes_the_place_and_what_is_rejected_goes)
{
    struct complaint complaint;
    static const char more[] = NVD(CVE("CVE-2020-0001", "2020-01-01", "Rejected", "") "," CVE(
        "CVE-2020-0002", "2020-02-01", "Analyzed", "") "," CVE("CVE-2020-0002", "2020-02-01", "Analyzed",
                                                               "") "," CVE("CVE-2021-1234567", "2020-02-01", "Received",
                                                                           ""));
    static const char last[] = NVD(CVE("CVE-2020-0001", "2020-03-01", "Rejected", ""));
    import_good(good);
    // The rejection is older than what is there.
    cr_assert_eq(folder_import(folder_file("more.json", more, strlen(more)), &complaint), 0, "%s", complaint.text);
    cr_expect_eq(cves_there(), 3);
    cr_assert_eq(folder_import(folder_file("last.json", last, strlen(last)), &complaint), 0, "%s", complaint.text);
    cr_expect_eq(cves_there(), 2);
}

Test(feeds, marks_are_put_on_cves)
{
    static const char kev[] =
        "{\"catalogVersion\":\"1\",\"vulnerabilities\":[{\"cveID\":\"CVE-2020-0001\",\"dateAdded\":"
        "\"2021-11-03\",\"knownRansomwareCampaignUse\":\"Known\"}]}";
    static const char epss[] =
        "#model_version:v1\ncve,epss,percentile\nCVE-1999-0001,0.1,0.5\nCVE-2020-0001,0.97565,1\n";
    static const char scored[] = NVD(
        CVE("CVE-2020-0001", "2020-02-01", "Modified",
            ",\"descriptions\":[{\"lang\":\"es\",\"value\":\"no\"},{\"lang\":\"en\",\"value\":\"It fails. Badly.\"}],"
            "\"cveTags\":[{\"tags\":[\"disputed\"]}],\"metrics\":{\"cvssMetricV2\":[{\"type\":\"Primary\",\"cvssData\":"
            "{\"baseScore\":5.0},\"baseSeverity\":\"MEDIUM\"}],\"cvssMetricV31\":[{\"type\":\"Secondary\",\"cvssData\":"
            "{\"baseScore\":3.1,\"baseSeverity\":\"LOW\"}},{\"type\":\"Primary\",\"cvssData\":{\"baseScore\":9.8,"
            "\"baseSeverity\":\"CRITICAL\"}}],\"cvssMetricV30\":[{\"cvssData\":{\"baseScore\":1.0}}]}"));
    struct complaint complaint;
    int fd;
    import_good(scored);
    cr_assert_eq(folder_import(folder_file("kev.json", kev, strlen(kev)), &complaint), 0, "%s", complaint.text);
    cr_assert_eq(folder_import(folder_file("epss.csv", epss, strlen(epss)), &complaint), 0, "%s", complaint.text);
    struct intel intel = folder_open_image(&fd);
    const struct intel_cve *cve = &intel.cves[0];
    cr_assert_eq(intel.cve_count, 1);
    cr_expect_eq(cve->kev_added, 1635897600);
    cr_expect_eq(cve->epss_millionths, 975650);
    cr_expect_eq(cve->flags, INTEL_CVE_DISPUTED | INTEL_CVE_RANSOMWARE | INTEL_CVE_UNANALYSED);
    cr_expect(cve->cvss2_tenths == 50 && cve->cvss2_severity == INTEL_SEVERITY_MEDIUM);
    cr_expect(cve->cvss3_tenths == 98 && cve->cvss3_severity == INTEL_SEVERITY_CRITICAL);
    cr_expect_eq(cve->cvss4_tenths, INTEL_SCORE_ABSENT);
    cr_expect_str_eq(intel_string(&intel, cve->summary), "It fails.");
    cr_expect(intel_has(&intel, INTEL_EPSS) && !intel_has(&intel, INTEL_DEBIAN));
    intel_unmap(&intel);
    (void)close(fd);
}

// ---- The child
// --------------------------------------------------------------------------------------------------------

static char victim[128];

// What a parser that was taken over might try. Returns which one worked, as a bit each.
static int evil_run(void *context, struct complaint *ret_complaint)
{
    int64_t *done = context;
    *done |= open(victim, O_WRONLY | O_TRUNC) >= 0 ? 1 : 0;
    *done |= open("/etc/passwd", O_RDONLY) >= 0 ? 2 : 0;
    *done |= socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 4 : 0;
    *done |= kill(getppid(), 0) == 0 ? 8 : 0;
    *done |= unlink(victim) == 0 ? 16 : 0;
    *done |= fork() >= 0 ? 32 : 0;
    *done |= execl("/bin/true", "true", (char *)NULL) == 0 ? 64 : 0;
    *done |= mkdir("/tmp/sonde-evil", 0755) == 0 ? 128 : 0;
    *done |= geteuid() == 0 ? 256 : 0;
    return complain(ret_complaint, "evil", "", "done");
}

static int crash_run(void *context, struct complaint *ret_complaint)
{
    (void)context;
    (void)ret_complaint;
    (void)kill(getpid(), SIGSEGV); // refused
    _exit(3);
}

Test(feeds, a_parser_that_is_taken_over_can_do_nothing)
{
    int64_t done = 0;
    struct complaint complaint;
    (void)snprintf(victim, sizeof(victim), "%s", folder_file("victim", "x", 1));
    const struct child_work work = {
        .run = evil_run, .context = &done, .memory_bytes = UINT64_C(1) << 30, .cpu_seconds = 10, .file_bytes = 1 << 20};
    cr_expect_eq(child_run(&work, &done, &complaint), -EINVAL);
    cr_expect_str_eq(complaint.text, "evil: done");
    cr_expect_eq(done, 0, "%lx worked", done);
    cr_expect_eq(access(victim, F_OK), 0);
    const struct child_work crash = {
        .run = crash_run, .memory_bytes = UINT64_C(1) << 30, .cpu_seconds = 10, .file_bytes = 1 << 20};
    cr_expect_eq(child_run(&crash, NULL, &complaint), -ECHILD);
}

// One that fetches may speak with servers and read files, which libcurl needs, and nothing beyond.
Test(feeds, a_download_that_is_taken_over_can_only_read_and_connect)
{
    int64_t done = 0;
    struct complaint complaint;
    (void)snprintf(victim, sizeof(victim), "%s", folder_file("victim", "x", 1));
    const struct child_work work = {.run = evil_run,
                                    .context = &done,
                                    .memory_bytes = UINT64_C(1) << 30,
                                    .cpu_seconds = 10,
                                    .file_bytes = 1 << 20,
                                    .network = true};
    cr_expect_eq(child_run(&work, &done, &complaint), -EINVAL);
    cr_expect_eq(done, 2 | 4, "%lx worked", done);
    cr_expect_eq(access(victim, F_OK), 0);
}

Test(feeds, tell_when_they_were_published)
{
    cr_expect_eq(feed_published("{\"format\":\"NVD_CVE\",\"timestamp\":\"2024-07-01T13:15:06.467\"}"), 1719839706);
    cr_expect_eq(feed_published("{\"CVE_data_timestamp\" : \"2024-07-01T00:00Z\"}"), 1719792000);
    cr_expect_eq(feed_published("{\"dateReleased\": \"2024-07-01T00:00:00.0000Z\"}"), 1719792000);
    cr_expect_eq(feed_published("#model_version:v2025.03.14,score_date:2024-07-01T00:00:00+0000\ncve"), 1719792000);
    cr_expect_eq(feed_published("# Source File Date: Mon Jul 1 00:00:00 UTC 2024\n"), 1719792000);
    cr_expect_eq(feed_published("192.0.2.1\n"), 0);
    cr_expect_eq(feed_published("\"timestamp\": \"soon\""), 0);
    cr_expect_eq(feed_published("\"timestamp\": "), 0);
}

// A file of an earlier sonde has no column for it.
Test(feeds, files_without_a_day_of_publication_are_read)
{
    char path[128];
    sqlite3 *database;
    import_good(good);
    (void)snprintf(path, sizeof(path), "%s/nvd.sqlite", folder);
    cr_assert_eq(sqlite3_open(path, &database), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(database, "ALTER TABLE feed DROP COLUMN published", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(database);
    cr_expect_eq(cves_there(), 1);
    import_good(NVD(CVE("CVE-2020-0002", "2020-02-01", "Analyzed", "")));
    cr_expect_eq(cves_there(), 2);
}
