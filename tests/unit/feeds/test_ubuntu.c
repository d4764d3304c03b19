// SPDX-License-Identifier: BSD-3-Clause
// Ubuntu's OVAL and OSV, made by hand in the forms of Canonical's, and what they say of a banner.
#include <errno.h>

#include <sqlite3.h>

#include "clouds.h"
#include "control/classify/backport.h"
#include "tests/unit/feeds/scene.h"

TestSuite(ubuntu, .init = folder_begin, .fini = folder_end);

static const char oval_head[] =
    "<?xml version=\"1.0\"?>\n<oval_definitions xmlns:linux-def=\"urn:l\"><generator><oval:product_name>Canonical CVE "
    "OVAL "
    "Generator</oval:product_name></generator><definitions>"
    "<definition class=\"inventory\" id=\"oval:com.ubuntu.xenial:def:100\"><metadata/><criteria><criterion "
    "comment=\"The host is part of the unix family.\"/></criteria></definition>";
static const char oval_tail[] = "</definitions></oval_definitions>\n";

#define DEFINITION(cve, references, criteria)                                                                          \
    "<definition class=\"vulnerability\" id=\"oval:com.ubuntu.xenial:def:1\"><metadata><title>" cve                    \
    " on Ubuntu 16.04 LTS (xenial) - low.</title><description>Of &lt;x&gt; CVE-1999-0001</description>" references     \
    "</metadata><criteria><extend_definition comment=\"Ubuntu 16.04 LTS (xenial) is installed.\"/>" criteria           \
    "</criteria></definition>"
#define CRITERION(comment) "<criterion test_ref=\"t\" comment=\"" comment "\" />"

#define REF(url) "<advisory><ref>" url "</ref><ref>https://bugs.example/1</ref></advisory>"

// One of everything that Canonical's generator writes, over its years.
#define OVAL_1                                                                                                         \
    DEFINITION("CVE-2018-0001", REF("https://ubuntu.com/security/notices/USN-3809-1"),                                 \
               "<criteria operator=\"OR\">" CRITERION("openssh package in xenial was vulnerable but has been fixed "   \
                                                      "(note: '1:7.2p2-4ubuntu2.6').") "</criteria>")
#define OVAL_2 DEFINITION("CVE-2018-0002", "", CRITERION("openssh package in xenial is affected and needs fixing."))
#define OVAL_3                                                                                                         \
    DEFINITION("CVE-2018-0003", "",                                                                                    \
               CRITERION("openssh package in xenial, while related to the CVE in some way, is not affected (note: "    \
                         "'1:6.6p1-1').") CRITERION("The 'nginx' package in xenial is affected and needs fixing."))
#define OVAL_4 DEFINITION("CVE-2018-0004", "", CRITERION("openssh package in xenial is affected and may need fixing."))
// Of two notices it is not told which is this release's.
#define OVAL_5                                                                                                         \
    DEFINITION("CVE-2018-0005", REF("https://usn.ubuntu.com/1-1") REF("https://usn.ubuntu.com/2-1/"),                  \
               CRITERION("openssh source package in xenial, is related to the CVE in some way and has been fixed "     \
                         "(note: '1:7.2p2-4').")                                                                       \
                   CRITERION("openssl: while related to the CVE in some way, a decision has been made to ignore this " \
                             "issue."))
static const char oval[] = OVAL_1 OVAL_2 OVAL_3 OVAL_4 OVAL_5;

#define CVE_OF(id) CVE("CVE-2018-000" id)
static const char nvd[] = "{\"format\":\"NVD_CVE\",\"vulnerabilities\":[" CVE_OF("1") "," CVE_OF("2") "," CVE_OF(
    "3") "," CVE_OF("4") "," CVE_OF("5") "]}";

static const char *oval_file(const char *definitions)
{
    static char text[16384];
    (void)snprintf(text, sizeof(text), "%s%s%s", oval_head, definitions, oval_tail);
    return text;
}

// What the records of servers with these identifications say, in turn.
static void expect_judged(const char *const rows[][2])
{
    struct scene scene;
    scene_begin(&scene);
    for (size_t i = 0; rows[i][0] != NULL; i++) {
        size_t count;
        size_t hits;
        cr_expect_str_eq(judged(&scene, rows[i][0], 0, NULL, &count, &hits), rows[i][1], "%s", rows[i][0]);
    }
    scene_end(&scene);
}

#define NOTHING_KNOWN                                                                                                  \
    "CVE-2018-0001 unknown;CVE-2018-0002 unknown;CVE-2018-0003 unknown;CVE-2018-0004 unknown;CVE-2018-0005 unknown;"

Test(ubuntu, what_its_oval_says_overrules_the_number)
{
    static const char *const rows[][2] = {
        {"SSH-2.0-OpenSSH_7.2p2 Ubuntu-4ubuntu2.10",
         "CVE-2018-0001 fixed USN-3809-1;CVE-2018-0002 affected;CVE-2018-0003 not_affected;CVE-2018-0004 "
         "unknown;CVE-2018-0005 fixed;"},
        {"SSH-2.0-OpenSSH_7.2p2 Ubuntu-4ubuntu2.5",
         "CVE-2018-0001 affected USN-3809-1;CVE-2018-0002 affected;CVE-2018-0003 not_affected;CVE-2018-0004 "
         "unknown;CVE-2018-0005 fixed;"},
        // As the release began, with an update of extended maintenance, and as Debian's name was left in the banner.
        {"SSH-2.0-OpenSSH_7.2p2 Ubuntu-4ubuntu2",
         "CVE-2018-0001 affected USN-3809-1;CVE-2018-0002 affected;CVE-2018-0003 not_affected;CVE-2018-0004 "
         "unknown;CVE-2018-0005 fixed;"},
        {"SSH-2.0-OpenSSH_7.2p2 Ubuntu-4ubuntu2.10+esm2",
         "CVE-2018-0001 fixed USN-3809-1;CVE-2018-0002 affected;CVE-2018-0003 not_affected;CVE-2018-0004 "
         "unknown;CVE-2018-0005 fixed;"},
        // Its number written down; another release, FIPS's and a private build: nothing is known.
        {"SSH-2.0-OpenSSH_7.2p2 Ubuntu-9ubuntu0.16.04.1",
         "CVE-2018-0001 fixed USN-3809-1;CVE-2018-0002 affected;CVE-2018-0003 not_affected;CVE-2018-0004 "
         "unknown;CVE-2018-0005 fixed;"},
        {"SSH-2.0-OpenSSH_7.6p1 Ubuntu-4ubuntu0.3", NOTHING_KNOWN},
        {"SSH-2.0-OpenSSH_7.2p2 Ubuntu-4ubuntu2.fips.2.8", NOTHING_KNOWN},
        {"SSH-2.0-OpenSSH_7.2p2 Ubuntu-4ubuntu2.10~ppa1", NOTHING_KNOWN},
        {NULL, NULL},
    };
    import("nvd.json", nvd);
    import("com.ubuntu.xenial.cve.oval.xml", oval_file(oval));
    expect_judged(rows);
}

Test(ubuntu, a_later_oval_of_the_release_takes_the_place_of_the_earlier)
{
    static const char *const rows[][2] = {
        {"SSH-2.0-OpenSSH_7.2p2 Ubuntu-4ubuntu2.10",
         "CVE-2018-0001 unknown;CVE-2018-0002 fixed;CVE-2018-0003 unknown;CVE-2018-0004 unknown;CVE-2018-0005 "
         "unknown;"},
        {NULL, NULL},
    };
    import("nvd.json", nvd);
    import("old.xml", oval_file(oval));
    // As of a package: each criterion names its CVE. What is pending is fixed where it is.
    import(
        "new.xml",
        oval_file("<definition class=\"vulnerability\" id=\"oval:com.ubuntu.xenial:def:1\"><metadata><title>openssh</"
                  "title></metadata><criteria>" CRITERION(
                      "(CVE-2018-0002) openssh package in xenial is affected. An update containing the fix has been "
                      "completed and is pending publication (note: '1:7.2p2-4ubuntu2.9').")
                      CRITERION("(CVE-2018-0001) openssh package in xenial has a vulnerability that is not known "
                                "(status: 'x'). It is pending evaluation.") "</criteria></definition>"));
    expect_judged(rows);
}

#define AFFECTED(ecosystem, distro, fixed, versions)                                                                   \
    "{\"package\":{\"ecosystem\":\"" ecosystem                                                                         \
    "\",\"name\":\"openssh\",\"purl\":\"pkg:deb/ubuntu/openssh@1?arch=source&distro=" distro                           \
    "\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"}" fixed "]}],\"versions\":[" versions   \
    "]}"
#define OSV(id, more, affected) "{\"schema_version\":\"1.7.0\",\"id\":\"" id "\"," more "\"affected\":[" affected "]}\n"
#define FIXED(version)          ",{\"fixed\":\"" version "\"}"

#define XENIAL(fixed, versions)      AFFECTED("Ubuntu:16.04:LTS", "xenial", fixed, versions)
#define XENIAL_PRO(fixed, versions)  AFFECTED("Ubuntu:Pro:16.04:LTS", "esm-infra/xenial", fixed, versions)
#define XENIAL_FIPS(fixed, versions) AFFECTED("Ubuntu:Pro:FIPS:16.04:LTS", "fips/xenial", fixed, versions)
#define BIONIC(fixed, versions)      AFFECTED("Ubuntu:18.04:LTS", "bionic", fixed, versions)

#define OSV_OF_1                                                                                                       \
    XENIAL_FIPS(FIXED("1:7.2p2-4ubuntu2.fips.1"), "\"1:7.2p2-4ubuntu2.fips.0\"")                                       \
    "," XENIAL_PRO(FIXED("1:7.2p2-4ubuntu2.10+esm9"), "\"1:7.2p2-4\"") "," XENIAL(                                     \
        FIXED("1:7.2p2-4ubuntu2.6"), "\"1:7.1p1-4\",\"1:7.2p2-4\"") "," BIONIC(FIXED("1:7.6p1-4ubuntu0.1"),            \
                                                                               "\"1:7.6p1-4\"")
#define OSV_OF_2                                                                                                       \
    XENIAL("", "\"1:7.2p2-4ubuntu2.8\",\"1:7.1p1-4\",\"1:7.2p2-4\"")                                                   \
    "," XENIAL_PRO(FIXED("1:7.2p2-4ubuntu2.10+esm2"), "")
#define WITHDRAWN "\"withdrawn\":\"2024-01-01T00:00:00Z\","
#define UPSTREAM  "\"upstream\":[\"CVE-2018-0001\",\"UBUNTU-CVE-2018-0005\"],"

static const char osv[] = OSV("UBUNTU-CVE-2018-0001", "", OSV_OF_1) OSV("UBUNTU-CVE-2018-0002", "", OSV_OF_2)
    OSV("UBUNTU-CVE-2018-0003", WITHDRAWN, XENIAL("", "")) OSV("LSN-0099-1", "", "")
        OSV("USN-3809-1", UPSTREAM, XENIAL(FIXED("1:7.2p2-4ubuntu2.6"), ""));

Test(ubuntu, what_its_osv_says_overrules_the_number)
{
    static const char *const rows[][2] = {
        {"SSH-2.0-OpenSSH_7.2p2 Ubuntu-4ubuntu2.10",
         "CVE-2018-0001 fixed USN-3809-1;CVE-2018-0002 affected;CVE-2018-0003 unknown;CVE-2018-0004 "
         "unknown;CVE-2018-0005 fixed USN-3809-1;"},
        // Fixed for who pays alone.
        {"SSH-2.0-OpenSSH_7.2p2 Ubuntu-4ubuntu2.10+esm2",
         "CVE-2018-0001 fixed USN-3809-1;CVE-2018-0002 fixed;CVE-2018-0003 unknown;CVE-2018-0004 unknown;CVE-2018-0005 "
         "fixed USN-3809-1;"},
        // A version that stands in the release's list, and one of the next release.
        {"SSH-2.0-OpenSSH_7.2p2 Ubuntu-4ubuntu2.8",
         "CVE-2018-0001 fixed USN-3809-1;CVE-2018-0002 affected;CVE-2018-0003 unknown;CVE-2018-0004 "
         "unknown;CVE-2018-0005 fixed USN-3809-1;"},
        {"SSH-2.0-OpenSSH_7.6p1 Ubuntu-4ubuntu0.3",
         "CVE-2018-0001 fixed;CVE-2018-0002 unknown;CVE-2018-0003 unknown;CVE-2018-0004 unknown;CVE-2018-0005 "
         "unknown;"},
        {"SSH-2.0-OpenSSH_7.6p1 Ubuntu-4",
         "CVE-2018-0001 affected;CVE-2018-0002 unknown;CVE-2018-0003 unknown;CVE-2018-0004 unknown;CVE-2018-0005 "
         "unknown;"},
        {NULL, NULL},
    };
    import("nvd.json", nvd);
    import("osv.json", osv);
    expect_judged(rows);
    // Again, as an array, with nothing new.
    char array[sizeof(osv) + 512] = "[";
    for (const char *at = osv; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        (void)snprintf(array + strlen(array), sizeof(array) - strlen(array), "%.*s%s", (int)length, at,
                       at[length + 1] != '\0' ? "," : "]");
        at += length + 1;
    }
    import("osv.json", array);
    expect_judged(rows);
}

Test(ubuntu, a_record_that_says_otherwise_takes_the_place_of_the_earlier)
{
    static const char *const rows[][2] = {
        {"SSH-2.0-OpenSSH_7.2p2 Ubuntu-4ubuntu2.10",
         "CVE-2018-0001 fixed;CVE-2018-0002 unknown;CVE-2018-0003 unknown;CVE-2018-0004 unknown;CVE-2018-0005 "
         "unknown;"},
        {NULL, NULL},
    };
    import("nvd.json", nvd);
    import("osv.json", OSV("UBUNTU-CVE-2018-0001", "", XENIAL("", "\"1:7.2p2-4ubuntu2.10\""))
                           OSV("UBUNTU-CVE-2018-0002", "", XENIAL("", "")));
    import("osv.json", OSV("UBUNTU-CVE-2018-0001", "", XENIAL(FIXED("1:7.2p2-4ubuntu2.10"), ""))
                           OSV("UBUNTU-CVE-2018-0002", "", ""));
    expect_judged(rows);
}

Test(ubuntu, of_the_real_oval)
{
    char path[512];
    struct complaint complaint;
    if (!shared_data("distro/vulnerablecode-ubuntu_oval_data.xml", path, sizeof(path)))
        cr_skip_test("no real data here");
    cr_assert_eq(folder_import(path, &complaint), 0, "%s", complaint.text);
    sqlite3 *database;
    sqlite3_stmt *rows;
    char text[128];
    (void)snprintf(text, sizeof(text), "%s/ubuntu.sqlite", folder);
    cr_assert_eq(sqlite3_open_v2(text, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    cr_assert_eq(
        sqlite3_prepare_v2(database,
                           "SELECT group_concat(package || ' ' || year || '-' || number || ' ' || release || ' ' "
                           "|| status || ' ' || fixed, '; ') FROM verdict ORDER BY package",
                           -1, &rows, NULL),
        SQLITE_OK);
    cr_assert_eq(sqlite3_step(rows), SQLITE_ROW);
    cr_expect_str_eq((const char *)sqlite3_column_text(rows, 0),
                     "potrace 2016-8703 bionic resolved 1.14-2; tor 2016-8860 bionic resolved 0.2.8.9-1ubuntu1");
    (void)sqlite3_finalize(rows);
    (void)sqlite3_close(database);
}

// ---- What is no good
// -------------------------------------------------------------------------------------------------

static void expect_refused(const char *name, const char *text, size_t length, const char *why)
{
    struct complaint complaint = {""};
    cr_expect_eq(folder_import(folder_file(name, text, length), &complaint), -EINVAL, "%s", name);
    cr_expect_not_null(strstr(complaint.text, why), "%s: %s", name, complaint.text);
}

Test(ubuntu, a_bad_file_is_named_with_its_line)
{
    static char long_tag[3 << 20];
    static char deep[4096];
    int length = snprintf(deep, sizeof(deep), "%s", oval_head);
    for (int i = 0; i < 200; i++)
        length += snprintf(deep + length, sizeof(deep) - (size_t)length, "<criteria>");
    expect_refused("deep.xml", deep, (size_t)length, "deep.xml:2: nested too deep");

    length = snprintf(long_tag, sizeof(long_tag), "%s<criterion comment=\"", oval_head);
    memset(long_tag + length, 'x', sizeof(long_tag) - (size_t)length);
    expect_refused("long.xml", long_tag, sizeof(long_tag), "a tag of more than 1 MiB");

    const char *text = oval_file(oval);
    expect_refused("cut.xml", text, strlen(text) / 2, "cut.xml:2: ");
    text = "<?xml version=\"1.0\"?>\n<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b SYSTEM \"file:///etc/passwd\">]>\n"
           "<oval_definitions>com.ubuntu.&b;</oval_definitions>";
    expect_refused("entity.xml", text, strlen(text), "entity.xml:2: declares a document type");
    text = oval_file("<definition class=\"patch\" id=\"oval:com.ubuntu.xenial:def:1\"><metadata><title>USN-1-1</title>"
                     "</metadata><criteria><criterion comment=\"openssh-server\"/></criteria></definition>");
    expect_refused("usn.xml", text, strlen(text), "take the one of CVEs");
    text = oval_file("<definition class=\"vulnerability\" id=\"oval:org.example:def:1\"/>");
    expect_refused("other.xml", text, strlen(text), "expected a definition's id with com.ubuntu.RELEASE in it");

    text = "{\"id\":\"UBUNTU-CVE-2018-0001\",\"affected\":[{\"package\":7}]}";
    expect_refused("package.json", text, strlen(text), "affected[0].package: expected an object");
    text = "{\"id\":\"UBUNTU-CVE-2018-0001\",\"affected\":[]}\n[7]";
    expect_refused("seven.json", text, strlen(text), "seven.json:2: record 0: expected an object with an id");
    expect_refused("cut.json", osv, strlen(osv) - 20, "the file ends too early");
    text = "{\"id\":\"LSN-0001-1\"}";
    expect_refused("nothing.json", text, strlen(text), "holds nothing");
}
