// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "config/filter.h"

Test(filter, expressions_are_conditions)
{
    static const char *const rows[][2] = {
        {"service = ssh", "{\"service\":\"ssh\"}"},
        {"service == \"ssh\" and ssh.methods has password",
         "{\"all\":[{\"service\":\"ssh\"},{\"ssh.methods\":{\"has\":\"password\"}}]}"},
        {"open", "{\"open\":true}"},
        {"not open", "{\"none\":[{\"open\":true}]}"},
        {"open=false or port>1024 and port < 2000",
         "{\"any\":[{\"open\":false},{\"all\":[{\"port\":{\"above\":1024}},{\"port\":{\"below\":2000}}]}]}"},
        {"(open or port=22) and tunnel known",
         "{\"all\":[{\"any\":[{\"open\":true},{\"port\":22}]},{\"tunnel\":{\"known\":true}}]}"},
        {"tls.version in (SSLv3, TLSv1)", "{\"tls.version\":[\"SSLv3\",\"TLSv1\"]}"},
        {"http.title contains \"a \\\"b\\\" \\\\\"", "{\"http.title\":{\"contains\":\"a \\\"b\\\" \\\\\"}}"},
        {"tls.not_after before now", "{\"tls.not_after\":{\"before\":\"now\"}}"},
        {"service sensitive", "{\"service\":{\"sensitive\":true}}"},
        {"service != http", "{\"service\":{\"not\":\"http\"}}"},
        {"ip = 10.0.0.0/8", "{\"ip\":\"10.0.0.0/8\"}"},
        {"not ip in (10.0.0.1, 10.1.0.0-10.1.0.9)", "{\"none\":[{\"ip\":[\"10.0.0.1\",\"10.1.0.0-10.1.0.9\"]}]}"},
        {"notable = 1", "{\"notable\":1}"},
        {"{\"service\": \"ssh\"}", "{\"service\":\"ssh\"}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct complaint complaint = {0};
        json_t *condition = NULL;
        cr_assert_eq(filter_parse(rows[i][0], &condition, &complaint), 0, "%s: %s", rows[i][0], complaint.text);
        char *text = json_dumps(condition, JSON_COMPACT);
        cr_expect_str_eq(text, rows[i][1]);
        free(text);
        json_decref(condition);
    }
}

Test(filter, what_is_none_is_refused_with_its_place)
{
    static const char *const rows[][2] = {
        {"", "at character 1, \"\": expected a field"},
        {"service =", "at character 10, \"\": expected a value"},
        {"service = ssh and", "at character 18, \"\": expected a field"},
        {"service ssh", "at character 9, \"ssh\": expected \"and\", \"or\" or the end"},
        {"(open", "at character 6, \"\": expected \"and\", \"or\" or )"},
        {"open)", "at character 5, \")\": expected \"and\", \"or\" or the end"},
        {"service = \"ssh", "expected a text that ends with \""},
        {"service in ssh", "expected ( after \"in\""},
        {"service in (ssh", "expected , or )"},
        {"service = \xff", "expected a text in UTF-8"},
        {"((((((((((((((((((open))))))))))))))))))", "expected fewer parentheses"},
        {"{\"service\"", "no valid JSON"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct complaint complaint = {0};
        json_t *condition = NULL;
        cr_expect_eq(filter_parse(rows[i][0], &condition, &complaint), -EINVAL, "%s", rows[i][0]);
        cr_expect_not_null(strstr(complaint.text, rows[i][1]), "%s: %s", rows[i][0], complaint.text);
    }
}
