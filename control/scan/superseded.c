// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/superseded.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/record/record.h"

// A stream of its own over a descriptor, from the file's start.
static FILE *stream_open(int fd, const char *mode)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    FILE *stream = copy < 0 ? NULL : fdopen(copy, mode);
    if (stream == NULL && copy >= 0)
        close(copy);
    if (stream != NULL)
        rewind(stream);
    return stream;
}

// Copies every whole line that is not an interrupted record; to = NULL: only counts those that are.
static int lines_copy(int from_fd, FILE *to, uint64_t *ret_dropped)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int error = 0;
    FILE *from = stream_open(from_fd, "r");
    if (from == NULL)
        return -errno;
    *ret_dropped = 0;
    while (error == 0 && (length = getline(&line, &room, from)) > 0 && line[length - 1] == '\n') {
        enum outcome outcome = OUTCOME_COMPLETE;
        bool ours = record_read_outcome(line, (size_t)length - 1, &outcome);
        if (ours && outcome == OUTCOME_INTERRUPTED)
            ++*ret_dropped;
        else if (to != NULL && fwrite(line, 1, (size_t)length, to) != (size_t)length)
            error = -EIO;
    }
    if (ferror(from))
        error = -EIO;
    free(line);
    fclose(from);
    return error;
}

// Makes the new file beside the old one. Returns its descriptor or -errno.
static int part_make(int folder_fd, const char *part, int old_fd)
{
    struct stat status;
    if (fstat(old_fd, &status) != 0)
        return -errno;
    if (unlinkat(folder_fd, part, 0) != 0 && errno != ENOENT)
        return -errno;
    int fd = openat(folder_fd, part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, status.st_mode & 0777);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

static int part_fill(int old_fd, int fd, uint64_t *ret_dropped)
{
    FILE *to = stream_open(fd, "r+");
    if (to == NULL)
        return -errno;
    int error = lines_copy(old_fd, to, ret_dropped);
    if (fflush(to) != 0 && error == 0)
        error = -errno;
    fclose(to);
    return error == 0 && fsync(fd) != 0 ? -errno : error;
}

int superseded_drop(int folder_fd, const char *name, int *fd, uint64_t *ret_dropped)
{
    char part[NAME_MAX];
    uint64_t dropped = 0;
    int error = lines_copy(*fd, NULL, &dropped);
    if (error != 0 || dropped == 0) {
        *ret_dropped = 0;
        return error;
    }
    snprintf(part, sizeof(part), "%s.part", name);
    int part_fd = part_make(folder_fd, part, *fd);
    if (part_fd < 0)
        return part_fd;
    error = part_fill(*fd, part_fd, &dropped);
    if (error == 0 && renameat(folder_fd, part, folder_fd, name) != 0)
        error = -errno;
    if (error != 0) {
        (void)unlinkat(folder_fd, part, 0);
        close(part_fd);
        return error;
    }
    (void)fsync(folder_fd);
    close(*fd);
    *fd = part_fd;
    *ret_dropped = dropped;
    return 0;
}
