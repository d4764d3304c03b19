// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int feed_fail(sqlite3 *database, struct complaint *ret_complaint)
{
    int code = sqlite3_errcode(database);
    (void)complain(ret_complaint, "", "", "SQLite: %s", sqlite3_errmsg(database));
    return code == SQLITE_NOMEM ? -ENOMEM : -EIO;
}

int feed_prepare(sqlite3 *database, const char *sql, sqlite3_stmt **ret_statement, struct complaint *ret_complaint)
{
    return sqlite3_prepare_v2(database, sql, -1, ret_statement, NULL) == SQLITE_OK ? 0
                                                                                   : feed_fail(database, ret_complaint);
}

int feed_step(sqlite3 *database, sqlite3_stmt *statement, struct complaint *ret_complaint)
{
    int got = sqlite3_step(statement);
    int error = got == SQLITE_DONE || got == SQLITE_ROW ? 0 : feed_fail(database, ret_complaint);
    (void)sqlite3_reset(statement);
    return error;
}

int64_t feed_time(const char *text)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"};
    for (size_t i = 0; text != NULL && i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm day = {0};
        const char *end = strptime(text, forms[i], &day);
        // What follows is a fraction or the zone of UTC.
        if (end != NULL && (*end == '\0' || *end == '.' || *end == 'Z' || *end == '+' || *end == ' '))
            return (int64_t)timegm(&day);
    }
    return 0;
}

int64_t feed_published(const char *head)
{
    // NVD 2.0 and 1.1, CISA, EPSS, Feodo (whose day comes before its time), FireHOL.
    static const char *const marks[] = {"\"timestamp\"", "\"CVE_data_timestamp\"", "\"dateReleased\"",
                                        "score_date:",   "# Last updated:",        "# Source File Date:"};
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        const char *at = strstr(head, marks[i]);
        char text[64];
        if (at == NULL)
            continue;
        at += strlen(marks[i]);
        at += strspn(at, " \t:\"");
        (void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(at, "\",\r\n"), at);
        struct tm day = {0};
        // FireHOL: "Mon Nov 25 06:20:12 UTC 2024".
        const char *end = strptime(text, "%a %b %d %H:%M:%S UTC %Y", &day);
        return end != NULL ? (int64_t)timegm(&day) : feed_time(text);
    }
    return 0;
}

bool feed_cve_read(const char *text, uint32_t *ret_year, uint32_t *ret_number)
{
    size_t digits = 0;
    if (strncmp(text, "CVE-", 4) != 0 || strspn(text + 4, "0123456789") != 4 || text[8] != '-')
        return false;
    digits = strspn(text + 9, "0123456789");
    if (digits < 4 || digits > 9 || text[9 + digits] != '\0')
        return false;
    *ret_year = (uint32_t)strtoul(text + 4, NULL, 10);
    *ret_number = (uint32_t)strtoul(text + 9, NULL, 10);
    return true;
}
