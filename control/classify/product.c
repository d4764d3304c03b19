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

enum observed { OBSERVED_SSH = 0, OBSERVED_TLS, OBSERVED_HTTP };

// The fields that a rule may look at: all of CATALOGUE_FIELDS (a test compares the two).
static const struct {
    const char *name;
    enum observed part;
    size_t offset;
    size_t size;
} observed_fields[] = {
#define SSH(member)                                                                                                    \
    {                                                                                                                  \
        "ssh." #member, OBSERVED_SSH, offsetof(struct ssh_observation, member),                                        \
            sizeof(((struct ssh_observation *)NULL)->member)                                                           \
    }
#define TLS(member)                                                                                                    \
    {                                                                                                                  \
        "tls." #member, OBSERVED_TLS, offsetof(struct tls_observation, member),                                        \
            sizeof(((struct tls_observation *)NULL)->member)                                                           \
    }
#define HTTP(member)                                                                                                   \
    {                                                                                                                  \
        "http." #member, OBSERVED_HTTP, offsetof(struct http_observation, member),                                     \
            sizeof(((struct http_observation *)NULL)->member)                                                          \
    }
    SSH(identification), SSH(software), SSH(comment), HTTP(server),
    HTTP(title),         TLS(subject),  TLS(issuer),  HTTP(location),
};
enum { OBSERVED_FIELDS = sizeof(observed_fields) / sizeof(observed_fields[0]) };

struct product_rule {
    pcre2_code *code;
    size_t field; // in observed_fields
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
    size_t field = 0;
    while (field < OBSERVED_FIELDS && strcmp(observed_fields[field].name, name) != 0)
        field++;
    if (field == OBSERVED_FIELDS)
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

// The text of a field, NULL when its part was not observed.
static const char *field_text(const struct observation *observation, size_t field, size_t *ret_length)
{
    const void *parts[] = {observation->ssh, observation->tls, observation->http};
    const char *base = parts[observed_fields[field].part];
    if (base == NULL || base[observed_fields[field].offset] == '\0')
        return NULL;
    *ret_length = strnlen(base + observed_fields[field].offset, observed_fields[field].size);
    return base + observed_fields[field].offset;
}

struct text_out {
    char *data;
    size_t size;
};

// Writes a template in which $1 to $9 stand for groups of the match. Inside a CPE name what a group brings is escaped
// (NISTIR 7695 section 6.1.2.3.2), and an empty group is "*", any.
static void template_fill(const struct product_rules *rules, uint32_t offset, const char *subject, int groups, bool cpe,
                          struct text_out out)
{
    const PCRE2_SIZE *ovector = pcre2_get_ovector_pointer(rules->match);
    size_t used = 0;
    for (const char *at = string_at(rules, offset); *at != '\0' && used + 2 < out.size; at++) {
        if (at[0] != '$' || at[1] < '1' || at[1] > '9') {
            out.data[used++] = *at;
            continue;
        }
        int group = *++at - '0';
        bool present =
            group < groups && ovector[2 * group] != PCRE2_UNSET && ovector[2 * group] < ovector[2 * group + 1];
        if (!present && cpe)
            out.data[used++] = '*';
        for (PCRE2_SIZE i = present ? ovector[2 * group] : 0; present && i < ovector[2 * group + 1]; i++) {
            unsigned char c = (unsigned char)subject[i];
            bool plain = (c | 32) >= 'a' ? (c | 32) <= 'z' : (c >= '0' && c <= '9');
            if (used + 2 >= out.size)
                break;
            if (cpe && !plain && c != '_' && c != '.' && c != '-')
                out.data[used++] = '\\';
            out.data[used++] = (char)c;
        }
    }
    out.data[used] = '\0';
}

static void product_fill(const struct product_rules *rules, const struct catalogue_product *from, const char *subject,
                         int groups, struct product *ret_product)
{
    const struct {
        uint32_t offset;
        struct text_out out;
    } parts[] = {
        {from->vendor, {ret_product->vendor, sizeof(ret_product->vendor)}},
        {from->name, {ret_product->name, sizeof(ret_product->name)}},
        {from->version, {ret_product->version, sizeof(ret_product->version)}},
        {from->update, {ret_product->update, sizeof(ret_product->update)}},
        {from->distribution, {ret_product->distribution, sizeof(ret_product->distribution)}},
        {from->package_version, {ret_product->package_version, sizeof(ret_product->package_version)}},
        {from->cpe, {ret_product->cpe, sizeof(ret_product->cpe)}},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        template_fill(rules, parts[i].offset, subject, groups, parts[i].out.data == ret_product->cpe, parts[i].out);
}

bool product_find(const struct product_rules *rules, const struct observation *observation, struct product *ret_product)
{
    for (size_t i = 0; i < rules->count; i++) {
        size_t length = 0;
        const char *text = field_text(observation, rules->rules[i].field, &length);
        if (text == NULL)
            continue;
        int groups = pcre2_match(rules->rules[i].code, (PCRE2_SPTR)text, length, 0, 0, rules->match, rules->context);
        if (groups < 0)
            continue; // no match, or one of the limits
        // 0 says that the pattern has more groups than there is room for; all that templates can name are there.
        product_fill(rules, &rules->catalogue->products[i], text, groups == 0 ? GROUPS_MAX : groups, ret_product);
        return true;
    }
    return false;
}
