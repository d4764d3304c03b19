// SPDX-License-Identifier: BSD-3-Clause
// sonde-dataplane: started by `sonde scan` with four descriptors, never by hand.
//   sonde-dataplane --image FD --commands FD --up FD --down FD [--answered FD]
// --answered: a file of positions (uint64_t) that an earlier run of the scan had settled.
// Exit status: 0 after an orderly end, 1 when it could not start (commands->error says why), 2 for wrong arguments.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cap-ng.h>
#include <rte_eal.h>

#include "dataplane/dataplane.h"

struct descriptors {
    int image;
    int commands;
    int up;
    int down;
    int answered; // -1: a scan from the beginning
    int trace;    // -1: no frame is kept
};

static _Atomic bool terminated;

static void on_signal(int number)
{
    (void)number;
    atomic_store_explicit(&terminated, true, memory_order_relaxed);
}

static int descriptors_read(int argc, char **argv, struct descriptors *ret_descriptors)
{
    static const struct option options[] = {
        {"image", required_argument, NULL, 'i'},
        {"commands", required_argument, NULL, 'c'},
        {"up", required_argument, NULL, 'u'},
        {"down", required_argument, NULL, 'd'},
        {"answered", required_argument, NULL, 'a'},
        {"trace", required_argument, NULL, 't'},
        {NULL, 0, NULL, 0},
    };
    struct descriptors descriptors = {-1, -1, -1, -1, -1, -1};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        int *slot = option == 'i'   ? &descriptors.image
                    : option == 'c' ? &descriptors.commands
                    : option == 'u' ? &descriptors.up
                    : option == 'd' ? &descriptors.down
                    : option == 'a' ? &descriptors.answered
                    : option == 't' ? &descriptors.trace
                                    : NULL;
        char *end = NULL;
        long number = slot == NULL ? -1 : strtol(optarg, &end, 10);
        if (slot == NULL || *end != '\0' || number < 0 || number > 65535)
            return -EINVAL;
        *slot = (int)number;
    }
    if (descriptors.image < 0 || descriptors.commands < 0 || descriptors.up < 0 || descriptors.down < 0)
        return -EINVAL;
    *ret_descriptors = descriptors;
    return 0;
}

// What EAL does not like it answers with a hundred lines about all its options on standard output; what was wrong is a
// line on standard error. Returns what standard output was, or -1.
static int output_silence(void)
{
    int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int output_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (null_fd >= 0 && output_fd >= 0)
        (void)dup2(null_fd, STDOUT_FILENO);
    if (null_fd >= 0)
        close(null_fd);
    return output_fd;
}

static void output_restore(int output_fd)
{
    fflush(stdout);
    if (output_fd < 0)
        return;
    (void)dup2(output_fd, STDOUT_FILENO);
    close(output_fd);
}

static int eal_start(const struct image *image)
{
    size_t count = 0;
    const uint32_t *arguments = (const uint32_t *)image_section(image, IMAGE_EAL_ARGUMENTS, &count);
    // EAL keeps and reorders argv, so it gets strings of its own that live as long as the process.
    char **argv = (char **)calloc(count + 2, sizeof(char *));
    if (argv == NULL)
        return -ENOMEM;
    argv[0] = strdup("sonde-dataplane");
    for (size_t i = 0; i < count; i++)
        argv[i + 1] = strdup(image_string(image, arguments[i]));
    int output_fd = output_silence();
    int status = rte_eal_init((int)count + 1, argv) < 0 ? -EIO : 0;
    output_restore(output_fd);
    return status;
}

// net_af_xdp takes its program off the interface when the port is closed, which needs CAP_NET_ADMIN: this thread keeps
// that one then, and sends no frame by it.
static int net_admin_keep(void)
{
    capng_clear(CAPNG_SELECT_CAPS);
    if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN) != 0 ||
        capng_apply(CAPNG_SELECT_CAPS) != 0)
        return -EPERM;
    return 0;
}

// From here on no thread of the process, EAL's own included, can open a device, change a route or read another's
// memory: glibc carries these calls to every thread. The death signal has to be set again afterwards, prctl(2).
static int privileges_drop(const struct commands *commands)
{
    if (geteuid() != 0 || commands->drop_user == 0)
        return 0;
    gid_t group = (gid_t)commands->drop_group;
    uid_t user = (uid_t)commands->drop_user;
    bool xdp = strncmp(commands->port_name, "net_af_xdp", strlen("net_af_xdp")) == 0;
    if (prctl(PR_SET_KEEPCAPS, xdp ? 1 : 0) != 0 || setgroups(0, NULL) != 0 || setresgid(group, group, group) != 0 ||
        setresuid(user, user, user) != 0)
        return -errno;
    if (xdp && net_admin_keep() != 0)
        return -EPERM;
    return prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ? -errno : 0;
}

static int answered_restore(struct dataplane *dataplane, int fd)
{
    struct stat file;
    if (fd < 0)
        return 0;
    if (fstat(fd, &file) != 0)
        return -errno;
    size_t count = (size_t)file.st_size / sizeof(uint64_t);
    if (count == 0)
        return 0;
    void *memory = mmap(NULL, count * sizeof(uint64_t), PROT_READ, MAP_PRIVATE, fd, 0);
    if (memory == MAP_FAILED)
        return -errno;
    dataplane_restore(dataplane, (const uint64_t *)memory, count);
    (void)munmap(memory, count * sizeof(uint64_t));
    return 0;
}

static int trace_start(struct dataplane *dataplane, int fd)
{
    static struct trace trace;
    if (fd < 0)
        return 0;
    int status = trace_map(TRACE_DATAPLANE, dataplane->worker_count, fd, &trace);
    if (status == 0)
        dataplane_trace(dataplane, &trace);
    return status;
}

static int scan(const struct image *image, struct commands *commands, struct channel *channel,
                const struct descriptors *descriptors)
{
    static struct dataplane dataplane;
    int status = eal_start(image);
    if (status != 0) {
        snprintf(commands->error, sizeof(commands->error),
                 "DPDK's EAL did not start; its own lines above say why (device.eal, hugepages, permissions)");
        return status;
    }
    status = dataplane_init(&dataplane, image, commands, channel, commands->error, sizeof(commands->error));
    if (status != 0)
        return status;
    status = trace_start(&dataplane, descriptors->trace);
    if (status == 0)
        status = answered_restore(&dataplane, descriptors->answered);
    if (status == 0)
        status = privileges_drop(commands);
    if (status == 0)
        status = dataplane_run(&dataplane, &terminated);
    if (status != 0 && commands->error[0] == '\0')
        snprintf(commands->error, sizeof(commands->error), "the workers did not start: %s", strerror(-status));
    dataplane_fini(&dataplane);
    return status;
}

int main(int argc, char **argv)
{
    struct descriptors descriptors;
    if (descriptors_read(argc, argv, &descriptors) != 0) {
        fprintf(stderr, "sonde-dataplane is started by `sonde scan`: --image FD --commands FD --up FD --down FD\n");
        return 2;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigaction(SIGTERM, &action, NULL);
    (void)signal(SIGINT, SIG_IGN); // Ctrl-C reaches the whole group; `sonde scan` decides what it means
    struct commands *commands =
        (struct commands *)mmap(NULL, sizeof(*commands), PROT_READ | PROT_WRITE, MAP_SHARED, descriptors.commands, 0);
    if (commands == MAP_FAILED || commands->magic != COMMANDS_MAGIC) {
        fprintf(stderr, "sonde-dataplane: --commands %d is not what `sonde scan` makes\n", descriptors.commands);
        return 2;
    }
    struct image image;
    struct channel channel;
    int status = image_map(descriptors.image, &image);
    if (status == 0)
        status = channel_map(CHANNEL_DATAPLANE, &commands->geometry, descriptors.up, descriptors.down, &channel);
    if (status != 0)
        snprintf(commands->error, sizeof(commands->error), "cannot map the plan image or the channel: %s",
                 strerror(-status));
    else
        status = scan(&image, commands, &channel, &descriptors);
    atomic_store_explicit(&commands->state, (uint32_t)(status == 0 ? DATAPLANE_STOPPED : DATAPLANE_FAILED),
                          memory_order_release);
    return status == 0 ? 0 : 1;
}
