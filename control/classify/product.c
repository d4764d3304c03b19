// SPDX-License-Identifier: BSD-3-Clause
#define PCRE2_CODE_UNIT_WIDTH 8
#include "control/classify/product.h"

#include <errno.h>
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Bars for one match: far above what an honest banner needs.
enum { MATCH_LIMIT = 20000, DEPTH_LIMIT = 500, HEAP_LIMIT_KIB = 1024, GROUPS_MAX = 10 };

struct product_rule {
    pcre2_code *code;
    const struct field *field;
};

struct product_rules {
    const struct catalogue *catalogue;
    const char *strings;
    size_t string_bytes;
    pcre2_match_context *context;
    pcre2_match_data *match;
    size_t count;
    struct product_rule rules[];
};

static const char *string_at(const struct product_rules *rules, uint32_t offset)
{
    return offset < rules->string_bytes ? rules->strings + offset : "";
}

static int rule_compile(const struct product_rules *rules, const struct catalogue_product *product,
                        struct product_rule *ret_rule)
{
    const char *pattern = string_at(rules, product->pattern);
    const char *name = string_at(rules, product->field);
    const struct field *field = field_find(name);
    if (field == NULL || field->kind != FIELD_TEXT)
        return -EINVAL;
    int error;
    PCRE2_SIZE at;
    // Bytes, not UTF-8: what a server sends need not be any encoding.
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_DOTALL, &error, &at, NULL);
    if (code == NULL)
        return -EINVAL;
    *ret_rule = (struct product_rule){.code = code, .field = field};
    return 0;
}

struct product_rules *product_rules_new(const struct catalogue *catalogue, const char *strings, size_t string_bytes)
{
    int error = ENOMEM;
    struct product_rules *rules = calloc(1, sizeof(*rules) + catalogue->product_count * sizeof(rules->rules[0]));
    if (rules == NULL)
        goto out;
    *rules = (struct product_rules){.catalogue = catalogue, .strings = strings, .string_bytes = string_bytes};
    rules->context = pcre2_match_context_create(NULL);
    rules->match = pcre2_match_data_create(GROUPS_MAX, NULL);
    if (rules->context == NULL || rules->match == NULL)
        goto out;
    pcre2_set_match_limit(rules->context, MATCH_LIMIT);
    pcre2_set_depth_limit(rules->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(rules->context, HEAP_LIMIT_KIB);
    for (size_t i = 0; i < catalogue->product_count; i++) {
        error = -rule_compile(rules, &catalogue->products[i], &rules->rules[i]);
        if (error != 0)
            goto out;
        rules->count = i + 1;
    }
    return rules;
out:
    product_rules_free(rules);
    errno = error;
    return NULL;
}

void product_rules_free(struct product_rules *rules)
{
    if (rules == NULL)
        return;
    for (size_t i = 0; i < rules->count; i++)
        pcre2_code_free(rules->rules[i].code);
    pcre2_match_data_free(rules->match);
    pcre2_match_context_free(rules->context);
    free(rules);
}

// More than any field keeps, so that what does not fit is marked as cut.
enum { FILLED_MAX = 512 };

// Writes a template in which $1 to $9 stand for groups of the match. Inside a CPE name what a group brings is escaped
// (NISTIR 7695 section 6.1.2.3.2), and an empty group is "*", any.
static size_t template_fill(const struct product_rules *rules, uint32_t offset, const char *subject, int groups,
                            bool cpe, char ret_text[static FILLED_MAX])
{
    const PCRE2_SIZE *ovector = pcre2_get_ovector_pointer(rules->match);
    size_t used = 0;
    for (const char *at = string_at(rules, offset); *at != '\0' && used + 2 < FILLED_MAX; at++) {
        if (at[0] != '$' || at[1] < '1' || at[1] > '9') {
            ret_text[used++] = *at;
            continue;
        }
        int group = *++at - '0';
        bool present =
            group < groups && ovector[2 * group] != PCRE2_UNSET && ovector[2 * group] < ovector[2 * group + 1];
        if (!present && cpe)
            ret_text[used++] = '*';
        for (PCRE2_SIZE i = present ? ovector[2 * group] : 0; present && i < ovector[2 * group + 1]; i++) {
            unsigned char c = (unsigned char)subject[i];
            bool plain = (c | 32) >= 'a' ? (c | 32) <= 'z' : (c >= '0' && c <= '9');
            if (used + 2 >= FILLED_MAX)
                break;
            if (cpe && !plain && c != '_' && c != '.' && c != '-')
                ret_text[used++] = '\\';
            ret_text[used++] = (char)c;
        }
    }
    return used;
}

// What a rule leaves empty it did not learn.
static void product_fill(const struct product_rules *rules, const struct catalogue_product *from, const char *subject,
                         int groups, struct observation *observation)
{
    const struct {
        uint32_t offset;
        const struct field *field;
    } texts[] = {
        {from->vendor, FIELD(product, vendor)},
        {from->name, FIELD(product, name)},
        {from->version, FIELD(product, version)},
        {from->update, FIELD(product, update)},
        {from->distribution, FIELD(product, distribution)},
        {from->package_version, FIELD(product, package_version)},
        {from->cpe, FIELD(product, cpe)},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char filled[FILLED_MAX];
        bool cpe = texts[i].field == FIELD(product, cpe);
        size_t length = template_fill(rules, texts[i].offset, subject, groups, cpe, filled);
        if (length > 0)
            learn_text(observation, texts[i].field, filled, length);
    }
}

void product_learn(const struct product_rules *rules, struct observation *observation)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct field *field = rules->rules[i].field;
        const void *part = observation->parts[field->part];
        if (!field_known(part, field))
            continue;
        const struct text *text = field_value_const(part, field);
        int groups =
            pcre2_match(rules->rules[i].code, (PCRE2_SPTR)text->data, text->length, 0, 0, rules->match, rules->context);
        if (groups < 0)
            continue; // no match, or one of the limits
        // 0 says that the pattern has more groups than there is room for; all that templates can name are there.
        product_fill(rules, &rules->catalogue->products[i], text->data, groups == 0 ? GROUPS_MAX : groups, observation);
        return;
    }
}
