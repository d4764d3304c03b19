// SPDX-License-Identifier: BSD-3-Clause
// sonde classify: what today's catalogues and feeds make of records that are there.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/catalogue_files.h"
#include "control/classify/backport.h"
#include "control/classify/classify.h"
#include "control/classify/cpe.h"
#include "control/classify/cve.h"
#include "control/classify/vulnerability.h"
#include "control/command/json_output.h"
#include "control/command/planfile.h"
#include "control/command/subcommands.h"
#include "control/feeds/feeds.h"
#include "control/record/records.h"
#include "config/figures.h"
#include "control/record/records_sink.h"

enum { CLASSIFY_FEEDS, CLASSIFY_CONFIG, CLASSIFY_DRY_RUN, CLASSIFY_WHY, CLASSIFY_OPTIONS };

static const struct option_row classify_options[CLASSIFY_OPTIONS] = {
    [CLASSIFY_FEEDS] = {"feeds", "DIR", "folder of feeds ($SONDE_FEEDS, else " FEEDS_FOLDER ")"},
    [CLASSIFY_CONFIG] = {"config", "DIR", PLANFILE_CONFIG_HELP},
    [CLASSIFY_DRY_RUN] = {"dry-run", NULL, "say how many records would change, and change nothing"},
    [CLASSIFY_WHY] = {"why", "CVE", "explain for each record whether this CVE applies, and change nothing"},
};

struct classifying {
    const struct invocation *invocation;
    struct string_table strings;
    struct catalogue_storage storage;
    struct catalogue catalogue;
    struct classifier *classifier;
    struct intel intel; // all zero without feeds
    int intel_fd;
    FILE *out;    // the new file; NULL: nothing is written
    char *line;   // [RECORD_BYTES_MAX]
    char *before; // the same, of the record as it was
    uint64_t changed;
    uint32_t why_year;
    uint32_t why_number;
    uint64_t explained;
};

static enum exit_status refuse(enum exit_status status, const char *text)
{
    fprintf(stderr, "sonde: classify: %s\n", text);
    return status;
}

// ---- Catalogues and feeds
// ---------------------------------------------------------------------------------------------

static int catalogues_read(struct classifying *classifying, const struct catalogue_places *places,
                           struct complaint *complaint)
{
    const struct catalogue_reading reading = {
        .places = places, .storage = &classifying->storage, .strings = &classifying->strings};
    int error = string_table_init(&classifying->strings);
    for (enum catalogue_file file = 0; file < CATALOGUE_FILES && error == 0; file++)
        error = catalogue_files_read(&reading, file, complaint);
    const struct catalogue_storage *storage = &classifying->storage;
    classifying->catalogue = (struct catalogue){
        .services = storage->services,
        .service_count = storage->service_count,
        .findings = storage->findings,
        .finding_count = storage->finding_count,
        .products = storage->products,
        .product_count = storage->product_count,
        .conditions = storage->conditions,
        .condition_count = storage->condition_count,
    };
    return error;
}

static enum exit_status tools_open(struct classifying *classifying)
{
    char folder[PATH_MAX];
    struct complaint complaint = {""};
    const char *feeds = feeds_folder(classifying->invocation->values[CLASSIFY_FEEDS]);
    struct catalogue_places places;
    enum exit_status status =
        planfile_places(classifying->invocation->program, classifying->invocation, &places, folder);
    if (status != EXIT_DONE)
        return status;
    int error = catalogues_read(classifying, &places, &complaint);
    if (error == 0)
        error = feeds_open(feeds, &classifying->intel, &classifying->intel_fd, &complaint);
    bool none = error == -ENOENT;
    if (error != 0 && !none)
        return refuse(EXIT_FAILED, complaint.text[0] != '\0' ? complaint.text : strerror(-error));
    if (none)
        fprintf(stderr, "sonde: note: no feeds in %s: vulnerabilities are not evaluated (sonde help feeds)\n", feeds);
    classifying->classifier =
        classifier_new(&classifying->catalogue, classifying->strings.bytes, classifying->strings.length);
    classifying->line = malloc(RECORD_BYTES_MAX);
    classifying->before = malloc(RECORD_BYTES_MAX);
    if (classifying->classifier == NULL || classifying->line == NULL || classifying->before == NULL ||
        classifier_inform(classifying->classifier, none ? NULL : &classifying->intel) != 0)
        return refuse(EXIT_FAILED, strerror(ENOMEM));
    return EXIT_DONE;
}

static void tools_close(struct classifying *classifying)
{
    classifier_free(classifying->classifier);
    intel_unmap(&classifying->intel);
    if (classifying->intel_fd >= 0)
        (void)close(classifying->intel_fd);
    catalogue_storage_fini(&classifying->storage);
    string_table_fini(&classifying->strings);
    free(classifying->line);
    free(classifying->before);
}

// ---- Records
// ----------------------------------------------------------------------------------------------------------

static size_t record_print(const struct observation *observation, char *line)
{
    struct writer writer;
    writer_init(&writer, line, RECORD_BYTES_MAX);
    return record_write(observation, &writer) == 0 ? writer.length : 0;
}

static int record_take(void *context, const struct observation *observation, const struct records_place *place)
{
    struct classifying *classifying = context;
    // The reader's own, which is read anew for the next line.
    struct observation *ours = (struct observation *)(uintptr_t)observation;
    (void)place;
    size_t before = record_print(ours, classifying->before);
    classify(classifying->classifier, ours, ours->root->time / 1000);
    size_t after = record_print(ours, classifying->line);
    if (before == 0 || after == 0 || ours->failed)
        return -ENOMEM;
    classifying->changed += before != after || memcmp(classifying->before, classifying->line, after) != 0;
    return classifying->out == NULL || fwrite(classifying->line, 1, after, classifying->out) == after ? 0 : -errno;
}

// What is no record of this version stays as it is.
static int line_pass(void *context, const char *line, size_t length)
{
    struct classifying *classifying = context;
    if (classifying->out == NULL)
        return 0;
    return fwrite(line, 1, length, classifying->out) == length && fputc('\n', classifying->out) != EOF ? 0 : -errno;
}

static enum exit_status records_pass_through(struct classifying *classifying, const char *path, records_take *take,
                                             struct records_tally *ret_tally)
{
    char message[512];
    void *contexts[] = {classifying};
    const struct records_reading reading = {.paths = &path,
                                            .path_count = 1,
                                            .take = take,
                                            .denied = true,
                                            .pass = take == record_take ? line_pass : NULL,
                                            .contexts = contexts,
                                            .threads = 1};
    int error = records_read(&reading, ret_tally, message);
    for (size_t i = 0; i < ret_tally->complaint_count; i++)
        fprintf(stderr, "sonde: classify: %s; it stays as it is\n", ret_tally->complaints[i]);
    if (error != 0)
        return refuse(EXIT_FAILED, message);
    // Half a packed file would be written as if it were all of it.
    if (ret_tally->faults[RECORDS_BROKEN] > 0)
        return refuse(EXIT_FAILED, "the file could not be read to its end, and is as it was");
    return EXIT_DONE;
}

// ---- The file
// ---------------------------------------------------------------------------------------------------------

struct replacing {
    char path[PATH_MAX];
    char part[PATH_MAX];
    int lock_fd;
};

// A folder's records, plain or packed; the name of plain ones where there are none.
static int records_find(const char *folder, char ret_path[static PATH_MAX])
{
    static const char *const names[] = {"records.jsonl.zst", "records.jsonl.gz", "records.jsonl"};
    for (size_t i = sizeof(names) / sizeof(names[0]); i-- > 0;) {
        if (snprintf(ret_path, PATH_MAX, "%s/%s", folder, names[i]) >= PATH_MAX)
            return -ENAMETOOLONG;
        if (access(ret_path, F_OK) == 0)
            return 0;
    }
    return snprintf(ret_path, PATH_MAX, "%s/records.jsonl", folder) >= PATH_MAX ? -ENAMETOOLONG : 0;
}

// The records of a folder are those of its scan, which nobody else may be writing to.
static enum exit_status replacing_begin(struct replacing *replacing, const char *where)
{
    struct stat status;
    char folder[PATH_MAX];
    char message[PATH_MAX + 64];
    replacing->lock_fd = -1;
    if (stat(where, &status) != 0) {
        (void)snprintf(message, sizeof(message), "%s: %s", where, strerror(errno));
        return refuse(EXIT_USAGE, message);
    }
    bool is_folder = S_ISDIR(status.st_mode) != 0;
    int error = is_folder                                                      ? records_find(where, replacing->path)
                : snprintf(replacing->path, PATH_MAX, "%s", where) >= PATH_MAX ? -ENAMETOOLONG
                                                                               : 0;
    if (error != 0 || snprintf(replacing->part, PATH_MAX, "%s.part", replacing->path) >= PATH_MAX)
        return refuse(EXIT_USAGE, strerror(ENAMETOOLONG));
    (void)snprintf(folder, sizeof(folder), "%s", replacing->path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        (void)snprintf(folder, sizeof(folder), ".");
    else
        slash[slash == folder ? 1 : 0] = '\0';
    replacing->lock_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (replacing->lock_fd < 0 || flock(replacing->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        (void)snprintf(message, sizeof(message), "%s: %s", folder,
                       replacing->lock_fd >= 0 && errno == EWOULDBLOCK ? "a scan is writing to it" : strerror(errno));
        return refuse(EXIT_FAILED, message);
    }
    return EXIT_DONE;
}

// Packed as what it replaces.
static enum exit_status replacing_open(struct replacing *replacing, FILE **ret_out)
{
    struct stat status;
    char message[PATH_MAX + 64];
    enum records_packing packing = RECORDS_PLAIN;
    int old = open(replacing->path, O_RDONLY | O_CLOEXEC);
    int error = old < 0 || fstat(old, &status) != 0 ? -errno : records_packing_find(old, &packing);
    if (old >= 0)
        (void)close(old);
    int fd = error != 0 ? -1 : open(replacing->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0777);
    if (error == 0 && fd < 0 && errno == EEXIST && unlink(replacing->part) == 0)
        fd = open(replacing->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0777);
    // Records stay whose they were.
    if (fd >= 0)
        (void)!fchown(fd, status.st_uid, status.st_gid);
    *ret_out = fd < 0 ? NULL : records_sink_open(fd, packing);
    if (*ret_out != NULL)
        return EXIT_DONE;
    (void)snprintf(message, sizeof(message), "%s: %s", error != 0 ? replacing->path : replacing->part,
                   strerror(error != 0 ? -error : errno));
    return refuse(EXIT_FAILED, message);
}

static enum exit_status replacing_end(struct replacing *replacing, FILE *out, enum exit_status status)
{
    char message[PATH_MAX + 64];
    int error = ferror(out) != 0 ? EIO : 0;
    if (fclose(out) != 0)
        error = errno;
    if (status == EXIT_DONE && error == 0 && rename(replacing->part, replacing->path) != 0)
        error = errno;
    if (status == EXIT_DONE && error == 0 && fsync(replacing->lock_fd) != 0)
        error = errno;
    if (status != EXIT_DONE || error != 0)
        (void)unlink(replacing->part);
    if (error == 0)
        return status;
    (void)snprintf(message, sizeof(message), "%s: %s; it is as it was", replacing->path, strerror(error));
    return refuse(EXIT_FAILED, message);
}

static enum exit_status classify_again(struct classifying *classifying)
{
    struct replacing replacing;
    struct records_tally tally = {0};
    char numbers[2][FIGURE_MAX];
    bool dry = classifying->invocation->values[CLASSIFY_DRY_RUN] != NULL;
    enum exit_status status = replacing_begin(&replacing, classifying->invocation->operands[0]);
    if (status == EXIT_DONE && !dry)
        status = replacing_open(&replacing, &classifying->out);
    if (status == EXIT_DONE) {
        status = records_pass_through(classifying, replacing.path, record_take, &tally);
        if (!dry)
            status = replacing_end(&replacing, classifying->out, status);
    }
    if (replacing.lock_fd >= 0)
        (void)close(replacing.lock_fd);
    if (status != EXIT_DONE)
        return status;
    printf("%s of %s records %s\n", figure_count(classifying->changed, numbers[0]),
           figure_count(tally.records, numbers[1]), dry ? "would change" : "have changed");
    return output_finish(0);
}

// ---- Why
// --------------------------------------------------------------------------------------------------------------

static void step_print(void *context, const char *line)
{
    (void)context;
    printf("  %s\n", line);
}

static const struct intel_cve *why_find(const struct classifying *classifying)
{
    for (size_t i = 0; i < classifying->intel.cve_count; i++)
        if (classifying->intel.cves[i].year == classifying->why_year &&
            classifying->intel.cves[i].number == classifying->why_number)
            return &classifying->intel.cves[i];
    return NULL;
}

static void package_explain(const struct classifying *classifying, const struct identity *identity,
                            const struct cpe *cpe)
{
    static const char *const words[] = {[BACKPORT_UNKNOWN] = "nothing is known of it",
                                        [BACKPORT_OPEN] = "not fixed in this version",
                                        [BACKPORT_FIXED] = "fixed",
                                        [BACKPORT_NOT_AFFECTED] = "not affected"};
    const struct intel_product *found =
        intel_find_product(&classifying->intel, cpe->texts[CPE_VENDOR], cpe->texts[CPE_PRODUCT]);
    struct backport_package package = {.distribution = identity->distribution,
                                       .source = found == NULL ? "" : intel_string(&classifying->intel, found->package),
                                       .version = identity->package_version};
    struct backport_verdict verdict;
    if (package.distribution[0] == '\0') {
        printf("  distribution: the banner names none\n");
        return;
    }
    backport_identify(&classifying->intel, &package);
    enum backport_status status =
        backport_judge(&classifying->intel, &package, classifying->why_year, classifying->why_number, &verdict);
    printf("  distribution: %s package \"%s\" %s, release \"%s\": %s%s%s%s%s\n", package.distribution, package.source,
           package.version, verdict.release, words[status], verdict.fixed[0] != '\0' ? ", fixed in " : "",
           verdict.fixed, verdict.advisory[0] != '\0' ? ", " : "", verdict.advisory);
}

static void identity_explain(const struct classifying *classifying, const struct identity *identity,
                             const struct intel_cve *cve)
{
    struct cpe cpe;
    char shown[128];
    struct cve_subject subject = {.shown = shown};
    struct cve_reason reason;
    char evidence[CVE_EVIDENCE_BYTES];
    const struct cve_trace trace = {.step = step_print};
    if (!cpe_read(identity->cpe, &cpe) || cpe.kinds[CPE_VERSION] != CPE_VALUE ||
        !version_make(cpe.texts[CPE_VERSION], cpe.texts[CPE_UPDATE], &subject.version)) {
        printf("  product: \"%s\" tells no version: nothing is evaluated\n", identity->cpe);
        return;
    }
    subject.vendor = cpe.texts[CPE_VENDOR];
    subject.name = cpe.texts[CPE_PRODUCT];
    (void)snprintf(shown, sizeof(shown), "%.60s %.40s%.20s", subject.name, subject.version.number,
                   subject.version.update);
    printf("  product: %s\n", identity->cpe);
    enum cve_status status = cve_judge(&classifying->intel, cve, &subject, &trace, &reason);
    (void)cve_evidence(&classifying->intel, &subject, &reason, evidence);
    printf("  by NVD: %s: %s\n", cve_status_names[status], evidence);
    if (status == CVE_AFFECTED)
        package_explain(classifying, identity, &cpe);
}

// What the record says in the end, by the same code that made it.
static void outcome_explain(const struct classifying *classifying, const struct observation *observation)
{
    char id[32];
    const struct vulnerabilities_observation *part = observation->vulnerabilities;
    (void)snprintf(id, sizeof(id), "CVE-%u-%04u", classifying->why_year, classifying->why_number);
    for (uint32_t i = 0; part != NULL && i < part->cves.count; i++) {
        const struct cve_observation *row = &((const struct cve_observation *)part->cves.items)[i];
        if (text_is(&row->id, id)) {
            printf("  the record says: %s: %s\n", text_of(&row->status), text_of(&row->evidence));
            return;
        }
    }
    printf("  the record does not name it\n");
}

static int record_explain(void *context, const struct observation *observation, const struct records_place *place)
{
    struct classifying *classifying = context;
    struct observation *ours = (struct observation *)(uintptr_t)observation;
    const struct root_observation *root = ours->root;
    char address[ADDRESS_TEXT_MAX];
    (void)address_print(&root->ip, address);
    classify(classifying->classifier, ours, root->time / 1000);
    if (ours->product == NULL && root->components.count == 0)
        return 0;
    printf("%s:%lld (%s:%llu)\n", address, (long long)root->port, place->file, (unsigned long long)place->line);
    struct identities identities;
    identities_find(ours, &identities);
    if (identities.count == 0)
        printf("  product: \"\" tells no version: nothing is evaluated\n");
    for (size_t i = 0; i < identities.count; i++)
        identity_explain(classifying, &identities.items[i], why_find(classifying));
    outcome_explain(classifying, ours);
    classifying->explained++;
    return ferror(stdout) != 0 ? -EIO : 0;
}

static enum exit_status why_run(struct classifying *classifying)
{
    const char *name = classifying->invocation->values[CLASSIFY_WHY];
    struct records_tally tally;
    char text[128];
    char *end = NULL;
    if (strncmp(name, "CVE-", 4) == 0) {
        classifying->why_year = (uint32_t)strtoul(name + 4, &end, 10);
        if (end == name + 8 && *end == '-')
            classifying->why_number = (uint32_t)strtoul(end + 1, &end, 10);
    }
    if (end == NULL || *end != '\0' || classifying->why_number == 0)
        return refuse(EXIT_USAGE, "--why: expected the name of a CVE, as CVE-2021-41773");
    const struct intel_cve *cve = classifying->intel.header == NULL ? NULL : why_find(classifying);
    if (cve == NULL) {
        (void)snprintf(text, sizeof(text), "%.40s is not among the feeds", name);
        return refuse(EXIT_FAILED, text);
    }
    printf("%s: %s\n", name, intel_string(&classifying->intel, cve->summary));
    enum exit_status status =
        records_pass_through(classifying, classifying->invocation->operands[0], record_explain, &tally);
    if (status == EXIT_DONE && classifying->explained == 0)
        printf("no record names a product\n");
    return status == EXIT_DONE ? output_finish(0) : status;
}

static enum exit_status classify_run(const struct invocation *invocation)
{
    struct classifying classifying = {.invocation = invocation, .intel_fd = -1};
    enum exit_status status = tools_open(&classifying);
    if (status == EXIT_DONE)
        status = invocation->values[CLASSIFY_WHY] != NULL ? why_run(&classifying) : classify_again(&classifying);
    tools_close(&classifying);
    return status;
}

const struct subcommand subcommand_classify = {
    .name = "classify",
    .operands = "DIR|FILE",
    .summary = "classify records that are there again, with today's catalogues and feeds",
    .options = classify_options,
    .option_count = CLASSIFY_OPTIONS,
    .operands_min = 1,
    .operands_max = 1,
    .run = classify_run,
};
