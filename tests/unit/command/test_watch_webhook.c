// SPDX-License-Identifier: BSD-3-Clause
// What a watch posts.
#include <string.h>

#include <criterion/criterion.h>

#include "control/command/watch_webhook.h"

static json_t *difference_of(int changes)
{
    json_t *list = json_array();
    for (int i = 0; i < changes; i++)
        json_array_append_new(list, json_pack("{s:s,s:i}", "kind", "appeared", "port", i));
    return json_pack("{s:i,s:{s:i,s:i,s:i},s:o}", "now", 7, "counts", "appeared", changes, "changed", 0,
                     "not_learnt_again", 2, "changes", list);
}

Test(watch_webhook, says_how_much_there_is_and_posts_some_of_it)
{
    for (int changes = WEBHOOK_CHANGES_MAX - 1; changes <= WEBHOOK_CHANGES_MAX + 1; changes++) {
        json_t *difference = difference_of(changes);
        json_t *body = webhook_body("rounds/1", difference);
        const json_t *posted = json_object_get(body, "difference");
        char wanted[128];
        size_t few = changes < WEBHOOK_CHANGES_MAX ? (size_t)changes : WEBHOOK_CHANGES_MAX;
        snprintf(wanted, sizeof(wanted), "sonde: news in rounds/1: %d appeared, 2 not learnt again", changes);
        cr_expect_str_eq(json_string_value(json_object_get(body, "text")), wanted);
        cr_expect_eq(json_array_size(json_object_get(posted, "changes")), few);
        cr_expect_eq(json_integer_value(json_object_get(body, "left_off")), changes - (int)few);
        cr_expect_eq(json_integer_value(json_object_get(posted, "now")), 7);
        cr_expect_eq(json_array_size(json_object_get(difference, "changes")), (size_t)changes, "ours is changed");
        json_decref(body);
        json_decref(difference);
    }
}

Test(watch_webhook, a_folder_that_is_no_utf8_is_posted_without_its_name)
{
    json_t *difference = difference_of(1);
    json_t *body = webhook_body("rounds/\xff", difference);
    cr_assert_not_null(body);
    cr_expect_str_eq(json_string_value(json_object_get(body, "folder")), "");
    json_decref(body);
    json_decref(difference);
}

Test(watch_webhook, urls_that_cannot_be)
{
    static const char *const wrong[] = {
        "",           "hooks.example", "ftp://hooks.example/", "file:///etc/passwd", "https://",
        "https:///x", "http://?x",     "http://a b/",          "http://a/\n"};
    static const char *const right[] = {"http://10.0.0.1:8080/x?y=z", "HTTPS://hooks.example", "https://[fd00::1]/"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        cr_expect_not_null(webhook_refuses(wrong[i]), "%s", wrong[i]);
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
        cr_expect_null(webhook_refuses(right[i]), "%s", right[i]);
}
