// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

// Per (worker, lane) pair: verdicts of a burst of answers and segments of a few thousand conversations, 15 MB.
// A ring of verdicts stays in the second-level cache; what it has no room for is parked (WORKER_PARKED of
// dataplane/worker.h).
enum { VERDICT_SLOTS = 4096, REQUEST_SLOTS = 4096 };
// A lane that is busy with handshakes leaves the segments of a thousand others waiting: few pairs get deep rings.
enum { SEGMENT_SLOTS_ALL = 65536, SEGMENT_SLOTS_MAX = 16384, SEGMENT_SLOTS_MIN = 4096 };

static int memory_new(const char *name, size_t bytes)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    // Only its owner may open it again through /proc: control is another user by then.
    if (fchmod(fd, 0600) == 0 && (bytes == 0 || ftruncate(fd, (off_t)bytes) == 0))
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

static int memory_seal(int fd, int seals)
{
    return fcntl(fd, F_ADD_SEALS, seals | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ? -errno : 0;
}

static int memory_reopen_readonly(int fd)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int copy = open(path, O_RDONLY | O_CLOEXEC);
    return copy >= 0 ? copy : -errno;
}

static int map(int fd, size_t bytes, int protection, void **ret_memory)
{
    void *memory = mmap(NULL, bytes, protection, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return -errno;
    *ret_memory = memory;
    return 0;
}

static int image_make(struct shared *shared, const struct plan *plan, const struct plan_runtime *runtime)
{
    shared->image_fd = memory_new("sonde-image", 0);
    if (shared->image_fd < 0)
        return shared->image_fd;
    int error = plan_compile(plan, runtime, shared->image_fd);
    return error != 0 ? error : memory_seal(shared->image_fd, F_SEAL_WRITE);
}

static int commands_make(struct shared *shared, const struct plan *plan)
{
    shared->commands_fd = memory_new("sonde-commands", sizeof(struct commands));
    if (shared->commands_fd < 0)
        return shared->commands_fd;
    int error = memory_seal(shared->commands_fd, 0);
    void *memory = NULL;
    if (error == 0)
        error = map(shared->commands_fd, sizeof(struct commands), PROT_READ | PROT_WRITE, &memory);
    if (error != 0)
        return error;
    struct commands *commands = memory;
    shared->commands = commands;
    commands->magic = COMMANDS_MAGIC;
    commands->geometry = shared->geometry;
    users_choose(&shared->users);
    commands->drop_user = shared->users.dataplane.user;
    commands->drop_group = shared->users.dataplane.group;
    atomic_store_explicit(&commands->rate_millipps, (uint64_t)(plan->rate_pps * 1000), memory_order_relaxed);
    ssize_t drawn = getrandom(commands->cookie_key, sizeof(commands->cookie_key), 0);
    return drawn == sizeof(commands->cookie_key) ? 0 : -EIO;
}

static int channel_make(struct shared *shared)
{
    shared->up_bytes = channel_up_bytes(&shared->geometry);
    shared->down_bytes = channel_down_bytes(&shared->geometry);
    if ((shared->up_fd = memory_new("sonde-up", shared->up_bytes)) < 0)
        return shared->up_fd;
    if ((shared->down_fd = memory_new("sonde-down", shared->down_bytes)) < 0)
        return shared->down_fd;
    if ((shared->up_read_fd = memory_reopen_readonly(shared->up_fd)) < 0)
        return shared->up_read_fd;
    int error = memory_seal(shared->up_fd, 0);
    if (error == 0)
        error = memory_seal(shared->down_fd, 0);
    void *up = NULL;
    void *down = NULL;
    if (error == 0)
        error = map(shared->up_fd, shared->up_bytes, PROT_READ, &up);
    shared->up = up;
    if (error == 0)
        error = map(shared->down_fd, shared->down_bytes, PROT_READ, &down);
    shared->down = down;
    return error;
}

static uint32_t segment_slots(uint32_t workers, uint32_t lanes)
{
    uint32_t slots = SEGMENT_SLOTS_MAX;
    while (slots > SEGMENT_SLOTS_MIN && (uint64_t)slots * workers * lanes > SEGMENT_SLOTS_ALL)
        slots /= 2;
    return slots;
}

int shared_init(struct shared *ret_shared, const struct plan *plan, const struct plan_runtime *runtime)
{
    struct shared shared = {
        .image_fd = -1,
        .commands_fd = -1,
        .up_fd = -1,
        .up_read_fd = -1,
        .down_fd = -1,
        .geometry = {runtime->workers, runtime->lanes, VERDICT_SLOTS, segment_slots(runtime->workers, runtime->lanes),
                     REQUEST_SLOTS},
    };
    int error = image_make(&shared, plan, runtime);
    if (error == 0)
        error = commands_make(&shared, plan);
    if (error == 0)
        error = channel_make(&shared);
    if (error != 0) {
        shared_fini(&shared);
        return error;
    }
    *ret_shared = shared;
    return 0;
}

void shared_fini(struct shared *shared)
{
    if (shared->commands != NULL)
        munmap(shared->commands, sizeof(*shared->commands));
    if (shared->up != NULL)
        munmap((void *)(uintptr_t)shared->up, shared->up_bytes);
    if (shared->down != NULL)
        munmap((void *)(uintptr_t)shared->down, shared->down_bytes);
    const int fds[] = {shared->image_fd, shared->commands_fd, shared->up_fd, shared->up_read_fd, shared->down_fd};
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    *shared = (struct shared){.image_fd = -1, .commands_fd = -1, .up_fd = -1, .up_read_fd = -1, .down_fd = -1};
}
