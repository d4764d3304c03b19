// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "config/keys_line.h"
#include "config/plan/plan.h"

static struct key_option options[128];

// Puts NAME TEXT pairs, up to a NULL, into an object and returns it as compact JSON.
static char *line_of(const char *const *words)
{
    size_t count = keys_options(plan_keys, "", options, 128);
    json_t *object = json_object();
    for (; *words != NULL; words += 2) {
        size_t i = 0;
        while (i < count && strcmp(options[i].name, words[0]) != 0)
            i++;
        cr_assert_lt(i, count, "no option %s", words[0]);
        cr_assert_eq(key_option_put(&options[i], words[1], object), 0);
    }
    char *text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(object);
    return text;
}

#define LINE(...) line_of((const char *const[]){__VA_ARGS__, NULL})

static void expect(char *line, const char *wanted)
{
    cr_expect_str_eq(line, wanted);
    free(line);
}

Test(keys_line, every_key_that_has_a_value_is_an_option)
{
    size_t count = keys_options(plan_keys, "", options, 128);
    for (const struct key *key = plan_keys; key->name != NULL; key++) {
        size_t found = 0;
        for (size_t i = 0; i < count; i++)
            found += options[i].key == key ||
                     (key->type == KEY_OBJECT && strncmp(options[i].path, key->name, strlen(key->name)) == 0 &&
                      options[i].path[strlen(key->name)] == '.');
        cr_expect_geq(found, 1, "%s is no option", key->name);
        cr_expect(key->type == KEY_OBJECT || found == 1, "%s is more than one", key->name);
    }
    for (size_t i = 0; i < count; i++)
        cr_expect_null(strpbrk(options[i].name, "._"), "%s", options[i].name);
}

Test(keys_line, a_word_means_what_its_key_takes)
{
    expect(LINE("rate", "20 kpps"), "{\"rate\":\"20 kpps\"}");
    expect(LINE("rate", "250"), "{\"rate\":250.0}");
    expect(LINE("cooldown", "1.5"), "{\"cooldown\":1.5}");
    expect(LINE("attempts", "2"), "{\"attempts\":2}");
    expect(LINE("attempts", "two"), "{\"attempts\":\"two\"}");
    expect(LINE("tls-matrix", "no", "ssh-host-keys", "true"), "{\"tls_matrix\":false,\"ssh_host_keys\":true}");
    expect(LINE("tls-matrix", "perhaps"), "{\"tls_matrix\":\"perhaps\"}");
    expect(LINE("seed", "9007199254740993"), "{\"seed\":9007199254740993}");
    expect(LINE("source-vlan", "7", "source-address", "10.0.0.1"),
           "{\"source\":{\"vlan\":7,\"address\":\"10.0.0.1\"}}");
    expect(LINE("shard", "1/2", "converse", "none"), "{\"shard\":\"1/2\",\"converse\":\"none\"}");
    expect(LINE("allow-reserved", "true"), "{\"allow_reserved\":true}");
}

Test(keys_line, lists_go_on_and_the_last_word_of_others_counts)
{
    expect(LINE("exclude", "10.0.0.1,10.0.0.2", "exclude", "10.1.0.0/16"),
           "{\"exclude\":[\"10.0.0.1\",\"10.0.0.2\",\"10.1.0.0/16\"]}");
    expect(LINE("device-eal", "--no-huge,-m,512"), "{\"device\":{\"eal\":[\"--no-huge\",\"-m\",\"512\"]}}");
    expect(LINE("rate", "1", "rate", "2"), "{\"rate\":2.0}");
    expect(LINE("allow-reserved", "true", "allow-reserved", "10.0.0.0/8"), "{\"allow_reserved\":[\"10.0.0.0/8\"]}");
}

Test(keys_line, paths_are_absolute_wherever_they_stand)
{
    expect(LINE("ranges", "aws=/a/b.json,azure=/c.json", "feeds", "/f", "output", "-"),
           "{\"ranges\":{\"aws\":\"/a/b.json\",\"azure\":\"/c.json\"},\"feeds\":\"/f\",\"output\":\"-\"}");
    expect(LINE("ranges", "feeds"), "{\"ranges\":\"feeds\"}");
    expect(LINE("ranges", "feeds", "ranges", "aws=/a"), "{\"ranges\":{\"aws\":\"/a\"}}");
    json_t *plan = json_loads(
        "{\"ranges\":{\"aws\":\"b.json\"},\"targets\":[\"10.0.0.0/8\",{\"file\":\"t.txt\"},{\"provider\":"
        "\"aws\"}],\"exclude\":[{\"file\":\"/x\"}],\"trust_store\":\"\",\"output\":\"out\",\"contact\":\"a@b\"}",
        0, NULL);
    cr_assert_not_null(plan);
    cr_assert_eq(keys_absolute(plan_keys, "/plans", plan), 0);
    char *text = json_dumps(plan, JSON_COMPACT | JSON_PRESERVE_ORDER);
    cr_expect_str_eq(text,
                     "{\"ranges\":{\"aws\":\"/plans/b.json\"},\"targets\":[\"10.0.0.0/8\",{\"file\":\"/plans/t.txt\"},"
                     "{\"provider\":\"aws\"}],\"exclude\":[{\"file\":\"/x\"}],\"trust_store\":\"\",\"output\":"
                     "\"/plans/out\",\"contact\":\"a@b\"}");
    free(text);
    json_decref(plan);
}
