// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "control/scan/teller.h"
#include "control/store/counters.h"
#include "dataplane/channel/clock.h"

// Deaths in a row without anything to show for it: no record, and no target that it may have died over. While there is
// either, the targets run out before the deaths do.
enum { FRUITLESS_MAX = 17 };

#define SECOND_NS        UINT64_C(1000000000)
#define HANG_NS          (10 * SECOND_NS) // a machine that others load too may keep a thread from running for seconds
#define CONTROL_GRACE_NS (6 * SECOND_NS)  // from its start to its first heartbeat, with a journal to read
#define EAL_GRACE_NS     (30 * SECOND_NS) // hugepages are zeroed while DPDK starts
#define RESTART_NS       (SECOND_NS / 4)  // between two starts
#define INTERRUPT_NS     (3 * SECOND_NS)  // open conversations may take this long after Ctrl-C
#define KILL_NS          (4 * SECOND_NS)  // from a polite request to SIGKILL
#define KILL_AT_ONCE_NS  (2 * SECOND_NS)  // the same after a second Ctrl-C

const char *const scan_ending_names[ENDING_COUNT] = {
#define X(enumerator, name) [enumerator] = name,
    SCAN_ENDINGS(X)
#undef X
};

static void __attribute__((format(printf, 2, 3))) say(const struct supervisor *supervisor, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    char line[700];
    vsnprintf(line, sizeof(line), format, values);
    va_end(values);
    if (!supervisor->settings->quiet)
        fprintf(stderr, "sonde: %s\n", line);
}

static void order(const struct supervisor *supervisor, enum command_order command)
{
    struct commands *commands = supervisor->settings->shared->commands;
    if (atomic_load_explicit(&commands->order, memory_order_relaxed) < (uint32_t)command)
        atomic_store_explicit(&commands->order, (uint32_t)command, memory_order_release);
}

// Tells control to record what is open and end, and gives it until then + KILL_NS.
static void control_abandon(struct supervisor *supervisor, uint64_t now_ns)
{
    if (supervisor->control_abandoned)
        return;
    supervisor->control_abandoned = true;
    supervisor->kill_ns = now_ns + KILL_NS;
    child_signal(&supervisor->control, SIGTERM);
}

// The first failure is the one that counts: what follows is its consequence.
static void __attribute__((format(printf, 3, 4)))
fail(struct supervisor *supervisor, uint64_t now_ns, const char *format, ...)
{
    order(supervisor, ORDER_STOP_PROBES);
    control_abandon(supervisor, now_ns);
    if (supervisor->failure[0] != '\0')
        return;
    supervisor->ending = ENDING_FAILED;
    va_list values;
    va_start(values, format);
    vsnprintf(supervisor->failure, sizeof(supervisor->failure), format, values);
    va_end(values);
    fprintf(stderr, "sonde: %s\n", supervisor->failure);
}

static void stop_probes(struct supervisor *supervisor, enum scan_ending ending)
{
    if (supervisor->ending != ENDING_COMPLETE)
        return;
    supervisor->ending = ending;
    order(supervisor, ORDER_STOP_PROBES);
}

static int dataplane_start(struct supervisor *supervisor)
{
    const struct shared *shared = supervisor->settings->shared;
    struct child_descriptor descriptors[7] = {
        {"--image", shared->image_fd},
        {"--commands", shared->commands_fd},
        {"--up", shared->up_fd},
        {"--down", shared->down_fd},
    };
    size_t count = 4;
    if (supervisor->settings->answered_fd >= 0)
        descriptors[count++] = (struct child_descriptor){"--answered", supervisor->settings->answered_fd};
    if (supervisor->settings->trace_fd >= 0)
        descriptors[count++] = (struct child_descriptor){"--trace", supervisor->settings->trace_fd};
    if (supervisor->settings->capture_fd >= 0)
        descriptors[count++] = (struct child_descriptor){NULL, supervisor->settings->capture_fd};
    uint64_t beat = atomic_load_explicit(&shared->commands->heartbeat_ns, memory_order_relaxed);
    pulse_start(&supervisor->dataplane_pulse, beat, clock_ns());
    supervisor->dataplane.name = "sonde-dataplane";
    int errors_fd = -1;
    int error = relay_open(&supervisor->dataplane_errors, supervisor->dataplane.name, &errors_fd);
    if (error != 0)
        return error;
    error = child_start(&supervisor->dataplane, &(struct child_start){
                                                    .path = supervisor->settings->dataplane_path,
                                                    .descriptors = descriptors,
                                                    .descriptor_count = count,
                                                    .variable = "RUNTIME_DIRECTORY",
                                                    .value = supervisor->settings->runtime->path,
                                                    .output_fd = errors_fd,
                                                });
    close(errors_fd);
    if (error != 0)
        relay_close(&supervisor->dataplane_errors);
    return error;
}

static int control_start(struct supervisor *supervisor)
{
    const struct shared *shared = supervisor->settings->shared;
    struct child_descriptor descriptors[6] = {
        {"--image", shared->image_fd},
        {"--up", shared->up_read_fd},
        {"--down", shared->down_fd},
        {"--records", supervisor->settings->output->records_fd},
        {"--journal", supervisor->settings->output->journal_fd},
    };
    size_t descriptor_count = 5;
    if (supervisor->settings->intel_fd >= 0)
        descriptors[descriptor_count++] = (struct child_descriptor){"--intel", supervisor->settings->intel_fd};
    char user[32];
    char geometry[64];
    snprintf(user, sizeof(user), "%u:%u", shared->users.control.user, shared->users.control.group);
    snprintf(geometry, sizeof(geometry), "%u,%u,%u,%u,%u", shared->geometry.workers, shared->geometry.lanes,
             shared->geometry.verdict_slots, shared->geometry.segment_slots, shared->geometry.request_slots);
    bool resume = supervisor->control_starts > 0 || supervisor->settings->answered_fd >= 0;
    bool died = supervisor->control_starts > 0 && WIFSIGNALED(supervisor->control.wait_status);
    const char *arguments[] = {"--geometry", geometry, "--user", user, NULL, NULL, NULL};
    size_t count = 4;
    if (died)
        arguments[count++] = "--died";
    if (resume)
        arguments[count++] = "--resume";
    supervisor->control.name = "sonde-control";
    supervisor->control_starts++;
    supervisor->start_control_ns = clock_ns();
    // What stands there is an earlier control's.
    uint64_t beat = atomic_load_explicit(&shared->down->heartbeat_ns, memory_order_relaxed);
    pulse_start(&supervisor->control_pulse, beat, supervisor->start_control_ns);
    int errors_fd = -1;
    int error = relay_open(&supervisor->control_errors, supervisor->control.name, &errors_fd);
    if (error != 0)
        return error;
    error = child_start(&supervisor->control, &(struct child_start){
                                                  .path = supervisor->settings->control_path,
                                                  .descriptors = descriptors,
                                                  .descriptor_count = descriptor_count,
                                                  .arguments = arguments,
                                                  .output_fd = errors_fd,
                                              });
    close(errors_fd);
    if (error != 0)
        relay_close(&supervisor->control_errors);
    return error;
}

// What happens to what is open, and how to go on with it.
static void stop_tell(const struct supervisor *supervisor, const char *why)
{
    const struct output *output = supervisor->settings->output;
    int seconds = (int)(INTERRUPT_NS / SECOND_NS);
    if (output == NULL || output->folder == NULL)
        say(supervisor, "%s: no new probes; what is open has %d s", why, seconds);
    else
        say(supervisor, "%s: no new probes; what is open has %d s; sonde scan --resume %.400s goes on later", why,
            seconds, output->folder);
}

static void signals_take(struct supervisor *supervisor, uint64_t now_ns)
{
    struct signalfd_siginfo info;
    while (read(supervisor->signal_fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGCHLD)
            continue;
        supervisor->interrupts++;
        if (supervisor->interrupts == 1) {
            stop_tell(supervisor, "stopping, again: at once");
            stop_probes(supervisor, ENDING_INTERRUPTED);
            supervisor->abandon_ns = now_ns + INTERRUPT_NS;
        } else {
            control_abandon(supervisor, now_ns);
            supervisor->kill_ns = now_ns + KILL_AT_ONCE_NS;
        }
    }
}

static void dataplane_watch(struct supervisor *supervisor, uint64_t now_ns)
{
    const struct commands *commands = supervisor->settings->shared->commands;
    if (supervisor->dataplane.pid == 0)
        return;
    relay_take(&supervisor->dataplane_errors);
    bool ended = child_ended(&supervisor->dataplane);
    if (ended)
        relay_close(&supervisor->dataplane_errors);
    uint32_t state = atomic_load_explicit(&commands->state, memory_order_acquire);
    if (ended) {
        char end[64];
        bool asked = supervisor->exit_ordered || supervisor->settings->output == NULL; // a dry run ends by itself
        if (asked && state == DATAPLANE_STOPPED && child_succeeded(&supervisor->dataplane))
            return;
        if (state == DATAPLANE_FAILED)
            fail(supervisor, now_ns, "sonde-dataplane: %.*s", (int)strnlen(commands->error, sizeof(commands->error)),
                 commands->error);
        else
            fail(supervisor, now_ns, "sonde-dataplane ended (%s); nothing is sent any more, the records are whole",
                 child_describe_end(&supervisor->dataplane, end));
        return;
    }
    // The folder is empty and of no more use once EAL is up, and now nothing can leave it behind.
    if (state >= DATAPLANE_SWEEPING && !supervisor->sweeping) {
        supervisor->sweeping = true;
        if (state != DATAPLANE_FAILED && supervisor->settings->output != NULL)
            output_settle(supervisor->settings->output);
        runtime_remove(supervisor->settings->runtime);
    }
    if (!supervisor->exit_ordered && !supervisor->channel_killed &&
        progress_sum(supervisor->settings->shared, COUNTER_CHANNEL_KILLED) > 0) {
        supervisor->channel_killed = true;
        fail(supervisor, now_ns,
             "sonde-control wrote an impossible index into the channel and is not trusted any more; the records are "
             "whole");
    }
    uint64_t still_ns = pulse_look(&supervisor->dataplane_pulse,
                                   atomic_load_explicit(&commands->heartbeat_ns, memory_order_relaxed), now_ns);
    uint64_t limit_ns = supervisor->dataplane_pulse.moved ? HANG_NS : HANG_NS + EAL_GRACE_NS;
    if (still_ns > limit_ns && !supervisor->exit_ordered) {
        child_signal(&supervisor->dataplane, SIGKILL);
        fail(supervisor, now_ns, "sonde-dataplane has hung for %d s and was killed", (int)(limit_ns / SECOND_NS));
    }
}

// A full device where records cannot be held back: every control would ask the same hosts and fail the same way.
static int records_error(const struct supervisor *supervisor)
{
    uint64_t error =
        atomic_load_explicit(&supervisor->settings->shared->down->counters[CONTROL_RECORD_ERRNO], memory_order_relaxed);
    return supervisor->settings->output->is_pipe && error < 4096 ? (int)error : 0;
}

// A pipe whose reader has gone: every control would fail the same way.
static bool records_unwanted(const struct supervisor *supervisor)
{
    struct pollfd pipe = {.fd = supervisor->settings->output->records_fd, .events = POLLOUT};
    return poll(&pipe, 1, 0) == 1 && (pipe.revents & POLLERR) != 0;
}

// Whether nothing has come of the controls since the last one of which something came.
static bool control_was_fruitless(struct supervisor *supervisor)
{
    const _Atomic uint64_t *counters = supervisor->settings->shared->down->counters;
    uint64_t fruits = atomic_load_explicit(&counters[CONTROL_RECORDS], memory_order_relaxed) +
                      atomic_load_explicit(&counters[CONTROL_TARGETS_STRUCK], memory_order_relaxed);
    if (fruits <= supervisor->fruits)
        return true;
    supervisor->fruits = fruits;
    supervisor->fruitless = 0;
    return false;
}

static void control_restart(struct supervisor *supervisor, uint64_t now_ns)
{
    char end[64];
    child_describe_end(&supervisor->control, end);
    if (records_unwanted(supervisor)) {
        fail(supervisor, now_ns, "nobody reads the records on standard output any more");
        return;
    }
    int error = records_error(supervisor);
    if (error != 0) {
        fail(supervisor, now_ns, "standard output: %s: the scan ends here, and what it had found is lost",
             strerror(error));
        return;
    }
    if (now_ns - supervisor->start_control_ns < RESTART_NS)
        return;
    if (control_was_fruitless(supervisor) && ++supervisor->fruitless >= FRUITLESS_MAX) {
        fail(supervisor, now_ns,
             "sonde-control ended (%s) for the %uth time, and nothing is recorded any more: giving up", end,
             supervisor->control_starts);
        return;
    }
    fprintf(stderr, "sonde: sonde-control ended (%s): starting it again, unfinished targets are asked again\n", end);
    error = control_start(supervisor);
    if (error != 0)
        fail(supervisor, now_ns, "%s: %s", supervisor->settings->control_path, strerror(-error));
}

// Told to end, it was killed or crashed instead: what it held is in no record.
static void control_killed(struct supervisor *supervisor, uint64_t now_ns)
{
    const char *folder = supervisor->settings->output->folder;
    char end[64];
    if (!WIFSIGNALED(supervisor->control.wait_status))
        return;
    child_describe_end(&supervisor->control, end);
    if (folder == NULL)
        fail(supervisor, now_ns, "sonde-control did not end as it should (%s): the last records are lost", end);
    else
        fail(supervisor, now_ns,
             "sonde-control did not end as it should (%s); what it had not recorded is in the journal: "
             "sonde scan --resume %.255s asks it again",
             end, folder);
}

static void control_watch(struct supervisor *supervisor, uint64_t now_ns)
{
    if (supervisor->control_done)
        return;
    relay_take(&supervisor->control_errors);
    if (child_ended(&supervisor->control)) {
        relay_close(&supervisor->control_errors);
        uint32_t phase = atomic_load_explicit(&supervisor->settings->shared->up->phase, memory_order_acquire);
        bool expected = phase == CHANNEL_COOLED && child_succeeded(&supervisor->control);
        if (!expected && !supervisor->control_abandoned)
            control_restart(supervisor, now_ns);
        else if (!expected)
            control_killed(supervisor, now_ns);
        supervisor->control_done = expected || (supervisor->control_abandoned && supervisor->control.pid == 0);
        return;
    }
    uint64_t beat = atomic_load_explicit(&supervisor->settings->shared->down->heartbeat_ns, memory_order_relaxed);
    uint64_t still_ns = pulse_look(&supervisor->control_pulse, beat, now_ns);
    uint64_t limit_ns = supervisor->control_pulse.moved ? HANG_NS : HANG_NS + CONTROL_GRACE_NS;
    if (still_ns > limit_ns) {
        say(supervisor, "sonde-control has hung for %d s: killing it", (int)(limit_ns / SECOND_NS));
        child_signal(&supervisor->control, SIGKILL);
        pulse_start(&supervisor->control_pulse, beat, now_ns); // not again at the next tick
    }
}

static void limits_watch(struct supervisor *supervisor, uint64_t now_ns)
{
    const struct plan *plan = supervisor->settings->plan;
    uint64_t records =
        atomic_load_explicit(&supervisor->settings->shared->down->counters[CONTROL_RECORDS], memory_order_relaxed);
    // Control writes no more than these; what is open beyond them is not worth waiting for.
    if (plan->max_results > 0 && records >= plan->max_results && supervisor->ending == ENDING_COMPLETE) {
        stop_probes(supervisor, ENDING_MAX_RESULTS);
        supervisor->abandon_ns = now_ns;
    }
    if (plan->max_runtime_ns > 0 && now_ns - supervisor->start_ns >= plan->max_runtime_ns &&
        supervisor->abandon_ns == 0) {
        stop_tell(supervisor, "max_runtime is over");
        stop_probes(supervisor, ENDING_MAX_RUNTIME);
        supervisor->abandon_ns = now_ns + INTERRUPT_NS;
    }
    if (supervisor->abandon_ns != 0 && now_ns >= supervisor->abandon_ns)
        control_abandon(supervisor, now_ns);
}

// Nothing can be asked any more, so what is open cannot end either.
static void link_watch(struct supervisor *supervisor, uint64_t now_ns)
{
    const struct supervisor_settings *settings = supervisor->settings;
    const struct outage_settings outage = {.interface = settings->interface,
                                           .wait_ns = settings->plan->link_wait_ns,
                                           .folder = settings->output != NULL ? settings->output->folder : NULL};
    if (supervisor->exit_ordered || !outage_watch(&supervisor->outage, &outage, settings->shared->commands, now_ns))
        return;
    stop_probes(supervisor, ENDING_INTERRUPTED);
    control_abandon(supervisor, now_ns);
}

// Ends what has nothing left to do. Both have ended when this returns true.
static bool wind_up(struct supervisor *supervisor, uint64_t now_ns)
{
    uint32_t state = atomic_load_explicit(&supervisor->settings->shared->commands->state, memory_order_relaxed);
    bool finished = supervisor->control_done &&
                    (state >= DATAPLANE_COOLED || supervisor->control_abandoned || supervisor->dataplane.pid == 0);
    if (finished && !supervisor->exit_ordered) {
        supervisor->exit_ordered = true;
        supervisor->kill_ns = now_ns + KILL_NS;
        order(supervisor, ORDER_EXIT);
    }
    if (supervisor->kill_ns != 0 && now_ns >= supervisor->kill_ns) {
        if (!supervisor->control_done)
            child_signal(&supervisor->control, SIGKILL);
        else
            child_signal(&supervisor->dataplane, SIGKILL);
    }
    return supervisor->control_done && supervisor->dataplane.pid == 0;
}

static void progress_show(struct supervisor *supervisor, uint64_t now_ns)
{
    if (now_ns < supervisor->progress_ns)
        return;
    supervisor->progress_ns += SECOND_NS;
    struct progress progress;
    progress_take(&supervisor->progress, now_ns, &progress);
    char line[2 * PROGRESS_LINE_MAX];
    if (supervisor->phase == NULL || strcmp(supervisor->phase, progress.phase) != 0)
        teller_explain("%s, %.0f s after the start: %llu probes sent, %llu answers, %llu records", progress.phase,
                       progress.elapsed_s, (unsigned long long)progress.probes, (unsigned long long)progress.answers,
                       (unsigned long long)progress.records);
    supervisor->phase = progress.phase;
    if (supervisor->settings->json)
        teller_status(progress_format_json(&progress, line));
    else if (!supervisor->settings->quiet)
        teller_status(progress_format(&progress, teller_columns(), line));
}

// A polite request's time goes on only while this process is awake: whoever was asked stood still with it.
static void pause_forgive(struct supervisor *supervisor, uint64_t gap_ns)
{
    uint64_t paused_ns = gap_ns > CLOCK_GAP_NS ? gap_ns - CLOCK_GAP_NS : 0;
    if (supervisor->abandon_ns != 0)
        supervisor->abandon_ns += paused_ns;
    if (supervisor->kill_ns != 0)
        supervisor->kill_ns += paused_ns;
}

// Sleeps for a tick, or until a signal comes. Returns the time.
static uint64_t tick_wait(struct supervisor *supervisor, uint64_t before_ns)
{
    struct pollfd wait = {.fd = supervisor->signal_fd, .events = POLLIN};
    uint64_t us = supervisor->settings->tick_us;
    const struct timespec tick = {.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000 * 1000)};
    ppoll(&wait, 1, &tick, NULL);
    uint64_t now_ns = clock_ns();
    pause_forgive(supervisor, clock_since(now_ns, before_ns));
    return now_ns;
}

static int signals_open(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    // Progress that nobody reads any more must not end the scan.
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void both_start(struct supervisor *supervisor, uint64_t now_ns)
{
    const struct supervisor_settings *settings = supervisor->settings;
    atomic_store_explicit(&settings->shared->commands->scan_heartbeat_ns, now_ns, memory_order_release);
    supervisor->control_done = settings->output == NULL;
    int error = dataplane_start(supervisor);
    if (error != 0) {
        supervisor->control_done = true;
        fail(supervisor, now_ns, "%s: %s", settings->dataplane_path, strerror(-error));
        return;
    }
    if (supervisor->control_done)
        return;
    error = control_start(supervisor);
    if (error != 0) {
        supervisor->control_done = true;
        fail(supervisor, now_ns, "%s: %s", settings->control_path, strerror(-error));
    }
}

void supervisor_run(struct supervisor *supervisor, const struct supervisor_settings *settings)
{
    uint64_t now_ns = clock_ns();
    *supervisor = (struct supervisor){.settings = settings, .ending = ENDING_COMPLETE, .start_ns = now_ns};
    supervisor->progress_ns = now_ns + SECOND_NS;
    supervisor->control_errors.read_fd = -1;
    supervisor->dataplane_errors.read_fd = -1;
    const struct plan *plan = settings->plan;
    const struct remaining_sweep sweep = {.positions = plan->summary.swept,
                                          .segment_positions = plan_segment_positions(plan),
                                          .attempts = plan->attempts,
                                          .samples = settings->shared->commands->samples != 0,
                                          .gap_ns = plan->attempt_gap_ns,
                                          .share = (double)plan->summary.pairs / (double)plan->summary.positions};
    progress_init(&supervisor->progress, settings->shared, &sweep, now_ns);
    double assumed_open = (double)plan->summary.swept * sweep.share * plan->summary.assumed_hit_rate;
    supervisor->progress.limits =
        (struct progress_limits){.cooldown_ns = plan->cooldown_ns,
                                 .max_runtime_ns = plan->max_runtime_ns,
                                 .later_s = plan->converse == CONVERSE_LATER && assumed_open > 0
                                                ? plan->summary.conversation_seconds / assumed_open
                                                : 0};
    supervisor->signal_fd = signals_open();
    if (supervisor->signal_fd < 0) {
        fail(supervisor, now_ns, "signals: %s", strerror(errno));
        return;
    }
    both_start(supervisor, now_ns);
    struct commands *commands = settings->shared->commands;
    while (!wind_up(supervisor, now_ns)) {
        now_ns = tick_wait(supervisor, now_ns);
        atomic_store_explicit(&commands->scan_heartbeat_ns, now_ns, memory_order_release);
        signals_take(supervisor, now_ns);
        dataplane_watch(supervisor, now_ns);
        control_watch(supervisor, now_ns);
        limits_watch(supervisor, now_ns);
        link_watch(supervisor, now_ns);
        claim_answer(settings->claim);
        if (settings->output != NULL)
            storage_watch(&supervisor->storage, settings->shared, settings->output, now_ns);
        progress_show(supervisor, now_ns);
    }
    close(supervisor->signal_fd);
}
