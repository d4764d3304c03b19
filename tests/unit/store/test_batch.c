// SPDX-License-Identifier: BSD-3-Clause
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control/store/batch.h"

Test(batch, what_finds_no_room_in_memory_is_lost_and_counted_and_the_rest_is_written_once_there_is_a_disk)
{
    const struct rlimit full = {.rlim_cur = 100, .rlim_max = RLIM_INFINITY};
    const struct rlimit none = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    uint64_t counters[CONTROL_COUNTER_COUNT] = {0};
    struct sink sink;
    struct journal journal;
    uint64_t cut;
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(sink_init(&sink, memfd_create("records", MFD_CLOEXEC), &cut), 0);
    cr_assert_eq(journal_init(&journal, memfd_create("journal", MFD_CLOEXEC), 1, false), 0);
    struct batch *batch = batch_new(&sink, &journal, counters);
    const uint64_t most = (uint64_t)BATCH_BLOCKS * BATCH_COUNT;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
    for (uint32_t i = 0; i < most + 7; i++) {
        const struct journal_entry target = {
            .position = i, .address = 0x0a000000 + i, .port = 80, .counter = CONTROL_RESET};
        size_t bytes = 0;
        (void)batch_room(batch, &bytes);
        if (bytes < 300 && batch_renew(batch, 1 + i) != 0) {
            cr_assert_geq(i, most);
            continue;
        }
        char *room = batch_room(batch, &bytes);
        cr_assert_geq(bytes, 300);
        memset(room, 'x', 300);
        room[299] = '\n';
        batch_add(batch, 300, &target, 1 + i);
    }
    cr_assert(batch_troubled(batch));
    cr_assert_eq(counters[CONTROL_RECORDS_LOST], 7, "%lu", counters[CONTROL_RECORDS_LOST]);
    cr_assert_eq(counters[CONTROL_RECORDS], 0);
    cr_assert_eq(counters[CONTROL_RESET], 0);
    cr_assert_lt(counters[CONTROL_RECORD_WRITE_ERRORS], 3, "not tried again at every record");
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    cr_assert_eq(batch_flush(batch, UINT64_MAX), 0);
    cr_assert_not(batch_troubled(batch));
    cr_assert_eq(counters[CONTROL_RECORDS], most);
    cr_assert_eq(counters[CONTROL_RESET], most);
    cr_assert_eq(sink.end, most * 300);
    batch_free(batch);
    close(sink.fd);
    close(journal.fd);
    sink_fini(&sink);
    journal_fini(&journal);
}
