// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int folder_make(const char *path, bool *ret_made)
{
    char start[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof(start))
        return -ENAMETOOLONG;
    memcpy(start, path, length + 1);
    for (char *slash = strchr(start + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(start, 0755) != 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    bool made = mkdir(start, 0755) == 0;
    if (!made && errno != EEXIST)
        return -errno;
    *ret_made = made;
    return 0;
}

int folder_open(const char *path, int *ret_fd, char message[static 512])
{
    struct stat status;
    int error = 0;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        error = -errno;
        snprintf(message, 512, "%.400s: %s", path, strerror(-error));
    } else if (status.st_uid != geteuid() && status.st_uid != 0) {
        error = -EACCES;
        snprintf(message, 512, "%.400s belongs to user %u, who could put links there; name a folder of your own", path,
                 status.st_uid);
    } else if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        error = -EACCES;
        snprintf(message, 512, "others may write to %.400s (mode %o); chmod go-w it, or name another folder", path,
                 status.st_mode & 07777);
    }
    if (error == 0)
        *ret_fd = fd;
    else if (fd >= 0)
        close(fd);
    return error;
}

int folder_file_new(int folder_fd, const char *name, mode_t mode, int *ret_fd)
{
    if (unlinkat(folder_fd, name, 0) != 0 && errno != ENOENT)
        return -errno;
    // Whoever has the file of that name open has another one; and between the two calls nobody can make one unnoticed.
    int fd = openat(folder_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    return 0;
}

int folder_file_open(int folder_fd, const char *name, bool write, int *ret_fd)
{
    struct stat status;
    // O_NONBLOCK: a FIFO must not hold us.
    int fd = openat(folder_fd, name, (write ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int error = 0;
    if (fstat(fd, &status) != 0)
        error = -errno;
    else if (!S_ISREG(status.st_mode) || status.st_nlink > 1 || (status.st_uid != geteuid() && status.st_uid != 0))
        error = -EPERM;
    if (error != 0) {
        close(fd);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

int folder_file_settle(int folder_fd, int fd, const char *part, const char *name)
{
    if (fsync(fd) != 0 || renameat(folder_fd, part, folder_fd, name) != 0 || fsync(folder_fd) != 0)
        return -errno;
    return 0;
}
