// SPDX-License-Identifier: BSD-3-Clause
// Records in the formats of other programs, with bytes in them that mean something there.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <unistd.h>

#include "control/record/record.h"
#include "control/report/export.h"

static const char *const lines[] = {
    "{\"schema\":2,\"scan\":\"s\",\"time\":\"2026-11-27T10:00:00.000Z\",\"ip\":\"10.0.0.2\",\"port\":22,\"transport\":"
    "\"tcp\",\"name\":\"a.example\","
    "\"service\":\"ssh\",\"open\":false,\"outcome\":\"complete\",\"findings\":[\"ssh-password-login\",\"exposed-ssh\"],"
    "\"suspect\":[],"
    "\"product\":{\"name\":\"OpenSSH\",\"version\":\"9.2\",\"cpe\":\"cpe:2.3:a:openbsd:openssh:9.2:p1:*:*:*:*:*:*\"},"
    "\"ssh\":{\"methods\":[\"publickey\",\"password\"]}}",
    "{\"schema\":2,\"scan\":\"s\",\"time\":\"2026-11-27T10:00:01.500Z\",\"ip\":\"10.0.0.1\",\"port\":443,\"transport\":"
    "\"tcp\","
    "\"service\":\"http\",\"tunnel\":\"tls\",\"outcome\":\"complete\",\"findings\":[],\"suspect\":[],"
    "\"product\":{\"name\":\"<b>&\\\"'\\u001b[31m\\u0000\"},\"http\":{\"title\":\"=cmd|'/C calc'!A0\\u001b[2J\\u009b1m "
    "\\\"x\\\"\"}}",
    "{\"schema\":2,\"scan\":\"s\",\"time\":\"2026-11-27T10:00:02.000Z\",\"ip\":\"10.0.0.2\",\"port\":80,\"transport\":"
    "\"tcp\",\"name\":\"a.example\","
    "\"outcome\":\"not_recognised\",\"banner\":\"a\\u000d\\u000ab\",\"findings\":[],\"suspect\":[]}",
};

// All lines in a format; fields are paths with commas, "" = none.
static char *exported_to(enum export_format format, const char *paths, const char *path)
{
    struct export_field fields[EXPORT_FIELDS_MAX] = {0};
    size_t count = 0;
    char *text = NULL;
    size_t length = 0;
    char *copy = strdup(paths);
    char *rest = copy;
    for (char *at = strsep(&rest, ","); at != NULL && at[0] != '\0'; at = strsep(&rest, ",")) {
        snprintf(fields[count].path, sizeof(fields[count].path), "%s", at);
        fields[count].field = field_find(at);
        cr_assert_not_null(fields[count++].field, "%s", at);
    }
    FILE *out = open_memstream(&text, &length);
    struct export *export = export_new(
        format, fields, count, &(struct export_place){.out = out, .path = path, .arguments = "sonde export \"a\" <b>"});
    cr_assert_not_null(export);
    cr_assert_eq(export_begin(export), 0);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct observation observation;
        char *line = strdup(lines[i]);
        observation_init(&observation);
        cr_assert_eq(record_read(line, strlen(line), &observation, NULL, NULL), 0, "line %zu", i);
        cr_assert_eq(export_record(export, &observation), 0);
        observation_fini(&observation);
        free(line);
    }
    cr_assert_eq(export_end(export), 0);
    export_free(export);
    fclose(out);
    free(copy);
    return text;
}

static char *exported(enum export_format format, const char *paths)
{
    return exported_to(format, paths, NULL);
}

// All rows of a question to the database, a line each, "-" for NULL.
static char *answered(const char *path, const char *sql)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *rows = NULL;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    cr_assert_eq(sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(database, sql, -1, &rows, NULL), SQLITE_OK, "%s", sqlite3_errmsg(database));
    while (sqlite3_step(rows) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(rows); i++) {
            const unsigned char *cell = sqlite3_column_text(rows, i);
            fprintf(out, "%s%s", i > 0 ? "|" : "", cell == NULL ? "-" : (const char *)cell);
        }
        fputc('\n', out);
    }
    fclose(out);
    sqlite3_finalize(rows);
    sqlite3_close(database);
    return text;
}

static void expect_answer(const char *path, const char *sql, const char *expected)
{
    char *text = answered(path, sql);
    cr_expect_str_eq(text, expected, "%s", sql);
    free(text);
}

Test(export, a_sqlite_file_has_a_column_a_field_and_null_for_what_was_not_learnt)
{
    char path[] = "/tmp/sonde-export-XXXXXX";
    close(mkstemp(path));
    free(exported_to(EXPORT_SQLITE, "ip,port,ssh.methods,open,http.title,ip", path));
    expect_answer(path, "SELECT * FROM record ORDER BY port",
                  "10.0.0.2|22|[\"publickey\",\"password\"]|0|-\n10.0.0.2|80|-|-|-\n"
                  "10.0.0.1|443|-|-|=cmd|'/C calc'!A0\x1b[2J\xc2\x9b"
                  "1m \"x\"\n");
    expect_answer(path, "SELECT typeof(port), typeof(open), typeof(ip) FROM record WHERE port = 22",
                  "integer|integer|text\n");
    expect_answer(path, "SELECT value FROM record, json_each(\"ssh.methods\")", "publickey\npassword\n");
    expect_answer(path, "SELECT name FROM sqlite_master WHERE type = 'index'", "record_ip\n");
    expect_answer(path, "PRAGMA integrity_check", "ok\n");
    unlink(path);
}

Test(export, a_sqlite_file_without_fields_has_the_usual_ones_and_each_record_whole)
{
    char path[] = "/tmp/sonde-export-XXXXXX";
    close(mkstemp(path));
    free(exported_to(EXPORT_SQLITE, "", path));
    expect_answer(path, "SELECT ip, service, \"product.version\", time FROM record WHERE port = 22",
                  "10.0.0.2|ssh|9.2|2026-11-27T10:00:00.000Z\n");
    char *text = answered(path, "SELECT record FROM record WHERE port = 22");
    cr_expect_eq(strncmp(text, lines[0], strlen(lines[0])), 0, "%s", text);
    cr_expect_eq(strlen(text), strlen(lines[0]) + 1);
    free(text);
    expect_answer(path, "SELECT count(*), sum(json_valid(record)) FROM record", "3|3\n");
    unlink(path);
}

Test(export, a_sqlite_file_that_cannot_be_written_is_an_error)
{
    const struct export_place place = {.path = "/nonexistent/folder/file"};
    struct export *export = export_new(EXPORT_SQLITE, (struct export_field[1]){0}, 0, &place);
    cr_assert_not_null(export);
    cr_expect_eq(export_begin(export), -EIO);
    export_free(export);
}

Test(export, lines_of_json_are_the_records_or_the_fields_asked_for)
{
    char *text = exported(EXPORT_JSONL, "");
    char *second = strchr(text, '\n') + 1;
    cr_expect_eq(strncmp(text, lines[0], strlen(lines[0])), 0, "%s", text);
    cr_expect_not_null(strstr(second, "\"ip\":\"10.0.0.1\""));
    free(text);
    text = exported(EXPORT_JSONL, "ip,ssh.methods,open");
    cr_expect_str_eq(text, "{\"ip\":\"10.0.0.2\",\"ssh.methods\":[\"publickey\",\"password\"],\"open\":false}\n"
                           "{\"ip\":\"10.0.0.1\"}\n{\"ip\":\"10.0.0.2\"}\n");
    free(text);
}

Test(export, csv_has_a_cell_for_each_field_and_nothing_that_is_obeyed)
{
    char *text = exported(EXPORT_CSV, "port,ssh.methods,http.title,time,banner,open");
    cr_expect_str_eq(text, "port,ssh.methods,http.title,time,banner,open\r\n"
                           "22,\"publickey; password\",,2026-11-27T10:00:00.000Z,,false\r\n"
                           "443,,\"'=cmd|'/C calc'!A0\\x1b[2J\\xc2\\x9b"
                           "1m \"\"x\"\"\",2026-11-27T10:00:01.500Z,,\r\n"
                           "80,,,2026-11-27T10:00:02.000Z,\"a\r\nb\",\r\n");
    free(text);
    text = exported(EXPORT_CSV, "");
    cr_expect_eq(strncmp(text, "ip,port,transport,service,", 26), 0, "%s", text);
    free(text);
}

Test(export, xml_is_that_of_nmap_with_a_host_for_each_address)
{
    char *text = exported(EXPORT_XML, "");
    const char *first = strstr(text, "<host>");
    const char *second = first == NULL ? NULL : strstr(first + 1, "<host>");
    cr_assert_not_null(second, "%s", text);
    cr_expect_null(strstr(second + 1, "<host>"), "%s", text);
    cr_expect_not_null(strstr(text, "<nmaprun scanner=\"sonde\" args=\"sonde export &quot;a&quot; &lt;b&gt;\" start="));
    const char *http =
        strstr(first, "<service name=\"http\" product=\"&lt;b&gt;&amp;&quot;'\\x1b[31m\" tunnel=\"ssl\"");
    cr_expect(http != NULL && http < second, "%s", text);
    cr_expect_not_null(strstr(second, "<cpe>cpe:/a:openbsd:openssh:9.2</cpe>"), "%s", text);
    cr_expect_not_null(strstr(second, "<script id=\"sonde-findings\" output=\"ssh-password-login, exposed-ssh\"/>"),
                       "%s", text);
    cr_expect_not_null(strstr(second, "<hostnames><hostname name=\"a.example\" type=\"user\"/></hostnames>"), "%s",
                       text);
    const char *names = strstr(first, "<hostnames>");
    cr_expect(names > second, "10.0.0.1 has none: %s", text);
    const char *ssh = strstr(second, "portid=\"22\"");
    const char *banner = strstr(second, "portid=\"80\"");
    cr_expect(ssh != NULL && banner != NULL && ssh < banner, "%s", text);
    cr_expect_not_null(strstr(text, "<hosts up=\"2\" down=\"0\" total=\"2\"/>"), "%s", text);
    cr_expect_null(strchr(text, '\033'));
    free(text);
}
