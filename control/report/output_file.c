// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Gives it the mode and the owner of the old one, or the mode that a new file would have.
static int part_dress(int fd, const char *path)
{
    struct stat old;
    if (stat(path, &old) == 0) {
        (void)!fchown(fd, old.st_uid, old.st_gid); // only root can, and only root's writing would take it away
        return fchmod(fd, old.st_mode & 0777);
    }
    mode_t mask = umask(0);
    (void)umask(mask);
    return fchmod(fd, 0666 & ~mask);
}

static int part_open(struct output_file *file)
{
    size_t length = strlen(file->path);
    if (length + sizeof(".XXXXXX") > sizeof(file->part))
        return -ENAMETOOLONG;
    memcpy(file->part, file->path, length);
    memcpy(file->part + length, ".XXXXXX", sizeof(".XXXXXX"));
    int fd = mkostemp(file->part, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    file->stream = part_dress(fd, file->path) == 0 ? fdopen(fd, "w") : NULL;
    if (file->stream != NULL)
        return 0;
    int error = -errno;
    (void)close(fd);
    (void)unlink(file->part);
    return error;
}

int output_file_open(const char *path, struct output_file *ret_file)
{
    struct stat old;
    bool there = stat(path, &old) == 0;
    ret_file->stream = NULL;
    ret_file->part[0] = '\0';
    if (there && !S_ISREG(old.st_mode)) {
        ret_file->stream = fopen(path, "we");
        return ret_file->stream == NULL ? -errno : 0;
    }
    // A link goes on pointing where it does.
    if (there && realpath(path, ret_file->path) == NULL)
        return -errno;
    if (!there && (size_t)snprintf(ret_file->path, sizeof(ret_file->path), "%s", path) >= sizeof(ret_file->path))
        return -ENAMETOOLONG;
    return part_open(ret_file);
}

int output_file_finish(struct output_file *file, int error)
{
    // On a disk that lies about what is written, a name that stands for nothing would take the old file's place.
    if (error == 0 && (fflush(file->stream) != 0 || (file->part[0] != '\0' && fsync(fileno(file->stream)) != 0)))
        error = -errno;
    if (fclose(file->stream) != 0 && error == 0)
        error = -errno;
    if (file->part[0] == '\0')
        return error;
    if (error == 0 && rename(file->part, file->path) != 0)
        error = -errno;
    if (error != 0)
        (void)unlink(file->part);
    return error;
}
