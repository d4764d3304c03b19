// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/figures.h"

// The file's format: pcap(5), as libpcap's savefile manual has it.
enum { PCAP_HEADER_BYTES = 24, PCAP_RECORD_BYTES = 16, PCAP_LENGTH_AT = 2, PROBE_BYTES = 4096 };

static int name_take(struct capture *capture, const char *path, char message[static 512])
{
    char text[PATH_MAX];
    uint32_t random = 0;
    if (strlen(path) >= sizeof(text) || getrandom(&random, sizeof(random), 0) != sizeof(random))
        return -ENAMETOOLONG;
    memcpy(text, path, strlen(path) + 1);
    const char *name = basename(text);
    if (snprintf(capture->name, sizeof(capture->name), "%s", name) >= (int)sizeof(capture->name) ||
        snprintf(capture->part, sizeof(capture->part), "%s.%08x", name, random) >= (int)sizeof(capture->part))
        return -ENAMETOOLONG;
    memcpy(text, path, strlen(path) + 1);
    capture->folder_fd = open(dirname(text), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (capture->folder_fd < 0)
        return -errno;
    struct stat status;
    if (fstatat(capture->folder_fd, capture->name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : -errno;
    if (!capture->replace) {
        snprintf(message, 512, "%.400s exists; name another file, or --force to lose it", path);
        return -EEXIST;
    }
    if (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode))
        return 0;
    snprintf(message, 512, "%.400s is no plain file; name another one", path);
    return -EINVAL;
}

// What is to be written out is whole before its first byte is.
static int output_take(struct capture *capture, char message[static 512])
{
    if (isatty(STDOUT_FILENO) == 1) {
        snprintf(message, 512, "a capture is nothing for a terminal: pipe it, as into `tcpdump -r -`, or name a file");
        return -EINVAL;
    }
    capture->to_output = true;
    capture->fd = memfd_create("capture", MFD_CLOEXEC);
    return capture->fd < 0 ? -errno : 0;
}

static int file_take(struct capture *capture, const char *path, char message[static 512])
{
    int error = name_take(capture, path, message);
    if (error != 0)
        return error;
    capture->fd = openat(capture->folder_fd, capture->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return capture->fd < 0 ? -errno : 0;
}

int capture_open(struct capture *ret_capture, const char *path, bool replace, char message[static 512])
{
    struct capture capture = {.folder_fd = -1, .fd = -1, .replace = replace};
    message[0] = '\0';
    int error = strcmp(path, "-") == 0 ? output_take(&capture, message) : file_take(&capture, path, message);
    if (error != 0) {
        if (message[0] == '\0')
            snprintf(message, 512, "%.400s: %s", path, strerror(-error));
        capture_close(&capture);
        return error;
    }
    snprintf(capture.device_path, sizeof(capture.device_path), "/proc/self/fd/%d", capture.fd);
    *ret_capture = capture;
    return 0;
}

// Frames that are there whole, and where they end.
static uint64_t frames_count(int fd, off_t *ret_end)
{
    struct stat status;
    uint64_t count = 0;
    off_t at = PCAP_HEADER_BYTES;
    uint32_t record[PCAP_RECORD_BYTES / sizeof(uint32_t)];
    if (fstat(fd, &status) != 0)
        return 0;
    while (pread(fd, record, sizeof(record), at) == sizeof(record)) {
        off_t end = at + PCAP_RECORD_BYTES + (off_t)record[PCAP_LENGTH_AT];
        if (end > status.st_size)
            break;
        at = end;
        count++;
    }
    *ret_end = at;
    return count;
}

// Why no more fits: what a further write says.
static int write_error(int fd, off_t at)
{
    static const char zeros[PROBE_BYTES];
    for (int i = 0; i < 16; i++, at += PROBE_BYTES)
        if (pwrite(fd, zeros, sizeof(zeros), at) < 0)
            return -errno;
    return -EIO;
}

static int name_give(struct capture *capture)
{
    const unsigned int flags = capture->replace ? 0 : RENAME_NOREPLACE;
    int fd = capture->folder_fd;
    struct stat status;
    if (renameat2(fd, capture->part, fd, capture->name, flags) == 0)
        return 0;
    // Not every file system knows the flag.
    if (errno != EINVAL || flags == 0)
        return -errno;
    if (fstatat(fd, capture->name, &status, AT_SYMLINK_NOFOLLOW) == 0)
        return -EEXIST;
    return renameat(fd, capture->part, fd, capture->name) == 0 ? 0 : -errno;
}

static int output_give(const struct capture *capture, off_t end)
{
    char bytes[PROBE_BYTES];
    for (off_t at = 0; at < end;) {
        size_t room = end - at < PROBE_BYTES ? (size_t)(end - at) : PROBE_BYTES;
        ssize_t got = pread(capture->fd, bytes, room, at);
        ssize_t sent = got <= 0 ? got : write(STDOUT_FILENO, bytes, (size_t)got);
        if (sent < 0 && errno != EINTR)
            return -errno;
        if (got == 0)
            return -EIO;
        at += sent > 0 ? sent : 0;
    }
    return 0;
}

int capture_settle(struct capture *capture, const char *path, uint64_t frames, char message[static 512])
{
    char a[FIGURE_MAX];
    char b[FIGURE_MAX];
    off_t end = 0;
    uint64_t count = frames_count(capture->fd, &end);
    int error = fsync(capture->fd) != 0 && errno != EINVAL ? -errno : 0;
    if (error == 0 && count < frames)
        error = write_error(capture->fd, end);
    if (error == 0)
        error = capture->to_output ? output_give(capture, end) : name_give(capture);
    if (error == 0)
        capture->part[0] = '\0';
    else
        snprintf(message, 512, "%.400s: %s (%s of %s frames were written); nothing is kept", path, strerror(-error),
                 figure_count(count, a), figure_count(frames, b));
    return error;
}

void capture_close(struct capture *capture)
{
    if (capture->fd >= 0 && capture->part[0] != '\0')
        (void)unlinkat(capture->folder_fd, capture->part, 0);
    if (capture->fd >= 0)
        close(capture->fd);
    if (capture->folder_fd >= 0)
        close(capture->folder_fd);
    *capture = (struct capture){.folder_fd = -1, .fd = -1};
}
