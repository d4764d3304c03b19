// SPDX-License-Identifier: BSD-3-Clause
// From banners to verdicts, checked by hand against the vendors' advisories: what is named, which rows follow.
#include "clouds.h"
#include "tests/unit/feeds/scene.h"

TestSuite(checked, .init = folder_begin, .fini = folder_end, .timeout = 240);

#define NONE NULL

struct checked {
    const char *field;
    const char *banner;
    const char *cve;
    const char *status; // of its row; NONE: there is none
};

// The row's status; NULL when there is none.
static const char *status_of(struct scene *scene, const struct checked *row, char ret_status[static 16])
{
    struct observation observation;
    bool found = false;
    observation_init(&observation);
    learn_word(&observation, FIELD(root, service), "any");
    learn_word(&observation, field_find(row->field), row->banner);
    classify(scene->classifier, &observation, 1700000000);
    const struct vulnerabilities_observation *part = observation.vulnerabilities;
    cr_expect(part != NULL && text_is(&part->state, "evaluated"), "%s is not evaluated", row->banner);
    for (uint32_t i = 0; part != NULL && i < part->cves.count; i++) {
        const struct cve_observation *cve = &((const struct cve_observation *)part->cves.items)[i];
        if (!text_is(&cve->id, row->cve))
            continue;
        (void)snprintf(ret_status, 16, "%s", text_of(&cve->status));
        found = true;
    }
    observation_fini(&observation);
    return found ? ret_status : NULL;
}

static void expect_checked(struct scene *scene, const struct checked *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char room[16];
        const char *status = status_of(scene, &rows[i], room);
        bool same =
            status == NULL || rows[i].status == NONE ? status == rows[i].status : strcmp(status, rows[i].status) == 0;
        cr_expect(same, "%s, %s: %s instead of %s", rows[i].banner, rows[i].cve, status == NULL ? "none" : status,
                  rows[i].status == NONE ? "none" : rows[i].status);
    }
}

// The versions on both sides of each bound that the vendor's advisory names.
static const struct checked of_nvd[] = {
    {"http.server", "nginx/1.18.0", "CVE-2021-23017", "affected"},
    {"http.server", "nginx/1.20.0", "CVE-2021-23017", "affected"},
    {"http.server", "nginx/1.20.1", "CVE-2021-23017", NONE},
    {"http.server", "nginx/1.18.0 (Ubuntu)", "CVE-2021-23017", "unknown"},
    {"http.server", "nginx/1.4.0", "CVE-2013-2028", "affected"},
    {"http.server", "nginx/1.4.1", "CVE-2013-2028", NONE},
    {"http.server", "nginx/1.13.2", "CVE-2017-7529", "affected"},
    {"http.server", "nginx/1.13.3", "CVE-2017-7529", NONE},
    {"http.server", "lighttpd/1.4.34", "CVE-2014-2323", "affected"},
    {"http.server", "lighttpd/1.4.35", "CVE-2014-2323", NONE},
    {"http.server", "lighttpd/1.4.49", "CVE-2018-19052", "affected"},
    {"http.server", "lighttpd/1.4.50", "CVE-2018-19052", NONE},
    // NVD lists versions, and not the last two that the advisory has.
    {"mysql.version", "5.5.21", "CVE-2012-2122", "affected"},
    {"mysql.version", "5.5.24-log", "CVE-2012-2122", NONE},
    {"mysql.version", "5.7.14", "CVE-2016-6662", "affected"},
    {"mysql.version", "5.7.16", "CVE-2016-6662", NONE},
    {"mysql.version", "5.5.5-10.1.16-MariaDB", "CVE-2016-6662", "affected"},
    {"mysql.version", "5.5.5-10.1.17-MariaDB", "CVE-2016-6662", NONE},
    {"mysql.version", "5.5.5-10.5.8-MariaDB-log", "CVE-2021-27928", "affected"},
    {"mysql.version", "5.5.5-10.5.9-MariaDB-log", "CVE-2021-27928", NONE},
    // NVD has one range from 9.3 to 10.0, where the advisory has the last version of each branch.
    {"postgresql.version", "9.6.7", "CVE-2018-1058", "affected"},
    {"postgresql.version", "9.6.8", "CVE-2018-1058", "affected"},
    {"postgresql.version", "9.2.24", "CVE-2018-1058", NONE},
    {"postgresql.version", "10.3", "CVE-2018-1058", NONE},
    {"postgresql.version", "11.2", "CVE-2019-9193", "affected"},
    {"ssh.identification", "SSH-2.0-dropbear_2016.73", "CVE-2016-7406", "affected"},
    {"ssh.identification", "SSH-2.0-dropbear_2016.74", "CVE-2016-7406", NONE},
    {"ssh.identification", "SSH-2.0-dropbear_0.53.1", "CVE-2012-0920", "affected"},
    {"ssh.identification", "SSH-2.0-dropbear_2012.55", "CVE-2012-0920", NONE},
    {"ftp.greeting", "220 (vsFTPd 2.3.2)", "CVE-2011-0762", "affected"},
    {"ftp.greeting", "220 (vsFTPd 2.3.4)", "CVE-2011-0762", NONE},
    {"ftp.greeting", "220 (vsFTPd 2.3.4)", "CVE-2011-2523", "affected"},
    {"ftp.greeting", "220 (vsFTPd 2.3.5)", "CVE-2011-2523", NONE},
    {"ftp.greeting", "220 (vsFTPd 3.0.2)", "CVE-2015-1419", "affected"},
    {"ftp.greeting", "220 (vsFTPd 3.0.3)", "CVE-2015-1419", NONE},
    {"ftp.greeting", "220 ProFTPD 1.3.5 Server (ProFTPD) [10.0.0.1]", "CVE-2015-3306", "affected"},
    {"ftp.greeting", "220 ProFTPD 1.3.5a Server (ProFTPD) [10.0.0.1]", "CVE-2015-3306", NONE},
    {"ftp.greeting", "220 ProFTPD 1.3.5 Server (Debian) [10.0.0.1]", "CVE-2015-3306", "unknown"},
    {"ftp.greeting", "220 ProFTPD 1.3.3a Server (ProFTPD) [10.0.0.1]", "CVE-2010-4221", "affected"},
    {"ftp.greeting", "220 ProFTPD 1.3.3c Server (ProFTPD) [10.0.0.1]", "CVE-2010-4221", NONE},
    {"ftp.greeting", "220 ProFTPD 1.3.2rc3 Server (ProFTPD) [10.0.0.1]", "CVE-2010-4221", "affected"},
    {"redis.version", "3.0.1", "CVE-2015-4335", "affected"},
    {"redis.version", "3.0.2", "CVE-2015-4335", NONE},
    {"redis.version", "6.0.14", "CVE-2021-32761", "affected"},
    {"redis.version", "6.0.15", "CVE-2021-32761", NONE},
    {"http.server", "Apache/2.4.49 (Unix) OpenSSL/1.0.1f", "CVE-2014-0160", "affected"},
    {"http.server", "Apache/2.4.49 (Unix) OpenSSL/1.0.1g", "CVE-2014-0160", NONE},
};

Test(checked, against_the_records_of_nvd)
{
    static const char *const products[] = {"nginx",  "lighttpd", "mysql", "mariadb", "postgresql",        "dropbear",
                                           "vsftpd", "proftpd",  "redis", "openssl", "apache-http_server"};
    struct scene scene;
    for (size_t i = 0; i < sizeof(products) / sizeof(products[0]); i++) {
        char name[64];
        char path[512];
        struct complaint complaint;
        (void)snprintf(name, sizeof(name), "nvd/nvd20-%s.json", products[i]);
        if (!shared_data(name, path, sizeof(path)))
            cr_skip_test("no real data here");
        cr_assert_eq(folder_import(path, &complaint), 0, "%s", complaint.text);
    }
    scene_begin(&scene);
    expect_checked(&scene, of_nvd, sizeof(of_nvd) / sizeof(of_nvd[0]));
    scene_end(&scene);
}

// ---- Products of which we have no records but those of our own making
// ------------------------------------------------------------------------------------------------------

// The versions that an advisory names. Ranges of one CVE stand together.
struct range {
    const char *cve;
    const char *product;
    const char *from; // NULL: any
    const char *end;
    bool included; // the end
};

static const struct range advisories[] = {
    {"CVE-2019-9511", "f5:nginx", "1.9.5", "1.16.1", false},
    {"CVE-2019-9511", "f5:nginx", "1.17.0", "1.17.2", true},
    {"CVE-2022-41741", "f5:nginx", "1.1.3", "1.22.1", false},
    {"CVE-2022-41741", "f5:nginx", "1.23.0", "1.23.2", false},
    {"CVE-2022-22707", "lighttpd:lighttpd", "1.4.46", "1.4.63", true},
    {"CVE-2023-5869", "postgresql:postgresql", "11.0", "11.22", false},
    {"CVE-2023-5869", "postgresql:postgresql", "15.0", "15.5", false},
    {"CVE-2023-48795", "dropbear_ssh_project:dropbear_ssh", NULL, "2022.83", false},
    {"CVE-2023-28425", "redis:redis", "7.0.8", "7.0.10", false},
    {"CVE-2021-41773", "apache:http_server", "2.4.49", "2.4.49", true},
    {"CVE-2021-42013", "apache:http_server", "2.4.49", "2.4.50", true},
    {"CVE-2022-3602", "openssl:openssl", "3.0.0", "3.0.7", false},
    {"CVE-2019-11043", "php:php", "7.1.0", "7.1.33", false},
    {"CVE-2019-11043", "php:php", "7.2.0", "7.2.24", false},
    {"CVE-2019-11043", "php:php", "7.3.0", "7.3.11", false},
    {"CVE-2012-1823", "php:php", NULL, "5.3.12", false},
    {"CVE-2012-1823", "php:php", "5.4.0", "5.4.2", false},
    {"CVE-2019-10149", "exim:exim", "4.87", "4.91", true},
    {"CVE-2019-15846", "exim:exim", NULL, "4.92.2", false},
    {"CVE-2018-6789", "exim:exim", NULL, "4.90.1", false},
    {"CVE-2023-51764", "postfix:postfix", NULL, "3.5.23", false},
    {"CVE-2023-51764", "postfix:postfix", "3.6.0", "3.6.13", false},
    {"CVE-2023-51764", "postfix:postfix", "3.7.0", "3.7.9", false},
    {"CVE-2023-51764", "postfix:postfix", "3.8.0", "3.8.4", false},
};

enum { ADVISORIES = sizeof(advisories) / sizeof(advisories[0]), FEED_BYTES = 16 << 10 };

// As NVD's API 2.0 writes them.
static void feed_write(char text[static FEED_BYTES])
{
    FILE *out = fmemopen(text, FEED_BYTES, "w");
    fputs("{\"format\":\"NVD_CVE\",\"vulnerabilities\":[", out);
    for (size_t i = 0; i < ADVISORIES; i++) {
        const struct range *range = &advisories[i];
        bool first = i == 0 || strcmp(advisories[i - 1].cve, range->cve) != 0;
        bool last = i + 1 == ADVISORIES || strcmp(advisories[i + 1].cve, range->cve) != 0;
        if (first)
            fprintf(out,
                    "%s{\"cve\":{\"id\":\"%s\",\"published\":\"2018-01-02T00:00:00\",\"lastModified\":"
                    "\"2018-02-02T00:00:00\",\"configurations\":[{\"nodes\":[{\"operator\":\"OR\",\"negate\":false,"
                    "\"cpeMatch\":[",
                    i == 0 ? "" : ",", range->cve);
        fprintf(out, "{\"vulnerable\":true,\"criteria\":\"cpe:2.3:a:%s:*:*:*:*:*:*:*:*\",", range->product);
        if (range->from != NULL)
            fprintf(out, "\"versionStartIncluding\":\"%s\",", range->from);
        fprintf(out, "\"versionEnd%s\":\"%s\"}%s", range->included ? "Including" : "Excluding", range->end,
                last ? "]}]}]}}" : ",");
    }
    fputs("]}", out);
    cr_assert_eq(ferror(out), 0);
    cr_assert_eq(fclose(out), 0);
}

static const struct checked of_ours[] = {
    {"http.server", "nginx/1.16.0", "CVE-2019-9511", "affected"},
    {"http.server", "nginx/1.16.1", "CVE-2019-9511", NONE},
    {"http.server", "nginx/1.17.2", "CVE-2019-9511", "affected"},
    {"http.server", "nginx/1.17.3", "CVE-2019-9511", NONE},
    {"http.server", "nginx/1.22.0", "CVE-2022-41741", "affected"},
    {"http.server", "nginx/1.22.1", "CVE-2022-41741", NONE},
    {"http.server", "lighttpd/1.4.63", "CVE-2022-22707", "affected"},
    {"http.server", "lighttpd/1.4.64", "CVE-2022-22707", NONE},
    {"postgresql.version", "15.4", "CVE-2023-5869", "affected"},
    {"postgresql.version", "15.5", "CVE-2023-5869", NONE},
    {"ssh.identification", "SSH-2.0-dropbear_2022.82", "CVE-2023-48795", "affected"},
    {"ssh.identification", "SSH-2.0-dropbear_2024.84", "CVE-2023-48795", NONE},
    {"redis.version", "7.0.9", "CVE-2023-28425", "affected"},
    {"redis.version", "7.0.10", "CVE-2023-28425", NONE},
    {"http.server", "Apache/2.4.49 (Unix)", "CVE-2021-41773", "affected"},
    {"http.server", "Apache/2.4.50 (Unix)", "CVE-2021-41773", NONE},
    {"http.server", "Apache/2.4.50 (Unix)", "CVE-2021-42013", "affected"},
    {"http.server", "Apache/2.4.54 (Win64) OpenSSL/3.0.6", "CVE-2022-3602", "affected"},
    {"http.server", "Apache/2.4.54 (Win64) OpenSSL/3.0.7", "CVE-2022-3602", NONE},
    {"http.server", "Apache/2.4.54 (Win64) OpenSSL/1.1.1q", "CVE-2022-3602", NONE},
    {"http.powered_by", "PHP/7.1.32", "CVE-2019-11043", "affected"},
    {"http.powered_by", "PHP/7.1.33", "CVE-2019-11043", NONE},
    {"http.powered_by", "PHP/7.2.23", "CVE-2019-11043", "affected"},
    {"http.powered_by", "PHP/7.2.24-0ubuntu0.18.04.17", "CVE-2019-11043", NONE},
    {"http.powered_by", "PHP/7.2.19-0ubuntu0.18.04.2", "CVE-2019-11043", "unknown"},
    {"http.powered_by", "PHP/7.0.33", "CVE-2019-11043", NONE},
    {"http.server", "Apache/2.4.41 (Unix) PHP/7.3.10", "CVE-2019-11043", "affected"},
    {"http.server", "Apache/2.4.41 (Unix) PHP/7.3.11", "CVE-2019-11043", NONE},
    {"http.server", "Apache/2.2.15 (CentOS) PHP/5.3.3", "CVE-2012-1823", "unknown"},
    {"http.powered_by", "PHP/5.4.1", "CVE-2012-1823", "affected"},
    {"http.powered_by", "PHP/5.3.12", "CVE-2012-1823", NONE},
    {"smtp.greeting", "220 mx.example ESMTP Exim 4.87 Mon, 01 Jan 2018 00:00:00 +0000", "CVE-2019-10149", "affected"},
    {"smtp.greeting", "220 mx.example ESMTP Exim 4.91 Mon, 01 Jan 2018 00:00:00 +0000", "CVE-2019-10149", "affected"},
    {"smtp.greeting", "220 mx.example ESMTP Exim 4.92 Mon, 01 Jan 2018 00:00:00 +0000", "CVE-2019-10149", NONE},
    {"smtp.greeting", "220 mx.example ESMTP Exim 4.90_1 Ubuntu Mon, 01 Jan 2018 00:00:00 +0000", "CVE-2019-10149",
     "unknown"},
    {"smtp.greeting", "220 mx.example ESMTP Exim 4.90_1 Mon, 01 Jan 2018 00:00:00 +0000", "CVE-2018-6789", NONE},
    {"smtp.greeting", "220 mx.example ESMTP Exim 4.90 Mon, 01 Jan 2018 00:00:00 +0000", "CVE-2018-6789", "affected"},
    {"smtp.greeting", "220 mx.example ESMTP Exim 4.92.1 Mon, 01 Jan 2018 00:00:00 +0000", "CVE-2019-15846", "affected"},
    {"smtp.greeting", "220 mx.example ESMTP Exim 4.92.2 Mon, 01 Jan 2018 00:00:00 +0000", "CVE-2019-15846", NONE},
    {"smtp.greeting", "220 mx.example ESMTP Postfix (3.5.22)", "CVE-2023-51764", "affected"},
    {"smtp.greeting", "220 mx.example ESMTP Postfix (3.5.23)", "CVE-2023-51764", NONE},
    {"smtp.greeting", "220 mx.example ESMTP Postfix (3.7.8)", "CVE-2023-51764", "affected"},
    {"smtp.greeting", "220 mx.example ESMTP Postfix (3.7.9)", "CVE-2023-51764", NONE},
};

Test(checked, against_the_bounds_of_advisories)
{
    struct scene scene;
    char feed[FEED_BYTES];
    feed_write(feed);
    import("nvd.json", feed);
    scene_begin(&scene);
    expect_checked(&scene, of_ours, sizeof(of_ours) / sizeof(of_ours[0]));
    scene_end(&scene);
}
