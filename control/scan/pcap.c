// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/pcap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "config/figures.h"
#include "dataplane/channel/clock.h"

// The file's format: pcap(5), as libpcap's savefile manual has it; the magic number of one with nanoseconds.
static const uint32_t pcap_magic = 0xa1b23c4d;
enum { PCAP_MAJOR = 2, PCAP_MINOR = 4, LINKTYPE_ETHERNET = 1, BURST = 256, FILE_BUFFER = 1 << 18 };
#define NS_PER_SECOND UINT64_C(1000000000)
#define PAUSE_MIN_NS  200000L
#define PAUSE_MAX_NS  10000000L

struct file_header {
    uint32_t magic;
    uint16_t major;
    uint16_t minor;
    int32_t zone;
    uint32_t accuracy;
    uint32_t most; // bytes kept of a frame
    uint32_t link;
};

struct frame_header {
    uint32_t seconds;
    uint32_t nanoseconds;
    uint32_t kept;
    uint32_t length;
};

static int memory_make(struct pcap *pcap, uint32_t workers)
{
    pcap->trace_fd = memfd_create("sonde-trace", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (pcap->trace_fd < 0 || ftruncate(pcap->trace_fd, (off_t)trace_bytes(workers)) != 0 ||
        fcntl(pcap->trace_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        return -errno;
    return trace_map(TRACE_SCAN, workers, pcap->trace_fd, &pcap->trace);
}

static int file_begin(struct pcap *pcap)
{
    const struct file_header header = {.magic = pcap_magic,
                                       .major = PCAP_MAJOR,
                                       .minor = PCAP_MINOR,
                                       .most = TRACE_FRAME_MAX,
                                       .link = LINKTYPE_ETHERNET};
    int fd = fcntl(pcap->capture.fd, F_DUPFD_CLOEXEC, 0);
    pcap->file = fd < 0 ? NULL : fdopen(fd, "w");
    if (pcap->file == NULL) {
        int error = -errno;
        if (fd >= 0)
            close(fd);
        return error;
    }
    (void)setvbuf(pcap->file, NULL, _IOFBF, FILE_BUFFER);
    pcap->bytes = sizeof(header);
    return fwrite(&header, sizeof(header), 1, pcap->file) == 1 ? 0 : -EIO;
}

int pcap_open(struct pcap *pcap, const char *path, bool replace, uint64_t limit_bytes, uint32_t workers,
              char message[static 512])
{
    struct timespec now;
    *pcap = PCAP_NONE;
    pcap->path = path;
    pcap->limit_bytes = limit_bytes;
    if (strcmp(path, "-") == 0) {
        snprintf(message, 512, "--pcap: expected a file; standard output may be the records'");
        return -EINVAL;
    }
    int error = capture_open(&pcap->capture, path, replace, message);
    if (error != 0) {
        pcap->capture = (struct capture){.folder_fd = -1, .fd = -1};
        return error;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    pcap->epoch_ns = (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec - clock_ns();
    error = memory_make(pcap, workers);
    if (error == 0)
        error = file_begin(pcap);
    if (error != 0)
        snprintf(message, 512, "%.400s: %s", path, strerror(-error));
    return error;
}

// The slot's lengths may change while they are looked at: they are copied first.
static void frame_write(struct pcap *pcap, const struct trace_frame *slot)
{
    uint64_t stamp_ns = slot->stamp_ns;
    uint32_t kept = slot->kept;
    uint32_t length = slot->length;
    kept = kept < TRACE_FRAME_MAX ? kept : TRACE_FRAME_MAX;
    uint64_t at_ns = stamp_ns + pcap->epoch_ns;
    const struct frame_header header = {.seconds = (uint32_t)(at_ns / NS_PER_SECOND),
                                        .nanoseconds = (uint32_t)(at_ns % NS_PER_SECOND),
                                        .kept = kept,
                                        .length = length < kept ? kept : length};
    if (pcap->bytes + sizeof(header) + kept > pcap->limit_bytes) {
        pcap->left++;
        return;
    }
    if (pcap->error != 0)
        return;
    if (fwrite(&header, sizeof(header), 1, pcap->file) != 1 || fwrite(slot->bytes, 1, kept, pcap->file) != kept) {
        pcap->error = errno != 0 ? -errno : -EIO;
        return;
    }
    pcap->bytes += sizeof(header) + kept;
    pcap->frames++;
}

// Writes what lies in the rings, some of each; whether anything did.
static bool rings_drain(struct pcap *pcap)
{
    bool any = false;
    for (uint32_t i = 0; i < pcap->trace.workers; i++) {
        struct ring *ring = &pcap->trace.rings[i];
        uint64_t ready = ring_ready(ring, BURST);
        ready = ready < BURST ? ready : BURST;
        for (uint64_t at = 0; at < ready; at++)
            frame_write(pcap, ring_slot(ring, at));
        if (ready > 0)
            ring_advance(ring, ready);
        any = any || ready > 0;
    }
    return any;
}

static void *pcap_run(void *argument)
{
    struct pcap *pcap = argument;
    long pause_ns = PAUSE_MIN_NS;
    for (;;) {
        bool over = atomic_load_explicit(&pcap->over, memory_order_acquire);
        bool any = rings_drain(pcap);
        if (over && !any)
            return NULL;
        if (any) {
            pause_ns = PAUSE_MIN_NS;
            continue;
        }
        struct timespec pause = {.tv_nsec = pause_ns};
        nanosleep(&pause, NULL);
        pause_ns = pause_ns * 2 < PAUSE_MAX_NS ? pause_ns * 2 : PAUSE_MAX_NS;
    }
}

int pcap_start(struct pcap *pcap)
{
    sigset_t all;
    sigset_t before;
    if (pcap->trace_fd < 0)
        return 0;
    // Signals are the main thread's: it reads them from a descriptor.
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = -pthread_create(&pcap->thread, NULL, pcap_run, pcap);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pcap->running = error == 0;
    return error;
}

// Everything that was left in the rings is written, and the file closed. Returns 0 or what went wrong.
static int writer_end(struct pcap *pcap)
{
    if (pcap->running) {
        atomic_store_explicit(&pcap->over, true, memory_order_release);
        pthread_join(pcap->thread, NULL);
    }
    pcap->running = false;
    int closed = pcap->file != NULL && fclose(pcap->file) != 0 ? -errno : 0;
    pcap->file = NULL;
    return pcap->error != 0 ? pcap->error : closed;
}

int pcap_stop(struct pcap *pcap, char message[static 512])
{
    char a[FIGURE_MAX];
    char b[FIGURE_MAX];
    message[0] = '\0';
    int error = writer_end(pcap);
    if (error != 0) {
        snprintf(message, 512, "%.400s: %s; the capture is not kept, the records are as they would be without it",
                 pcap->path, strerror(-error));
        return error;
    }
    error = capture_settle(&pcap->capture, pcap->path, pcap->frames, message);
    if (error == 0 && pcap->left > 0)
        snprintf(message, 512, "%s frames in %.300s, which has its %llu bytes; %s more came (--pcap-limit)",
                 figure_count(pcap->frames, a), pcap->path, (unsigned long long)pcap->limit_bytes,
                 figure_count(pcap->left, b));
    else if (error == 0)
        snprintf(message, 512, "%s frames in %.400s", figure_count(pcap->frames, a), pcap->path);
    return error;
}

void pcap_close(struct pcap *pcap)
{
    (void)writer_end(pcap);
    trace_unmap(&pcap->trace);
    if (pcap->trace_fd >= 0)
        close(pcap->trace_fd);
    pcap->trace_fd = -1;
    capture_close(&pcap->capture);
}
