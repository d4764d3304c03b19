// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/kernel_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/scan/programs.h"

// nft is run as a program and not linked: libnftables is under the GPL, sonde is not. Interactive, it keeps the netlink
// socket that owns the table for as long as its standard input is open, which is as long as this process lives.

enum { ANSWER_MS = 3000 };

struct kernel_guard {
    pid_t pid;
    int input_fd;  // nft's standard input
    int output_fd; // its standard output and error
};

int kernel_guard_rules(int pid, uint32_t address, const struct kernel_guard_ports *ranges, size_t range_count,
                       char *text, size_t capacity)
{
    // One line: an interactive nft takes a line at a time.
    int length =
        snprintf(text, capacity,
                 "table inet sonde_%d { flags owner; chain answers { type filter hook prerouting priority raw; "
                 "policy accept; ip daddr %u.%u.%u.%u tcp dport {",
                 pid, address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
    for (size_t i = 0; i < range_count && length > 0 && (size_t)length < capacity; i++)
        length += snprintf(text + length, capacity - (size_t)length, "%s %u-%u", i > 0 ? "," : "", ranges[i].first,
                           ranges[i].first + ranges[i].count - 1U);
    if (length > 0 && (size_t)length < capacity)
        length += snprintf(text + length, capacity - (size_t)length, " } drop; }; }\n");
    return length > 0 && (size_t)length < capacity ? length : -ENOSPC;
}

// Starts the system's own nft, whatever PATH says, in an environment of ours. attributes may be NULL.
static int nft_spawn(char *const *arguments, const posix_spawn_file_actions_t *actions,
                     const posix_spawnattr_t *attributes, pid_t *ret_pid)
{
    char *const environment[] = {(char[]){"PATH=" SYSTEM_PATH}, (char[]){"TERM=dumb"}, NULL};
    char path[PATH_MAX];
    int error = program_find_system("nft", path);
    return error != 0 ? error : -posix_spawn(ret_pid, path, actions, attributes, arguments, environment);
}

bool kernel_guard_usable(void)
{
    char *const arguments[] = {(char[]){"nft"}, (char[]){"list"}, (char[]){"tables"}, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    int status = -1;
    posix_spawn_file_actions_init(&actions);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    int error = nft_spawn(arguments, &actions, NULL, &pid);
    posix_spawn_file_actions_destroy(&actions);
    return error == 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int nft_start(struct kernel_guard *guard)
{
    char *const arguments[] = {(char[]){"nft"}, (char[]){"-i"}, NULL};
    int input[2];
    int output[2] = {-1, -1};
    if (pipe2(input, O_CLOEXEC) != 0)
        return -errno;
    if (pipe2(output, O_CLOEXEC) != 0) {
        int error = -errno;
        close(input[0]);
        close(input[1]);
        return error;
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, input[0], 0);
    posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    posix_spawn_file_actions_adddup2(&actions, output[1], 2);
    // A group of its own: a Ctrl-C must not take the guard away while conversations still finish.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    int error = nft_spawn(arguments, &actions, &attributes, &guard->pid);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(input[0]);
    close(output[1]);
    guard->input_fd = input[1];
    guard->output_fd = output[0];
    return error;
}

// Reads what nft says until it has listed the table or complained. Returns 0, -EIO with its complaint, or -ETIMEDOUT.
static int nft_answer(const struct kernel_guard *guard, char message[static 256])
{
    char said[4096];
    size_t length = 0;
    struct pollfd readable = {.fd = guard->output_fd, .events = POLLIN};
    while (length + 1 < sizeof(said) && poll(&readable, 1, ANSWER_MS) > 0) {
        ssize_t got = read(guard->output_fd, said + length, sizeof(said) - 1 - length);
        if (got <= 0)
            break;
        length += (size_t)got;
        said[length] = '\0';
        const char *complaint = strstr(said, "Error:");
        complaint = complaint != NULL ? complaint : strstr(said, "not permitted");
        if (complaint != NULL && strchr(complaint, '\n') != NULL) {
            snprintf(message, 256, "%.*s", (int)strcspn(complaint, "\n"), complaint);
            return strstr(said, "not permitted") != NULL ? -EPERM : -EIO;
        }
        // The rules' own echo ends with "drop; }"; the listing stands alone on its line.
        if (strstr(said, "drop\n") != NULL)
            return 0;
    }
    snprintf(message, 256, "nft did not confirm the table within %d s", ANSWER_MS / 1000);
    return -ETIMEDOUT;
}

int kernel_guard_new(uint32_t address, const struct kernel_guard_ports *ranges, size_t range_count,
                     struct kernel_guard **ret_guard, char message[static 256])
{
    char rules[512];
    char text[640];
    snprintf(message, 256, "%s", "the rules do not fit");
    int length = kernel_guard_rules(getpid(), address, ranges, range_count, rules, sizeof(rules));
    if (length < 0)
        return length;
    length = snprintf(text, sizeof(text), "%slist table inet sonde_%d\n", rules, getpid());
    struct kernel_guard *guard = calloc(1, sizeof(*guard));
    if (guard == NULL)
        return -ENOMEM;
    guard->input_fd = guard->output_fd = -1;
    int result = nft_start(guard);
    if (result != 0) {
        snprintf(message, 256, "nft cannot be run (%s): install the package nftables", strerror(-result));
        goto out;
    }
    if (write(guard->input_fd, text, (size_t)length) != length)
        result = -EIO;
    if (result == 0)
        result = nft_answer(guard, message);
    if (result == 0) {
        *ret_guard = guard;
        return 0;
    }
out:
    kernel_guard_free(guard);
    return result;
}

void kernel_guard_free(struct kernel_guard *guard)
{
    if (guard == NULL)
        return;
    if (guard->input_fd >= 0)
        close(guard->input_fd); // the end of its input ends nft, and with it the table
    if (guard->pid > 0)
        (void)waitpid(guard->pid, NULL, 0);
    if (guard->output_fd >= 0)
        close(guard->output_fd);
    free(guard);
}
