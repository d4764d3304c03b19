// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Why the worst hosts are the worst: of each of their services what it is, its findings with the values that they rest
// on, and its vulnerabilities. The records are read once more for it, and of them only the lines of these hosts.

#include "control/record/records.h"
#include "control/report/worst.h"

// What is kept of a host and of a service; the counts say how many there are.
enum { EVIDENCE_SERVICES = 8, EVIDENCE_FINDINGS = 12, EVIDENCE_CVES = 5 };

struct evidence_finding {
    const struct catalogue_finding *finding;
    char *values; // "ssh.methods: publickey, password"
};

struct evidence_cve {
    char *id;
    char *says; // "CVSS 9.8, known to be exploited; openssh 7.4p1 is at or after ..."
    int64_t weight;
};

struct evidence_service {
    uint16_t port;
    int64_t time_ms;
    char *what;                                          // "ssh, openssh 7.4p1, debian"
    char *where;                                         // "aws, EC2, us-east-1"
    struct evidence_finding findings[EVIDENCE_FINDINGS]; // the worst first
    size_t finding_count;
    size_t finding_total;
    struct evidence_cve cves[EVIDENCE_CVES]; // affected ones: known to be exploited first, then by score
    size_t cve_count;
    uint64_t cve_total;
};

struct evidence_host {
    struct evidence_service *services[EVIDENCE_SERVICES]; // by port
    size_t service_count;
};

struct evidence {
    struct evidence_host hosts[WORST_HOSTS]; // of worst->hosts
    bool missing;                            // the records could not be read a second time
};

// paths: those that the facts were made of. With a pipe among them, standard
// input included, nothing is read, and missing is set. Returns
// 0 or -errno with a message; evidence_fini may follow in any case.
struct evidence_gathering {
    const struct facts *facts; // sorted
    const struct worst *worst;
    const struct findings *findings;
    const char *const *paths;
    size_t path_count;
    unsigned int threads;
};
int evidence_gather(const struct evidence_gathering *gathering, struct evidence *ret_evidence,
                    char message[static 512]);
void evidence_fini(struct evidence *evidence);
