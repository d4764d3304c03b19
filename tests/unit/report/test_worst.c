// SPDX-License-Identifier: BSD-3-Clause
// The worst hosts of a few records, and what is told of them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/record/record.h"
#include "control/report/evidence.h"
#include "control/report/explain.h"
#include "control/report/host_groups.h"

#define FOLDER SONDE_TEST_SOURCE_ROOT "/config"

#define R(time, ip, port, rest)                                                                                        \
    "{\"schema\":2,\"time\":\"2026-11-26T10:00:0" time ".000Z\",\"ip\":\"" ip "\",\"port\":" #port                     \
    ",\"transport\":\"tcp\"" rest "}"

struct ranked {
    struct study study;
    struct findings findings;
    struct facts *facts;
    struct host_groups hosts;
    struct worst worst;
};

static struct ranked rank(const char *const *lines, size_t count)
{
    struct ranked ranked = {.facts = NULL};
    struct complaint complaint = {""};
    const struct study_change change = {.file = NULL};
    const struct catalogue_places places = {.folder = FOLDER};
    struct observation observation;
    cr_assert_eq(study_load(FOLDER, &change, &ranked.study, &complaint), 0, "%s", complaint.text);
    cr_assert_eq(findings_load(&places, &ranked.findings, &complaint), 0, "%s", complaint.text);
    // The study goes with its facts; it must not move.
    struct study *study = malloc(sizeof(*study));
    *study = ranked.study;
    ranked.facts = facts_new(study);
    cr_assert_not_null(ranked.facts);
    uint32_t path = facts_ask(ranked.facts, "findings");
    cr_assert_neq(path, UINT32_MAX);
    observation_init(&observation);
    for (size_t i = 0; i < count; i++) {
        char *line = strdup(lines[i]);
        observation_reset(&observation);
        cr_assert_eq(record_read(line, strlen(line), &observation, NULL, NULL), 0, "%s", lines[i]);
        cr_assert_eq(facts_add(ranked.facts, &observation), 0);
        free(line);
    }
    observation_fini(&observation);
    cr_assert_eq(host_groups_gather(ranked.facts, &ranked.hosts), 0);
    cr_assert_eq(worst_rank(ranked.facts, path, &ranked.findings, &ranked.worst), 0);
    return ranked;
}

static void ranked_fini(struct ranked *ranked)
{
    struct study *study = (struct study *)(uintptr_t)ranked->facts->study;
    host_groups_fini(&ranked->hosts);
    facts_free(ranked->facts);
    study_fini(study);
    free(study);
    findings_fini(&ranked->findings);
}

static const char *order(const struct worst *worst, char text[256])
{
    char address[ADDRESS_TEXT_MAX];
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < worst->count; i++)
        at += (size_t)snprintf(text + at, 256 - at, "%s ", address_text(worst->hosts[i].address, address));
    return text;
}

Test(worst, hosts_come_by_critical_findings_then_by_high_ones)
{
    static const char *const lines[] = {
        R("1", "10.0.0.1", 22, ",\"findings\":[\"exposed-ssh\",\"ssh-password-login\"]"),
        R("1", "10.0.0.2", 6379, ",\"findings\":[\"open-redis\"]"),
        R("1", "10.0.0.3", 6379, ",\"findings\":[\"open-redis\",\"exposed-redis\"]"),
        R("1", "10.0.0.4", 23, ",\"findings\":[\"exposed-telnet\"]"),
        R("1", "10.0.0.4", 445, ",\"findings\":[\"exposed-smb\",\"nobodys-finding\"]"),
        R("1", "10.0.0.5", 80, ",\"findings\":[]"),
        R("1", "10.0.0.6", 22, ",\"findings\":[\"exposed-ssh\",\"ssh-password-login\"]"),
    };
    char text[256];
    struct ranked ranked = rank(lines, sizeof(lines) / sizeof(lines[0]));
    cr_assert_str_eq(order(&ranked.worst, text), "10.0.0.3 10.0.0.2 10.0.0.4 10.0.0.1 10.0.0.6 ");
    cr_assert_eq(ranked.worst.all, 5);
    cr_assert_eq(ranked.worst.findings, 9);
    cr_assert_eq(ranked.worst.hosts[2].counts[SEVERITY_HIGH], 2);
    cr_assert_eq(ranked.worst.hosts[2].services, 2);
    ranked_fini(&ranked);
}

Test(worst, the_latest_record_of_a_port_is_the_one_that_counts)
{
    static const char *const lines[] = {
        R("5", "10.0.0.1", 22, ",\"findings\":[\"exposed-ssh\"]"),
        R("1", "10.0.0.1", 22, ",\"findings\":[\"exposed-ssh\",\"ssh-no-authentication\"]"),
    };
    struct ranked ranked = rank(lines, 2);
    cr_assert_eq(ranked.worst.count, 1);
    cr_assert_eq(ranked.worst.hosts[0].counts[SEVERITY_CRITICAL], 0);
    cr_assert_eq(ranked.worst.hosts[0].services, 1);
    ranked_fini(&ranked);
}

Test(worst, of_many_hosts_a_hundred_are_kept_and_all_are_counted)
{
    enum { HOSTS = 300 };
    static char texts[HOSTS][256];
    const char *lines[HOSTS];
    for (size_t i = 0; i < HOSTS; i++) {
        // The last ones are the worst.
        snprintf(texts[i], sizeof(texts[i]), R("1", "10.0.%zu.%zu", 6379, ",\"findings\":[\"%s\"]"), i / 100, i % 100,
                 i < 250 ? "exposed-redis" : "open-redis");
        lines[i] = texts[i];
    }
    struct ranked ranked = rank(lines, HOSTS);
    cr_assert_eq(ranked.worst.count, WORST_HOSTS);
    cr_assert_eq(ranked.worst.all, HOSTS);
    cr_assert_eq(ranked.worst.hosts[0].address, 0x0a000232);
    cr_assert_eq(ranked.worst.hosts[49].counts[SEVERITY_CRITICAL], 1);
    cr_assert_eq(ranked.worst.hosts[50].address, 0x0a000000);
    ranked_fini(&ranked);
}

// ---- Evidence
// ---------------------------------------------------------------------------------------------------------

static void file_write(const char *path, const char *const *lines, size_t count)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%s\n", lines[i]);
    fclose(file);
}

Test(evidence, says_what_a_finding_rests_on_and_the_worst_vulnerabilities_first)
{
    static const char *const lines[] = {
        R("1", "10.0.0.1", 22, ",\"service\":\"ssh\",\"findings\":[\"exposed-ssh\"]"),
        R("5", "10.0.0.1", 22,
          ",\"provider\":\"aws\",\"region\":\"eu-1\",\"service\":\"ssh\",\"findings\":[\"exposed-ssh\",\"ssh-password-"
          "login\"],"
          "\"product\":{\"name\":\"openssh\",\"version\":\"7.4\"},\"vulnerabilities\":{\"state\":\"evaluated\","
          "\"cves\":["
          "{\"id\":\"CVE-2018-1\",\"status\":\"affected\",\"cvss3\":9.8},"
          "{\"id\":\"CVE-2018-2\",\"status\":\"fixed\",\"cvss3\":10.0},"
          "{\"id\":\"CVE-2018-3\",\"status\":\"affected\",\"cvss2\":5.0,\"known_exploited\":true,\"evidence\":\"it is "
          "old\"}]},"
          "\"ssh\":{\"methods\":[\"publickey\",\"password\"]}"),
        R("1", "10.0.0.2", 22, ",\"service\":\"ssh\",\"findings\":[]"),
    };
    char path[] = "/tmp/sonde-evidence-XXXXXX";
    char message[512];
    cr_assert_geq(close(mkstemp(path)), 0);
    file_write(path, lines, 3);
    struct ranked ranked = rank(lines, 3);
    const char *paths[] = {path};
    struct evidence evidence;
    const struct evidence_gathering gathering = {.facts = ranked.facts,
                                                 .worst = &ranked.worst,
                                                 .findings = &ranked.findings,
                                                 .paths = paths,
                                                 .path_count = 1,
                                                 .threads = 2};
    cr_assert_eq(evidence_gather(&gathering, &evidence, message), 0, "%s", message);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(ranked.worst.count, 1);
    cr_assert_eq(evidence.hosts[0].service_count, 1);
    const struct evidence_service *service = evidence.hosts[0].services[0];
    cr_assert_str_eq(service->what, "ssh, openssh 7.4");
    cr_assert_str_eq(service->where, "aws, eu-1");
    cr_assert_eq(service->finding_count, 2);
    cr_assert_str_eq(service->findings[0].values, "ssh.methods: publickey, password");
    cr_assert_str_eq(service->findings[1].values, "service: ssh");
    cr_assert_eq(service->cve_total, 2);
    cr_assert_str_eq(service->cves[0].id, "CVE-2018-3");
    cr_assert_str_eq(service->cves[0].says, "CVSS 5.0, known to be exploited; it is old");
    cr_assert_str_eq(service->cves[1].says, "CVSS 9.8");
    evidence_fini(&evidence);
    ranked_fini(&ranked);
}

Test(evidence, a_pipe_is_not_read_again)
{
    static const char *const lines[] = {R("1", "10.0.0.1", 22, ",\"findings\":[\"exposed-ssh\"]")};
    struct ranked ranked = rank(lines, 1);
    const char *paths[] = {"-"};
    char message[512];
    struct evidence evidence;
    const struct evidence_gathering gathering = {.facts = ranked.facts,
                                                 .worst = &ranked.worst,
                                                 .findings = &ranked.findings,
                                                 .paths = paths,
                                                 .path_count = 1,
                                                 .threads = 1};
    cr_assert_eq(evidence_gather(&gathering, &evidence, message), 0);
    cr_assert(evidence.missing);
    evidence_fini(&evidence);
    ranked_fini(&ranked);
}

Test(explain, a_text_that_is_too_long_says_so)
{
    struct explain explain = {.length = 0};
    for (size_t i = 0; i < 100; i++)
        explain_put(&explain, "0123456789", 10);
    cr_assert_eq(strlen(explain.text), sizeof(explain.text) - 1);
    cr_assert_str_eq(explain.text + sizeof(explain.text) - 5, "7...");
    cr_assert(explain.full);
}
