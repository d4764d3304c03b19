// SPDX-License-Identifier: BSD-3-Clause
// The steps before a scan runs: each prepares a part, or refuses it in a line.
#include "control/command/scan_private.h"

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

#include "control/scan/listeners.h"
#include "config/plan/device.h"
#include "config/units.h"
#include "control/feeds/feeds.h"
#include "control/scan/programs.h"
#include "control/scan/scan_resume.h"

enum { DRY_RUN_FRAMES = 10000, DRY_RUN_PPS = 1000000 };

// The longest keeps the frames going, which wait when the scan is silent for 700 ms.
enum { TICK_MIN_US = 10, TICK_MAX_US = 250000 };

uint64_t scan_realtime(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

// Unique among appliances and sortable by time.
void scan_name(struct scan *scan)
{
    uint32_t salt = (uint32_t)getpid();
    if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
        salt ^= (uint32_t)scan_realtime();
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
    return scan_refuse(EXIT_FAILED,
                       "a scan opens a network port, which is root's: run it as root, or sudo sonde scan ... "
                       "(check, targets and scan --dry-run need no privilege)");
}

static enum exit_status programs_prepare(struct scan *scan)
{
    char message[PATH_MAX + 64];
    if (program_find(scan->invocation->program, "sonde-dataplane", scan->settings.dataplane_path) != 0) {
        snprintf(message, sizeof(message), "sonde-dataplane is neither beside sonde nor at %s",
                 scan->settings.dataplane_path);
        return scan_refuse(EXIT_FAILED, message);
    }
    if (scan->dry_run == NULL &&
        program_find(scan->invocation->program, "sonde-control", scan->settings.control_path) != 0) {
        snprintf(message, sizeof(message), "sonde-control is neither beside sonde nor at %s",
                 scan->settings.control_path);
        return scan_refuse(EXIT_FAILED, message);
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
        return scan_refuse(EXIT_USAGE, "SONDE_TICK_US: expected microseconds from 10 to 250000");
    scan->settings.tick_us = us;
    return EXIT_DONE;
}

static enum exit_status capture_prepare(struct scan *scan)
{
    char message[512];
    if (scan->dry_run == NULL ||
        capture_open(&scan->capture, scan->dry_run, scan_given(scan, SCAN_FORCE), message) == 0)
        return EXIT_DONE;
    return scan_refuse(EXIT_FAILED, message);
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
    if (scan->dry_run == NULL && scan->source.kernel_owns && !scan_given(scan, SCAN_QUIET) &&
        strncmp(scan->plan->device.vdev, "net_af_xdp", strlen("net_af_xdp")) == 0)
        fprintf(stderr,
                "sonde: note: net_af_xdp takes everything that comes in on %s from the kernel until the scan ends, "
                "remote logins too; net_af_packet does not\n",
                scan->source.interface);
    int error = eal_init(&scan->eal, &scan->plan->device, scan->dry_run != NULL ? scan->capture.device_path : NULL);
    if (error == -EINVAL)
        return scan_refuse(EXIT_USAGE, "device: names neither a card nor a virtual device");
    return error != 0 ? scan_refuse(EXIT_FAILED, strerror(-error)) : EXIT_DONE;
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
        .source_count = source->address_count,
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
    if (scan_given(scan, SCAN_RESUME))
        return output_resume(&scan->output, message) == 0 ? EXIT_DONE : scan_refuse(EXIT_FAILED, message);
    if (output_open(&scan->output, scan_output(scan), scan_given(scan, SCAN_FORCE), message) != 0)
        return scan_refuse(EXIT_FAILED, message);
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
    if (!scan_given(scan, SCAN_QUIET))
        fprintf(stderr, "sonde: this machine itself listens on %s, which is left to it: source.%s is %u-%u\n", names,
                key, left.first, left.first + left.count - 1U);
    return EXIT_DONE;
}

static enum exit_status ports_prepare(struct scan *scan)
{
    struct listeners listeners;
    if (scan->dry_run != NULL || !scan->source.kernel_owns)
        return EXIT_DONE;
    int error = listeners_read(&listeners, source_addresses(&scan->source));
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
    if (claim_new(source_addresses(&scan->source), ranges, 2, name, &scan->claim, message) != 0)
        return scan_refuse(EXIT_FAILED, message);
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
    int error = kernel_guard_new(source_addresses(&scan->source), ranges, 2, &scan->guard);
    if (error != 0) {
        fprintf(stderr,
                "sonde: the kernel owns the source address and would reset every connection; the nftables rule that "
                "keeps it from that could not be set: %s (give source.address an address that is not the kernel's)\n",
                strerror(-error));
        return EXIT_FAILED;
    }
    if (!scan_given(scan, SCAN_QUIET))
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
    if (scan_given(scan, SCAN_RESUME))
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

// What was judged before a resume was judged by the feeds of that day.
static void intel_compare(struct scan *scan)
{
    const char *was = scan->checkpoint.intel;
    if (scan_given(scan, SCAN_RESUME) && !scan_given(scan, SCAN_QUIET) && strcmp(was, scan->intel) != 0)
        fprintf(
            stderr,
            "sonde: note: the feeds have changed since this scan began (%s, now %s): its records are judged by two; "
            "`sonde classify %s` judges all by today's\n",
            was[0] != '\0' ? was : "none", scan->intel[0] != '\0' ? scan->intel : "none", scan->output.folder);
    memcpy(scan->checkpoint.intel, scan->intel, sizeof(scan->intel));
}

enum exit_status scan_checkpoint(struct scan *scan, uint64_t started_ns)
{
    if (scan->output.folder == NULL)
        return EXIT_DONE;
    int error = output_begin(&scan->output);
    if (error == 0 && scan->whole != NULL)
        error = plan_store(scan);
    if (error == 0 && !scan_given(scan, SCAN_RESUME))
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

static enum exit_status plan_prepare(struct scan *scan)
{
    const char *folder = scan->invocation->values[SCAN_RESUME];
    const char *path = scan->invocation->operand_count > 0 ? scan->invocation->operands[0] : NULL;
    if (folder == NULL)
        return planfile_load(scan->invocation, PLAN_NEED_SCAN, &scan->plan, &scan->whole);
    if (scan->invocation->operand_count > 1)
        return scan_refuse(EXIT_USAGE, "scan: --resume goes on with its own plan, expected at most one PLAN");
    if (scan->dry_run != NULL || scan_given(scan, SCAN_OUTPUT) || scan_given(scan, SCAN_FORCE))
        return scan_refuse(EXIT_USAGE, "scan: --resume goes with neither --output, --force nor --dry-run");
    char message[512];
    int error = output_find(&scan->output, folder, message);
    if (error != 0)
        return scan_refuse(error == -ENOENT ? EXIT_USAGE : EXIT_FAILED, message);
    enum exit_status status = planfile_resume(scan->invocation, &scan->output, path, &scan->checkpoint, &scan->plan);
    if (status == EXIT_DONE)
        snprintf(scan->id, sizeof(scan->id), "%s", scan->checkpoint.scan);
    return status;
}

const char *scan_feeds(const struct scan *scan)
{
    const char *option = scan->invocation->values[SCAN_FEEDS];
    return feeds_folder(option != NULL || scan->plan->feeds[0] == '\0' ? option : scan->plan->feeds);
}

// What feeds know of vulnerabilities. A scan goes on without; its records say so.
static enum exit_status intel_prepare(struct scan *scan)
{
    const char *folder = scan_feeds(scan);
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
    return error == 0 || error == -ENOENT ? EXIT_DONE : scan_refuse(EXIT_FAILED, complaint.text);
}

// Its writer runs before the first frame comes.
static enum exit_status pcap_prepare(struct scan *scan)
{
    char message[512];
    uint64_t limit_bytes = PCAP_BYTES;
    const char *path = scan->invocation->values[SCAN_PCAP];
    const char *limit = scan->invocation->values[SCAN_PCAP_LIMIT];
    if (limit != NULL && (path == NULL || units_bytes(limit, &limit_bytes) != 0 || limit_bytes < PCAP_BYTES_MIN))
        return scan_refuse(EXIT_USAGE, "--pcap-limit: expected a size like 500 MB, of at least 4 kB, beside --pcap");
    if (path == NULL)
        return EXIT_DONE;
    if (scan->dry_run != NULL)
        return scan_refuse(EXIT_USAGE, "--pcap keeps replies, and a dry run has none");
    if (pcap_open(&scan->pcap, path, scan_given(scan, SCAN_FORCE), limit_bytes, scan->runtime.workers, message) != 0)
        return scan_refuse(EXIT_FAILED, message);
    int error = pcap_start(&scan->pcap);
    return error == 0 ? EXIT_DONE : scan_refuse(EXIT_FAILED, strerror(-error));
}

enum exit_status scan_prepare(struct scan *scan, char port_name[static 64])
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
        status = scan_export_prepare(scan);
    if (status == EXIT_DONE)
        status = output_prepare(scan);
    if (status == EXIT_DONE && scan->claim != NULL)
        claim_locate(scan->claim, scan->output.folder);
    if (status == EXIT_DONE)
        status = guard_prepare(scan);
    if (status == EXIT_DONE)
        status = pcap_prepare(scan);
    if (status == EXIT_DONE)
        status = shared_prepare(scan);
    return status == EXIT_DONE ? dpdk_prepare(scan) : status;
}
