// SPDX-License-Identifier: BSD-3-Clause
// What classification keeps of what it worked out: found again, bounded, and never another banner's.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "config/catalogue_load.h"
#include "control/classify/memo.h"
#include "control/classify/product.h"

struct kept {
    struct memo_entry memo;
    int number;
};

static void keep(struct memo *memo, const char *key, int number)
{
    size_t length = strlen(key);
    struct kept *kept = malloc(sizeof(*kept) + length + 1);
    cr_assert_not_null(kept);
    *kept = (struct kept){.memo = {.key = kept + 1, .key_bytes = (uint32_t)length, .bytes = (uint32_t)sizeof(*kept)},
                          .number = number};
    memcpy(kept + 1, key, length + 1);
    memo_keep(memo, &kept->memo);
}

static int found(const struct memo *memo, const char *key)
{
    const struct kept *kept = (const struct kept *)memo_find(memo, key, strlen(key));
    return kept == NULL ? -1 : kept->number;
}

Test(memo, an_entry_is_found_by_its_whole_key)
{
    struct memo *memo = memo_new();
    cr_assert_not_null(memo);
    cr_expect_eq(found(memo, ""), -1);
    keep(memo, "SSH-2.0-OpenSSH_7.4", 1);
    keep(memo, "SSH-2.0-OpenSSH_7.4p1", 2);
    keep(memo, "", 3);
    cr_expect_eq(found(memo, "SSH-2.0-OpenSSH_7.4"), 1);
    cr_expect_eq(found(memo, "SSH-2.0-OpenSSH_7.4p1"), 2);
    cr_expect_eq(found(memo, ""), 3);
    cr_expect_eq(found(memo, "SSH-2.0-OpenSSH_7."), -1);
    cr_expect_eq(memo_find(memo, "SSH-2.0-OpenSSH_7.4\0\0\0", 22), NULL, "NULs behind it are another key");
    memo_free(memo);
}

Test(memo, what_a_stranger_makes_up_has_an_end_and_a_hint_notices)
{
    struct memo *memo = memo_new();
    char key[32];
    size_t there = 0;
    cr_assert_not_null(memo);
    keep(memo, "first", 0);
    const struct memo_hint hint = memo_hint(memo, memo_find(memo, "first", 5));
    cr_expect_not_null(memo_recall(memo, &hint));
    cr_expect_null(memo_recall(memo, &(struct memo_hint){0}));
    for (int i = 1; i <= 100000; i++) {
        (void)snprintf(key, sizeof(key), "banner %d", i);
        keep(memo, key, i);
    }
    cr_expect_eq(found(memo, "banner 100000"), 100000, "the last one is there");
    for (int i = 1; i <= 100000; i++) {
        (void)snprintf(key, sizeof(key), "banner %d", i);
        there += found(memo, key) == i;
    }
    cr_expect_leq(there, 8192);
    cr_expect_null(memo_recall(memo, &hint), "what has gone is not recalled");
    memo_free(memo);
}

// A rule of one field, and one of a component of another.
struct rules {
    struct string_table strings;
    struct catalogue_storage storage;
    struct catalogue catalogue;
    struct product_rules *rules;
};

static void rules_begin(struct rules *own)
{
    static const char text[] =
        "{\"products\":[{\"field\":\"http.server\",\"pattern\":\"^Serv/([0-9.]+)\",\"vendor\":\"v\",\"name\":\"serv\","
        "\"version\":\"$1\",\"cpe\":\"cpe:2.3:a:v:serv:$1:*:*:*:*:*:*:*\"},{\"field\":\"http.powered_by\",\"pattern\":"
        "\"^Mod/([0-9.]+)\",\"vendor\":\"v\",\"name\":\"mod\",\"version\":\"$1\",\"component\":true,\"cpe\":"
        "\"cpe:2.3:a:v:mod:$1:*:*:*:*:*:*:*\"}]}";
    struct input input = {.text = (char *)(uintptr_t)text, .length = sizeof(text) - 1};
    struct complaint complaint = {""};
    *own = (struct rules){0};
    cr_assert_eq(string_table_init(&own->strings), 0);
    cr_assert_eq(catalogue_read(&own->storage, CATALOGUE_PRODUCTS, "own", &input, &own->strings, &complaint), 0, "%s",
                 complaint.text);
    own->catalogue = (struct catalogue){.products = own->storage.products, .product_count = own->storage.product_count};
    own->rules = product_rules_new(&own->catalogue, own->strings.bytes, own->strings.length);
    cr_assert_not_null(own->rules);
}

static void rules_end(struct rules *own)
{
    product_rules_free(own->rules);
    catalogue_storage_fini(&own->storage);
    string_table_fini(&own->strings);
}

// "serv 1.2, mod 3" of what a server says; empty: it does not say it.
static void expect(const struct rules *own, const char *server, const char *powered_by, const char *wanted)
{
    struct observation observation;
    char text[256] = "";
    observation_init(&observation);
    learn_number(&observation, FIELD(root, port), 80);
    if (server[0] != '\0')
        learn_word(&observation, FIELD(http, server), server);
    if (powered_by[0] != '\0')
        learn_word(&observation, FIELD(http, powered_by), powered_by);
    (void)product_learn(own->rules, &observation);
    if (observation.product != NULL)
        (void)snprintf(text, sizeof(text), "%s %s", text_of(&observation.product->name),
                       text_of(&observation.product->version));
    const struct component_observation *components = observation.root->components.items;
    for (uint32_t i = 0; i < observation.root->components.count; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), ", %s %s", text_of(&components[i].name),
                       text_of(&components[i].version));
    cr_expect_str_eq(text, wanted, "%s, %s: %s, not %s", server, powered_by, text, wanted);
    cr_expect_eq(observation.root->known.components, observation.root->components.count > 0);
    observation_fini(&observation);
}

Test(memo, a_product_is_that_of_its_own_banner_the_second_time_too)
{
    struct rules own;
    rules_begin(&own);
    for (int i = 0; i < 3; i++) {
        expect(&own, "Serv/1.2", "", "serv 1.2");
        expect(&own, "Serv/1.2", "Mod/3", "serv 1.2, mod 3");
        expect(&own, "", "Mod/3", ", mod 3");
        expect(&own, "Mod/3", "", "");
        expect(&own, "Serv/1.3", "Mod/3", "serv 1.3, mod 3");
        expect(&own, "Serv/1.3", "Serv/1.2", "serv 1.3");
    }
    product_rules_forget(own.rules);
    expect(&own, "Serv/1.2", "Mod/3", "serv 1.2, mod 3");
    rules_end(&own);
}

Test(memo, what_was_cut_is_not_kept_and_long_texts_are_read_each_time)
{
    struct rules own;
    char text[2000];
    rules_begin(&own);
    memset(text, '1', sizeof(text));
    memcpy(text, "Serv/", 5);
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < 2; i++) {
        struct observation observation;
        observation_init(&observation);
        learn_number(&observation, FIELD(root, port), 80);
        learn_word(&observation, FIELD(http, server), text);
        cr_expect_null(product_learn(own.rules, &observation));
        cr_assert_not_null(observation.product);
        cr_expect(observation.product->cut.version);
        observation_fini(&observation);
    }
    rules_end(&own);
}
