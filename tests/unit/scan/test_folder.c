// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/scan/folder.h"
#include "control/scan/output.h"
#include "tests/unit/scan/scratch.h"

static char message[512];

TestSuite(folder, .init = scratch_enter, .fini = scratch_leave);

static int opened(const char *path)
{
    int fd = -1;
    int error = folder_open(path, &fd, message);
    if (fd >= 0)
        close(fd);
    return error;
}

Test(folder, one_that_others_may_write_to_or_own_is_refused)
{
    static const struct {
        mode_t mode;
        int error;
    } rows[] = {{0755, 0}, {0700, 0}, {0775, -EACCES}, {0757, -EACCES}, {01777, -EACCES}};
    bool made = false;
    cr_assert_eq(folder_make("a/b/out", &made), 0);
    cr_assert(made);
    cr_assert_eq(folder_make("a/b/out", &made), 0);
    cr_assert_not(made);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert_eq(chmod("a/b/out", rows[i].mode), 0);
        cr_expect_eq(opened("a/b/out"), rows[i].error, "mode %o", rows[i].mode);
    }
    cr_expect_not_null(strstr(message, "chmod go-w"), "%s", message);
    cr_assert_eq(chmod("a/b/out", 0755), 0);
    if (chown("a/b/out", 1, 1) != 0)
        cr_skip_test("needs root");
    cr_expect_eq(opened("a/b/out"), -EACCES);
    cr_expect_not_null(strstr(message, "belongs to user 1"), "%s", message);
}

static void text_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static size_t bytes(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 ? (size_t)status.st_size : 0;
}

// Every name that a scan writes to, as a link to a file of root's.
Test(folder, no_result_goes_through_a_link)
{
    static const char *const names[] = {"records.jsonl",     "journal",    "summary.json",
                                        "summary.json.part", "checkpoint", "checkpoint.part"};
    char path[64];
    text_write("precious", "0123456789");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (int kind = 0; kind < 3; kind++) {
            struct output output;
            json_t *summary = json_object();
            cr_assert_eq(mkdir("out", 0755), 0);
            snprintf(path, sizeof(path), "out/%s", names[i]);
            cr_assert_eq(kind == 0   ? symlink("../precious", path)
                         : kind == 1 ? symlink("../not-there", path)
                                     : link("precious", path),
                         0);
            if (output_open(&output, "out", true, message) == 0) {
                cr_expect_eq(output_begin(&output), 0);
                cr_expect_eq(output_write_summary(&output, summary), 0);
                output_settle(&output);
                cr_expect_eq(write(output.records_fd, "x", 1), 1);
                output_close(&output);
            }
            json_decref(summary);
            cr_expect_eq(bytes("precious"), 10, "%s, kind %d", names[i], kind);
            cr_expect_neq(access("not-there", F_OK), 0, "%s", names[i]);
            cr_assert_eq(system("rm -r out"), 0);
        }
    }
}

Test(folder, its_name_may_be_moved_while_a_scan_writes)
{
    struct output output;
    json_t *summary = json_object();
    cr_assert_eq(output_open(&output, "out", false, message), 0, "%s", message);
    cr_assert_eq(output_begin(&output), 0);
    cr_assert_eq(rename("out", "elsewhere"), 0);
    cr_assert_eq(mkdir("trap", 0755), 0);
    cr_assert_eq(symlink("trap", "out"), 0);
    cr_expect_eq(output_write_summary(&output, summary), 0);
    output_settle(&output);
    output_close(&output);
    cr_expect_gt(bytes("elsewhere/summary.json"), 0);
    cr_expect_neq(access("trap/summary.json", F_OK), 0, "it went where the name leads now");
    json_decref(summary);
}

Test(folder, of_a_scan_that_has_not_begun_nothing_stays)
{
    struct output output;
    cr_assert_eq(output_open(&output, "new/out", false, message), 0, "%s", message);
    cr_assert_eq(output_begin(&output), 0);
    cr_assert_eq(write(output.journal_fd, "header", 6), 6);
    output_close(&output);
    cr_expect_neq(access("new/out", F_OK), 0);
    // Results of an earlier scan stay whatever happens before the new one begins.
    cr_assert_eq(mkdir("old", 0755), 0);
    text_write("old/records.jsonl", "{}\n");
    text_write("old/summary.json", "{}\n");
    cr_assert_eq(output_open(&output, "old", false, message), -EEXIST);
    for (int begin = 0; begin < 2; begin++) {
        cr_assert_eq(output_open(&output, "old", true, message), 0, "%s", message);
        if (begin == 1)
            cr_assert_eq(output_begin(&output), 0);
        output_close(&output);
        cr_expect_eq(bytes("old/records.jsonl"), 3);
        cr_expect_eq(bytes("old/summary.json"), 3);
        cr_expect_neq(access("old/journal", F_OK), 0);
        cr_expect_neq(access("old/records.jsonl.before", F_OK), 0);
    }
}
