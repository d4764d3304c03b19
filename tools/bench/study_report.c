// SPDX-License-Identifier: BSD-3-Clause
// How fast the study is made of records: `sonde report` over a folder of made-up ones (servers of SSH, HTTP and HTTPS
// and databases of three providers, classified against feeds of realistic size) and its memory; beside
// it jq and SQLite, where they are installed, with one of its questions over a hundredth of the records.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "control/record/record.h"
#include "tools/bench/made_up.h"

enum {
    RECORDS = 10000000,
    QUICK = 10,
    OTHERS = 100, // jq and SQLite read so many times fewer
    CVES = 300000,
    LISTINGS = 100000,
    PATH_BYTES = 256,
    SERVICES_A_HOST = 3,
};

static const double RECORDS_BAR = 1000000; // ten million in ten seconds
static const double MEMORY_MB_MOST = 1024;
static const int64_t BEGAN_S = 1767225600; // 2026-01-01

// ---- Records

static const char *const regions[] = {"us-east-1", "eu-west-1", "ap-south-1", "westeurope", "eastus", "us-central1"};
static const char *const providers[] = {"aws", "aws", "aws", "azure", "azure", "google"};
static const char *const owners[] = {"EC2", "EC2", "EC2", "AzureCloud", "AzureCloud", "Google Cloud"};

static void host_make(struct observation *observation, uint32_t number)
{
    uint32_t host = number / SERVICES_A_HOST;
    uint32_t region = host * UINT32_C(2654435761) % 6;
    learn_number(observation, FIELD(root, schema), RECORD_SCHEMA);
    learn_constant(observation, FIELD(root, scan), "0123456789abcdef");
    learn_number(observation, FIELD(root, time), BEGAN_S * 1000 + number / 10);
    learn_address(observation, FIELD(root, ip), address_v4((10u << 24) + host));
    learn_constant(observation, FIELD(root, transport), "tcp");
    learn_constant(observation, FIELD(root, provider), providers[region]);
    learn_constant(observation, FIELD(root, cloud_service), owners[region]);
    learn_constant(observation, FIELD(root, region), regions[region]);
    learn_constant(observation, FIELD(root, responsible), "customer");
    learn_constant(observation, FIELD(root, outcome), "complete");
    learn_number(observation, FIELD(root, rtt_ms), 1000 + made_up_below(200000));
}

// One in three is a product that has CVEs, in 5,000 versions, few of which most have.
static void ssh_make(struct observation *observation)
{
    char text[64] = "SSH-2.0-OpenSSH_9.6";
    uint32_t product = made_up_below(made_up_below(5000) + 1);
    if (made_up_below(3) == 0)
        (void)snprintf(text, sizeof(text), "SSH-2.0-Bench_p%05u_%u.%u", product % MADE_UP_NAMES,
                       product / MADE_UP_NAMES % 20, product % 10);
    learn_number(observation, FIELD(root, port), 22);
    learn_constant(observation, FIELD(root, service), "ssh");
    learn_word(observation, FIELD(ssh, identification), text);
    learn_constant(observation, FIELD(ssh, protocol), "2.0");
    learn_word(observation, FIELD(ssh, software), text + 8);
    static const char kex[] = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
                              "diffie-hellman-group-exchange-sha256,diffie-hellman-group14-sha256";
    static const char ciphers[] = "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,"
                                  "aes128-gcm@openssh.com,aes256-gcm@openssh.com";
    static const char macs[] = "umac-64-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512,hmac-sha1";
    learn_names(observation, FIELD(ssh, kex_algorithms), kex, sizeof(kex) - 1, ',');
    learn_names(observation, FIELD(ssh, ciphers), ciphers, sizeof(ciphers) - 1, ',');
    learn_names(observation, FIELD(ssh, macs), macs, sizeof(macs) - 1, ',');
    learn_constant(observation, FIELD(ssh, kex_chosen), "curve25519-sha256");
    learn_constant(observation, FIELD(ssh, host_key_type), "ssh-ed25519");
    learn_constant(observation, FIELD(ssh, host_key_sha256), "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    learn_number(observation, FIELD(ssh, host_key_bits), 256);
    learn_flag(observation, FIELD(ssh, terrapin), made_up_below(2) == 0);
    if (made_up_below(4) == 0)
        learn_names(observation, FIELD(ssh, methods), "publickey,password", 18, ',');
    else
        learn_names(observation, FIELD(ssh, methods), "publickey", 9, ',');
}

static void http_make(struct observation *observation, uint16_t port)
{
    static const char *const servers[] = {"nginx/1.18.0 (Ubuntu)", "Apache/2.4.41 (Ubuntu)", "Microsoft-IIS/10.0",
                                          "nginx", "Apache/2.4.6 (CentOS) OpenSSL/1.0.2k-fips PHP/5.4.16"};
    char title[64];
    (void)snprintf(title, sizeof(title), "Welcome to site %u", made_up_below(100000));
    learn_number(observation, FIELD(root, port), port);
    learn_constant(observation, FIELD(root, service), "http");
    learn_constant(observation, FIELD(http, version), "HTTP/1.1");
    learn_number(observation, FIELD(http, status), made_up_below(3) == 0 ? 301 : 200);
    learn_constant(observation, FIELD(http, server), servers[made_up_below(5)]);
    learn_word(observation, FIELD(http, title), title);
    learn_constant(observation, FIELD(http, content_type), "text/html; charset=UTF-8");
}

static void version_make(struct observation *observation, const char *version, bool offered)
{
    void *row = learn_row(observation, FIELD(tls, matrix));
    if (row == NULL)
        return;
    learn_constant_in(observation, row, FIELD(tls_version, version), version, strlen(version));
    learn_constant_in(observation, row, FIELD(tls_version, status), offered ? "offered" : "refused", 7);
    if (offered)
        learn_constant_in(observation, row, FIELD(tls_version, cipher), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 37);
}

static void https_make(struct observation *observation, uint32_t number)
{
    char text[96];
    bool old = made_up_below(10) < 4;
    http_make(observation, 443);
    (void)snprintf(text, sizeof(text), "CN=host%u.example.org", number);
    learn_constant(observation, FIELD(root, tunnel), "tls");
    learn_constant(observation, FIELD(tls, version), "TLSv1.3");
    learn_constant(observation, FIELD(tls, cipher), "TLS_AES_256_GCM_SHA384");
    learn_flag(observation, FIELD(tls, handshake_complete), true);
    learn_word(observation, FIELD(tls, subject), text);
    learn_constant(observation, FIELD(tls, issuer), "CN=R3,O=Let's Encrypt,C=US");
    learn_name(observation, FIELD(tls, sans), text + 3, strlen(text + 3));
    learn_number(observation, FIELD(tls, not_before), BEGAN_S - 86400 * made_up_below(90));
    learn_number(observation, FIELD(tls, not_after), BEGAN_S + 86400 * made_up_below(90));
    learn_constant(observation, FIELD(tls, key_type), "RSA");
    learn_number(observation, FIELD(tls, key_bits), 2048);
    learn_constant(observation, FIELD(tls, signature_algorithm), "RSA-SHA256");
    (void)snprintf(text, sizeof(text), "%064u", number);
    learn_word(observation, FIELD(tls, sha256), text);
    learn_flag(observation, FIELD(tls, self_signed), made_up_below(5) == 0);
    learn_names(observation, FIELD(tls, versions), old ? "TLSv1,TLSv1.1,TLSv1.2,TLSv1.3" : "TLSv1.2,TLSv1.3",
                old ? 29 : 15, ',');
    if (!old)
        learn_names(observation, FIELD(tls, versions_refused), "SSLv3,TLSv1,TLSv1.1", 19, ',');
    version_make(observation, "SSLv3", false);
    version_make(observation, "TLSv1", old);
    version_make(observation, "TLSv1.1", old);
    version_make(observation, "TLSv1.2", true);
    version_make(observation, "TLSv1.3", true);
    learn_flag(observation, FIELD(tls, post_quantum), made_up_below(10) == 0);
    learn_constant(observation, FIELD(tls, ja3s), "907bf3ecef1c987c889946b737b43de8");
}

static void database_make(struct observation *observation)
{
    static const char *const services[] = {"redis", "mysql", "mongodb", "smtp", "rdp", "ftp"};
    static const uint16_t ports[] = {6379, 3306, 27017, 25, 3389, 21};
    uint32_t which = made_up_below(6);
    learn_number(observation, FIELD(root, port), ports[which]);
    learn_constant(observation, FIELD(root, service), services[which]);
    if (which == 0)
        learn_flag(observation, FIELD(root, open), made_up_below(10) == 0);
}

static void record_make(struct observation *observation, uint32_t number)
{
    observation_reset(observation);
    host_make(observation, number);
    switch (number % SERVICES_A_HOST) {
    case 0:
        ssh_make(observation);
        break;
    case 1:
        https_make(observation, number);
        break;
    default:
        if (made_up_below(3) == 0)
            database_make(observation);
        else
            http_make(observation, 80);
    }
}

// Writes records to two files: all of them, and the first of them for the others. False after saying why.
static bool files_write(struct classifier *classifier, uint32_t records, FILE *const files[2],
                        struct bench_outcome *outcome)
{
    static char line[RECORD_BYTES_MAX];
    struct observation observation;
    bool good = true;
    observation_init(&observation);
    for (uint32_t i = 0; i < records && good; i++) {
        struct writer writer;
        writer_init(&writer, line, sizeof(line));
        record_make(&observation, i);
        classify(classifier, &observation, BEGAN_S);
        good = record_write(&observation, &writer) == 0;
        for (size_t f = 0; f < (i < records / OTHERS ? 2 : 1) && good; f++)
            good = fwrite(line, writer.length, 1, files[f]) == 1;
    }
    observation_fini(&observation);
    if (!good)
        outcome_fail(outcome, "cannot write the records: %s", strerror(errno));
    return good;
}

static bool folder_fill(const char *folder, struct classifier *classifier, uint32_t records,
                        struct bench_outcome *outcome)
{
    static const char *const names[] = {"all/records.jsonl", "part/records.jsonl"};
    FILE *files[2] = {NULL, NULL};
    bool good = true;
    for (size_t f = 0; f < 2; f++) {
        char path[PATH_BYTES];
        (void)snprintf(path, sizeof(path), "%s/%.*s", folder, f == 0 ? 3 : 4, names[f]);
        (void)mkdir(path, 0700);
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[f]);
        files[f] = fopen(path, "we");
        if (files[f] == NULL) {
            outcome_fail(outcome, "%s: %s", path, strerror(errno));
            good = false;
        }
    }
    good = good && files_write(classifier, records, files, outcome);
    for (size_t f = 0; f < 2; f++)
        if (files[f] != NULL && fclose(files[f]) != 0) {
            outcome_fail(outcome, "cannot write the records: %s", strerror(errno));
            good = false;
        }
    return good;
}

// ---- Readers

struct took {
    double seconds;
    double processor; // seconds of all its threads
    double megabytes;
};

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// Runs a program whose standard output nobody reads. False when it cannot be run or fails.
static bool program_time(const char *const *argv, struct took *ret_took)
{
    struct rusage usage;
    int status = 0;
    double began = seconds_now();
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stdout) != NULL)
            (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return false;
    *ret_took = (struct took){
        .seconds = seconds_now() - began,
        .processor = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
        .megabytes = (double)usage.ru_maxrss / 1024,
    };
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// The sonde of this build, else the one that is installed.
static const char *sonde_find(void)
{
    static char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 64);
    char *slash = length < 0 ? NULL : memrchr(path, '/', (size_t)length);
    if (slash == NULL)
        return "sonde";
    (void)strcpy(slash, "/../../control/command/sonde");
    return access(path, X_OK) == 0 ? path : "sonde";
}

static void study_measure(const char *folder, uint32_t records, struct bench_outcome *outcome)
{
    struct took whole;
    char all[PATH_BYTES];
    struct stat status;
    (void)snprintf(all, sizeof(all), "%s/all", folder);
    const char *sonde = sonde_find();
    if (!program_time((const char *const[]){sonde, "report", "--json", all, NULL}, &whole)) {
        outcome_fail(outcome, "%s report failed", sonde);
        return;
    }
    (void)snprintf(all, sizeof(all), "%s/all/records.jsonl", folder);
    double bytes = stat(all, &status) == 0 ? (double)status.st_size : 0;
    outcome_add(outcome, "records_per_s", "/s", records / whole.seconds, RECORDS_BAR);
    outcome_add(outcome, "seconds", "s", whole.seconds, 0);
    outcome_add(outcome, "processor_ns_a_record", "ns", whole.processor / records * 1e9, 0);
    outcome_add(outcome, "bytes_a_record", "", bytes / records, 0);
    outcome_add(outcome, "megabytes_per_s", "MB/s", bytes / whole.seconds / 1e6, 0);
    outcome_add(outcome, "memory_mb", "MB", whole.megabytes, 0);
    outcome_add(outcome, "memory_room_mb", "MB", MEMORY_MB_MOST - whole.megabytes, 1);
}

// How many SSH servers of each provider take passwords: one line of the study.
static void others_measure(const char *folder, uint32_t records, struct bench_outcome *outcome)
{
    char file[PATH_BYTES];
    char import[PATH_BYTES * 2];
    struct took took;
    (void)snprintf(file, sizeof(file), "%s/part/records.jsonl", folder);
    (void)snprintf(import, sizeof(import), ".import %s r", file);
    static const char question[] =
        "reduce (inputs | select(.service == \"ssh\" and .ssh.methods != null)) as $r ({}; .[$r.provider][if "
        "($r.ssh.methods | index(\"password\")) then 1 else 0 end] += 1)";
    if (program_time((const char *const[]){"jq", "-n", question, file, NULL}, &took))
        outcome_add(outcome, "jq_records_per_s", "/s", records / OTHERS / took.seconds, 0);
    if (program_time((const char *const[]){"sqlite3", ":memory:", "CREATE TABLE r (line TEXT)", ".mode ascii",
                                           ".separator \"\\037\" \"\\n\"", import,
                                           "SELECT json_extract(line, '$.provider'), EXISTS (SELECT 1 FROM "
                                           "json_each(line, '$.ssh.methods') WHERE value = 'password') AS p, count(*) "
                                           "FROM r WHERE json_extract(line, '$.service') = 'ssh' GROUP BY 1, 2",
                                           NULL},
                     &took))
        outcome_add(outcome, "sqlite_records_per_s", "/s", records / OTHERS / took.seconds, 0);
}

static void folder_remove(const char *folder)
{
    static const char *const names[] = {"all/records.jsonl", "part/records.jsonl", "all", "part", ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[PATH_BYTES];
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)remove(path);
    }
}

static void run(const struct bench_options *options, struct bench_outcome *outcome)
{
    uint32_t records = options->quick ? RECORDS / QUICK : RECORDS;
    const char *place = getenv("TMPDIR");
    char folder[PATH_BYTES / 2];
    struct intel intel;
    (void)snprintf(folder, sizeof(folder), "%.100s/sonde-bench-XXXXXX", place == NULL ? "/tmp" : place);
    if (mkdtemp(folder) == NULL) {
        outcome_fail(outcome, "%.150s: %s", folder, strerror(errno));
        return;
    }
    if (!made_up_intel(CVES, LISTINGS, &intel))
        outcome_fail(outcome, "cannot make an image of %d CVEs", (int)CVES);
    else {
        struct classifier *classifier = made_up_classifier(&intel, outcome);
        if (classifier != NULL && folder_fill(folder, classifier, records, outcome)) {
            study_measure(folder, records, outcome);
            others_measure(folder, records, outcome);
        }
        classifier_free(classifier);
        intel_unmap(&intel);
    }
    folder_remove(folder);
    outcome_note(outcome,
                 "`sonde report --json` over %u records of three services a host, with as many threads as there are "
                 "processors; jq and SQLite, one thread, with one of its lines over a hundredth of them.",
                 records);
}

const struct bench_part part_report = {
    .name = "report",
    .help = "the study made of ten million records (some 15 GB under $TMPDIR or /tmp); beside jq and SQLite",
    .runs = 1,
    .by_name = true,
    .run = run,
};
