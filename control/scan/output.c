// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/scan/checkpoint.h"

// mkdir -p. Returns 0 or -errno.
static int folder_make(const char *folder)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s", folder) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return mkdir(path, 0777) != 0 && errno != EEXIST ? -errno : 0;
}

static bool holds_data(int folder_fd, const char *name)
{
    struct stat status;
    return fstatat(folder_fd, name, &status, 0) == 0 && status.st_size > 0;
}

// Opens a result file for reading and writing, and locks it. mode 0: it must be there.
static int file_open(int folder_fd, const char *name, mode_t mode, int *ret_fd)
{
    int fd = openat(folder_fd, name, O_RDWR | (mode == 0 ? 0 : O_CREAT) | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return -errno;
    // The lock stays with every copy of the descriptor, so with control, should we die before it.
    int error = 0;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        error = errno == EWOULDBLOCK ? -EBUSY : -errno;
    if (error != 0) {
        close(fd);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

static int folder_open(struct output *output, const char *where, bool force)
{
    int error = folder_make(where);
    if (error != 0)
        return error;
    int folder_fd = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        return -errno;
    if (!force && (holds_data(folder_fd, "records.jsonl") || holds_data(folder_fd, "journal") ||
                   holds_data(folder_fd, "summary.json")))
        error = -EEXIST;
    if (error == 0)
        error = file_open(folder_fd, "records.jsonl", 0666, &output->records_fd);
    if (error == 0)
        error = file_open(folder_fd, "journal", 0600, &output->journal_fd);
    if (error == 0 && (output->folder = strdup(where)) == NULL)
        error = -ENOMEM;
    output->fresh = true;
    close(folder_fd);
    return error;
}

// Standard output as control needs it: a file also readable, so that it can be cut at its last whole record. The
// journal only has to outlive control.
static int standard_output_open(struct output *output)
{
    struct stat status;
    if (fstat(STDOUT_FILENO, &status) != 0)
        return -errno;
    if (S_ISREG(status.st_mode))
        output->records_fd = open("/proc/self/fd/1", O_RDWR | O_CLOEXEC);
    else
        output->records_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (output->records_fd < 0)
        return -errno;
    output->journal_fd = memfd_create("sonde-journal", MFD_CLOEXEC);
    return output->journal_fd < 0 ? -errno : 0;
}

int output_open(struct output *ret_output, const char *where, bool force, char message[static 512])
{
    struct output output = {.records_fd = -1, .journal_fd = -1};
    int error = strcmp(where, "-") == 0 ? standard_output_open(&output) : folder_open(&output, where, force);
    if (error == 0) {
        *ret_output = output;
        return 0;
    }
    output_close(&output);
    const char *shown = strcmp(where, "-") == 0 ? "standard output" : where;
    if (error == -EEXIST)
        snprintf(message, 512, "%.400s holds the results of a scan; name another --output, or --force to lose them",
                 where);
    else if (error == -EBUSY)
        snprintf(message, 512, "%.400s is being written to by another scan", where);
    else
        snprintf(message, 512, "%.400s: %s", shown, strerror(-error));
    return error;
}

int output_resume(struct output *ret_output, const char *where, char message[static 512])
{
    struct output output = {.records_fd = -1, .journal_fd = -1};
    int folder_fd = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = folder_fd < 0 ? -errno : 0;
    if (error == 0)
        error = file_open(folder_fd, "records.jsonl", 0, &output.records_fd);
    if (error == 0)
        error = file_open(folder_fd, "journal", 0, &output.journal_fd);
    if (error == 0 && (output.folder = strdup(where)) == NULL)
        error = -ENOMEM;
    if (folder_fd >= 0)
        close(folder_fd);
    if (error == 0) {
        *ret_output = output;
        return 0;
    }
    output_close(&output);
    if (error == -EBUSY)
        snprintf(message, 512, "%.400s is being written to by another scan", where);
    else
        snprintf(message, 512, "%.400s cannot be resumed: %s", where, strerror(-error));
    return error;
}

// All that a scan leaves, in the order of being put aside: without its checkpoint nobody can go on with the rest.
static const char *const results[] = {CHECKPOINT_NAME, "summary.json", "journal", "records.jsonl"};

static const char *aside_name(const char *name, char before[static 32])
{
    snprintf(before, 32, "%s.before", name);
    return before;
}

// Moves what holds data, and makes new files in its place.
static int aside_put(struct output *output, int folder_fd)
{
    char before[32];
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        if (!holds_data(folder_fd, results[i]))
            continue;
        if (renameat(folder_fd, results[i], folder_fd, aside_name(results[i], before)) != 0)
            return -errno;
        output->aside = true;
    }
    if (!output->aside)
        return 0;
    close(output->records_fd);
    close(output->journal_fd);
    output->records_fd = -1;
    output->journal_fd = -1;
    int error = file_open(folder_fd, "records.jsonl", 0666, &output->records_fd);
    return error != 0 ? error : file_open(folder_fd, "journal", 0600, &output->journal_fd);
}

static void aside_undo(const struct output *output)
{
    char before[32];
    int folder_fd = open(output->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        return;
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        (void)unlinkat(folder_fd, results[i], 0);
        (void)renameat(folder_fd, aside_name(results[i], before), folder_fd, results[i]);
    }
    close(folder_fd);
}

int output_begin(struct output *output)
{
    if (output->folder == NULL)
        return 0;
    int folder_fd = open(output->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        return -errno;
    int error = 0;
    if (output->fresh)
        error = aside_put(output, folder_fd);
    else if (unlinkat(folder_fd, "summary.json", 0) != 0 && errno != ENOENT)
        error = -errno; // what an interrupted run summed up is not the end of the scan any more
    close(folder_fd);
    return error;
}

void output_settle(struct output *output)
{
    int folder_fd = output->aside ? open(output->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    char before[32];
    if (folder_fd < 0)
        return;
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
        (void)unlinkat(folder_fd, aside_name(results[i], before), 0);
    output->aside = false;
    close(folder_fd);
}

void output_close(struct output *output)
{
    if (output->aside)
        aside_undo(output);
    if (output->records_fd >= 0)
        close(output->records_fd);
    if (output->journal_fd >= 0)
        close(output->journal_fd);
    free(output->folder);
    *output = (struct output){.records_fd = -1, .journal_fd = -1};
}

int output_sync(const struct output *output)
{
    if (output->folder == NULL)
        return 0;
    return fsync(output->records_fd) != 0 ? -errno : 0;
}

int output_write_summary(const struct output *output, const json_t *summary)
{
    if (output->folder == NULL)
        return 0;
    char path[PATH_MAX];
    char part[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/summary.json", output->folder) >= (int)sizeof(path) ||
        snprintf(part, sizeof(part), "%s/summary.json.part", output->folder) >= (int)sizeof(part))
        return -ENAMETOOLONG;
    FILE *file = fopen(part, "we");
    if (file == NULL)
        return -errno;
    int error = json_dumpf(summary, file, JSON_INDENT(2) | JSON_PRESERVE_ORDER) < 0 ? -EIO : 0;
    fputc('\n', file);
    if (fflush(file) != 0 || fsync(fileno(file)) != 0 || ferror(file) != 0)
        error = -EIO;
    if (fclose(file) != 0)
        error = -EIO;
    if (error == 0 && rename(part, path) != 0)
        error = -errno;
    if (error != 0)
        unlink(part);
    return error;
}
