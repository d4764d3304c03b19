// SPDX-License-Identifier: BSD-3-Clause
// A study of a few hosts, counted by hand, and of many, counted twice.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/record/record.h"
#include "control/report/results.h"

static const char services[] = "{\"services\": [{\"name\": \"ssh\", \"title\": \"SSH\", \"port\": 22, \"session\": "
                               "\"ssh\", \"sensitive\": true}, {\"name\": \"http\", \"title\": \"web\", \"port\": 80, "
                               "\"session\": \"http\", \"sensitive\": false}]}";

static void file_write(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

// Loads a study of these tables; "" in *ret_text, or the complaint.
static struct study study_of(const char *tables, const struct study_change *change, char ret_text[768])
{
    char folder[] = "/tmp/sonde-study-XXXXXX";
    char command[64];
    struct study study = {0};
    struct complaint complaint = {""};
    cr_assert_not_null(mkdtemp(folder));
    char text[4096];
    // What stands before a tilde is not a table.
    const char *tilde = strchr(tables, '~');
    snprintf(text, sizeof(text), "{%.*s\"tables\": [%s]}", tilde == NULL ? 0 : (int)(tilde - tables), tables,
             tilde == NULL ? tables : tilde + 1);
    file_write(folder, "services.json", services);
    file_write(folder, "study.json", text);
    int error = study_load(folder, change, &study, &complaint);
    snprintf(ret_text, 768, "%s", error == 0 ? "" : strstr(complaint.text, ": ") + 2);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
    return study;
}

struct counted {
    struct study study;
    struct facts *facts;
    struct host_groups hosts;
    struct results results;
};

static void facts_read_lent(struct facts *facts, struct record_memo *memo, const char *const *lines, size_t count)
{
    struct observation observation;
    observation_init(&observation);
    for (size_t i = 0; i < count; i++) {
        char *line = strdup(lines[i]);
        observation_reset(&observation);
        cr_assert_eq(record_read_lent(memo, line, strlen(line), &observation, NULL, NULL), 0, "%s", lines[i]);
        cr_assert_eq(facts_add(facts, &observation), 0);
        free(line);
    }
    observation_fini(&observation);
}

static void facts_read(struct facts *facts, const char *const *lines, size_t count)
{
    facts_read_lent(facts, NULL, lines, count);
}

static void count_to_end(struct counted *counted)
{
    cr_assert_eq(host_groups_gather(counted->facts, &counted->hosts), 0);
    cr_assert_eq(results_count(counted->facts, &counted->hosts, 2, &counted->results), 0);
}

static struct counted count(const char *tables, const struct study_change *change, const char *const *lines, size_t n)
{
    struct counted counted = {0};
    char text[768];
    counted.study = study_of(tables, change, text);
    cr_assert_str_eq(text, "");
    return counted;
    (void)lines;
    (void)n;
}

static void counted_fini(struct counted *counted)
{
    results_fini(&counted->results);
    host_groups_fini(&counted->hosts);
    facts_free(counted->facts);
    study_fini(&counted->study);
}

// "value:yes/no/unknown" of every line in a column, and of the column's units in front.
static const char *table_text(const struct results *results, size_t index, size_t column, char ret_text[1024])
{
    const struct result_table *table = &results->tables[index];
    const struct result_cell *units = &table->columns[column].units;
    size_t at = (size_t)snprintf(ret_text, 1024, "%lu/%lu/%lu", units->yes, units->no, units->unknown);
    for (size_t i = 0; i < table->line_count; i++) {
        size_t length;
        const char *value = facts_value(results->facts, table->lines[i].value, &length);
        const struct result_cell *cell = &table->lines[i].cells[column];
        at += (size_t)snprintf(ret_text + at, 1024 - at, " %.*s:%lu/%lu/%lu", (int)length, value, cell->yes, cell->no,
                               cell->unknown);
    }
    return ret_text;
}

#define R(ip, port, rest)                                                                                              \
    "{\"schema\":2,\"time\":\"2026-11-26T10:00:00.000Z\",\"ip\":\"" ip "\",\"port\":" #port                            \
    ",\"transport\":\"tcp\"" rest "}"

static const char *const hosts[] = {
    R("10.0.0.1", 22, ",\"provider\":\"aws\",\"service\":\"ssh\",\"ssh\":{\"methods\":[\"publickey\",\"password\"]}"),
    R("10.0.0.1", 2222, ",\"provider\":\"aws\",\"service\":\"ssh\",\"ssh\":{\"methods\":[\"publickey\"]}"),
    R("10.0.0.1", 80, ",\"provider\":\"aws\",\"service\":\"http\""),
    R("10.0.0.2", 22, ",\"provider\":\"aws\",\"service\":\"ssh\",\"ssh\":{\"methods\":[\"publickey\"]}"),
    R("10.0.0.3", 22, ",\"provider\":\"google\",\"service\":\"ssh\",\"ssh\":{\"software\":\"x\"}"),
    R("10.0.0.4", 80, ",\"provider\":\"google\",\"service\":\"http\""),
    R("10.0.0.5", 80, ",\"service\":\"http\",\"tls\":{\"versions\":[\"TLSv1.2\",\"TLSv1.3\"]}"),
    R("10.0.0.6", 443, ",\"provider\":\"google\""),
};
enum { HOSTS = sizeof(hosts) / sizeof(hosts[0]) };

static struct counted counted_of(const char *tables, const struct study_change *change)
{
    struct counted counted = count(tables, change, NULL, 0);
    counted.facts = facts_new(&counted.study);
    cr_assert_not_null(counted.facts);
    facts_read(counted.facts, hosts, HOSTS);
    count_to_end(&counted);
    return counted;
}

Test(results, hosts_by_service_and_provider)
{
    char text[1024];
    struct counted counted = counted_of(
        "{\"id\":\"a\",\"title\":\"t\",\"unit\":\"hosts\",\"of\":{\"service\":{\"known\":true}},\"rows\":\"service\","
        "\"columns\":\"provider\",\"percent\":\"column\"}",
        NULL);
    const struct result_table *table = &counted.results.tables[0];
    cr_assert_eq(counted.results.hosts, 6);
    cr_assert_eq(counted.results.services, 8);
    cr_assert_eq(table->column_count, 4);
    cr_assert_str_eq(table_text(&counted.results, 0, 0, text), "5/0/0 http:3/0/0 ssh:3/0/0");
    cr_assert_str_eq(table_text(&counted.results, 0, 1, text), "2/0/0 http:1/0/0 ssh:2/0/0");
    uint64_t n;
    uint64_t of;
    cr_assert(result_share(table, 1, 0, &n, &of) && n == 3 && of == 5);
    // Whose provider is not known stand last, by their own number.
    cr_assert_eq(table->columns[3].value, 0);
    counted_fini(&counted);
}

Test(results, what_was_not_learnt_is_neither)
{
    char text[1024];
    struct counted counted =
        counted_of("{\"id\":\"s\",\"title\":\"t\",\"unit\":\"services\",\"of\":{\"service\":\"ssh\"},"
                   "\"when\":{\"ssh.methods\":{\"has\":\"password\"}},\"rows\":\"provider\"},"
                   "{\"id\":\"h\",\"title\":\"t\",\"unit\":\"hosts\",\"of\":{\"service\":\"ssh\"},"
                   "\"when\":{\"ssh.methods\":{\"has\":\"password\"}},\"rows\":\"provider\"}",
                   NULL);
    cr_assert_str_eq(table_text(&counted.results, 0, 0, text), "1/2/1 aws:1/2/0 google:0/0/1");
    cr_assert_str_eq(table_text(&counted.results, 1, 0, text), "1/1/1 aws:1/1/0 google:0/0/1");
    uint64_t n;
    uint64_t of;
    cr_assert(result_share(&counted.results.tables[0], 0, 0, &n, &of) && n == 1 && of == 3);
    cr_assert_not(result_share(&counted.results.tables[0], 1, 0, &n, &of));
    counted_fini(&counted);
}

Test(results, of_several_records_of_a_port_the_latest_counts)
{
    static const char *const lines[] = {
        "{\"schema\":2,\"time\":\"2026-11-26T11:00:00.000Z\",\"ip\":\"10.0.0.1\",\"port\":22,\"service\":\"ssh\"}",
        "{\"schema\":2,\"time\":\"2026-11-26T10:00:00.000Z\",\"ip\":\"10.0.0.1\",\"port\":22,\"service\":\"http\"}",
        "{\"schema\":2,\"time\":\"2026-11-26T10:30:00.000Z\",\"ip\":\"10.0.0.1\",\"port\":22,\"service\":\"ftp\"}",
    };
    char text[1024];
    struct counted counted =
        count("{\"id\":\"a\",\"title\":\"t\",\"unit\":\"hosts\",\"rows\":\"service\"}", NULL, NULL, 0);
    counted.facts = facts_new(&counted.study);
    facts_read(counted.facts, lines, 3);
    count_to_end(&counted);
    cr_assert_eq(counted.results.repeated, 2);
    cr_assert_str_eq(table_text(&counted.results, 0, 0, text), "1/0/0 ssh:1/0/0");
    counted_fini(&counted);
}

Test(results, rows_of_a_list_count_once_a_host)
{
    static const char *const lines[] = {
        R("10.0.0.1", 443,
          ",\"provider\":\"aws\",\"tls\":{\"matrix\":[{\"version\":\"TLSv1\",\"status\":\"offered\"},{\"version\":"
          "\"TLSv1.2\",\"status\":\"offered\"},{\"version\":\"SSLv3\",\"status\":\"refused\"}]}"),
        R("10.0.0.1", 8443,
          ",\"provider\":\"aws\",\"tls\":{\"matrix\":[{\"version\":\"TLSv1.2\",\"status\":\"offered\"}]}"),
        R("10.0.0.2", 443,
          ",\"provider\":\"google\",\"tls\":{\"matrix\":[{\"version\":\"TLSv1.2\",\"status\":\"offered\"}]}"),
        R("10.0.0.3", 443, ",\"provider\":\"google\",\"tls\":{\"matrix\":[]}"),
    };
    static const char table[] =
        "{\"id\":\"v\",\"title\":\"t\",\"unit\":\"hosts\",\"of\":{\"tls.matrix\":{\"known\":true}},\"each\":"
        "\"tls.matrix\",\"key\":\"version\",\"each_when\":{\"status\":\"offered\"},\"rows\":\"tls.matrix.version\","
        "\"columns\":\"provider\",\"number\":true,\"percent\":\"items\"}";
    char text[1024];
    struct counted counted = count(table, NULL, NULL, 0);
    counted.facts = facts_new(&counted.study);
    facts_read(counted.facts, lines, 4);
    count_to_end(&counted);
    cr_assert_str_eq(table_text(&counted.results, 0, 0, text), "2/1/0 TLSv1.2:2/0/0 TLSv1:1/0/0");
    const struct result_column *all = &counted.results.tables[0].columns[0];
    cr_assert_eq(all->items, 3);
    cr_assert_eq(all->numbers_length, 3);
    cr_assert(all->numbers[0] == 1 && all->numbers[1] == 1 && all->numbers[2] == 1);
    counted_fini(&counted);
}

Test(results, groups_are_compared)
{
    char text[1024];
    struct counted counted = counted_of("{\"id\":\"c\",\"title\":\"t\",\"unit\":\"hosts\",\"when\":{\"service\":"
                                        "\"ssh\"},\"among\":{\"provider\":\"aws\"}}",
                                        NULL);
    struct result_comparison comparison;
    const struct result_table *table = &counted.results.tables[0];
    cr_assert_eq(table->column_count, 3);
    cr_assert(table->columns[1].among && !table->columns[2].among);
    cr_assert_str_eq(table_text(&counted.results, 0, 1, text), "2/0/0");
    // One host's service was not learnt, and one's provider.
    cr_assert_str_eq(table_text(&counted.results, 0, 2, text), "1/1/1");
    cr_assert_eq(table->among_unknown, 1);
    cr_assert(result_compare(table, &comparison) && comparison.has_shares && !comparison.has_means);
    cr_assert_float_eq(comparison.shares.effect, 0.5, 1e-9);
    counted_fini(&counted);
}

Test(results, filters_and_by)
{
    static const char *const filters[] = {"{\"provider\": \"aws\"}", "{\"port\": 22}"};
    const struct study_change change = {.by = "port", .filters = filters, .filter_count = 2};
    char text[1024];
    struct counted counted = counted_of(
        "{\"id\":\"a\",\"title\":\"t\",\"unit\":\"hosts\",\"rows\":\"service\",\"columns\":\"provider\"}", &change);
    cr_assert_eq(counted.facts->filtered, 6);
    cr_assert_eq(counted.results.tables[0].column_count, 2);
    cr_assert_str_eq(table_text(&counted.results, 0, 1, text), "2/0/0 ssh:2/0/0");
    counted_fini(&counted);
}

Test(results, what_the_study_sets_aside_is_counted_apart)
{
    char text[1024];
    struct counted counted = counted_of("\"aside\": {\"provider\": \"aws\", \"port\": 22},"
                                        "~{\"id\":\"a\",\"title\":\"t\",\"unit\":\"services\",\"rows\":\"port\"}",
                                        NULL);
    struct counted all = counted_of("{\"id\":\"a\",\"title\":\"t\",\"unit\":\"services\",\"rows\":\"port\"}", NULL);
    cr_assert_eq(counted.facts->aside, 2);
    cr_assert_eq(all.facts->aside, 0);
    cr_assert_eq(counted.results.services, all.results.services - 2);
    cr_assert_not_null(strstr(table_text(&all.results, 0, 0, text), "22:"));
    counted_fini(&counted);
    counted_fini(&all);
    struct study study = study_of("\"aside\": {\"prot\": 1},~", NULL, text);
    cr_assert_not_null(strstr(text, "aside"), "%s", text);
    (void)study;
}

Test(results, parts_merged_are_the_whole)
{
    static const char table[] =
        "{\"id\":\"a\",\"title\":\"t\",\"unit\":\"hosts\",\"of\":{\"service\":{\"known\":true}},\"when\":{\"ssh."
        "methods\":"
        "{\"has\":\"password\"}},\"rows\":\"service\",\"columns\":\"provider\"},{\"id\":\"v\",\"title\":\"t\",\"unit\":"
        "\"hosts\",\"rows\":\"tls.versions\"}";
    char whole[1024];
    char merged[1024];
    struct counted one = counted_of(table, NULL);
    for (size_t cut = 0; cut <= HOSTS; cut++) {
        struct counted two = count(table, NULL, NULL, 0);
        struct facts *part = facts_new(&two.study);
        two.facts = facts_new(&two.study);
        // The other order gives other numbers to the same values.
        facts_read(part, hosts, cut);
        facts_read(two.facts, hosts + cut, HOSTS - cut);
        cr_assert_eq(facts_merge(two.facts, part), 0);
        facts_free(part);
        count_to_end(&two);
        for (size_t t = 0; t < 2; t++)
            cr_assert_str_eq(table_text(&two.results, t, 0, merged), table_text(&one.results, t, 0, whole));
        counted_fini(&two);
    }
    counted_fini(&one);
}

Test(results, who_has_nothing_is_told_from_who_is_not_known)
{
    static const char table[] = "{\"id\":\"a\",\"title\":\"t\",\"unit\":\"hosts\",\"rows\":\"findings\"}";
    static const char *const lines[] = {
        R("10.0.0.1", 22, ",\"findings\":[\"x\"]"),      R("10.0.0.1", 80, ",\"findings\":[]"), // one is enough
        R("10.0.0.2", 22, ",\"findings\":[]"),           R("10.0.0.2", 80, ",\"findings\":[]"),
        R("10.0.0.3", 22, ",\"findings\":[]"),           R("10.0.0.3", 80, ""), // of half it is not known
        R("10.0.0.4", 80, ",\"findings\":[\"(none)\"]"),
    };
    struct counted counted = count(table, NULL, NULL, 0);
    struct facts *other = facts_new(&counted.study);
    char text[1024];
    counted.facts = facts_new(&counted.study);
    facts_read(counted.facts, lines, 5);
    facts_read(other, lines + 5, 2);
    cr_assert_eq(facts_merge(counted.facts, other), 0);
    count_to_end(&counted);
    cr_assert_str_eq(table_text(&counted.results, 0, 0, text), "4/0/0 (none):1/0/0 (none):1/0/0 x:1/0/0 :1/0/0");
    facts_free(other);
    counted_fini(&counted);
}

// Four rows, so that the part is long enough to be lent.
#define CVE(number, status, published)                                                                                 \
    "{\"id\":\"CVE-2020-" #number "\",\"year\":2020,\"product\":\"openssh 7.4\",\"status\":\"" status                  \
    "\",\"published\":\"" published "T00:00:00Z\",\"evidence\":\"is before the version that mends it (NVD)\"}"
#define KNOWN                                                                                                          \
    ",\"vulnerabilities\":{\"state\":\"evaluated\",\"affected\":2,\"cves\":[" CVE(                                     \
        1, "affected", "2020-01-01") "," CVE(2, "affected",                                                            \
                                             "2026-11-26") "," CVE(3, "unknown",                                       \
                                                                   "2020-01-01") "," CVE(4, "conditional",             \
                                                                                         "2020-01-01") "]}"

Test(results, what_is_lent_counts_as_what_is_read_each_time)
{
    static const char tables[] =
        "{\"id\":\"a\",\"title\":\"t\",\"unit\":\"hosts\",\"each\":\"vulnerabilities.cves\",\"key\":\"id\","
        "\"each_when\":{\"status\":\"affected\"},\"rows\":\"vulnerabilities.cves.id\"},"
        "{\"id\":\"b\",\"title\":\"t\",\"unit\":\"hosts\",\"each\":\"vulnerabilities.cves\",\"key\":\"id\","
        "\"rows\":\"vulnerabilities.cves.status\"}";
    // The same rows at two times: on one day the second is not yet published.
    static const char timed[] =
        "{\"id\":\"c\",\"title\":\"t\",\"unit\":\"services\",\"each\":\"vulnerabilities.cves\",\"key\":\"id\","
        "\"each_when\":{\"published\":{\"before\":\"now\"}},\"rows\":\"vulnerabilities.cves.id\"}";
    static const char *const lines[] = {
        R("10.0.0.1", 22, KNOWN),
        R("10.0.0.2", 22, KNOWN),
        "{\"schema\":2,\"time\":\"2026-11-25T10:00:00.000Z\",\"ip\":\"10.0.0.3\",\"port\":22" KNOWN "}",
        R("10.0.0.4", 22, ",\"service\":\"ssh\""),
    };
    static const char *const wanted[] = {"3/1/0 CVE-2020-1:3/0/0 CVE-2020-2:3/0/0",
                                         "3/1/0 affected:6/0/0 conditional:3/0/0 unknown:3/0/0",
                                         "3/1/0 CVE-2020-1:3/0/0 CVE-2020-3:3/0/0 CVE-2020-4:3/0/0 CVE-2020-2:2/0/0"};
    for (int lent = 0; lent < 2; lent++)
        for (int which = 0; which < 2; which++) {
            struct record_memo *memo = lent == 0 ? NULL : record_memo_new(1 << 20);
            struct counted counted = count(which == 0 ? tables : timed, NULL, NULL, 0);
            char text[1024];
            counted.facts = facts_new(&counted.study);
            facts_read_lent(counted.facts, memo, lines, 4);
            count_to_end(&counted);
            for (size_t t = 0; t < counted.results.table_count; t++)
                cr_expect_str_eq(table_text(&counted.results, t, 0, text), wanted[which * 2 + (int)t], "%d %d: %s",
                                 lent, which, text);
            counted_fini(&counted);
            record_memo_free(memo);
        }
}

Test(results, wrong_studies_are_refused_by_name)
{
    static const struct {
        const char *table;
        const char *wanted;
    } rows[] = {
        {"{\"id\":\"a\",\"title\":\"t\",\"unit\":\"hosts\",\"rows\":\"servise\"}", "did you mean \"service\"?"},
        {"{\"id\":\"a\",\"title\":\"t\",\"unit\":\"boats\"}", "hosts services"},
        {"{\"id\":\"a\",\"title\":\"t\",\"unit\":\"hosts\",\"rows\":\"tls.matrix\"}", "list of rows"},
        {"{\"id\":\"a\",\"title\":\"t\",\"unit\":\"hosts\",\"number\":true}", "\"number\" needs \"each\""},
        {"{\"id\":\"a\",\"title\":\"t\",\"unit\":\"hosts\",\"each\":\"tls.sans\",\"key\":\"x\"}", "no list of rows"},
        {"{\"id\":\"a\",\"title\":\"t\",\"unit\":\"hosts\",\"each\":\"tls.matrix\",\"key\":\"x\"}", "\"key\""},
        {"{\"id\":\"a\",\"title\":\"t\",\"unit\":\"hosts\",\"of\":{\"port\":{\"has\":\"x\"}}}", "does not go with"},
        {"{\"id\":\"a\",\"title\":\"t\",\"unit\":\"hosts\"},{\"id\":\"a\",\"title\":\"t\",\"unit\":\"hosts\"}",
         "twice"},
    };
    char text[768];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct study study = study_of(rows[i].table, NULL, text);
        cr_assert_not_null(strstr(text, rows[i].wanted), "%s: %s", rows[i].table, text);
        (void)study;
    }
}

Test(results, the_study_of_the_tree_loads)
{
    struct study study;
    struct complaint complaint;
    cr_assert_eq(study_load(SONDE_TEST_SOURCE_ROOT "/config", NULL, &study, &complaint), 0, "%s", complaint.text);
    struct facts *facts = facts_new(&study);
    cr_assert_not_null(facts);
    facts_free(facts);
    study_fini(&study);
}
