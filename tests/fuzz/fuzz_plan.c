// SPDX-License-Identifier: BSD-3-Clause
// libFuzzer: any bytes as plan.json. Whatever loads must also compile into an image that maps.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/plan/plan.h"
#include "tests/fuzz/entry.h"

// Larger target sets only cost time here.
#define COMPILED_MAX (UINT64_C(1) << 20)

static void compile(const struct plan *plan)
{
    const struct plan_runtime runtime = {.scan = "fuzz", .source_address = 1, .lanes = 1, .workers = 1};
    struct image image;
    int fd = memfd_create("image", MFD_CLOEXEC);
    if (fd < 0)
        return;
    if (plan_compile(plan, &runtime, fd) != 0 || image_map(fd, &image) != 0)
        abort();
    image_unmap(&image);
    (void)close(fd);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    char path[64];
    struct plan *plan;
    struct complaint complaint = {""};
    int fd = memfd_create("plan", MFD_CLOEXEC);
    if (fd < 0)
        return;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    // Catalogues of one row each: the real ones would take nearly all of the time.
    const struct plan_files files = {
        .plan = path, .catalogues = SONDE_TEST_SOURCE_ROOT "/tests/fuzz/catalogues", .exclusions = "/nonexistent"};
    if (write(fd, data, size) == (ssize_t)size) {
        if (plan_load(&files, PLAN_NEED_TARGETS, &plan, &complaint) != 0) {
            if (complaint.text[0] == '\0' || strchr(complaint.text, '\n') != NULL)
                abort();
        } else {
            if (plan->summary.addresses <= COMPILED_MAX)
                compile(plan);
            plan_free(plan);
        }
    }
    (void)close(fd);
}
