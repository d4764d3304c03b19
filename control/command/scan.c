// SPDX-License-Identifier: BSD-3-Clause
// sonde scan: compiles the plan, prepares everything that both programs need, runs them, reports.
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <cap-ng.h>

#include "control/scan/capture.h"
#include "control/scan/checkpointer.h"
#include "control/scan/claim.h"
#include "control/scan/eal.h"
#include "control/scan/kernel_guard.h"
#include "control/scan/listeners.h"
#include "control/scan/output.h"
#include "config/plan/device.h"
#include "control/command/found.h"
#include "control/command/json_output.h"
#include "control/command/line.h"
#include "control/command/planfile.h"
#include "control/feeds/feeds.h"
#include "control/scan/programs.h"
#include "control/scan/scan_resume.h"
#include "control/scan/shared.h"
#include "control/scan/source.h"
#include "control/command/scan_explain.h"
#include "control/command/subcommands.h"
#include "control/scan/summary.h"
#include "control/scan/supervisor.h"
#include "control/command/watch.h"
#include "control/scan/teller.h"

enum {
    SCAN_QUIET,
    SCAN_JSON,
    SCAN_DRY_RUN,
    SCAN_OUTPUT,
    SCAN_FORCE,
    SCAN_RESUME,
    SCAN_FEEDS,
    SCAN_CONFIG,
    SCAN_PRINT_PLAN,
    SCAN_VERBOSE,
    SCAN_LOG,
    SCAN_WATCH,
    SCAN_ROUNDS,
    SCAN_NEWS,
    SCAN_ON_NEWS,
    SCAN_WEBHOOK
};

enum { DRY_RUN_FRAMES = 10000, DRY_RUN_PPS = 1000000 };

// The longest keeps the frames going, which wait when the scan is silent for 700 ms.
enum { TICK_MIN_US = 10, TICK_MAX_US = 250000 };

static const struct option_row scan_options[] = {
    [SCAN_QUIET] = {"quiet", NULL, "print nothing but errors"},
    [SCAN_JSON] = {"json", NULL, "print status lines and the summary as JSON on standard error"},
    [SCAN_DRY_RUN] = {"dry-run", "FILE", "write the first 10,000 frames to a pcap file and send nothing"},
    [SCAN_OUTPUT] = {"output", "WHERE", "folder for the results, or - for records on standard output", 'o', NULL},
    [SCAN_FORCE] = {"force", NULL, "overwrite the results that the folder holds"},
    [SCAN_RESUME] = {"resume", "OUT", "go on with the scan in this folder that ended early"},
    [SCAN_FEEDS] = {"feeds", "DIR", "folder of feeds (the plan's, else $SONDE_FEEDS, else " FEEDS_FOLDER ")"},
    [SCAN_CONFIG] = {"config", "DIR", PLANFILE_CONFIG_HELP},
    [SCAN_PRINT_PLAN] = {"print-plan", NULL, "print the plan that all this means, and send nothing"},
    [SCAN_VERBOSE] = {"verbose", NULL, "say what is decided and why"},
    [SCAN_LOG] = {"log", "FILE", "add what is said, and what is decided and why, to a file, each line with its time"},
    [SCAN_WATCH] = {"watch", "INTERVAL", "scan again and again, like 24h, and say what changed; once: one more round"},
    [SCAN_ROUNDS] = {"rounds", "N", "end after so many rounds of --watch"},
    [SCAN_NEWS] = {"news", "WHAT", "news to --watch: any change (any), or new findings of a severity and above",
                   .values = "any info low medium high critical"},
    [SCAN_ON_NEWS] = {"on-news", "COMMAND", "what the shell runs when there is news; $1 is the path of diff.json"},
    [SCAN_WEBHOOK] = {"webhook", "URL", "where news is posted to as JSON, over http or https"},
    LINE_OPTIONS,
};

// One scan from preparation to report. What was not prepared yet is all zero, or -1 for descriptors.
struct scan {
    const struct invocation *invocation;
    struct plan *plan;
    json_t *whole; // the plan of a command line, NULL for a plan file's own
    char id[40];
    char default_output[64];
    const char *dry_run; // pcap file, or NULL
    struct capture capture;
    struct runtime dpdk;
    struct eal eal;
    struct source source;
    struct plan_runtime runtime;
    struct output output;
    struct shared shared;
    struct claim *claim;
    struct kernel_guard *guard;
    struct supervisor_settings settings;
    struct supervisor supervisor;
    struct checkpoint checkpoint; // of a scan that is resumed
    struct checkpointer checkpointer;
    int answered_fd;
    int intel_fd;
    char intel[17]; // digest of that image, "" = none
};

static uint64_t now_realtime(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static bool given(const struct scan *scan, int option)
{
    return scan->invocation->values[option] != NULL;
}

static enum exit_status refuse(enum exit_status status, const char *message)
{
    fprintf(stderr, "sonde: %s\n", message);
    return status;
}

// Unique among appliances and sortable by time.
static void scan_name(struct scan *scan)
{
    uint32_t salt = (uint32_t)getpid();
    if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
        salt ^= (uint32_t)now_realtime();
    time_t now = time(NULL);
    struct tm utc;
    char stamp[24];
    gmtime_r(&now, &utc);
    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
    snprintf(scan->id, sizeof(scan->id), "%s-%08x", stamp, salt);
    snprintf(scan->default_output, sizeof(scan->default_output), "sonde-%s", scan->id);
}

// Opening an interface or a card is root's, or of who has been given both; other virtual devices are anybody's.
static enum exit_status privileges_check(const struct scan *scan)
{
    bool opens = scan->source.interface[0] != '\0' || device_has_card(&scan->plan->device);
    if (scan->dry_run != NULL || geteuid() == 0 || !opens)
        return EXIT_DONE;
    if (capng_get_caps_process() == 0 && capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW) &&
        capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN))
        return EXIT_DONE;
    return refuse(EXIT_FAILED, "a scan opens a network port, which is root's: run it as root, or sudo sonde scan ... "
                               "(check, targets and scan --dry-run need no privilege)");
}

static enum exit_status programs_prepare(struct scan *scan)
{
    char message[PATH_MAX + 64];
    if (program_find(scan->invocation->program, "sonde-dataplane", scan->settings.dataplane_path) != 0) {
        snprintf(message, sizeof(message), "sonde-dataplane is neither beside sonde nor at %s",
                 scan->settings.dataplane_path);
        return refuse(EXIT_FAILED, message);
    }
    if (scan->dry_run == NULL &&
        program_find(scan->invocation->program, "sonde-control", scan->settings.control_path) != 0) {
        snprintf(message, sizeof(message), "sonde-control is neither beside sonde nor at %s",
                 scan->settings.control_path);
        return refuse(EXIT_FAILED, message);
    }
    return EXIT_DONE;
}

// Tests look at the children more often than anybody needs to.
static enum exit_status tick_prepare(struct scan *scan)
{
    const char *text = getenv("SONDE_TICK_US");
    char *end = NULL;
    scan->settings.tick_us = SUPERVISOR_TICK_US;
    if (text == NULL)
        return EXIT_DONE;
    unsigned long us = strtoul(text, &end, 10);
    if (text[strspn(text, "0123456789")] != '\0' || end == text || us < TICK_MIN_US || us > TICK_MAX_US)
        return refuse(EXIT_USAGE, "SONDE_TICK_US: expected microseconds from 10 to 250000");
    scan->settings.tick_us = us;
    return EXIT_DONE;
}

static enum exit_status capture_prepare(struct scan *scan)
{
    char message[512];
    if (scan->dry_run == NULL || capture_open(&scan->capture, scan->dry_run, given(scan, SCAN_FORCE), message) == 0)
        return EXIT_DONE;
    return refuse(EXIT_FAILED, message);
}

static enum exit_status dpdk_prepare(struct scan *scan)
{
    int error = runtime_make(&scan->dpdk, NULL);
    if (error == 0)
        return EXIT_DONE;
    fprintf(stderr, "sonde: no folder for DPDK's run-time files can be made in /run or /tmp: %s\n", strerror(-error));
    return EXIT_FAILED;
}

static enum exit_status source_prepare(struct scan *scan)
{
    char message[256];
    if (eal_check_lcores(&scan->plan->device, message) != 0 ||
        source_resolve(scan->plan, scan->dry_run != NULL, &scan->source, message) != 0) {
        fprintf(stderr, "sonde: %s: %s\n", scan->plan->path, message);
        return EXIT_USAGE;
    }
    int error = eal_init(&scan->eal, &scan->plan->device, scan->dry_run != NULL ? scan->capture.device_path : NULL);
    if (error == -EINVAL)
        return refuse(EXIT_USAGE, "device: names neither a card nor a virtual device");
    return error != 0 ? refuse(EXIT_FAILED, strerror(-error)) : EXIT_DONE;
}

// Threads of control: one for each CPU that the workers leave, at least one.
static uint32_t lanes_choose(uint32_t workers)
{
    cpu_set_t allowed;
    uint32_t cpus = sched_getaffinity(0, sizeof(allowed), &allowed) == 0 ? (uint32_t)CPU_COUNT(&allowed) : 1;
    uint32_t lanes = cpus > workers ? cpus - workers : 1;
    return lanes < IMAGE_LANES_MAX ? lanes : IMAGE_LANES_MAX;
}

static void runtime_prepare(struct scan *scan, char port_name[static 64])
{
    struct plan *plan = scan->plan;
    const struct source *source = &scan->source;
    bool dry_run = scan->dry_run != NULL;
    const char *vdev = dry_run ? "net_pcap0" : plan->device.vdev;
    snprintf(port_name, 64, "%.*s", (int)strcspn(vdev, ","), vdev);
    if (!dry_run && plan->device.port[0] != '\0')
        snprintf(port_name, 64, "%s", plan->device.port);
    if (dry_run) {
        // A file has no network to spare, and nothing answers.
        plan->cooldown_ns = 0;
        plan->attempt_gap_ns = 0;
        plan->rate_pps = plan->rate_pps > DRY_RUN_PPS ? plan->rate_pps : DRY_RUN_PPS;
    }
    scan->runtime = (struct plan_runtime){
        .scan = scan->id,
        .port_name = port_name,
        .source_address = source->address,
        .gateway_address = source->gateway,
        .gateway_mac_given = source->gateway_mac_given,
        .vlan_given = plan->source.vlan_given,
        .vlan = plan->source.vlan,
        .is_vdev = dry_run || device_has_vdev(&plan->device),
        .dry_run = dry_run,
        .dry_run_frames = dry_run ? DRY_RUN_FRAMES : 0,
        .lanes = lanes_choose(scan->eal.workers),
        .workers = scan->eal.workers,
        .eal_arguments = (const char *const *)scan->eal.arguments,
        .eal_argument_count = scan->eal.argument_count,
        .hops = source->hops.items,
        .hop_count = source->hops.count,
    };
    memcpy(scan->runtime.source_mac, source->mac, sizeof(source->mac));
    memcpy(scan->runtime.gateway_mac, source->gateway_mac, sizeof(source->gateway_mac));
    memcpy(scan->runtime.worker_lcores, scan->eal.lcores, sizeof(scan->runtime.worker_lcores));
}

static enum exit_status output_prepare(struct scan *scan)
{
    char message[512];
    if (scan->dry_run != NULL)
        return EXIT_DONE;
    if (given(scan, SCAN_RESUME))
        return output_resume(&scan->output, message) == 0 ? EXIT_DONE : refuse(EXIT_FAILED, message);
    const char *where = scan->plan->output[0] != '\0' ? scan->plan->output : scan->default_output;
    if (given(scan, SCAN_OUTPUT))
        where = scan->invocation->values[SCAN_OUTPUT];
    if (output_open(&scan->output, where, given(scan, SCAN_FORCE), message) != 0)
        return refuse(EXIT_FAILED, message);
    return EXIT_DONE;
}

// What something on this machine listens on is left to it: the range becomes the longest stretch beside it.
static enum exit_status ports_spare(const struct scan *scan, const struct listeners *listeners, bool probes)
{
    struct plan_source *source = &scan->plan->source;
    const char *key = probes ? "probe_ports" : "flow_ports";
    uint16_t *first = probes ? &source->probe_port_first : &source->flow_port_first;
    uint16_t *count = probes ? &source->probe_port_count : &source->flow_port_count;
    const struct kernel_guard_ports range = {*first, *count};
    struct kernel_guard_ports left;
    char names[64];
    if (listeners_name(listeners, &range, names) == 0)
        return EXIT_DONE;
    if (!listeners_spare(listeners, &range, probes, &left)) {
        fprintf(stderr,
                "sonde: %s: source.%s: this machine itself listens on %s, and too little is left of %u-%u; expected a "
                "range that nothing listens on (ss -ltn)\n",
                scan->plan->path, key, names, range.first, range.first + range.count - 1U);
        return EXIT_USAGE;
    }
    *first = left.first;
    *count = left.count;
    if (!given(scan, SCAN_QUIET))
        fprintf(stderr, "sonde: this machine itself listens on %s, which is left to it: source.%s is %u-%u\n", names,
                key, left.first, left.first + left.count - 1U);
    return EXIT_DONE;
}

static enum exit_status ports_prepare(struct scan *scan)
{
    struct listeners listeners;
    if (scan->dry_run != NULL || !scan->source.kernel_owns)
        return EXIT_DONE;
    int error = listeners_read(&listeners, scan->source.address);
    if (error != 0) {
        fprintf(stderr, "sonde: what this machine listens on cannot be read from /proc/net: %s\n", strerror(-error));
        return EXIT_FAILED;
    }
    enum exit_status status = ports_spare(scan, &listeners, true);
    return status == EXIT_DONE ? ports_spare(scan, &listeners, false) : status;
}

// Virtual devices without an interface are networks of their own, and a card is claimed by DPDK, but not its address.
static enum exit_status claim_prepare(struct scan *scan)
{
    const struct plan_source *ports = &scan->plan->source;
    const struct kernel_guard_ports ranges[] = {
        {ports->probe_port_first, ports->probe_port_count},
        {ports->flow_port_first, ports->flow_port_count},
    };
    char message[CLAIM_MESSAGE_MAX];
    if (scan->dry_run != NULL || (scan->source.interface[0] == '\0' && device_has_vdev(&scan->plan->device)))
        return EXIT_DONE;
    // A scan that is resumed has the id of the one that ended, or that has not ended after all.
    char name[32];
    snprintf(name, sizeof(name), "%.16s-%d", scan->id, getpid());
    if (claim_new(scan->source.address, ranges, 2, name, &scan->claim, message) != 0)
        return refuse(EXIT_FAILED, message);
    return EXIT_DONE;
}

static enum exit_status guard_prepare(struct scan *scan)
{
    if (scan->dry_run != NULL || !scan->source.kernel_owns)
        return EXIT_DONE;
    const struct plan_source *ports = &scan->plan->source;
    const struct kernel_guard_ports ranges[] = {
        {ports->probe_port_first, ports->probe_port_count},
        {ports->flow_port_first, ports->flow_port_count},
    };
    int error = kernel_guard_new(scan->source.address, ranges, 2, &scan->guard);
    if (error != 0) {
        fprintf(stderr,
                "sonde: the kernel owns the source address and would reset every connection; the nftables rule that "
                "keeps it from that could not be set: %s (give source.address an address that is not the kernel's)\n",
                strerror(-error));
        return EXIT_FAILED;
    }
    if (!given(scan, SCAN_QUIET))
        fprintf(stderr,
                "sonde: nftables table sonde_%d keeps the kernel from answering on TCP %u-%u and %u-%u until this "
                "process ends\n",
                getpid(), ports->probe_port_first, ports->probe_port_first + ports->probe_port_count - 1U,
                ports->flow_port_first, ports->flow_port_first + ports->flow_port_count - 1U);
    return EXIT_DONE;
}

static enum exit_status shared_prepare(struct scan *scan)
{
    int error = shared_init(&scan->shared, scan->plan, &scan->runtime);
    if (error != 0) {
        fprintf(stderr, "sonde: the plan image and channel could not be made: %s\n", strerror(-error));
        return EXIT_FAILED;
    }
    // A dry run is the first attempt's frames and nothing else.
    scan->shared.commands->samples = scan->dry_run == NULL;
    if (given(scan, SCAN_RESUME))
        return scan_resume_apply(&scan->checkpoint, &scan->output, &scan->shared, &scan->answered_fd);
    return EXIT_DONE;
}

// A plan that no file holds is kept with the results, where a resume finds it.
static int plan_store(struct scan *scan)
{
    int error = output_write_plan(&scan->output, scan->whole);
    char *path = NULL;
    if (error != 0)
        return error;
    if (asprintf(&path, "%s/" OUTPUT_PLAN_NAME, scan->output.folder) < 0)
        return -ENOMEM;
    free(scan->plan->path);
    scan->plan->path = path;
    return 0;
}

// From here on a crash loses nothing: the first checkpoint stands before the first probe.
// What was judged before a resume was judged by the feeds of that day.
static void intel_compare(struct scan *scan)
{
    const char *was = scan->checkpoint.intel;
    if (given(scan, SCAN_RESUME) && !given(scan, SCAN_QUIET) && strcmp(was, scan->intel) != 0)
        fprintf(
            stderr,
            "sonde: note: the feeds have changed since this scan began (%s, now %s): its records are judged by two; "
            "`sonde classify %s` judges all by today's\n",
            was[0] != '\0' ? was : "none", scan->intel[0] != '\0' ? scan->intel : "none", scan->output.folder);
    memcpy(scan->checkpoint.intel, scan->intel, sizeof(scan->intel));
}

static enum exit_status checkpoint_prepare(struct scan *scan, uint64_t started_ns)
{
    if (scan->output.folder == NULL)
        return EXIT_DONE;
    int error = output_begin(&scan->output);
    if (error == 0 && scan->whole != NULL)
        error = plan_store(scan);
    if (error == 0 && !given(scan, SCAN_RESUME))
        error = scan_resume_begin(scan->plan, scan->id, &scan->shared, started_ns, &scan->checkpoint);
    if (error == 0)
        intel_compare(scan);
    if (error == 0)
        error = checkpointer_start(&scan->checkpointer, &scan->checkpoint, &scan->shared, &scan->output);
    if (error == 0)
        return EXIT_DONE;
    fprintf(stderr, "sonde: %s: the scan cannot be begun there: %s\n", scan->output.folder, strerror(-error));
    return EXIT_FAILED;
}

static enum exit_status ending_status(enum scan_ending ending)
{
    return ending == ENDING_FAILED ? EXIT_FAILED : ending == ENDING_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_DONE;
}

static enum exit_status dry_run_report(struct scan *scan)
{
    char message[512];
    uint64_t frames = progress_sum(&scan->shared, COUNTER_PROBES_SENT);
    enum exit_status status = ending_status(scan->supervisor.ending);
    if (status != EXIT_DONE)
        return status;
    if (capture_settle(&scan->capture, scan->dry_run, frames, message) != 0)
        return refuse(EXIT_FAILED, message);
    if (!given(scan, SCAN_QUIET))
        fprintf(stderr, "sonde: %llu frames written to %s, nothing sent\n", (unsigned long long)frames,
                strcmp(scan->dry_run, "-") == 0 ? "standard output" : scan->dry_run);
    return EXIT_DONE;
}

// Who asked in a line wants to see what came of it.
static void found_report(const struct scan *scan)
{
    char message[512];
    putchar('\n');
    int error = found_print(scan->output.folder, scan->plan, found_coloured(stdout), stdout, message);
    if (error != 0)
        fprintf(stderr, "sonde: %s\n", error == -ENOMEM ? strerror(ENOMEM) : message);
    fflush(stdout);
}

// Writes summary.json and says how it went. A result that could not be made durable is a failure.
static enum exit_status scan_report(struct scan *scan, uint64_t started_ns)
{
    struct summary summary = {
        .scan = scan->id,
        .plan = scan->plan,
        .runtime = &scan->runtime,
        .source = &scan->source,
        .eal = &scan->eal,
        .shared = &scan->shared,
        .supervisor = &scan->supervisor,
        .started_ns = given(scan, SCAN_RESUME) ? scan->checkpoint.started_ns : started_ns,
        .active_ns = now_realtime() - started_ns + scan->checkpoint.active_ns,
        .resumes = scan->checkpoint.resumes,
        .ended_ns = now_realtime(),
        .exit_status = ending_status(scan->supervisor.ending),
    };
    char lost[STORAGE_LINE_MAX];
    bool records_lost = storage_lost(&scan->shared, &scan->output, lost);
    if (records_lost) {
        if (!scan->output.is_pipe || scan->supervisor.failure[0] == '\0') // which has said so
            fprintf(stderr, "sonde: %s\n", lost);
        summary.exit_status = EXIT_FAILED;
        summary.lost = lost;
    }
    if (atomic_load(&scan->shared.up->phase) != CHANNEL_STARTING)
        output_settle(&scan->output);
    int error = checkpointer_stop(&scan->checkpointer, scan->supervisor.ending == ENDING_COMPLETE && !records_lost);
    if (scan->output.fresh && !scan->output.begun) {
        if (scan->output.aside != 0)
            fprintf(stderr, "sonde: %s: the results of the earlier scan are as they were\n", scan->output.folder);
        return summary.exit_status; // the scan has not begun: nothing of it stays
    }
    json_t *json = summary_json(&summary);
    if (error == 0)
        error = json == NULL ? -ENOMEM : output_write_summary(&scan->output, json);
    if (error == 0)
        error = output_sync(&scan->output);
    if (error != 0) {
        fprintf(stderr, "sonde: %s: %s\n", scan->output.folder != NULL ? scan->output.folder : "summary",
                strerror(-error));
        summary.exit_status = EXIT_FAILED;
    }
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/records.jsonl", scan->output.folder != NULL ? scan->output.folder : "");
    if (given(scan, SCAN_JSON) && json != NULL) {
        json_t *line = json_pack("{s:O}", "summary", json);
        json_dumpf(line, stderr, JSON_COMPACT | JSON_PRESERVE_ORDER);
        fputc('\n', stderr);
        json_decref(line);
    } else if (!given(scan, SCAN_QUIET)) {
        summary_print(&summary, scan->output.folder != NULL ? path : NULL, stderr);
    }
    json_decref(json);
    if (scan->whole != NULL && scan->output.folder != NULL && !given(scan, SCAN_QUIET) && !given(scan, SCAN_JSON))
        found_report(scan);
    return summary.exit_status;
}

static enum exit_status plan_prepare(struct scan *scan)
{
    const char *folder = scan->invocation->values[SCAN_RESUME];
    const char *path = scan->invocation->operand_count > 0 ? scan->invocation->operands[0] : NULL;
    if (folder == NULL)
        return planfile_load(scan->invocation, PLAN_NEED_SCAN, &scan->plan, &scan->whole);
    if (scan->invocation->operand_count > 1)
        return refuse(EXIT_USAGE, "scan: --resume goes on with its own plan, expected at most one PLAN");
    if (scan->dry_run != NULL || given(scan, SCAN_OUTPUT) || given(scan, SCAN_FORCE))
        return refuse(EXIT_USAGE, "scan: --resume goes with neither --output, --force nor --dry-run");
    char message[512];
    int error = output_find(&scan->output, folder, message);
    if (error != 0)
        return refuse(error == -ENOENT ? EXIT_USAGE : EXIT_FAILED, message);
    enum exit_status status = planfile_resume(scan->invocation, &scan->output, path, &scan->checkpoint, &scan->plan);
    if (status == EXIT_DONE)
        snprintf(scan->id, sizeof(scan->id), "%s", scan->checkpoint.scan);
    return status;
}

static const char *intel_folder(const struct scan *scan)
{
    const char *option = scan->invocation->values[SCAN_FEEDS];
    return feeds_folder(option != NULL || scan->plan->feeds[0] == '\0' ? option : scan->plan->feeds);
}

// What feeds know of vulnerabilities. A scan goes on without; its records say so.
static enum exit_status intel_prepare(struct scan *scan)
{
    const char *folder = intel_folder(scan);
    struct complaint complaint;
    struct intel intel;
    int error = feeds_open(folder, &intel, &scan->intel_fd, &complaint);
    if (error == 0) {
        snprintf(scan->intel, sizeof(scan->intel), "%s", intel.digest);
        intel_unmap(&intel);
    }
    // A folder that the plan names is there; that there is none elsewhere is told as a note.
    if (error == -ENOENT && folder == scan->plan->feeds) {
        fprintf(stderr, "sonde: %s: feeds: %s holds no intel.image; sonde feeds update or import makes it\n",
                scan->plan->path, folder);
        return EXIT_USAGE;
    }
    return error == 0 || error == -ENOENT ? EXIT_DONE : refuse(EXIT_FAILED, complaint.text);
}

static enum exit_status scan_prepare(struct scan *scan, char port_name[static 64])
{
    enum exit_status status = plan_prepare(scan);
    if (status == EXIT_DONE)
        status = programs_prepare(scan);
    if (status == EXIT_DONE)
        status = tick_prepare(scan);
    if (status == EXIT_DONE)
        status = intel_prepare(scan);
    if (status == EXIT_DONE)
        status = capture_prepare(scan);
    if (status == EXIT_DONE)
        status = source_prepare(scan);
    if (status == EXIT_DONE)
        status = privileges_check(scan);
    if (status != EXIT_DONE)
        return status;
    runtime_prepare(scan, port_name);
    status = ports_prepare(scan);
    if (status == EXIT_DONE)
        status = claim_prepare(scan);
    if (status == EXIT_DONE)
        status = output_prepare(scan);
    if (status == EXIT_DONE && scan->claim != NULL)
        claim_locate(scan->claim, scan->output.folder);
    if (status == EXIT_DONE)
        status = guard_prepare(scan);
    if (status == EXIT_DONE)
        status = shared_prepare(scan);
    return status == EXIT_DONE ? dpdk_prepare(scan) : status;
}

static enum exit_status plan_print(const struct invocation *invocation)
{
    struct plan *plan = NULL;
    json_t *whole = NULL;
    enum exit_status status = planfile_load(invocation, PLAN_NEED_SCAN, &plan, &whole);
    if (status == EXIT_DONE)
        status = output_finish(json_print(whole, stdout));
    plan_free(plan);
    return status;
}

static enum exit_status scan_told(const struct invocation *invocation)
{
    struct scan scan = {
        .invocation = invocation,
        .dry_run = invocation->values[SCAN_DRY_RUN],
        .output = OUTPUT_NONE,
        .capture = {.folder_fd = -1, .fd = -1},
        .dpdk = {.parent_fd = -1, .fd = -1},
        .answered_fd = -1,
        .intel_fd = -1,
        .shared = {.image_fd = -1, .commands_fd = -1, .up_fd = -1, .up_read_fd = -1, .down_fd = -1},
    };
    char port_name[64];
    scan_name(&scan);
    uint64_t started_ns = now_realtime();
    enum exit_status status = scan_prepare(&scan, port_name);
    if (status == EXIT_DONE)
        status = checkpoint_prepare(&scan, started_ns);
    if (status == EXIT_DONE) {
        for (size_t i = 0; i < scan.plan->note_count && !given(&scan, SCAN_QUIET); i++)
            fprintf(stderr, "sonde: note: %s\n", scan.plan->notes[i]);
        if (scan.intel_fd < 0 && !given(&scan, SCAN_QUIET) && scan.dry_run == NULL)
            fprintf(stderr, "sonde: note: no feeds in %s: vulnerabilities are not evaluated (sonde help feeds)\n",
                    intel_folder(&scan));
        scan_explain(&(struct scan_decisions){.plan = scan.plan,
                                              .eal = &scan.eal,
                                              .source = &scan.source,
                                              .runtime = &scan.runtime,
                                              .dataplane_path = scan.settings.dataplane_path,
                                              .control_path = scan.settings.control_path,
                                              .folder = scan.output.folder,
                                              .guarded = scan.guard != NULL,
                                              .intel = scan.intel_fd >= 0 ? intel_folder(&scan) : NULL});
        scan.settings.plan = scan.plan;
        scan.settings.shared = &scan.shared;
        scan.settings.runtime = &scan.dpdk;
        scan.settings.capture_fd = scan.capture.fd;
        scan.settings.claim = scan.claim;
        scan.settings.interface = scan.source.interface[0] != '\0' ? scan.source.interface : port_name;
        scan.settings.output = scan.dry_run == NULL ? &scan.output : NULL;
        scan.settings.answered_fd = scan.answered_fd;
        scan.settings.intel_fd = scan.intel_fd;
        scan.settings.quiet = given(&scan, SCAN_QUIET);
        scan.settings.json = given(&scan, SCAN_JSON);
        supervisor_run(&scan.supervisor, &scan.settings);
        runtime_remove(&scan.dpdk);
        teller_settle();
        status = scan.dry_run != NULL ? dry_run_report(&scan) : scan_report(&scan, started_ns);
    }
    if (scan.answered_fd >= 0)
        close(scan.answered_fd);
    if (scan.intel_fd >= 0)
        close(scan.intel_fd);
    runtime_remove(&scan.dpdk);
    capture_close(&scan.capture);
    kernel_guard_free(scan.guard);
    claim_free(scan.claim);
    shared_fini(&scan.shared);
    output_close(&scan.output);
    eal_fini(&scan.eal);
    source_fini(&scan.source);
    json_decref(scan.whole);
    plan_free(scan.plan);
    return status;
}

// Every line on standard error from here on is in the form that was asked for.
static enum exit_status scan_once(const struct invocation *invocation)
{
    char message[TELLER_MESSAGE_MAX];
    bool quiet = invocation->values[SCAN_QUIET] != NULL;
    const struct teller_settings settings = {
        .form = invocation->values[SCAN_JSON] != NULL ? TELLER_JSON
                : quiet                               ? TELLER_PLAIN
                                                      : teller_form_here(),
        .verbose = invocation->values[SCAN_VERBOSE] != NULL,
        .log = invocation->values[SCAN_LOG],
    };
    if (quiet && settings.verbose)
        return refuse(EXIT_USAGE, "scan: --quiet and --verbose exclude each other");
    if (teller_start(&settings, message) != 0)
        return refuse(EXIT_FAILED, message);
    enum exit_status status = scan_told(invocation);
    teller_stop();
    return status;
}

static enum exit_status scan_round(const struct invocation *invocation, const char *folder)
{
    struct invocation round = *invocation;
    round.values[SCAN_OUTPUT] = folder;
    return scan_once(&round);
}

static enum exit_status scan_run(const struct invocation *invocation)
{
    enum exit_status status = watch_check(invocation);
    if (status != EXIT_DONE)
        return status;
    if (invocation->values[SCAN_PRINT_PLAN] != NULL)
        return plan_print(invocation);
    return invocation->values[SCAN_WATCH] != NULL ? watch_run(invocation, scan_round) : scan_once(invocation);
}

const struct subcommand subcommand_scan = {
    .name = "scan",
    .operands = LINE_OPERANDS,
    .summary = "scan targets, or what a plan names, and write one record per exposed port",
    .options = scan_options,
    .option_count = sizeof(scan_options) / sizeof(scan_options[0]),
    .keys = plan_keys,
    .operands_max = INT_MAX,
    .run = scan_run,
};
