// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/storage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/figures.h"
#include "control/store/counters.h"

#define WELL_NS UINT64_C(1000000000) // a full disk takes a small write now and then

static const struct {
    enum control_counter error;
    const char *name;
} files[STORAGE_FILES] = {{CONTROL_RECORD_ERRNO, "records.jsonl"}, {CONTROL_JOURNAL_ERRNO, "journal"}};

static uint64_t control_count(const struct shared *shared, enum control_counter counter)
{
    return atomic_load_explicit(&shared->down->counters[counter], memory_order_relaxed);
}

// Control is not trusted: it may say any number.
static int file_error(const struct shared *shared, size_t file)
{
    uint64_t error = control_count(shared, files[file].error);
    return error < 4096 ? (int)error : EIO;
}

static const char *file_name(const struct output *output, size_t file, char path[static 300])
{
    if (output->folder == NULL)
        return file == 0 ? "standard output" : "the journal in memory";
    snprintf(path, 300, "%.255s/%s", output->folder, files[file].name);
    return path;
}

static void failure_tell(const struct output *output, size_t file, int error)
{
    char path[300];
    fprintf(stderr,
            "sonde: %s: %s; nothing new is begun until it can be written, what was collected is held: make room",
            file_name(output, file, path), strerror(error));
    if (output->folder != NULL)
        fprintf(stderr, ", or end the scan and go on later with sonde scan --resume %s", output->folder);
    fputc('\n', stderr);
}

void storage_watch(struct storage *storage, const struct shared *shared, const struct output *output, uint64_t now_ns)
{
    for (size_t i = 0; i < STORAGE_FILES; i++) {
        int error = file_error(shared, i);
        // Of what can hold nothing back, a pipe or a device, the supervisor has its own line.
        if (error != 0 && !(i == 0 && output->is_pipe)) {
            storage->files[i].well_ns = now_ns;
            if (storage->files[i].error == 0) {
                storage->files[i].error = error;
                storage->files[i].since_ns = now_ns;
                failure_tell(output, i, error);
            }
        } else if (storage->files[i].error != 0 && now_ns - storage->files[i].well_ns >= WELL_NS) {
            char path[300];
            storage->files[i].error = 0;
            fprintf(stderr, "sonde: %s: can be written again after %.1f s; the scan goes on\n",
                    file_name(output, i, path), (double)(storage->files[i].well_ns - storage->files[i].since_ns) / 1e9);
        }
    }
}

bool storage_lost(const struct shared *shared, const struct output *output, char ret_line[static STORAGE_LINE_MAX])
{
    char path[300];
    char number[FIGURE_MAX];
    uint64_t lost = control_count(shared, CONTROL_RECORDS_LOST);
    int error = file_error(shared, 0);
    const char *name = file_name(output, 0, path);
    if (lost == 0 && error == 0)
        return false;
    if (lost == 0) // a sync: the kernel took everything and then could not write it
        snprintf(ret_line, STORAGE_LINE_MAX, "%s: %s: the last records may not have reached the disk; examine it", name,
                 strerror(error));
    else if (output->folder == NULL)
        snprintf(ret_line, STORAGE_LINE_MAX,
                 "%s records could not be written to %s (%s); only --output FOLDER can resume",
                 figure_count(lost, number), name, error != 0 ? strerror(error) : "out of memory");
    else
        snprintf(ret_line, STORAGE_LINE_MAX,
                 "%s records could not be written to %s (%s); the journal has their targets: make room, then "
                 "sonde scan --resume %.255s asks them again",
                 figure_count(lost, number), name, error != 0 ? strerror(error) : "out of memory", output->folder);
    return true;
}
