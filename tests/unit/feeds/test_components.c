// SPDX-License-Identifier: BSD-3-Clause
// What is known to be wrong with the modules of a Server line stands beside what is wrong with the server.
#include "tests/unit/feeds/scene.h"

TestSuite(components, .init = folder_begin, .fini = folder_end);

#define OF(id, criteria, end)                                                                                          \
    "{\"cve\":{\"id\":\"" id "\",\"published\":\"2018-01-02T00:00:00\",\"lastModified\":\"2018-02-02T00:00:00\","      \
    "\"configurations\":[{\"nodes\":[{\"cpeMatch\":[{\"vulnerable\":true,\"criteria\":\"cpe:2.3:a:" criteria           \
    ":*:*:*:*:*:*:*:*\",\"versionEndExcluding\":\"" end "\"}]}]}]}}"

static const char nvd[] =
    "{\"format\":\"NVD_CVE\",\"vulnerabilities\":[" OF("CVE-2018-0001", "apache:http_server", "2.4.30") "," OF(
        "CVE-2018-0002", "php:php", "7.2.0") "," OF("CVE-2018-0003", "openssl:openssl", "1.0.2m") "]}";

Test(components, a_module_has_its_own_rows)
{
    static const struct {
        const char *server;
        const char *powered_by;
        const char *state;
        int64_t affected; // -1: not known
        int64_t unknown;
        const char *wanted;
    } rows[] = {
        {"Apache/2.4.29 (Win64) OpenSSL/1.0.2l PHP/7.1.9", NULL, "evaluated", 3, 0,
         "CVE-2018-0001 http_server 2.4.29 affected;CVE-2018-0003 openssl 1.0.2l affected;CVE-2018-0002 php 7.1.9 "
         "affected;"},
        {"Apache/2.4.29 (Win64) OpenSSL/1.0.2m PHP/7.2.0", NULL, "evaluated", 1, 0,
         "CVE-2018-0001 http_server 2.4.29 affected;"},
        // Who packages the server mends its modules without a change of number.
        {"Apache/2.4.29 (CentOS) PHP/7.1.9", NULL, "evaluated", 0, 2,
         "CVE-2018-0001 http_server 2.4.29 unknown;CVE-2018-0002 php 7.1.9 unknown;"},
        // A server that tells no version, a module that does.
        {"nginx", "PHP/7.1.9", "evaluated", 1, 0, "CVE-2018-0002 php 7.1.9 affected;"},
        {"somebody", "PHP/7.1.9", "evaluated", 1, 0, "CVE-2018-0002 php 7.1.9 affected;"},
        {"nginx", "Express", "not_evaluated", -1, -1, ""},
    };
    struct scene scene;
    import("nvd.json", nvd);
    scene_begin(&scene);
    for (int turn = 0; turn < 2; turn++) // the second time from what is kept
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            struct observation observation;
            char text[1024] = "";
            observation_init(&observation);
            learn_word(&observation, FIELD(root, service), "http");
            learn_word(&observation, FIELD(http, server), rows[i].server);
            if (rows[i].powered_by != NULL)
                learn_word(&observation, FIELD(http, powered_by), rows[i].powered_by);
            for (int again = 0; again < 2; again++) // what was there is replaced
                classify(scene.classifier, &observation, 1700000000);
            const struct vulnerabilities_observation *part = observation.vulnerabilities;
            cr_assert_not_null(part, "%s", rows[i].server);
            cr_expect(text_is(&part->state, rows[i].state), "%s", rows[i].server);
            cr_expect_eq(part->known.affected ? part->affected : -1, rows[i].affected, "%s", rows[i].server);
            cr_expect_eq(part->known.unknown ? part->unknown : -1, rows[i].unknown, "%s", rows[i].server);
            for (uint32_t k = 0; k < part->cves.count; k++) {
                const struct cve_observation *row = &((const struct cve_observation *)part->cves.items)[k];
                (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s %s;", text_of(&row->id),
                               text_of(&row->product), text_of(&row->status));
            }
            cr_expect_str_eq(text, rows[i].wanted, "%s: %s", rows[i].server, text);
            observation_fini(&observation);
        }
    scene_end(&scene);
}
