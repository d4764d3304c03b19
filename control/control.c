// SPDX-License-Identifier: BSD-3-Clause
#include "control/control.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/converse/ending.h"
#include "control/converse/inquiry_dialogue.h"
#include "control/converse/lane_run.h"
#include "control/converse/resume.h"
#include "control/sandbox.h"
#include "dataplane/channel/clock.h"
#include "dataplane/channel/pulse.h"

#define DATAPLANE_SILENCE_NS UINT64_C(10000000000) // as sonde scan waits for both of us
#define LANE_SILENCE_NS      UINT64_C(10000000000)
#define SYNC_EVERY_NS        UINT64_C(1000000000)
#define JOURNAL_SYNC_NS      UINT64_C(200000000) // a checkpoint waits for it, so more often than the records
#define FILE_BASE_BYTES      (UINT64_C(1) << 30)
#define FILE_EACH_BYTES      (UINT64_C(64) << 10) // of a position: far more than a record and its entries take
#define MEMORY_BASE_BYTES    (2 * LANE_MEMORY_BASE)
#define MEMORY_EACH_BYTES    (2 * LANE_MEMORY_EACH) // of a conversation: more than one in a TLS handshake takes

// Everything of a running control.
struct control {
    struct image image;
    struct intel intel; // all zero without one
    struct channel channel;
    struct journal journal;
    struct sink sink;
    struct hash seen;
    struct lane_shared shared;
    struct lane *lanes;
    struct pulse lane_pulses[CHANNEL_LANES_MAX];
    struct pulse dataplane_pulse;
    pthread_t syncer;
    pthread_mutex_t gate_mutex; // threads wait behind the gate until the sandbox stands
    pthread_cond_t gate_change;
    bool gate_open;
    bool gate_cancelled;
    uint32_t lanes_done; // under gate_mutex
    _Atomic bool syncing_over;
};

static volatile sig_atomic_t terminated; // volatile: the one type that the C standard gives to signal handlers

static void terminate(int number)
{
    (void)number;
    terminated = 1;
}

static void pause_ns(uint64_t ns)
{
    struct timespec pause = {.tv_nsec = (long)ns};
    nanosleep(&pause, NULL);
}

static int failed(const char *what, int error)
{
    fprintf(stderr, "sonde-control: %s: %s\n", what, strerror(-error));
    return error;
}

// False when nothing is going to run after all.
static bool gate_wait(struct control *control)
{
    pthread_mutex_lock(&control->gate_mutex);
    while (!control->gate_open && !control->gate_cancelled)
        pthread_cond_wait(&control->gate_change, &control->gate_mutex);
    bool open = control->gate_open;
    pthread_mutex_unlock(&control->gate_mutex);
    return open;
}

static void gate_set(struct control *control, bool open)
{
    pthread_mutex_lock(&control->gate_mutex);
    control->gate_open = open;
    control->gate_cancelled = !open;
    pthread_cond_broadcast(&control->gate_change);
    pthread_mutex_unlock(&control->gate_mutex);
}

struct lane_start {
    struct control *control;
    struct lane *lane;
};

static void *lane_thread(void *argument)
{
    struct lane_start start = *(struct lane_start *)argument;
    free(argument);
    if (!gate_wait(start.control))
        return NULL;
    lane_run(start.lane);
    atomic_store_explicit(&start.lane->alive, 0, memory_order_relaxed); // others may have more to do
    pthread_mutex_lock(&start.control->gate_mutex);
    start.control->lanes_done++;
    pthread_mutex_unlock(&start.control->gate_mutex);
    return NULL;
}

static void journal_publish(struct control *control)
{
    uint64_t synced_ns = UINT64_MAX;
    _Atomic uint64_t *counters = control->channel.down->counters;
    for (uint32_t i = 0; i < control->channel.geometry.lanes; i++) {
        uint64_t drained_ns = atomic_load_explicit(&control->lanes[i].drained_ns, memory_order_acquire);
        synced_ns = drained_ns < synced_ns ? drained_ns : synced_ns;
    }
    if (journal_sync(&control->journal) != 0)
        atomic_fetch_add_explicit(&counters[CONTROL_JOURNAL_ERRORS], 1, memory_order_relaxed);
    else
        atomic_store_explicit(&counters[CONTROL_JOURNAL_SYNCED_NS], synced_ns, memory_order_release);
}

// What is wrong with the disk, for `sonde scan`, which knows the files' names.
static void errors_publish(struct control *control)
{
    _Atomic uint64_t *counters = control->channel.down->counters;
    int append = atomic_load_explicit(&control->journal.append_error, memory_order_relaxed);
    int sync = atomic_load_explicit(&control->journal.sync_error, memory_order_relaxed);
    atomic_store_explicit(&counters[CONTROL_JOURNAL_ERRNO], (uint64_t)(append != 0 ? append : sync),
                          memory_order_relaxed);
    append = atomic_load_explicit(&control->sink.append_error, memory_order_relaxed);
    sync = atomic_load_explicit(&control->sink.sync_error, memory_order_relaxed);
    atomic_store_explicit(&counters[CONTROL_RECORD_ERRNO], (uint64_t)(append != 0 ? append : sync),
                          memory_order_relaxed);
}

// How long it takes at most until every lane is done with what it has.
static void wait_publish(struct control *control, uint64_t now_ns)
{
    uint64_t most_ns = 0;
    for (uint32_t i = 0; i < control->channel.geometry.lanes; i++) {
        uint64_t over_ns = atomic_load_explicit(&control->lanes[i].over_ns, memory_order_relaxed);
        uint64_t left_ns = clock_since(over_ns, now_ns);
        most_ns = left_ns > most_ns ? left_ns : most_ns;
    }
    atomic_store_explicit(&control->channel.down->counters[CONTROL_WAIT_MS], most_ns / 1000000, memory_order_relaxed);
}

static void records_sync(struct control *control)
{
    if (sink_sync(&control->sink) != 0)
        atomic_fetch_add_explicit(&control->channel.down->counters[CONTROL_RECORD_WRITE_ERRORS], 1,
                                  memory_order_relaxed);
}

// A disk may take seconds for this, so it has a thread of its own.
static void *sync_thread(void *argument)
{
    struct control *control = argument;
    if (!gate_wait(control))
        return NULL;
    uint64_t journal_ns = clock_ns();
    uint64_t records_ns = journal_ns;
    while (!atomic_load_explicit(&control->syncing_over, memory_order_relaxed)) {
        uint64_t now_ns = clock_ns();
        if (now_ns - journal_ns >= JOURNAL_SYNC_NS) {
            journal_ns = now_ns;
            journal_publish(control);
        }
        if (now_ns - records_ns >= SYNC_EVERY_NS) {
            records_ns = now_ns;
            records_sync(control);
        }
        pause_ns(20000000);
    }
    journal_publish(control);
    records_sync(control);
    return NULL;
}

static int threads_start(struct control *control)
{
    int error = pthread_create(&control->syncer, NULL, sync_thread, control);
    for (uint32_t i = 0; error == 0 && i < control->channel.geometry.lanes; i++) {
        struct lane_start *start = malloc(sizeof(*start));
        if (start == NULL)
            return -ENOMEM;
        *start = (struct lane_start){.control = control, .lane = &control->lanes[i]};
        error = pthread_create(&control->lanes[i].thread, NULL, lane_thread, start);
    }
    return -error;
}

// What the journal holds and the records do not goes to the lanes' queues.
static int past_read(struct control *control, bool died)
{
    uint32_t lanes = control->channel.geometry.lanes;
    struct channel_down_header *down = control->channel.down;
    struct resume_queues queues[CHANNEL_LANES_MAX];
    struct resume_past past;
    for (uint32_t i = 0; i < lanes; i++) {
        struct lane *lane = &control->lanes[i];
        queues[i] = (struct resume_queues){.asked = &lane->queue, .struck = &lane->struck, .spared = &lane->spared};
        queues[i].handled = atomic_exchange(&down->lanes[i].handled, 0);
    }
    const struct resume_source source = {.journal = &control->journal,
                                         .sink = &control->sink,
                                         .queues = queues,
                                         .lanes = lanes,
                                         .opens = control->image.settings->converse == CONVERSE_NOW,
                                         .died = died};
    int error = resume_read(&source, &control->seen, &past);
    if (error != 0)
        return error;
    for (uint32_t i = 0; i < lanes; i++)
        control->lanes[i].counters[CONTROL_RESUMED_UNFINISHED] = lane_waiting(&control->lanes[i]);
    atomic_fetch_add(&down->counters[CONTROL_TARGETS_STRUCK], past.struck);
    // What is there counts, not what the one that died had said. Gauges begin again.
    atomic_store(&down->counters[CONTROL_RECORDS], past.records);
    atomic_store(&down->counters[CONTROL_VERDICTS], control->seen.count);
    atomic_store(&down->counters[CONTROL_JOURNAL_ENTRIES], control->seen.count);
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        atomic_store(&down->counters[ending_outcome_counters[i]], past.outcomes[i]);
    // Those that an earlier one lost are among what is asked again.
    atomic_store(&down->counters[CONTROL_RECORDS_LOST], 0);
    atomic_store(&down->counters[CONTROL_CONVERSATIONS_OPEN], 0);
    atomic_store(&down->counters[CONTROL_CONVERSATIONS_QUEUED], 0);
    atomic_store(&down->counters[CONTROL_FLOWS_OPEN], 0);
    atomic_store(&down->counters[CONTROL_WAIT_MS], 0);
    atomic_store(&down->counters[CONTROL_MEMORY_HELD], 0);
    atomic_store(&down->open_conversations, 0);
    atomic_store(&down->open_limit, 0);
    return 0;
}

static int lanes_init(struct control *control)
{
    uint32_t count = control->channel.geometry.lanes;
    control->lanes = aligned_alloc(64, count * sizeof(*control->lanes));
    if (control->lanes == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        int error = lane_init(&control->lanes[i], &control->shared, i);
        if (error != 0) {
            while (i-- > 0)
                lane_fini(&control->lanes[i]);
            free(control->lanes);
            return error;
        }
    }
    return 0;
}

// Maps everything that is ever mapped.
static int control_init(struct control *control, const struct control_options *options)
{
    int error = image_map(options->image_fd, &control->image);
    if (error != 0)
        return failed("plan image", error);
    if (options->intel_fd >= 0 && (error = intel_map_file(options->intel_fd, &control->intel)) != 0)
        goto out_image;
    error = channel_map(CHANNEL_CONTROL, &options->geometry, options->up_fd, options->down_fd, &control->channel);
    if (error != 0)
        goto out_image;
    control->shared = (struct lane_shared){
        .image = &control->image,
        .intel = options->intel_fd >= 0 ? &control->intel : NULL,
        .channel = &control->channel,
        .journal = &control->journal,
        .sink = &control->sink,
        .seen = &control->seen,
        .flow_ops = &inquiry_flow_ops,
        .user_agent = image_string(&control->image, control->image.settings->user_agent),
        .http_path = image_string(&control->image, control->image.settings->http_path),
        .http_headers = image_string(&control->image, control->image.settings->http_headers),
        .trust_store = image_string(&control->image, control->image.settings->trust_store),
    };
    error = lanes_init(control);
    if (error == 0)
        return 0;
    channel_unmap(&control->channel);
out_image:
    intel_unmap(&control->intel);
    image_unmap(&control->image);
    return failed("cannot start", error);
}

// Journal and records, which an earlier control has written.
static int control_read(struct control *control, const struct control_options *options)
{
    uint64_t cut = 0;
    int error = journal_init(&control->journal, options->journal_fd, control->image.settings->seed, options->resume);
    if (error != 0)
        return failed("cannot start", error);
    error = sink_init(&control->sink, options->records_fd, &cut);
    if (error != 0)
        goto out_journal;
    atomic_fetch_add(&control->channel.down->counters[CONTROL_RECORDS_CUT], cut);
    error = options->resume ? past_read(control, options->died) : hash_init(&control->seen, 0);
    if (error == 0) {
        uint64_t records = options->resume ? atomic_load(&control->channel.down->counters[CONTROL_RECORDS]) : 0;
        atomic_store(&control->shared.results, records);
        return 0;
    }
    sink_fini(&control->sink);
out_journal:
    journal_fini(&control->journal);
    return failed("cannot start", error);
}

static void control_fini(struct control *control)
{
    for (uint32_t i = 0; i < control->channel.geometry.lanes; i++)
        lane_fini(&control->lanes[i]);
    free(control->lanes);
    channel_unmap(&control->channel);
    intel_unmap(&control->intel);
    image_unmap(&control->image);
}

// The most that a file may hold: what it holds now, and what all positions of the plan could add. A control that is not
// ours any more cannot fill the disk behind a small plan.
static uint64_t file_bytes_most(const struct control *control, const struct control_options *options)
{
    struct stat status;
    uint64_t bytes = FILE_BASE_BYTES;
    const int fds[] = {options->records_fd, options->journal_fd};
    for (size_t i = 0; i < 2; i++)
        if (fstat(fds[i], &status) == 0 && S_ISREG(status.st_mode))
            bytes += (uint64_t)status.st_size;
    const struct image_settings *settings = control->image.settings;
    uint64_t positions = settings->end_position - settings->first_position;
    return positions < (INT64_MAX - bytes) / FILE_EACH_BYTES ? bytes + positions * FILE_EACH_BYTES : INT64_MAX;
}

// Reads what there is to be read, and then nothing any more.
static int control_open(struct control *control, const struct control_options *options, bool sandbox)
{
    struct sandbox *narrow = NULL;
    const struct sandbox_rules rules = {
        .memory_bytes = MEMORY_BASE_BYTES + control->image.settings->max_open * MEMORY_EACH_BYTES,
        .file_bytes = file_bytes_most(control, options),
        .records_fd = options->records_fd,
        .journal_fd = options->journal_fd,
    };
    int error = sandbox ? sandbox_narrow(&rules, &narrow) : 0;
    if (error != 0)
        return failed("cannot restrict itself", error);
    error = control_read(control, options);
    if (error != 0 || !sandbox)
        return error;
    error = sandbox_close(narrow);
    return error == 0 ? 0 : failed("cannot restrict itself", error);
}

// A lane may wait for a pipe's reader as long as it takes, and one that has not begun, or has ended, does not beat.
static bool lanes_alive(struct control *control, uint64_t now_ns)
{
    bool alive = true;
    for (uint32_t i = 0; i < control->channel.geometry.lanes; i++) {
        uint64_t beat = atomic_load_explicit(&control->lanes[i].alive, memory_order_relaxed);
        uint64_t still_ns = pulse_look(&control->lane_pulses[i], beat, now_ns);
        if (beat != 0 && still_ns > LANE_SILENCE_NS && control->sink.is_file)
            alive = false;
    }
    return alive;
}

// The dataplane's heartbeat has begun, perhaps before this process did, and stands still.
static bool dataplane_silent(struct control *control, uint64_t now_ns)
{
    uint64_t beat = atomic_load_explicit(&control->channel.up->heartbeat_ns, memory_order_relaxed);
    return pulse_look(&control->dataplane_pulse, beat, now_ns) > DATAPLANE_SILENCE_NS && beat != 0;
}

static void pulses_start(struct control *control)
{
    uint64_t now_ns = clock_ns();
    pulse_start(&control->dataplane_pulse,
                atomic_load_explicit(&control->channel.up->heartbeat_ns, memory_order_relaxed), now_ns);
    for (uint32_t i = 0; i < control->channel.geometry.lanes; i++)
        pulse_start(&control->lane_pulses[i], 0, now_ns);
}

// Heartbeats until all lanes are done. Returns the exit status.
static int control_watch(struct control *control)
{
    uint32_t done = 0;
    int status = 0;
    pulses_start(control);
    while (done < control->channel.geometry.lanes) {
        uint64_t now_ns = clock_ns();
        bool silent = dataplane_silent(control, now_ns);
        if (silent && status == 0 && !terminated) {
            fprintf(stderr, "sonde-control: the dataplane has stopped\n");
            atomic_store(&control->shared.dataplane_gone, true);
            status = 1;
        }
        if (atomic_load(&control->shared.failed) && status == 0) {
            atomic_store(&control->shared.stop, true); // `sonde scan` says why: it knows the file's name
            status = 1;
        }
        if (terminated)
            atomic_store(&control->shared.stop, true);
        errors_publish(control);
        wait_publish(control, now_ns);
        if (lanes_alive(control, now_ns))
            atomic_store_explicit(&control->channel.down->heartbeat_ns, now_ns, memory_order_relaxed);
        pause_ns(20000000);
        pthread_mutex_lock(&control->gate_mutex);
        done = control->lanes_done;
        pthread_mutex_unlock(&control->gate_mutex);
    }
    return atomic_load(&control->shared.failed) ? 1 : status;
}

static void signals_set(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction stop = {.sa_handler = terminate};
    sigaction(SIGINT, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL); // a full quota is an error of the write, as a full disk is
    sigaction(SIGTERM, &stop, NULL);
}

static void threads_join(struct control *control)
{
    for (uint32_t i = 0; i < control->channel.geometry.lanes; i++)
        pthread_join(control->lanes[i].thread, NULL);
    atomic_store(&control->syncing_over, true);
    pthread_join(control->syncer, NULL);
}

// With threads that wait behind the gate.
static int control_go(struct control *control, const struct control_options *options, bool sandbox)
{
    if (control_open(control, options, sandbox) != 0) {
        gate_set(control, false);
        threads_join(control);
        return 1;
    }
    gate_set(control, true);
    int status = control_watch(control);
    threads_join(control);
    errors_publish(control);
    hash_fini(&control->seen);
    sink_fini(&control->sink);
    journal_fini(&control->journal);
    // Whoever starts it again has them asked once more.
    return atomic_load(&control->channel.down->counters[CONTROL_RECORDS_LOST]) != 0 ? 1 : status;
}

int control_run(const struct control_options *options, bool sandbox)
{
    pid_t parent = getppid();
    // First of all, so that an early SIGTERM ends the scan and not the process.
    if (sandbox)
        signals_set();
    int error = sandbox ? sandbox_drop(options->user, options->group, parent) : 0;
    if (error != 0) {
        failed("cannot drop privileges", error);
        return 1;
    }
    struct control *control = calloc(1, sizeof(*control));
    if (control == NULL || control_init(control, options) != 0) {
        free(control);
        return 1;
    }
    pthread_mutex_init(&control->gate_mutex, NULL);
    pthread_cond_init(&control->gate_change, NULL);
    error = threads_start(control);
    if (error != 0) {
        // Threads that wait behind the gate cannot be taken back one by one; the process ends, and they with it.
        failed("cannot start threads", error);
        return 1;
    }
    int status = control_go(control, options, sandbox);
    pthread_cond_destroy(&control->gate_change);
    pthread_mutex_destroy(&control->gate_mutex);
    control_fini(control);
    free(control);
    return status;
}
