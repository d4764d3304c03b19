// SPDX-License-Identifier: BSD-3-Clause
// From a banner to what its distribution says: with small feeds of our own, and with Debian's real advisories.
#include "clouds.h"
#include "control/classify/backport.h"
#include "control/classify/dpkg.h"
#include "tests/unit/feeds/scene.h"

TestSuite(backports, .init = folder_begin, .fini = folder_end);

static const char nvd[] = "{\"format\":\"NVD_CVE\",\"vulnerabilities\":[" CVE("CVE-2018-0001") "," CVE(
    "CVE-2018-0002") "," CVE("CVE-2018-0003") "," CVE("CVE-2018-0004") "," CVE("CVE-2018-0005") "]}";

static const char tracker[] =
    "{\"openssh\":{\"CVE-2018-0001\":{\"scope\":\"remote\",\"releases\":{\"stretch\":{\"status\":\"resolved\","
    "\"fixed_version\":\"1:7.4p1-10+deb9u3\"},\"buster\":{\"status\":\"resolved\",\"fixed_version\":\"1:7.9p1-1\"},"
    "\"bookworm\":{\"status\":\"resolved\",\"fixed_version\":\"0\"},\"trixie\":{\"status\":\"resolved\",\"fixed_"
    "version\":\"0\"}}},"
    "\"CVE-2018-0002\":{\"releases\":{\"stretch\":{\"status\":\"open\"},\"bullseye\":{\"status\":\"open\","
    "\"repositories\":{"
    "\"bullseye\":\"1:8.4p1-5\",\"bullseye-security\":\"1:8.4p1-5+deb11u3\"}},\"sid\":{\"status\":\"open\","
    "\"repositories\":{"
    "\"sid\":\"1:8.4p1-5\"}},\"bookworm\":{\"status\":\"open\",\"repositories\":{\"bookworm\":\"1:8.9p1-1\"}},"
    "\"trixie\":{"
    "\"status\":\"resolved\",\"fixed_version\":\"0\",\"repositories\":{\"trixie\":\"1:8.9p1-1\"}}}},\"CVE-2018-0003\":{"
    "\"releases\":{\"stretch\":"
    "{"
    "\"status\":\"resolved\",\"fixed_version\":\"0\"}}},\"CVE-2018-0004\":{\"releases\":{\"stretch\":{\"status\":"
    "\"undetermined\"}}},\"TEMP-1234-1\":{\"releases\":{\"stretch\":{\"status\":\"open\"}}}}}";

static const char list[] =
    "[02 Mar 2018] DSA-2-2 openssh - regression update\n\t[stretch] - openssh 1:7.4p1-10+deb9u4\n"
    "[01 Feb 2018] DSA-2-1 openssh - security update\n\t{CVE-2018-0001 CVE-2018-0005}\n"
    "\t[stretch] - openssh 1:7.4p1-10+deb9u3\n\t[jessie] - openssh <end-of-life>\n\tNOTE: x\n"
    "[01 Jan 2018] DSA-1-1 openssh - security update\n\t{CVE-2018-0001}\n\t[squeeze] - openssh 1:5.5p1-6+squeeze2\n";

#define NOTHING_KNOWN                                                                                                  \
    "CVE-2018-0001 unknown;CVE-2018-0002 unknown;CVE-2018-0003 unknown;CVE-2018-0004 unknown;CVE-2018-0005 unknown;"

Test(backports, what_the_distribution_says_overrules_the_number)
{
    static const struct {
        const char *identification;
        const char *wanted;
    } rows[] = {
        {"SSH-2.0-OpenSSH_7.4p1 Debian-10+deb9u6",
         "CVE-2018-0001 fixed DSA-2-1;CVE-2018-0002 affected;CVE-2018-0003 not_affected;CVE-2018-0004 "
         "unknown;CVE-2018-0005 fixed DSA-2-1;"},
        {"SSH-2.0-OpenSSH_7.4p1 Debian-10+deb9u2",
         "CVE-2018-0001 affected DSA-2-1;CVE-2018-0002 affected;CVE-2018-0003 not_affected;CVE-2018-0004 "
         "unknown;CVE-2018-0005 affected DSA-2-1;"},
        // The release's first version, and Raspbian's.
        {"SSH-2.0-OpenSSH_7.4p1 Debian-10",
         "CVE-2018-0001 affected DSA-2-1;CVE-2018-0002 affected;CVE-2018-0003 not_affected;CVE-2018-0004 "
         "unknown;CVE-2018-0005 affected DSA-2-1;"},
        {"SSH-2.0-OpenSSH_7.4p1 Raspbian-10+deb9u6",
         "CVE-2018-0001 fixed DSA-2-1;CVE-2018-0002 affected;CVE-2018-0003 not_affected;CVE-2018-0004 "
         "unknown;CVE-2018-0005 fixed DSA-2-1;"},
        // A rebuild of it for an older release, a private build: not what the release has.
        {"SSH-2.0-OpenSSH_7.4p1 Debian-10+deb9u6~bpo8+1", NOTHING_KNOWN},
        {"SSH-2.0-OpenSSH_7.4p1 Debian-10+deb9u6+rpt1",
         "CVE-2018-0001 fixed DSA-2-1;CVE-2018-0002 affected;CVE-2018-0003 not_affected;CVE-2018-0004 "
         "unknown;CVE-2018-0005 fixed DSA-2-1;"},
        // Named by the release as it was before there were numbers; by what the tracker says a release has.
        {"SSH-2.0-OpenSSH_5.5p1 Debian-6+squeeze2",
         "CVE-2018-0001 fixed DSA-1-1;CVE-2018-0002 unknown;CVE-2018-0003 unknown;CVE-2018-0004 "
         "unknown;CVE-2018-0005 unknown;"},
        {"SSH-2.0-OpenSSH_5.5p1 Debian-6+squeeze1",
         "CVE-2018-0001 affected DSA-1-1;CVE-2018-0002 unknown;CVE-2018-0003 unknown;CVE-2018-0004 "
         "unknown;CVE-2018-0005 unknown;"},
        {"SSH-2.0-OpenSSH_8.4p1 Debian-5",
         "CVE-2018-0001 unknown;CVE-2018-0002 affected;CVE-2018-0003 unknown;CVE-2018-0004 unknown;CVE-2018-0005 "
         "unknown;"},
        // One version in two releases: what both say of it.
        {"SSH-2.0-OpenSSH_8.9p1 Debian-1",
         "CVE-2018-0001 not_affected;CVE-2018-0002 unknown;CVE-2018-0003 unknown;CVE-2018-0004 unknown;CVE-2018-0005 "
         "unknown;"},
        // A release of which only one is told; a distribution without a feed; none at all.
        {"SSH-2.0-OpenSSH_7.9p1 Debian-10+deb10u2", "CVE-2018-0001 fixed;CVE-2018-0002 unknown;CVE-2018-0003 "
                                                    "unknown;CVE-2018-0004 unknown;CVE-2018-0005 unknown;"},
        {"SSH-2.0-OpenSSH_7.2p2 Ubuntu-4ubuntu2.10", "CVE-2018-0001 unknown;CVE-2018-0002 unknown;CVE-2018-0003 "
                                                     "unknown;CVE-2018-0004 unknown;CVE-2018-0005 unknown;"},
        {"SSH-2.0-OpenSSH_7.4",
         "CVE-2018-0001 affected;CVE-2018-0002 affected;CVE-2018-0003 affected;CVE-2018-0004 affected;CVE-2018-0005 "
         "affected;"},
    };
    struct scene scene;
    import("nvd.json", nvd);
    import("tracker.json", tracker);
    import("list", list);
    scene_begin(&scene);
    for (int turn = 0; turn < 2; turn++) // the second time from what is kept
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            size_t count;
            size_t hits;
            cr_expect_str_eq(judged(&scene, rows[i].identification, 0, NULL, &count, &hits), rows[i].wanted, "%s",
                             rows[i].identification);
        }
    scene_end(&scene);
}

Test(backports, no_feed_no_claim)
{
    struct scene scene;
    struct observation observation;
    import("list", list);
    scene_begin(&scene);
    observation_init(&observation);
    learn_word(&observation, FIELD(ssh, identification), "SSH-2.0-OpenSSH_7.4");
    classify(scene.classifier, &observation, 1700000000);
    cr_expect(text_is(&observation.vulnerabilities->state, "not_evaluated"));
    cr_expect(text_is(&observation.vulnerabilities->reason, "no-feed"));
    cr_expect_not(observation.vulnerabilities->known.affected);
    observation_fini(&observation);
    scene_end(&scene);
}

Test(backports, of_debians_real_advisories, .timeout = 120)
{
    static const struct {
        const char *identification;
        size_t hits;
        size_t left;
    } rows[] = {
        {"SSH-2.0-OpenSSH_6.7p1 Debian-5+deb8u8", 24, 4},
        {"SSH-2.0-OpenSSH_7.4p1 Debian-10+deb9u6", 8, 4},
        {"SSH-2.0-OpenSSH_6.0p1 Debian-4+deb7u2", 28, 26},
        {"SSH-2.0-OpenSSH_7.9p1 Debian-10+deb10u2", 5, 5},
    };
    static const char *const files[] = {"nvd/nvd20-openssh.json", "distro/debian-DSA-list.txt",
                                        "distro/debian-DLA-list.txt"};
    struct scene scene;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[512];
        struct complaint complaint;
        if (!shared_data(files[i], path, sizeof(path)))
            cr_skip_test("no real data here");
        cr_assert_eq(folder_import(path, &complaint), 0, "%s", complaint.text);
    }
    scene_begin(&scene);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t left;
        size_t hits;
        const char *text = judged(&scene, rows[i].identification, 1565568000, "fixed", &left, &hits);
        cr_expect(hits == rows[i].hits && left == rows[i].left, "%s: %zu, left %zu: %s", rows[i].identification, hits,
                  left, text);
    }
    scene_end(&scene);
}

// What the lists say of a package's version, of the CVEs that they name for its release.
Test(backports, of_debians_real_advisories_of_other_packages, .timeout = 120)
{
    static const struct {
        const char *source;
        const char *version;
        uint32_t year;
        uint32_t number;
        enum backport_status status;
        const char *release;
        const char *advisory;
    } rows[] = {
        {"apache2", "2.4.38-3+deb10u4", 2020, 9490, BACKPORT_FIXED, "buster", "DSA-4757-1"},
        {"apache2", "2.4.38-3+deb10u3", 2020, 9490, BACKPORT_OPEN, "buster", "DSA-4757-1"},
        {"apache2", "2.4.38-3", 2020, 9490, BACKPORT_OPEN, "buster", "DSA-4757-1"},
        {"apache2", "2.4.52-1~deb11u2", 2021, 44790, BACKPORT_FIXED, "bullseye", "DSA-5035-1"},
        {"apache2", "2.4.52-1~deb11u1", 2021, 44790, BACKPORT_OPEN, "bullseye", "DSA-5035-1"},
        {"apache2", "2.4.51-1~deb11u1", 2021, 44790, BACKPORT_OPEN, "bullseye", "DSA-5035-1"},
        {"nginx", "1.14.2-2+deb10u4", 2021, 23017, BACKPORT_FIXED, "buster", "DSA-4921-1"},
        {"nginx", "1.14.2-2+deb10u3", 2021, 23017, BACKPORT_OPEN, "buster", "DSA-4921-1"},
        {"openssl", "1.0.1e-2+deb7u5", 2014, 160, BACKPORT_FIXED, "wheezy", "DSA-2896-1"},
        {"openssl", "1.0.1e-2+deb7u4", 2014, 160, BACKPORT_OPEN, "wheezy", "DSA-2896-1"},
        {"openssl", "1.0.1e-2+deb7u4", 1999, 1, BACKPORT_UNKNOWN, "wheezy", ""},
        {"openssl", "1.0.1e-2+rhel7", 2014, 160, BACKPORT_UNKNOWN, "", ""},
        {"openssl", "", 2014, 160, BACKPORT_UNKNOWN, "", ""},
        {"no-such-package", "1.0-1+deb7u1", 2014, 160, BACKPORT_UNKNOWN, "wheezy", ""},
    };
    static const char *const files[] = {"distro/debian-DSA-list.txt", "distro/debian-DLA-list.txt"};
    struct complaint complaint;
    int fd;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[512];
        if (!shared_data(files[i], path, sizeof(path)))
            cr_skip_test("no real data here");
        cr_assert_eq(folder_import(path, &complaint), 0, "%s", complaint.text);
    }
    struct intel intel = folder_open_image(&fd);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct backport_package package = {
            .distribution = "debian", .source = rows[i].source, .version = rows[i].version};
        struct backport_verdict verdict;
        backport_identify(&intel, &package);
        enum backport_status status = backport_judge(&intel, &package, rows[i].year, rows[i].number, &verdict);
        cr_expect(status == rows[i].status && strcmp(verdict.release, rows[i].release) == 0 &&
                      strcmp(verdict.advisory, rows[i].advisory) == 0,
                  "%s %s CVE-%u-%u: %d \"%s\" %s", rows[i].source, rows[i].version, rows[i].year, rows[i].number,
                  status, verdict.release, verdict.advisory);
    }
    intel_unmap(&intel);
    (void)close(fd);
}

// ---- The order of versions
// --------------------------------------------------------------------------------------------

static uint64_t state = 2019;

static uint32_t random_below(uint32_t limit)
{
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(state >> 33) % limit;
}

// Versions as they are, and as they might be.
static void version_random(char *ret_text)
{
    static const char *const pieces[] = {"0",   "1",    "7",    "10",     "007",        ".",
                                         "+",   "~",    "a",    "p1",     "rc",         "~rc1",
                                         "+b1", "deb9", "dfsg", "ubuntu", "-",          "+deb10u2",
                                         "Z",   "~~",   "0.0",  "1.2.3",  "4294967296", "99999999999999999999"};
    size_t count = 1 + random_below(6);
    size_t at = random_below(4) == 0 ? (size_t)sprintf(ret_text, "%u:", random_below(3)) : 0;
    // Upstream begins with a digit, or dpkg warns.
    at += (size_t)sprintf(ret_text + at, "%u", random_below(12));
    for (size_t i = 0; i < count; i++)
        at += (size_t)sprintf(ret_text + at, "%s", pieces[random_below(sizeof(pieces) / sizeof(pieces[0]))]);
    // A revision is not empty.
    if (ret_text[at - 1] == '-')
        (void)sprintf(ret_text + at, "1");
}

static const char *relation_of(const char *a, const char *b)
{
    int order = dpkg_compare(a, b);
    return order < 0 ? "lt" : order > 0 ? "gt" : "eq";
}

// dpkg compares one pair a process: xargs starts them, on all cores, with our answer as the question.
Test(backports, versions_stand_as_dpkg_has_them, .timeout = 600)
{
    enum { PAIRS = 10000 };
    char versions[2][256];
    char command[256];
    int orders[3] = {0};
    if (access("/usr/bin/dpkg", X_OK) != 0)
        cr_skip_test("no dpkg here");
    FILE *pairs = fopen(folder_file("pairs", "", 0), "w");
    cr_assert_not_null(pairs);
    for (size_t i = 0; i < PAIRS; i++) {
        version_random(versions[0]);
        if (random_below(8) == 0)
            (void)snprintf(versions[1], 256, "%.200s%s", versions[0], random_below(2) == 0 ? "" : "~");
        else
            version_random(versions[1]);
        int order = dpkg_compare(versions[0], versions[1]);
        int back = dpkg_compare(versions[1], versions[0]);
        cr_assert_eq((order > 0) - (order < 0), (back < 0) - (back > 0));
        orders[order < 0 ? 0 : order > 0 ? 2 : 1]++;
        (void)fprintf(pairs, "%s %s %s\n", versions[0], relation_of(versions[0], versions[1]), versions[1]);
    }
    (void)fclose(pairs);
    // Each answer is given often enough to be wrong.
    cr_expect(orders[0] > 3000 && orders[1] > 300 && orders[2] > 3000, "%d %d %d", orders[0], orders[1], orders[2]);
    (void)snprintf(command, sizeof(command), "xargs -P $(nproc) -n 3 dpkg --compare-versions <%s/pairs 2>%s/wrong",
                   folder, folder);
    if (system(command) == 0)
        return;
    // Which ones it was.
    (void)snprintf(
        command, sizeof(command),
        "while read -r a r b; do dpkg --compare-versions \"$a\" \"$r\" \"$b\" || echo \"not so: $a $r $b\" >&2;"
        " done <%s/pairs",
        folder);
    (void)system(command);
    cr_assert_fail("dpkg says otherwise, or warns");
}
