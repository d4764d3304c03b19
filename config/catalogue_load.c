// SPDX-License-Identifier: BSD-3-Clause
#include "config/catalogue_load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "config/condition_load.h"

// What reading one file needs.
struct loading {
    struct key_context context;
    struct catalogue_storage *storage;
    struct string_table *strings;
};

const char *const catalogue_file_names[CATALOGUE_FILES] = {
    [CATALOGUE_SERVICES] = "services.json",
    [CATALOGUE_FINDINGS] = "findings.json",
    [CATALOGUE_PRODUCTS] = "products.json",
};

// A port or a name that another service has already leaves it open which one is meant.
static int service_conflict(struct loading *loading, const char *path, const struct service_row *row)
{
    const struct catalogue_storage *storage = loading->storage;
    const struct catalogue catalogue = {.services = storage->services, .service_count = storage->service_count};
    if (row->port_count > CATALOGUE_PORTS_MAX)
        return key_complain(&loading->context, path, "has %zu ports, expected at most %d", row->port_count,
                            CATALOGUE_PORTS_MAX);
    for (size_t i = 0; i < storage->service_count; i++)
        if (strcmp(loading->strings->bytes + storage->services[i].name, row->name) == 0)
            return key_complain(&loading->context, path, "service \"%s\" is there twice", row->name);
    for (size_t i = 0; i < row->port_count; i++) {
        const struct catalogue_service *other = catalogue_find_port(&catalogue, row->ports[i]);
        if (other != NULL)
            return key_complain(&loading->context, path, "port %u belongs to \"%s\" already", row->ports[i],
                                loading->strings->bytes + other->name);
    }
    return 0;
}

static int read_service(struct loading *loading, const char *path, const json_t *item)
{
    struct service_row row = {0};
    int error = service_row_read(&loading->context, path, item, &row);
    if (error == 0)
        error = service_conflict(loading, path, &row);
    if (error == 0)
        error = catalogue_add_service(loading->storage, &row, loading->strings);
    service_row_fini(&row);
    return error;
}

struct finding_row {
    char *id;
    char *title;
    char *remedy;
    char *unless;
    uint32_t severity;
    const json_t *when; // borrowed
};

static int read_when(struct key_context *context, const char *path, const json_t *value)
{
    (void)path;
    ((struct finding_row *)context->target)->when = value;
    return 0;
}

static const struct key finding_keys[] = {
    {.name = "id",
     .type = KEY_STRING,
     .required = true,
     .offset = offsetof(struct finding_row, id),
     .expected = "an id",
     .help = "Its name in records."},
    {.name = "severity",
     .type = KEY_CHOICE,
     .required = true,
     .offset = offsetof(struct finding_row, severity),
     .choices = "info low medium high critical",
     .expected = "one of info low medium high critical",
     .help = "How bad it is."},
    {.name = "title",
     .type = KEY_STRING,
     .required = true,
     .offset = offsetof(struct finding_row, title),
     .expected = "a sentence",
     .help = "What was found."},
    {.name = "remedy",
     .type = KEY_STRING,
     .required = true,
     .offset = offsetof(struct finding_row, remedy),
     .expected = "a sentence",
     .help = "What to do about it."},
    {.name = "when",
     .type = KEY_CUSTOM,
     .required = true,
     .expected = "an object of conditions",
     .help = "What has to be known of a host for it to be reported.",
     .read = read_when},
    {.name = "unless",
     .type = KEY_STRING,
     .offset = offsetof(struct finding_row, unless),
     .fallback = "\"\"",
     .expected = "the id of a finding, or the beginning of ids and *",
     .help = "Another finding that says it better."},
    {0},
};

static int read_finding(struct loading *loading, const char *path, const json_t *item)
{
    struct catalogue_storage *storage = loading->storage;
    struct finding_row row = {0};
    struct catalogue_finding finding = {0};
    struct key_context context = loading->context;
    context.target = &row;
    int error = keys_apply(&context, finding_keys, path, item);
    for (size_t i = 0; i < storage->finding_count && error == 0; i++)
        if (strcmp(loading->strings->bytes + storage->findings[i].id, row.id) == 0)
            error = key_complain(&context, path, "finding \"%s\" is there twice", row.id);
    struct condition_list conditions = {.nodes = storage->conditions, .count = storage->condition_count};
    finding.condition = (uint32_t)conditions.count;
    char when[96];
    (void)snprintf(when, sizeof(when), "%s.when", path);
    if (error == 0)
        error = condition_read(&context, when, row.when, loading->strings, &conditions);
    storage->conditions = conditions.nodes;
    storage->condition_count = conditions.count;
    finding.condition_count = (uint32_t)conditions.count - finding.condition;
    struct catalogue_finding *findings =
        reallocarray(storage->findings, storage->finding_count + 1, sizeof(*storage->findings));
    if (findings != NULL)
        storage->findings = findings;
    if (error == 0 && (findings == NULL || string_table_add(loading->strings, row.id, &finding.id) != 0 ||
                       string_table_add(loading->strings, row.title, &finding.title) != 0 ||
                       string_table_add(loading->strings, row.remedy, &finding.remedy) != 0 ||
                       string_table_add(loading->strings, row.unless, &finding.unless) != 0))
        error = -ENOMEM;
    finding.severity = row.severity;
    if (error == 0)
        findings[storage->finding_count++] = finding;
    keys_release(finding_keys, &row);
    return error;
}

// In the order of struct catalogue_product, whose members before the last are string offsets.
enum { PRODUCT_TEXTS = 9 };

struct product_row {
    char *texts[PRODUCT_TEXTS];
    bool component;
};

#define PRODUCT_KEY(index, key, need, what)                                                                            \
    {                                                                                                                  \
        .name = key, .type = KEY_STRING, .required = need, .offset = offsetof(struct product_row, texts[index]),       \
        .fallback = "\"\"", .expected = what, .help = what                                                             \
    }

static const struct key product_keys[] = {
    PRODUCT_KEY(0, "field", true, "the field that is matched"),
    PRODUCT_KEY(1, "pattern", true, "a PCRE2 pattern"),
    PRODUCT_KEY(2, "vendor", true, "the vendor as CPE names it"),
    PRODUCT_KEY(3, "name", true, "the product as CPE names it"),
    PRODUCT_KEY(4, "version", false, "a template for the version"),
    PRODUCT_KEY(5, "update", false, "a template for the update"),
    PRODUCT_KEY(6, "distribution", false, "the distribution that packaged it"),
    PRODUCT_KEY(7, "package_version", false, "a template for the package's version"),
    PRODUCT_KEY(8, "cpe", false, "a template for the CPE 2.3 name"),
    {.name = "component",
     .type = KEY_BOOL,
     .offset = offsetof(struct product_row, component),
     .fallback = "false",
     .help = "it stands beside the product in the same banner, as a module"},
    {0},
};
_Static_assert(offsetof(struct catalogue_product, component) == PRODUCT_TEXTS * sizeof(uint32_t),
               "the strings come first");

// Only texts can be matched.
static int check_field(const struct key_context *context, const char *path, const char *name)
{
    const struct field *field = field_find(name);
    if (field == NULL)
        return condition_unknown_field(context, path, name);
    if (field->kind != FIELD_TEXT)
        return key_complain(context, path, "\"%s\" is no text", name);
    return 0;
}

// Compiles the pattern and checks that every template names only groups that it has.
static int check_pattern(const struct key_context *context, const char *path, const struct product_row *row)
{
    int compile_error;
    PCRE2_SIZE offset;
    uint32_t groups = 0;
    // Bytes, not UTF-8: what a server sends need not be any encoding.
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)row->texts[1], PCRE2_ZERO_TERMINATED, PCRE2_DOTALL, &compile_error, &offset, NULL);
    if (code == NULL) {
        PCRE2_UCHAR text[128] = "";
        (void)pcre2_get_error_message(compile_error, text, sizeof(text));
        return key_complain(context, path, "pattern: %s at %zu", (const char *)text, (size_t)offset);
    }
    (void)pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
    pcre2_code_free(code);
    for (size_t i = 2; i < PRODUCT_TEXTS; i++) {
        for (const char *at = strchr(row->texts[i], '$'); at != NULL; at = strchr(at + 1, '$'))
            if (at[1] < '1' || at[1] > '9' || (uint32_t)(at[1] - '0') > groups)
                return key_complain(context, path, "%s names a group that the pattern has not", product_keys[i].name);
    }
    return 0;
}

static int read_product(struct loading *loading, const char *path, const json_t *item)
{
    struct catalogue_storage *storage = loading->storage;
    struct product_row row = {0};
    struct key_context context = loading->context;
    uint32_t offsets[PRODUCT_TEXTS] = {0};
    context.target = &row;
    int error = keys_apply(&context, product_keys, path, item);
    if (error == 0)
        error = check_field(&context, path, row.texts[0]);
    if (error == 0)
        error = check_pattern(&context, path, &row);
    for (size_t i = 0; i < PRODUCT_TEXTS && error == 0; i++)
        error = string_table_add(loading->strings, row.texts[i], &offsets[i]);
    uint32_t component = row.component ? 1 : 0;
    keys_release(product_keys, &row);
    if (error != 0)
        return error;
    struct catalogue_product *products =
        reallocarray(storage->products, storage->product_count + 1, sizeof(*storage->products));
    if (products == NULL)
        return -ENOMEM;
    storage->products = products;
    struct catalogue_product *product = &products[storage->product_count++];
    memcpy(product, offsets, sizeof(offsets));
    product->component = component;
    return 0;
}

// {"NAME": [row, row, ...]}
static int read_rows(struct loading *loading, const json_t *value, const char *name,
                     int (*read)(struct loading *loading, const char *path, const json_t *item))
{
    const json_t *rows = json_object_get(value, name);
    if (!json_is_array(rows) || json_object_size(value) != 1)
        return key_complain(&loading->context, "", "expected an object with the one key \"%s\", an array", name);
    size_t i;
    json_t *item;
    int error = 0;
    json_array_foreach(rows, i, item)
    {
        char path[64];
        (void)snprintf(path, sizeof(path), "%s[%zu]", name, i);
        if (error == 0)
            error = read(loading, path, item);
    }
    return error;
}

int catalogue_read(struct catalogue_storage *storage, enum catalogue_file kind, const char *file,
                   const struct input *input, struct string_table *strings, struct complaint *ret_complaint)
{
    static const struct {
        const char *name;
        int (*read)(struct loading *loading, const char *path, const json_t *item);
    } kinds[CATALOGUE_FILES] = {
        [CATALOGUE_SERVICES] = {"services", read_service},
        [CATALOGUE_FINDINGS] = {"findings", read_finding},
        [CATALOGUE_PRODUCTS] = {"products", read_product},
    };
    struct loading loading = {.context = {.file = file, .text = input->text, .complaint = ret_complaint},
                              .storage = storage,
                              .strings = strings};
    json_t *value;
    int error = keys_parse(file, input->text, input->length, &value, ret_complaint);
    if (error != 0)
        return error;
    error = read_rows(&loading, value, kinds[kind].name, kinds[kind].read);
    json_decref(value);
    if (error == -ENOMEM)
        (void)complain(ret_complaint, file, "", "out of memory");
    return error == 0 || error == -ENOMEM ? error : -EINVAL;
}

void catalogue_storage_fini(struct catalogue_storage *storage)
{
    free(storage->services);
    free(storage->findings);
    free(storage->products);
    free(storage->conditions);
    *storage = (struct catalogue_storage){0};
}
