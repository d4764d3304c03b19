// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/runtime.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUNTIME_PREFIX "sonde-dpdk-"

enum { DEPTH_MAX = 4, NAMES_TRIED = 16 }; // DPDK makes dpdk/PREFIX/FILE

static int folder_at(int parent_fd, const char *name)
{
    return openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

// Removes a name, and what is under it when it is a folder. A link is removed, never followed.
static void tree_remove(int parent_fd, const char *name, int depth)
{
    int fd = depth > 0 ? folder_at(parent_fd, name) : -1;
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            tree_remove(fd, entry->d_name, depth - 1);
    if (entries != NULL)
        closedir(entries);
    else if (fd >= 0)
        close(fd);
    (void)unlinkat(parent_fd, name, fd >= 0 ? AT_REMOVEDIR : 0);
}

// A folder of ours that nobody holds.
static void stale_remove(int parent_fd, const char *name)
{
    struct stat status;
    int fd = folder_at(parent_fd, name);
    if (fd < 0)
        return;
    if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0)
        tree_remove(parent_fd, name, DEPTH_MAX);
    close(fd);
}

static void all_stale_remove(int parent_fd)
{
    int fd = folder_at(parent_fd, ".");
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL)
        if (strncmp(entry->d_name, RUNTIME_PREFIX, strlen(RUNTIME_PREFIX)) == 0)
            stale_remove(parent_fd, entry->d_name);
    if (entries != NULL)
        closedir(entries);
    else if (fd >= 0)
        close(fd);
}

// Another scan that begins may take a folder that is not locked yet for one that was left: then there is another name.
static int folder_new(int parent_fd, char name[static 32], int *ret_fd)
{
    for (int i = 0; i < NAMES_TRIED; i++) {
        uint64_t random = 0;
        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
            return -EIO;
        snprintf(name, 32, RUNTIME_PREFIX "%016" PRIx64, random);
        if (mkdirat(parent_fd, name, 0700) != 0 && errno != EEXIST)
            return -errno;
        int fd = folder_at(parent_fd, name);
        struct stat status;
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &status) == 0 && status.st_nlink > 0 &&
            status.st_uid == geteuid()) {
            *ret_fd = fd;
            return 0;
        }
        if (fd >= 0)
            close(fd);
    }
    return -EAGAIN;
}

static int runtime_make_in(struct runtime *runtime, const char *parent)
{
    runtime->parent_fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (runtime->parent_fd < 0)
        return -errno;
    all_stale_remove(runtime->parent_fd);
    int error = folder_new(runtime->parent_fd, runtime->name, &runtime->fd);
    if (error == 0 &&
        snprintf(runtime->path, sizeof(runtime->path), "%s/%s", parent, runtime->name) < (int)sizeof(runtime->path))
        return 0;
    if (error == 0)
        runtime_remove(runtime);
    else
        close(runtime->parent_fd);
    return error != 0 ? error : -ENAMETOOLONG;
}

int runtime_make(struct runtime *ret_runtime, const char *const *parents)
{
    const char *own = geteuid() == 0 ? "/run" : getenv("XDG_RUNTIME_DIR");
    const char *const usual[] = {own != NULL ? own : "/tmp", "/tmp", NULL};
    int error = -ENOENT;
    parents = parents != NULL ? parents : usual;
    for (size_t i = 0; parents[i] != NULL && error != 0; i++) {
        struct runtime runtime = {.parent_fd = -1, .fd = -1};
        error = runtime_make_in(&runtime, parents[i]);
        if (error == 0)
            *ret_runtime = runtime;
    }
    return error;
}

void runtime_remove(struct runtime *runtime)
{
    if (runtime->parent_fd < 0)
        return;
    tree_remove(runtime->parent_fd, runtime->name, DEPTH_MAX);
    close(runtime->fd);
    close(runtime->parent_fd);
    runtime->fd = -1;
    runtime->parent_fd = -1;
}
