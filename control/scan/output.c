// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/scan/checkpoint.h"
#include "control/scan/folder.h"
#include "control/scan/superseded.h"

// All that a scan leaves, in the order of being put aside: without its checkpoint nobody can go on with the rest.
enum { RESULTS = 5 };
static const char *const results[RESULTS] = {CHECKPOINT_NAME, "summary.json", OUTPUT_PLAN_NAME, "journal",
                                             "records.jsonl"};

static const char *aside_name(const char *name, char before[static 32])
{
    snprintf(before, 32, "%s.before", name);
    return before;
}

static bool holds_data(int folder_fd, const char *name)
{
    struct stat status;
    return fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_size > 0;
}

// Opens a result file for reading and writing, and locks it. mode 0: it must be there.
static int file_open(int folder_fd, const char *name, mode_t mode, int *ret_fd)
{
    int fd = -1;
    if (mode != 0)
        fd = openat(folder_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    int error = fd >= 0 ? 0 : mode != 0 && errno != EEXIST ? -errno : folder_file_open(folder_fd, name, true, &fd);
    if (error != 0)
        return error;
    // The lock stays with every copy of the descriptor, so with control, should we die before it.
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        error = errno == EWOULDBLOCK ? -EBUSY : -errno;
    if (error != 0) {
        close(fd);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

static int files_open(struct output *output, bool resume)
{
    int error = file_open(output->folder_fd, "records.jsonl", resume ? 0 : 0666, &output->records_fd);
    return error != 0 ? error : file_open(output->folder_fd, "journal", resume ? 0 : 0600, &output->journal_fd);
}

static int folder_take(struct output *output, const char *where, bool force, char message[static 512])
{
    int error = folder_make(where, &output->made);
    if (error == 0)
        error = folder_open(where, &output->folder_fd, message);
    if (error == 0 && (output->folder = strdup(where)) == NULL)
        error = -ENOMEM;
    if (error != 0)
        return error;
    for (size_t i = 0; i < RESULTS; i++)
        output->held |= holds_data(output->folder_fd, results[i]) ? 1U << i : 0;
    if (!force && output->held != 0)
        return -EEXIST;
    error = files_open(output, false);
    output->fresh = error == 0;
    return error;
}

// Standard output as control needs it: a file also readable, so that it can be cut at its last whole record. The
// journal only has to outlive control.
static int standard_output_open(struct output *output)
{
    struct stat status;
    if (fstat(STDOUT_FILENO, &status) != 0)
        return -errno;
    output->is_pipe = !S_ISREG(status.st_mode);
    if (!output->is_pipe)
        output->records_fd = open("/proc/self/fd/1", O_RDWR | O_CLOEXEC);
    else
        output->records_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (output->records_fd < 0)
        return -errno;
    output->journal_fd = memfd_create("sonde-journal", MFD_CLOEXEC);
    return output->journal_fd < 0 ? -errno : 0;
}

// What went wrong with a folder, in one line, unless there is one already.
static void folder_complain(const char *where, int error, char message[static 512])
{
    if (message[0] != '\0')
        return;
    if (error == -EEXIST)
        snprintf(message, 512, "%.400s holds the results of a scan; name another --output, or --force to lose them",
                 where);
    else if (error == -EBUSY)
        snprintf(message, 512, "%.400s is being written to by another scan", where);
    else if (error == -ELOOP || error == -EPERM)
        snprintf(message, 512, "%.400s: records.jsonl or journal in it is a link, or no plain file of ours", where);
    else
        snprintf(message, 512, "%.400s: %s", where, strerror(-error));
}

int output_open(struct output *ret_output, const char *where, bool force, char message[static 512])
{
    struct output output = OUTPUT_NONE;
    bool standard = strcmp(where, "-") == 0;
    message[0] = '\0';
    int error = standard ? standard_output_open(&output) : folder_take(&output, where, force, message);
    if (error == 0) {
        *ret_output = output;
        return 0;
    }
    folder_complain(standard ? "standard output" : where, error, message);
    output_close(&output);
    return error;
}

int output_find(struct output *ret_output, const char *where, char message[static 512])
{
    struct output output = OUTPUT_NONE;
    int error = folder_open(where, &output.folder_fd, message);
    if (error == -ENOENT)
        snprintf(message, 512, "%.400s holds no checkpoint: there is nothing to resume", where);
    if (error != 0)
        return error;
    if ((output.folder = strdup(where)) == NULL) {
        output_close(&output);
        snprintf(message, 512, "%s", strerror(ENOMEM));
        return -ENOMEM;
    }
    *ret_output = output;
    return 0;
}

int output_resume(struct output *output, char message[static 512])
{
    int error = files_open(output, true);
    message[0] = '\0';
    if (error == -EBUSY || error == -ELOOP || error == -EPERM)
        folder_complain(output->folder, error, message);
    else if (error != 0)
        snprintf(message, 512, "%.400s cannot be resumed: %s", output->folder, strerror(-error));
    return error;
}

// Moves what holds data, and makes new files in its place.
static int aside_put(struct output *output)
{
    char before[32];
    int fd = output->folder_fd;
    for (size_t i = 0; i < RESULTS; i++) {
        if (!holds_data(fd, results[i]))
            continue;
        if (renameat(fd, results[i], fd, aside_name(results[i], before)) != 0)
            return -errno;
        output->aside |= 1U << i;
    }
    if (output->aside == 0)
        return 0;
    close(output->records_fd);
    close(output->journal_fd);
    output->records_fd = -1;
    output->journal_fd = -1;
    return files_open(output, false);
}

// Nothing of a scan that has not begun stays, and everything that was there is back.
static void results_undo(const struct output *output)
{
    char before[32];
    for (size_t i = 0; i < RESULTS; i++) {
        bool held = (output->held >> i & 1) != 0;
        bool aside = (output->aside >> i & 1) != 0;
        if (!held || aside)
            (void)unlinkat(output->folder_fd, results[i], 0);
        if (aside)
            (void)renameat(output->folder_fd, aside_name(results[i], before), output->folder_fd, results[i]);
    }
}

int output_begin(struct output *output)
{
    if (output->folder == NULL)
        return 0;
    if (output->fresh)
        return aside_put(output);
    // What an interrupted run summed up is not the end of the scan any more, and what was cut off is asked again.
    if (unlinkat(output->folder_fd, "summary.json", 0) != 0 && errno != ENOENT)
        return -errno;
    uint64_t dropped = 0;
    return superseded_drop(output->folder_fd, "records.jsonl", &output->records_fd, &dropped);
}

void output_settle(struct output *output)
{
    char before[32];
    for (size_t i = 0; i < RESULTS; i++)
        if ((output->aside >> i & 1) != 0)
            (void)unlinkat(output->folder_fd, aside_name(results[i], before), 0);
    output->aside = 0;
    output->begun = true;
}

void output_close(struct output *output)
{
    bool undo = output->folder_fd >= 0 && output->fresh && !output->begun;
    if (undo)
        results_undo(output);
    if ((undo || !output->fresh) && output->made)
        (void)rmdir(output->folder);
    if (output->records_fd >= 0)
        close(output->records_fd);
    if (output->journal_fd >= 0)
        close(output->journal_fd);
    if (output->folder_fd >= 0)
        close(output->folder_fd);
    free(output->folder);
    *output = OUTPUT_NONE;
}

int output_sync(const struct output *output)
{
    if (output->folder == NULL)
        return 0;
    return fsync(output->records_fd) != 0 ? -errno : 0;
}

// Writes a file beside the records, whole or not at all.
static int json_write(const struct output *output, const char *name, const json_t *value)
{
    char part[64];
    if (output->folder == NULL)
        return 0;
    snprintf(part, sizeof(part), "%s.part", name);
    int fd = -1;
    int error = folder_file_new(output->folder_fd, part, 0666, &fd);
    FILE *file = error == 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL) {
        if (fd >= 0)
            close(fd);
        return error != 0 ? error : -ENOMEM;
    }
    error = json_dumpf(value, file, JSON_INDENT(2) | JSON_PRESERVE_ORDER) < 0 ? -EIO : 0;
    fputc('\n', file);
    if (fflush(file) != 0 || ferror(file) != 0)
        error = -EIO;
    if (error == 0)
        error = folder_file_settle(output->folder_fd, fd, part, name);
    if (fclose(file) != 0 && error == 0)
        error = -EIO;
    if (error != 0)
        (void)unlinkat(output->folder_fd, part, 0);
    return error;
}

int output_write_summary(const struct output *output, const json_t *summary)
{
    return json_write(output, "summary.json", summary);
}

int output_write_plan(const struct output *output, const json_t *plan)
{
    return json_write(output, OUTPUT_PLAN_NAME, plan);
}
