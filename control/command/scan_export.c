// SPDX-License-Identifier: BSD-3-Clause
// sonde scan --format, --fields, --filter: what `sonde export` would make of the records, in the scan's folder when it
// has ended, or on standard output as they come.
#include "control/command/scan_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXPORT_NAME "export"

// Records come through a pipe in the place of standard output, which is the writer's now.
static void *writer_run(void *argument)
{
    struct scan_export *export = argument;
    char path[32];
    const char *const paths[] = {path};
    uint64_t read;
    (void)snprintf(path, sizeof(path), "/dev/fd/%d", export->read_fd);
    export->status = exporting_write(export->exporting, paths, 1, NULL, export->out, &read);
    // Whoever still writes learns that nobody reads.
    close(export->read_fd);
    export->read_fd = -1;
    if (fclose(export->out) != 0 && export->status == EXIT_DONE) {
        fprintf(stderr, "sonde: scan: standard output: %s\n", strerror(errno));
        export->status = EXIT_FAILED;
    }
    export->out = NULL;
    return NULL;
}

static int pipe_start(struct scan_export *export)
{
    int ends[2];
    sigset_t all;
    sigset_t before;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    int output_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    export->out = output_fd < 0 ? NULL : fdopen(output_fd, "w");
    int error = export->out == NULL || dup2(ends[1], STDOUT_FILENO) < 0 ? -errno : 0;
    close(ends[1]);
    export->read_fd = ends[0];
    if (error != 0)
        return error;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = -pthread_create(&export->thread, NULL, writer_run, export);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    export->running = error == 0;
    return error;
}

enum exit_status scan_export_prepare(struct scan *scan)
{
    const struct exporting_wish wish = {.command = "scan",
                                        .program = scan->invocation->program,
                                        .format = scan->invocation->values[SCAN_FORMAT],
                                        .fields = scan->invocation->values[SCAN_FIELDS],
                                        .filter = scan->invocation->values[SCAN_FILTER]};
    if (wish.format == NULL && wish.fields == NULL && wish.filter == NULL)
        return EXIT_DONE;
    if (scan->dry_run != NULL)
        return scan_refuse(EXIT_USAGE, "scan: --format, --fields and --filter are of records, and a dry run has none");
    enum exit_status status = exporting_new(&wish, &scan->export.exporting);
    const char *where = scan_output(scan);
    if (status != EXIT_DONE || strcmp(where, "-") != 0 || scan_given(scan, SCAN_RESUME))
        return status;
    if (strcmp(exporting_format(scan->export.exporting), "sqlite") == 0)
        return scan_refuse(EXIT_USAGE, "scan: --format sqlite makes a file: expected --output DIR for it");
    int error = pipe_start(&scan->export);
    return error == 0 ? EXIT_DONE : scan_refuse(EXIT_FAILED, strerror(-error));
}

// The last writers of the pipe but for control, which has ended.
static enum exit_status pipe_finish(struct scan *scan)
{
    int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null_fd < 0 || dup2(null_fd, STDOUT_FILENO) < 0)
        close(STDOUT_FILENO);
    if (null_fd >= 0)
        close(null_fd);
    if (scan->output.records_fd >= 0)
        close(scan->output.records_fd);
    scan->output.records_fd = -1;
    pthread_join(scan->export.thread, NULL);
    scan->export.running = false;
    return scan->export.status;
}

enum exit_status scan_export_finish(struct scan *scan)
{
    char path[PATH_MAX];
    uint64_t read;
    if (scan->export.exporting == NULL)
        return EXIT_DONE;
    if (scan->export.running)
        return pipe_finish(scan);
    const char *const paths[] = {scan->output.folder};
    if (paths[0] == NULL)
        return EXIT_DONE;
    (void)snprintf(path, sizeof(path), "%s/" EXPORT_NAME ".%s", paths[0], exporting_format(scan->export.exporting));
    enum exit_status status = exporting_write(scan->export.exporting, paths, 1, path, NULL, &read);
    if (status == EXIT_DONE && !scan_given(scan, SCAN_QUIET))
        fprintf(stderr, "sonde: what was asked for of the records is in %s\n", path);
    return status;
}

void scan_export_close(struct scan *scan)
{
    if (scan->export.running)
        (void)pipe_finish(scan);
    if (scan->export.out != NULL)
        (void)fclose(scan->export.out);
    if (scan->export.read_fd >= 0)
        close(scan->export.read_fd);
    exporting_free(scan->export.exporting);
    scan->export = SCAN_EXPORT_NONE;
}
