// SPDX-License-Identifier: BSD-3-Clause
#define PCRE2_CODE_UNIT_WIDTH 8
#include "control/classify/product.h"

#include <errno.h>
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/classify/memo.h"

// Bars for one match: far above what an honest banner needs.
enum { MATCH_LIMIT = 20000, DEPTH_LIMIT = 500, HEAP_LIMIT_KIB = 1024, GROUPS_MAX = 10 };

// What is kept of the texts that rules look at: more than this at once is worked out each time.
enum { KEY_BYTES = 1024, SUBJECTS_MAX = 256 };

struct product_rule {
    pcre2_code *code;
    const struct field *field;
    const struct catalogue_product *from;
};

struct product_rules {
    const struct catalogue *catalogue;
    const char *strings;
    size_t string_bytes;
    pcre2_match_context *context;
    pcre2_match_data *match;
    struct memo *memo;
    const struct field *subjects[SUBJECTS_MAX]; // each field that a rule looks at
    size_t subject_count;                       // SUBJECTS_MAX + 1: there are more, and nothing is kept
    size_t count;
    size_t products; // so many rules of products come first, then those of components
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
    *ret_rule = (struct product_rule){.code = code, .field = field, .from = product};
    return 0;
}

static void subject_note(struct product_rules *rules, const struct field *field)
{
    for (size_t i = 0; i < rules->subject_count && i < SUBJECTS_MAX; i++)
        if (rules->subjects[i] == field)
            return;
    if (rules->subject_count < SUBJECTS_MAX)
        rules->subjects[rules->subject_count] = field;
    if (rules->subject_count <= SUBJECTS_MAX)
        rules->subject_count++;
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
    rules->memo = memo_new();
    if (rules->context == NULL || rules->match == NULL || rules->memo == NULL)
        goto out;
    pcre2_set_match_limit(rules->context, MATCH_LIMIT);
    pcre2_set_depth_limit(rules->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(rules->context, HEAP_LIMIT_KIB);
    for (uint32_t component = 0; component < 2; component++) {
        for (size_t i = 0; i < catalogue->product_count; i++) {
            if (catalogue->products[i].component != component)
                continue;
            error = -rule_compile(rules, &catalogue->products[i], &rules->rules[rules->count]);
            if (error != 0)
                goto out;
            subject_note(rules, rules->rules[rules->count].field);
            rules->count++;
        }
        rules->products = component == 0 ? rules->count : rules->products;
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
    memo_free(rules->memo);
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

// What a rule found, good until the next match.
struct product_match {
    const struct product_rule *rule;
    const char *subject;
    int groups;
};

// What a rule leaves empty it did not learn. The fields of a product and of a component are the same ones; part is the
// one or the other, fields its rows.
static void product_fill(const struct product_rules *rules, const struct product_match *found,
                         const struct field *fields, struct observation *observation, void *part)
{
    const struct catalogue_product *from = found->rule->from;
    const uint32_t offsets[] = {
        [FIELD_product_vendor] = from->vendor,
        [FIELD_product_name] = from->name,
        [FIELD_product_version] = from->version,
        [FIELD_product_update] = from->update,
        [FIELD_product_distribution] = from->distribution,
        [FIELD_product_package_version] = from->package_version,
        [FIELD_product_cpe] = from->cpe,
    };
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        char filled[FILLED_MAX];
        size_t length = template_fill(rules, offsets[i], found->subject, found->groups, i == FIELD_product_cpe, filled);
        if (length > 0)
            learn_text_in(observation, part, &fields[i], filled, length);
    }
}

static bool rule_match(const struct product_rules *rules, const struct product_rule *rule,
                       const struct observation *observation, struct product_match *ret_found)
{
    const void *part = observation->parts[rule->field->part];
    const struct text *text = field_value_const(part, rule->field);
    int groups = pcre2_match(rule->code, (PCRE2_SPTR)text->data, text->length, 0, 0, rules->match, rules->context);
    // 0 says that the pattern has more groups than there is room for; all that templates can name are there.
    *ret_found =
        (struct product_match){.rule = rule, .subject = text->data, .groups = groups == 0 ? GROUPS_MAX : groups};
    return groups >= 0; // else no match, or one of the limits
}

static bool component_stands(const struct observation *observation, const char *vendor, const char *name)
{
    const struct product_observation *product = observation->product;
    const struct rows *rows = &observation->root->components;
    const struct component_observation *components = rows->items;
    if (product != NULL && text_is(&product->vendor, vendor) && text_is(&product->name, name))
        return true;
    for (uint32_t i = 0; i < rows->count; i++)
        if (text_is(&components[i].vendor, vendor) && text_is(&components[i].name, name))
            return true;
    return false;
}

// Who packaged the server packaged its modules, unless they say otherwise.
static void distribution_inherit(struct observation *observation, struct component_observation *component)
{
    const struct product_observation *product = observation->product;
    if (component->known.distribution || product == NULL || !product->known.distribution)
        return;
    learn_text_in(observation, component, FIELD(component, distribution), product->distribution.data,
                  product->distribution.length);
}

// of: where the product was found, NULL when none was.
static void components_learn(const struct product_rules *rules, const struct product_rule *of,
                             struct observation *observation)
{
    struct product_match found;
    for (size_t i = rules->products; i < rules->count && observation->root != NULL; i++) {
        const struct product_rule *rule = &rules->rules[i];
        if (!field_known(observation->parts[rule->field->part], rule->field) ||
            component_stands(observation, string_at(rules, rule->from->vendor), string_at(rules, rule->from->name)) ||
            !rule_match(rules, rule, observation, &found))
            continue;
        struct component_observation *component = learn_row(observation, FIELD(root, components));
        if (component == NULL)
            return;
        product_fill(rules, &found, component_fields, observation, component);
        if (of != NULL && of->field == rule->field)
            distribution_inherit(observation, component);
    }
}

static void rules_apply(const struct product_rules *rules, struct observation *observation)
{
    const struct product_rule *of = NULL;
    for (size_t i = 0; i < rules->products && of == NULL; i++) {
        const struct product_rule *rule = &rules->rules[i];
        struct product_match found;
        if (!field_known(observation->parts[rule->field->part], rule->field) ||
            !rule_match(rules, rule, observation, &found))
            continue;
        void *part = observation_part(observation, PART_product);
        if (part != NULL)
            product_fill(rules, &found, product_fields, observation, part);
        of = rule;
    }
    components_learn(rules, of, observation);
}

// ---- What is kept
// -----------------------------------------------------------------------------------------------------

// What the rules made of some texts.
struct entry {
    struct memo_entry memo; // first
    struct memo_hint beside;
    struct product_observation product;
    bool has_product;
    struct rows components;
};

// All texts that rules look at, each behind its field's number and its length. 0: none, or too long.
static size_t key_make(const struct product_rules *rules, const struct observation *observation,
                       uint8_t ret_key[static KEY_BYTES])
{
    size_t at = 0;
    if (rules->subject_count > SUBJECTS_MAX)
        return 0;
    for (size_t i = 0; i < rules->subject_count; i++) {
        const struct field *field = rules->subjects[i];
        const void *part = observation->parts[field->part];
        if (part == NULL || !field_known(part, field))
            continue;
        const struct text *text = field_value_const(part, field);
        if (text->length > KEY_BYTES || at + 3 + text->length > KEY_BYTES)
            return 0;
        ret_key[at++] = (uint8_t)i;
        ret_key[at++] = (uint8_t)text->length;
        ret_key[at++] = (uint8_t)(text->length >> 8);
        memcpy(ret_key + at, text->data, text->length);
        at += text->length;
    }
    return at;
}

static bool has_cut(const struct part *part, const void *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        for (size_t f = 0; f < part->field_count; f++)
            if (part->fields[f].kind == FIELD_TEXT &&
                field_cut((const uint8_t *)rows + i * part->bytes, &part->fields[f]))
                return true;
    return false;
}

// What was cut may have been so because this observation had come to its bound, and is no one else's.
static bool is_whole(const struct observation *observation)
{
    const struct rows *components = &observation->root->components;
    return !observation->failed && !observation->root->cut.components &&
           (observation->product == NULL || !has_cut(&product_part, observation->product, 1)) &&
           !has_cut(&component_part, components->items, components->count);
}

// The entry is followed by its key, the rows of components and all texts.
static struct entry *entry_pack(const struct observation *observation, const uint8_t *key, size_t key_bytes)
{
    const struct product_observation *product = observation->product;
    const struct rows *components = &observation->root->components;
    size_t key_room = (key_bytes + 7) & ~(size_t)7;
    size_t rows = components->count * component_part.bytes;
    size_t bytes = sizeof(struct entry) + key_room + rows +
                   (product == NULL ? 0 : memo_texts_bytes(&product_part, product, 1)) +
                   memo_texts_bytes(&component_part, components->items, components->count);
    struct entry *entry = malloc(bytes);
    if (entry == NULL)
        return NULL;
    *entry = (struct entry){.memo = {.key_bytes = (uint32_t)key_bytes, .bytes = (uint32_t)bytes},
                            .has_product = product != NULL,
                            .components = {.count = components->count}};
    uint8_t *at = (uint8_t *)(entry + 1);
    entry->memo.key = memcpy(at, key, key_bytes);
    entry->components.items = at + key_room;
    char *texts = (char *)(at + key_room + rows);
    if (rows > 0)
        memcpy(at + key_room, components->items, rows);
    if (product != NULL) {
        entry->product = *product;
        texts = memo_texts_copy(&product_part, &entry->product, 1, texts);
    }
    (void)memo_texts_copy(&component_part, entry->components.items, components->count, texts);
    return entry;
}

static void entry_take(const struct entry *entry, struct observation *observation)
{
    struct product_observation *product = entry->has_product ? observation_part(observation, PART_product) : NULL;
    if (product != NULL)
        *product = entry->product;
    if (entry->components.count == 0)
        return;
    observation->root->components = entry->components;
    observation->root->known.components = true;
}

struct memo_hint *product_learn(const struct product_rules *rules, struct observation *observation)
{
    uint8_t key[KEY_BYTES];
    size_t key_bytes = observation->root == NULL ? 0 : key_make(rules, observation, key);
    struct entry *entry = key_bytes == 0 ? NULL : (struct entry *)memo_find(rules->memo, key, key_bytes);
    if (entry != NULL) {
        entry_take(entry, observation);
        return &entry->beside;
    }
    rules_apply(rules, observation);
    entry = key_bytes > 0 && is_whole(observation) ? entry_pack(observation, key, key_bytes) : NULL;
    if (entry == NULL)
        return NULL;
    memo_keep(rules->memo, &entry->memo);
    return &entry->beside;
}

void product_rules_forget(struct product_rules *rules)
{
    memo_clear(rules->memo);
}
